"""Many records at once, in one process and in two: each is stored once and correctly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.apex import Running, engines, new_home, run, spawn, verified
from tests.acceptance.seeds import shipment
from tests.faults.oracle import count
from tests.profiles import opened

CUSTOMER = "Acme Manufacturing Corp"


@pytest.fixture
def home(short_tmp: Path) -> Iterator[Path]:
    with new_home(short_tmp) as place:
        yield place


def make_drop(home: Path, records: int, documents: int) -> Path:
    """A folder with so many files of each kind; all shipments share a customer, all documents mention one of them."""
    drop = home.parent / "drop"
    drop.mkdir()
    for number in range(records):
        (drop / f"{number:02d}.json").write_text(json.dumps(shipment(number)))
    for number in range(documents):
        body = f"# Delivery note {number}\n\nShipment SHIP-2025-10-20-000, seal intact, page {number}.\n"
        (drop / f"{number:02d}.md").write_text(body)
    return drop


async def everything_once(home: Path, records: int, documents: int) -> None:
    """Read the stores: each record and each document once, one node for what they share, no fact of another."""
    assert await count(home) == verified(home) == records + documents
    async with opened(home) as stores:
        for number in range(records):
            name = f"SHIP-2025-10-20-{number:03d}"
            [version] = await stores.catalog.by_name("turvo", name)
            view = (await stores.graph.read([version.record_id]))[version.record_id]
            assert {fact.subject for fact in view.facts} == {name}
            assert sorted(fact.predicate for fact in view.facts) == [
                "DESTINATION",
                "FOR_CUSTOMER",
                "HAS_STATUS",
                "ORIGIN",
            ]
            [point] = (await stores.vectors.read([version.record_id]))[version.record_id]
            assert name in point.text
        if records:
            [customer] = await stores.graph.find_entities(CUSTOMER)
            held = await stores.graph.facts(customer.id)
            assert len(held) == records
            assert len({fact.subject_id for fact in held}) == records
        if documents:
            [shared] = await stores.graph.find_entities("SHIP-2025-10-20-000")
            mentions = await stores.graph.facts(shared.id, predicate="MENTIONS")
            assert len(mentions) == len({fact.subject_id for fact in mentions}) == documents
            texts = [
                point.text
                for fact in mentions
                for points in (await stores.vectors.read(fact.records)).values()
                for point in points
            ]
            assert len(texts) == len(set(texts)) == documents


@pytest.mark.parametrize(
    ("records", "documents", "batch"),
    [(10, 0, "1"), (0, 10, "2"), (5, 5, "3")],
    ids=["10 records", "10 documents", "5 and 5"],
)
async def test_ten_at_once(home: Path, records: int, documents: int, batch: str) -> None:
    drop = make_drop(home, records, documents)
    options = ("--concurrency", "10", "--batch-size", batch, "--json")
    result = run(home, "ingest", drop, *options).expect(0)
    assert result.summary["committed"] == 10
    assert len({line["record_id"] for line in result.of("record")}) == 10
    await everything_once(home, records, documents)
    assert run(home, "ingest", drop, *options).expect(0).summary["unchanged"] == 10
    await everything_once(home, records, documents)


async def test_two_processes_at_once(home: Path) -> None:
    drop = make_drop(home, 5, 5)
    both = [Running(spawn(home, "ingest", drop, "--lock-timeout", "1m", "--batch-size", "2", "--json")) for _ in "ab"]
    results = [each.end().expect(0) for each in both]
    assert sorted(result.summary["committed"] for result in results) == [0, 10]
    await everything_once(home, 5, 5)
    assert engines(home) == []
