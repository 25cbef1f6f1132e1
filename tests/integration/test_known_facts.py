"""Facts as the memory knew them at a time are those of a memory that was given no more than that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import apex_cli
from apex_cli.config import load
from apex_cli.errors import UsageError
from apex_cli.known_facts import known_facts
from apex_cli.pipeline.upgrade import open_upgraded
from apex_cli.stores.factory import Stores
from apex_cli.stores.views import EntityView, FactView
from tests.acceptance.apex import new_home, run
from tests.acceptance.seeds import SEEDS, WANDERING, ping

pytestmark = pytest.mark.embedded
FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
Facts = set[tuple[Any, ...]]


@pytest.fixture
def home(short_tmp: Path) -> Iterator[Path]:
    with new_home(short_tmp) as place:
        yield place


@asynccontextmanager
async def opened(home: Path) -> AsyncIterator[Stores]:
    async with open_upgraded(load({"home": home}, cwd=home.parent, environ={}), reads=True) as stores:
        yield stores


async def entities(stores: Stores) -> Sequence[EntityView]:
    found = await stores.graph.list_entities(kind=None, beginning="", limit=10_000)
    assert found
    return found


def plain(facts: Sequence[FactView]) -> Facts:
    return {
        (
            *(one.subject, one.predicate, one.object, one.valid_at, one.invalid_at),
            *(one.certain, one.overruled, one.records, one.sentence, repr(sorted(one.attributes.items()))),
        )
        for one in facts
    }


async def test_what_is_known_now_is_what_the_graph_has(home: Path) -> None:
    run(home, "ingest", FIXTURES, "-q").expect(0)
    now = datetime.now(UTC)
    async with opened(home) as stores:
        for entity in await entities(stores):
            supported = await stores.graph.supported_facts(entity.id)
            assert supported is not None
            found = await known_facts(stores, entity, now)
            assert plain(found.facts) == plain(supported.facts), entity
            records = await stores.sightings.of_records({record for one in found.facts for record in one.records})
            assert {name: (one.name, one.sightings) for name, one in found.records.items()} == {
                name: (one.name, one.sightings) for name, one in records.items()
            }


def shipment(**changes: Any) -> dict[str, Any]:
    return {
        "shipmentId": "KW-7",
        "customerName": "Prairie Oat Mills",
        "carrierName": "Bluestem Transit",
        "status": "en_route",
        "updatedAt": "2026-03-04T09:00:00Z",
        **changes,
    }


FIRST = [
    *SEEDS,
    *WANDERING,
    shipment(),
    shipment(shipmentId="KW-8", status="booked", updatedAt="2026-03-01T09:00:00Z"),
]
THEN = [
    # A correction, after which nothing names the first carrier.
    shipment(carrierName="Cedar Creek Freight"),
    # Later, late, and partial.
    shipment(status="delivered", updatedAt="2026-03-05T09:00:00Z", customerName="Other Mills"),
    shipment(status="booked", updatedAt="2026-03-01T09:00:00Z"),
    {"shipmentId": "KW-8", "status": "delivered", "updatedAt": "2026-03-02T09:00:00Z"},
    # It closes a position, and stands between two.
    ping("TRUCK-0042", "2025-10-19T15:00:00Z", 40.0, -86.0, address="Lafayette, IN"),
    ping("TRUCK-0042", "2025-10-19T11:00:00Z", 41.7, -87.5, address="Hammond, IN"),
]


async def test_what_was_known_is_what_a_memory_has_that_was_given_no_more(home: Path, short_tmp: Path) -> None:
    async with apex_cli.open(home=home) as memory:
        assert (await memory.ingest(FIRST)).summary.exit_code == 0
        then = datetime.now(UTC)
        assert (await memory.ingest(THEN)).summary.exit_code == 0
    with new_home(short_tmp) as other:
        async with apex_cli.open(home=other) as memory:
            await memory.ingest(FIRST)
        async with opened(home) as stores, opened(other) as before:
            ended = {one.name: one for one in await entities(stores)}
            for entity in await entities(before):
                supported = await before.graph.supported_facts(entity.id)
                assert supported is not None
                # The correction has removed the carrier that only it named.
                known = ended.pop(entity.name, entity)
                assert plain((await known_facts(stores, known, then)).facts) == plain(supported.facts), entity
            for entity in ended.values():
                assert (await known_facts(stores, entity, then)).facts == [], entity


async def test_the_answer_says_who_stated_it_by_then(home: Path) -> None:
    async with apex_cli.open(home=home) as memory:
        await memory.ingest([shipment()])
        then = datetime.now(UTC)
        await memory.ingest([shipment(updatedAt="2026-03-06T09:00:00Z"), shipment(shipmentId="KW-9")])
        answer = await memory.facts("KW-7", known_at=then, predicate="HAULED_BY")
        assert [(one.fact.object, one.last_seen.day) for one in answer.now.facts] == [("Bluestem Transit", 4)]
        assert [one.last_seen.day for one in (await memory.facts("KW-7", predicate="HAULED_BY")).now.facts] == [6]
        assert (await memory.facts("KW-9", known_at=then)).facts == []


async def test_too_many_records_are_an_error(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apex_cli.known_facts.MOST_RECORDS", 1)
    async with apex_cli.open(home=home) as memory:
        await memory.ingest(WANDERING)
        with pytest.raises(UsageError) as error:
            await memory.facts("TRUCK-0042", known_at="2099-01-01")
    assert error.value.code == "too_many"
