"""`python -m bench.servers`: speed on the servers of the tests. It starts none itself: `make bench-servers` does.

Takes them from `APEX_TEST_GRAPH_URL` and the like (`. .servers/env`), never from `APEX_GRAPH_URL`: what it writes is no
data of anybody's. The vectors are embedded unless `APEX_TEST_QDRANT_URL` names a server. Every ingest has a namespace
of its own, and all of them are removed at the end. It judges nothing: the exit code is 1 only if a run of `apex` itself
failed.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from apex_cli import config
from bench.__main__ import EXPLAINED, argument_parser, note, run
from bench.figures import IngestSample, RawSample, ServerSamples, server_figures
from bench.ingest import Apex
from bench.processor import children_seconds, difference
from tests import namespaces, profiles
from tests.generate import write_jsonl

NEEDED = ("APEX_TEST_GRAPH_URL", "APEX_TEST_POSTGRES_URL", "APEX_TEST_REDIS_URL")
LIMIT_SECONDS = 1_800.0
WARMING_SHARE = 10
"""A tenth of the records goes first, uncounted: schemas are made and the servers' code is compiled."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; figures on stdout, progress on stderr."""
    parser = argument_parser("python -m bench.servers", __doc__, 10_000, "records of each ingest (10000)")
    options = parser.parse_args(arguments)
    if options.records < WARMING_SHARE:
        parser.error(f"--records must be {WARMING_SHARE} or more")
    if missing := [name for name in NEEDED if not os.environ.get(name)]:
        parser.error(f"{', '.join(missing)} not set: run `make bench-servers`")
    return run(options, lambda folder: server_figures(_measure(folder, options.records)), EXPLAINED, show_load=True)


def _measure(folder: Path, records: int) -> ServerSamples:
    warming = write_jsonl(folder / "warming.jsonl", records // WARMING_SHARE)
    file = write_jsonl(folder / "all.jsonl", records)
    with _place(folder / "warming") as apex:
        note("warming up")
        apex.ingest(folder / "warming", warming, limit=LIMIT_SECONDS)
    with _place(folder / "one") as apex:
        note(f"{records:,} records")
        one = apex.ingest(folder / "one", file, limit=LIMIT_SECONDS)
    preparing_seconds, raw, side_by_side = asyncio.run(_compare(folder, warming, file))
    pair, pair_processor_seconds, verified = _pair(folder, file)
    return ServerSamples(one, pair, pair_processor_seconds, verified, raw, side_by_side, preparing_seconds)


@contextmanager
def _place(home: Path, namespace: str | None = None) -> Iterator[Apex]:
    """`apex` on the servers for this home, in a namespace of its own (removed afterwards) or a given one."""
    variables = profiles.on_servers(home)
    own = variables["APEX_NAMESPACE"]
    try:
        yield Apex(home.parent, **{**variables, "APEX_NAMESPACE": namespace or own})
    finally:
        namespaces.drop(own)


def _pair(folder: Path, file: Path) -> tuple[list[IngestSample], float | None, int]:
    """Two ingests at once, each of every second record, with their processor seconds, and how many records verify.

    They share a namespace where the vectors are on a server, too. Embedded ones belong to one home and one process.
    """
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    homes = [folder / "left", folder / "right"]
    halves = [folder / "left.jsonl", folder / "right.jsonl"]
    for number, half in enumerate(halves):
        half.write_text("".join(lines[number::2]), encoding="utf-8")
    shared = profiles.namespace(homes[0]) if os.environ.get("APEX_TEST_QDRANT_URL") else None
    note(f"two processes at once, {len(lines) // 2:,} records each")
    with _place(homes[0], shared) as left, _place(homes[1], shared) as right, ThreadPoolExecutor(2) as threads:
        spent_before = children_seconds()
        started = [
            threads.submit(apex.ingest, home, half, limit=LIMIT_SECONDS)
            for apex, home, half in zip((left, right), homes, halves, strict=True)
        ]
        pair = [ingest.result() for ingest in started]
        processor_seconds = difference(spent_before, children_seconds())
        note("verifying what they wrote")
        verified = left.verify(homes[0]) + (0 if shared else right.verify(homes[1]))
    return pair, processor_seconds, verified


async def _compare(folder: Path, warming: Path, file: Path) -> tuple[float, RawSample, RawSample]:
    """Seconds of extraction and embedding alone, and the raw writes, one after the other and side by side.

    Their statements, too, are first run with what is not counted.
    """
    # Imported now, for the drivers are heavy and the run before is timed.
    from bench.dataset import lay_out, prepare
    from bench.server_writers import on_servers
    from bench.writers import write_raw

    async def write(name: str, file: Path, *, side_by_side: bool) -> tuple[float, RawSample]:
        home = folder / name
        settings = config.load({"home": home}, cwd=folder, environ=profiles.on_servers(home))
        batches, preparing_seconds = await prepare(settings, file, statements=True)
        rows = lay_out(batches, settings.namespace)
        with _place(home):
            async with on_servers(home, settings) as stores:
                return preparing_seconds, await write_raw(stores, batches, rows, side_by_side=side_by_side)

    note("raw writes, warming up")
    await write("raw-warming", warming, side_by_side=False)
    note("extraction, embedding and raw writes, one store after the other")
    preparing_seconds, raw = await write("raw", file, side_by_side=False)
    note("the same, side by side")
    return preparing_seconds, raw, (await write("beside", file, side_by_side=True))[1]


if __name__ == "__main__":
    sys.exit(main())
