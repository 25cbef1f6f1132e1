"""`python -m bench.servers`: speed on the servers of the tests. It starts none itself: `make bench-servers` does.

Takes them from `APEX_TEST_GRAPH_URL` and the like (`. .servers/env`), never from `APEX_GRAPH_URL`: what it writes is no
data of anybody's. The vectors are embedded unless `APEX_TEST_QDRANT_URL` names a server. Every ingest has a namespace
of its own, and all of them are removed at the end. It judges nothing: the exit code is 1 only if a run of `apex` itself
failed. The processor seconds of the graph's server are measured where it runs on this machine, and we may see it.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from apex_cli import config
from bench.__main__ import EXPLAINED, argument_parser, note, run
from bench.figures import PairSample, RawSample, ServerSamples, server_figures
from bench.ingest import Apex, IngestFailedError
from bench.processor import children_seconds, difference, listener, process_seconds
from tests import namespaces, profiles
from tests.generate import write_jsonl
from tests.servers import server_url

if TYPE_CHECKING:
    from apex_cli.config import Settings
    from bench.dataset import Item

NEEDED = ("APEX_TEST_GRAPH_URL", "APEX_TEST_POSTGRES_URL", "APEX_TEST_REDIS_URL")
LIMIT_SECONDS = 1_800.0
BOLT = 7687
CONNECTIONS = (1, 2, 4)
"""Of raw writers to the graph alone."""
WARMING_SHARE = 10
"""A tenth of the records goes first, uncounted: schemas are made and the servers' code is compiled."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; figures on stdout, progress on stderr."""
    parser = argument_parser("python -m bench.servers", __doc__, 5_000, "records of each ingest (5000)")
    parser.add_argument("--vectors", choices=("on", "off"), default="on", help="APEX_GRAPH_VECTORS (on)")
    options = parser.parse_args(arguments)
    if options.records < WARMING_SHARE:
        parser.error(f"--records must be {WARMING_SHARE} or more")
    if missing := [name for name in NEEDED if not os.environ.get(name)]:
        parser.error(f"{', '.join(missing)} not set: run `make bench-servers`")
    return run(
        options,
        lambda folder: server_figures(_Bench(folder, options.records, options.vectors).measure()),
        EXPLAINED,
        show_load=True,
    )


