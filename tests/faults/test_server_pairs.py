"""Two processes at once on the same servers, with overlapping records: each record is stored once.

Without a Qdrant server each home has the vectors of the records that its own process committed. Together they must be
complete.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

from tests.acceptance.apex import Running, new_home, spawn, write_lines
from tests.acceptance.seeds import shipment
from tests.faults.oracle import current_versions, differences
from tests.faults.server_cluster import ServerCluster
from tests.faults.stored import read_stores
from tests.profiles import namespace, opened

EACH, OVERLAP = 40, 20


async def test_two_at_once_write_each_record_once(servers: ServerCluster, short_tmp: Path) -> None:
    servers.restore()
    with new_home(short_tmp) as one, new_home(short_tmp) as other:
        place = {**servers.direct(one), "APEX_NAMESPACE": namespace(one)}
        payloads = [shipment(number) for number in range(2 * EACH - OVERLAP)]
        parts = {one: payloads[:EACH], other: payloads[-EACH:]}
        both = []
        for home, part in parts.items():
            file = write_lines(home.parent / "part.jsonl", part)
            both.append(Running(spawn(home, "ingest", file, "--batch-size", "5", "--json", env=place)))
        results = [each.end().expect(0) for each in both]
        reported = Counter(line["status"] for result in results for line in result.of("record"))
        assert reported == {"committed": len(payloads), "unchanged": OVERLAP}
        stored, beside = [await read_stores(home, place) for home in parts]
        if not os.environ.get("APEX_TEST_QDRANT_URL"):
            stored = replace(stored, points=[*stored.points, *beside.points])
        assert list(differences(stored)) == []
        assert len(current_versions(stored)) == len(payloads)
        async with opened(one, place) as stores:
            assert not await stores.graph.audit()
