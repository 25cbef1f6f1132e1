"""Two processes at once on the same servers, with overlapping records: everything is there once.

Without a Qdrant server each process has the vectors of what it committed in its own home; together they must be whole.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from apex_cli.stores.protocol import PivotStore, PreparedStore
from tests.acceptance.apex import Running, new_home, spawn, write_lines
from tests.acceptance.seeds import shipment
from tests.faults.oracle import opened
from tests.faults.site import Site
from tests.profiles import namespace

EACH, OVERLAP = 40, 20


async def test_two_at_once_write_nothing_double(servers: Site, short_tmp: Path) -> None:
    servers.mend()
    with new_home(short_tmp) as one, new_home(short_tmp) as other:
        place = {**servers.direct(one), "APEX_NAMESPACE": namespace(one)}
        payloads = [shipment(number) for number in range(2 * EACH - OVERLAP)]
        parts = {one: payloads[:EACH], other: payloads[-EACH:]}
        both = []
        for home, part in parts.items():
            file = write_lines(home.parent / "part.jsonl", part)
            both.append(Running(spawn(home, "ingest", file, "--batch-size", "5", "--json", env=place)))
        results = [each.end().expect(0) for each in both]
        told = Counter(line["status"] for result in results for line in result.of("record"))
        assert told == {"committed": len(payloads), "unchanged": OVERLAP}
        points: list[tuple[str, str]] = []
        for home in parts:
            async with opened(home, place) as stores:
                current = [
                    (held.record_id, held.saga_id) async for batch in stores.catalog.expected() for held in batch
                ]
                assert len(current) == len(payloads)
                assert await scanned(stores.graph) == current
                assert await scanned(stores.cache) == current
                assert not await stores.journal.open_sagas()
                assert not await stores.graph.audit()
                points += await scanned(stores.vectors)
                assert not await stores.vectors.list_unpublished()
        assert sorted(points) == current


async def scanned(store: PivotStore | PreparedStore) -> list[tuple[str, str]]:
    """Every record that readers of a store see, with the attempt that wrote it, in the order of ids."""
    return sorted([(held.record_id, held.saga_id) async for batch in store.scan() for held in batch if held.visible])
