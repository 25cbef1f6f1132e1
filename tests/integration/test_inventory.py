"""What the memory holds: counted, listed and joined, as a home of real records has it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from apex_cli.config import Settings, load
from apex_cli.errors import UsageError
from apex_cli.pipeline.reading import MemoryReader
from apex_cli.readers.protocol import Reader
from tests.acceptance.apex import run, write_lines
from tests.integration.test_search import message, ping, shipment

pytestmark = pytest.mark.embedded


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("i")
    records = [ping(10), ping(11), ping(12, unit="TRUCK-77"), message("MSG-1", "SHIP-1 is late.", 13)]
    write_lines(
        folder / "all.jsonl", [*records, shipment("SHIP-1", "in_transit", 9), shipment("SHIP-1", "delivered", 15)]
    )
    (folder / "notes.txt").write_text("The dock of Columbus opens at six.", encoding="utf-8")
    run(folder / "h", "ingest", "all.jsonl", "notes.txt", "-q").expect(0)
    return load({"home": folder / "h"}, environ={})


@pytest.fixture
async def reader(settings: Settings) -> AsyncIterator[Reader]:
    async with MemoryReader(settings) as opened:
        yield opened


def at(hour: int) -> datetime:
    return datetime(2025, 10, 19, hour, tzinfo=UTC)


async def test_the_overview_counts_current_versions(reader: Reader) -> None:
    found = await reader.overview()
    groups = {(one.source, one.data_type): (one.records, one.undated, one.first, one.last) for one in found.groups}
    assert groups == {
        ("document", "document"): (1, 1, None, None),
        ("frontapp", "message"): (1, 0, at(13), at(13)),
        ("samsara", "location"): (3, 0, at(10), at(12)),
        ("turvo", "shipment"): (1, 0, at(15), at(15)),
    }
    assert found.records == 6
    assert (found.entities["Vehicle"], found.entities["Shipment"], found.entities["Carrier"]) == (2, 1, 1)
    assert "Value" not in found.entities
    assert found.facts > 0
    assert [(one.verb, one.exit_code) for one in found.runs] == [("ingest", 0)]
    assert found.open_sagas == []


async def test_records_are_listed_newest_first(reader: Reader) -> None:
    found = await reader.list_records(source="samsara", limit=2)
    assert ([one.event_time for one in found.records], found.total) == ([at(12), at(11)], 3)
    between = await reader.list_records(since=at(11), until=at(13))
    assert [one.event_time for one in between.records] == [at(12), at(11)]
    (document,) = (await reader.list_records(data_type="document")).records
    assert (document.dated, document.versions) == (False, 1)
    (shown,) = (await reader.list_records(source="turvo")).records
    assert (shown.external_id, shown.versions, shown.event_time) == ("SHIP-1", 2, at(15))
    assert (await reader.list_records(source="x12")).total == 0


async def test_records_that_mention_an_entity_are_listed(reader: Reader) -> None:
    trucks = await reader.list_records(entity="TRUCK-6520")
    assert [one.event_time for one in trucks.records] == [at(11), at(10)]
    ships = await reader.list_records(entity="SHIP-1", source="frontapp")
    assert [one.external_id for one in ships.records] == ["MSG-1"]
    with pytest.raises(UsageError, match="nothing is known"):
        await reader.list_records(entity="TRUCK-99")


async def test_entities_are_listed_by_name(reader: Reader) -> None:
    found = await reader.list_entities(kind="Vehicle", limit=1)
    assert ([one.name for one in found.entities], found.more) == (["TRUCK-6520"], True)
    found = await reader.list_entities(beginning="truck-7")
    assert ([one.name for one in found.entities], found.more) == (["TRUCK-77"], False)


async def test_neighbours_are_joined_by_what_holds_then(reader: Reader) -> None:
    found = await reader.neighbours("SHIP-1")
    joined = {one.entity.name: {fact.predicate for fact in one.facts} for one in found.neighbours}
    assert joined["Acme Manufacturing Corp"] == {"FOR_CUSTOMER"}
    assert joined["Lakeshore Haulage"] == {"HAULED_BY"}
    assert joined["MSG-1"] == {"MENTIONS"}
    assert "delivered" not in joined
    earlier = await reader.neighbours("SHIP-1", at=at(12))
    assert "MSG-1" not in {one.entity.name for one in earlier.neighbours}
    first = await reader.neighbours("SHIP-1", limit=1)
    assert (len(first.neighbours), first.left_out) == (1, len(found.neighbours) - 1)


async def test_the_activity_counts_records_by_source_and_outcome(reader: Reader) -> None:
    found = (await reader.report()).activity
    counted = {(one.label, one.sublabel): one.value for one in found.records}
    assert counted == {
        ("samsara", "committed"): 3,
        ("frontapp", "committed"): 1,
        ("turvo", "committed"): 1,
        ("turvo", "updated"): 1,
        ("document", "committed"): 1,
    }
    assert {one.label for one in found.stages} == {"read", "extract", "embed", "commit"}
    assert {one.label for one in found.stores} == {"graph", "postgres", "vectors", "cache"}
    assert [(one.verb, one.exit_code, one.runs) for one in found.runs] == [("ingest", 0, 1)]
    assert found.times[0] <= found.since < found.until
    assert {one.time for one in found.records} <= set(found.times)
    long = (await reader.report(since=datetime(1990, 1, 1, tzinfo=UTC))).activity
    assert len(long.times) <= 64
    assert [one.value for one in long.records] == [one.value for one in found.records]
    none = (await reader.report(since=datetime.now(UTC))).activity
    assert (none.records, none.runs) == ([], [])
