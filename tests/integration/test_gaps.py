"""Trucks not seen, shipments past their appointment and contradictions, as a home of real records has them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from apex_cli.config import Settings, load
from apex_cli.gaps import Gaps
from apex_cli.pipeline.reading import MemoryReader
from apex_cli.readers.protocol import Reader
from tests.acceptance.apex import run, write_lines
from tests.integration.test_search import message, ping

pytestmark = pytest.mark.embedded


def load_of(number: int, status: str, *stops: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A shipment of Turvo, as of 08:00."""
    return {
        **{"shipmentId": f"SHIP-{number}", "customerName": "Acme Manufacturing Corp", "status": status},
        **{"statusTime": "2025-10-19T08:00:00Z", "updatedAt": "2025-10-19T08:00:00Z", "stops": list(stops)},
        **more,
    }


def stop(kind: str, appointment: str | None, **more: Any) -> dict[str, Any]:
    place = {"id": f"{kind}-1", "type": kind, "name": f"Dock {kind}", "city": "Columbus", "state": "OH"}
    return {**place, **({"appointment": appointment} if appointment else {}), **more}


NOON = "2025-10-19T12:00:00Z"
RECORDS = [
    # Seen at 10 and 11; the second truck stands: its readings of 10 and 20 hours say the same.
    *(ping(10), ping(11)),
    *({**ping(hour, unit="TRUCK-77"), "latitude": 39.9, "longitude": -83.0} for hour in (10, 20)),
    load_of(1, "in_transit", stop("Pickup", "2025-10-19T07:00:00Z"), stop("Delivery", NOON)),
    load_of(2, "delivered", stop("Delivery", NOON)),
    load_of(3, "in_transit", stop("Pickup", NOON), stop("Delivery", "2025-10-25T12:00:00Z")),
    load_of(4, "in_transit", stop("Pickup", NOON), stop("Delivery", None)),
    load_of(5, "canceled", stop("Delivery", NOON)),
    load_of(6, "in_transit", stop("Delivery", NOON, departed="2025-10-19T13:00:00Z")),
    load_of(7, "in_transit", stop("Delivery", "2025-10-19T00:00:00Z")),
    message("MSG-1", "SHIP-3 was delivered.", 13),
    message("MSG-2", "SHIP-2 was delivered.", 13),
]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("g")
    write_lines(folder / "all.jsonl", RECORDS)
    run(folder / "h", "ingest", "all.jsonl", "-q").expect(0)
    return load({"home": folder / "h"}, environ={})


@pytest.fixture
async def reader(settings: Settings) -> AsyncIterator[Reader]:
    async with MemoryReader(settings) as opened:
        yield opened


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2025, 10, day, hour, minute, tzinfo=UTC)


async def gaps(reader: Reader, **asked: Any) -> Gaps:
    return (await reader.report(**asked)).gaps


def overdue(found: Gaps) -> list[str]:
    return [one.name for one in found.overdue]


async def test_trucks_not_seen_for_a_day_are_those_without_a_reading_since(reader: Reader) -> None:
    assert (await gaps(reader, at=at(20, 10))).unseen == []
    found = await gaps(reader, at=at(20, 12))
    assert [(one.name, one.last_seen) for one in found.unseen] == [("TRUCK-6520", at(19, 11))]
    assert found.unseen[0].record.startswith("samsara:TRUCK-6520@")
    assert found.vehicles == 2
    # Long after, the one that stood is known by its last reading, not by the first that said the same.
    later = await gaps(reader, at=at(23, 0), limit=1)
    assert [(one.name, one.last_seen) for one in later.unseen] == [("TRUCK-6520", at(19, 11))]
    assert later.unseen_total == 2
    both = await gaps(reader, at=at(23, 0))
    assert [one.last_seen for one in both.unseen] == [at(19, 11), at(19, 20)]
    assert (await gaps(reader, at=at(20, 12), unseen_seconds=3600.0 * 48)).unseen == []


async def test_shipments_past_their_appointment_are_those_not_known_as_delivered(reader: Reader) -> None:
    assert overdue(await gaps(reader, at=at(19, 11))) == []
    # Six left its last stop at 13:00. Seven has a day without an hour.
    assert overdue(await gaps(reader, at=at(19, 12, 30))) == ["SHIP-1", "SHIP-6"]
    assert overdue(await gaps(reader, at=at(19, 14))) == ["SHIP-1"]
    found = await gaps(reader, at=at(20, 1))
    assert overdue(found) == ["SHIP-7", "SHIP-1"]
    first = found.overdue[1]
    assert (first.appointment, first.status and first.status.object) == (at(19, 12), "in_transit")
    assert "Dock Delivery" in first.stop
    assert overdue(await gaps(reader, at=at(26, 0))) == ["SHIP-7", "SHIP-1", "SHIP-3"]
    cut = await gaps(reader, at=at(26, 0), limit=1)
    assert (overdue(cut), cut.overdue_total, cut.complete) == (["SHIP-7"], 3, True)


async def test_contradictions_of_all_entities_are_found(reader: Reader) -> None:
    found = await gaps(reader, at=at(20, 0))
    (one,) = found.contradictions
    assert (one.fact.fact.subject, one.fact.fact.object, one.value) == ("SHIP-3", "in_transit", "delivered")
    assert one.other.sources == ("frontapp:MSG-1",)
    assert found.contradictions_total == 1
    assert (await gaps(reader, at=at(19, 12))).contradictions == []


async def test_an_empty_memory_has_no_gaps(short_tmp: Any) -> None:
    async with MemoryReader(load({"home": short_tmp / "none"}, environ={})) as reader:
        found = await gaps(reader)
    assert (found.vehicles, found.shipments, found.unseen, found.overdue, found.contradictions) == (0, 0, [], [], [])
    assert found.complete