class _Bench:
    """One run in `folder`. `graph_seconds`: processor seconds of the graph's server, by the name of a figure."""

    def __init__(self, folder: Path, records: int, vectors: str) -> None:
        self._folder = folder
        self._records = records
        self._vectors = vectors
        self._server = listener(urlsplit(server_url("GRAPH")).port or BOLT)
        self._graph_seconds: dict[str, float | None] = {}

    def measure(self) -> ServerSamples:
        folder, records = self._folder, self._records
        warming = write_jsonl(folder / "warming.jsonl", records // WARMING_SHARE)
        file = write_jsonl(folder / "all.jsonl", records)
        with self._place(folder / "warming") as apex:
            note("warming up")
            apex.ingest(folder / "warming", warming, limit=LIMIT_SECONDS)
        with self._place(folder / "one") as apex:
            note(f"{records:,} records")
            with self._watched("ingest"):
                one = apex.ingest(folder / "one", file, limit=LIMIT_SECONDS)
        pairs = {"pair": self._pair("pair", file, shared=True), "apart": self._pair("apart", file, shared=False)}
        preparing_seconds, raw, side_by_side = asyncio.run(self._compare(warming, file))
        raw_graph = asyncio.run(self._write_graph(file))
        return ServerSamples(
            *(one, pairs, raw, side_by_side),
            raw_graph=raw_graph,
            preparing_seconds=preparing_seconds,
            graph_seconds=self._graph_seconds,
        )

    @contextmanager
    def _watched(self, name: str) -> Iterator[None]:
        """Note the processor seconds that the graph's server takes meanwhile."""
        before = process_seconds(self._server)
        yield
        self._graph_seconds[name] = difference(before, process_seconds(self._server))

    def _variables(self, home: Path) -> dict[str, str]:
        return {**profiles.on_servers(home), "APEX_GRAPH_VECTORS": self._vectors}

    @contextmanager
    def _place(self, home: Path, namespace: str | None = None) -> Iterator[Apex]:
        """`apex` on the servers for this home, in a namespace of its own (removed afterwards) or a given one."""
        variables = self._variables(home)
        own = variables["APEX_NAMESPACE"]
        try:
            yield Apex(home.parent, **{**variables, "APEX_NAMESPACE": namespace or own})
        finally:
            namespaces.drop(own)

    def _pair(self, name: str, file: Path, *, shared: bool) -> PairSample:
        """Two ingests at once, each of every second record, in one namespace or in one each.

        Of one namespace, embedded vectors are in two homes, each with those of its own records. `apex verify` would
        miss those of the other. So what the stores hold is compared as the fault tests do it.
        """
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        homes = [self._folder / f"{name}-{side}" for side in ("left", "right")]
        halves = [home.with_suffix(".jsonl") for home in homes]
        for number, half in enumerate(halves):
            half.write_text("".join(lines[number::2]), encoding="utf-8")
        common = profiles.namespace(homes[0]) if shared else None
        where = "one namespace" if shared else "a namespace each"
        note(f"two processes at once, {len(lines) // 2:,} records each, {where}")
        places = self._place(homes[0], common), self._place(homes[1], common)
        with places[0] as left, places[1] as right, ThreadPoolExecutor(2) as threads:
            spent_before = children_seconds()
            with self._watched(name):
                started = [
                    threads.submit(apex.ingest, home, half, limit=LIMIT_SECONDS)
                    for apex, home, half in zip((left, right), homes, halves, strict=True)
                ]
                pair = [ingest.result() for ingest in started]
            processor_seconds = difference(spent_before, children_seconds())
            note("verifying what they wrote")
            if common is None:
                verified = left.verify(homes[0]) + right.verify(homes[1])
            else:
                verified = asyncio.run(self._compared(homes, common))
        return PairSample(pair, processor_seconds, verified)

    async def _compared(self, homes: Sequence[Path], namespace: str) -> int:
        """How many records of one namespace agree in all stores. Raises `IngestFailedError` unless all do."""
        # Imported now, for the drivers are heavy and the runs before are timed.
        from tests.faults.oracle import current_versions, differences
        from tests.faults.stored import read_stores

        stored, beside = [
            await read_stores(home, {**self._variables(home), "APEX_NAMESPACE": namespace}) for home in homes
        ]
        if not os.environ.get("APEX_TEST_QDRANT_URL"):
            stored = replace(stored, points=[*stored.points, *beside.points])
        if wrong := list(differences(stored)):
            raise IngestFailedError("\n".join(("two processes in one namespace:", *wrong[:20])))
        return len(current_versions(stored))

    async def _compare(self, warming: Path, file: Path) -> tuple[float, RawSample, RawSample]:
        """Seconds of extraction and embedding alone, and the raw writes, one after the other and side by side.

        Their statements, too, are first run with what is not counted.
        """
        # Imported now, for the drivers are heavy and the run before is timed.
        from bench.dataset import lay_out
        from bench.server_writers import on_servers
        from bench.writers import write_raw

        async def write(name: str, file: Path, *, side_by_side: bool) -> tuple[float, RawSample]:
            home = self._folder / name
            settings, batches, preparing_seconds = await self._prepared(home, file)
            rows = lay_out(batches, settings.namespace)
            with self._place(home):
                async with on_servers(home, settings) as stores:
                    return preparing_seconds, await write_raw(stores, batches, rows, side_by_side=side_by_side)

        note("raw writes, warming up")
        await write("raw-warming", warming, side_by_side=False)
        note("extraction, embedding and raw writes, one store after the other")
        preparing_seconds, raw = await write("raw", file, side_by_side=False)
        note("the same, side by side")
        return preparing_seconds, raw, (await write("beside", file, side_by_side=True))[1]

    async def _write_graph(self, file: Path) -> dict[int, RawSample]:
        """The raw writes to the graph alone, by the number of connections."""
        from bench.server_writers import write_graph

        settings, batches, _ = await self._prepared(self._folder / "graph", file)
        found = {}
        for connections in CONNECTIONS:
            note(f"raw writes to the graph alone, connections: {connections}")
            groups = [f"{settings.namespace}-{number}" for number in range(connections)]
            try:
                with self._watched(f"raw_graph_{connections}"):
                    found[connections] = await write_graph(batches, groups)
            finally:
                for group in groups:
                    namespaces.drop_graph(group)
        return found

    async def _prepared(self, home: Path, file: Path) -> tuple[Settings, list[list[Item]], float]:
        from bench.dataset import prepare

        settings = config.load({"home": home}, cwd=self._folder, environ=self._variables(home))
        return (settings, *await prepare(settings, file, statements=self._vectors == "on"))


if __name__ == "__main__":
    sys.exit(main())
