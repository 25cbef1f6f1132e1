"""Facts follow the time of events, never the order of arrival, and go with the records that support them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.acceptance.apex import run, verified
from tests.acceptance.seeds import ping, shipment

CHICAGO, GARY, TOLEDO = (41.8781, -87.6298), (41.5934, -87.3464), (41.6528, -83.5379)
UNIT = "TRUCK-77"
Observations = tuple[str, str | None, str | None]


def ingest(home: Path, *payloads: Mapping[str, Any], flags: tuple[str, ...] = ()) -> None:
    lines = "".join(json.dumps(payload) + "\n" for payload in payloads)
    run(home, "ingest", "-", "-q", *flags, stdin=lines.encode()).expect(0)


def history(home: Path, entity: str, predicate: str) -> list[Observations]:
    """Object, beginning and end of each interval, oldest first; times of 2025-10-19 as HH:MM."""
    lines = run(home, "facts", entity, "--predicate", predicate, "--json").expect(0).of("fact")
    return [(line["object"], _clock(line["valid_at"]), _clock(line["invalid_at"])) for line in lines]


def supports(home: Path, entity: str, predicate: str) -> list[int]:
    lines = run(home, "facts", entity, "--predicate", predicate, "--json").expect(0).of("fact")
    return [len(line["records"]) for line in lines]


def _clock(time: str | None) -> str | None:
    return None if time is None else time[11:16]


def at(hour: int, place: tuple[float, float]) -> dict[str, Any]:
    return ping(UNIT, f"2025-10-19T{hour:02d}:00:00Z", *place)


def test_positions_in_any_order_of_arrival(home: Path) -> None:
    here, there, far = ("41.8781,-87.6298", "41.5934,-87.3464", "41.6528,-83.5379")
    ingest(home, at(10, CHICAGO), at(14, TOLEDO))
    assert history(home, UNIT, "LOCATED_AT") == [(here, "10:00", "14:00"), (far, "14:00", None)]

    # A late ping from between is inserted closed and displaces nothing.
    ingest(home, at(12, GARY))
    expected = [(here, "10:00", "12:00"), (there, "12:00", "14:00"), (far, "14:00", None)]
    assert history(home, UNIT, "LOCATED_AT") == expected

    # The same place again is more evidence for the same fact.
    ingest(home, at(15, TOLEDO), at(13, GARY))
    assert history(home, UNIT, "LOCATED_AT") == expected
    assert supports(home, UNIT, "LOCATED_AT") == [1, 2, 2]

    # A record that goes takes its evidence with it, and the fact only when nothing else supports it.
    run(home, "forget", f"samsara:{UNIT}@2025-10-19T12:00:00Z", "--yes").expect(0)
    assert history(home, UNIT, "LOCATED_AT") == [
        (here, "10:00", "13:00"),
        (there, "13:00", "14:00"),
        (far, "14:00", None),
    ]
    run(home, "forget", f"samsara:{UNIT}@2025-10-19T13:00:00Z", "--yes").expect(0)
    assert history(home, UNIT, "LOCATED_AT") == [(here, "10:00", "14:00"), (far, "14:00", None)]

    # A replaced record is recomputed, too: the truck was in Gary at ten, after all.
    ingest(home, {**at(10, GARY), "speed_mph": 3})
    assert history(home, UNIT, "LOCATED_AT") == [(there, "10:00", "14:00"), (far, "14:00", None)]
    assert verified(home) == 3


def test_forgetting_makes_the_former_status_current_again(home: Path) -> None:
    shared: dict[str, Any] = {"turvoId": "88412", "customerName": "Acme Manufacturing Corp"}
    first = {**shared, "shipmentId": "SHIP-A", "status": "covered", "statusTime": "2025-10-19T08:00:00Z"}
    second = {**shared, "shipmentId": "SHIP-B", "status": "en_route", "statusTime": "2025-10-19T09:00:00Z"}
    ingest(home, first)
    ingest(home, second)
    assert history(home, "SHIP-A", "HAS_STATUS") == [("covered", "08:00", "09:00"), ("en_route", "09:00", None)]
    [line] = run(home, "forget", "turvo:SHIP-B", "--json", "--yes").expect(0).lines
    assert (line["type"], line["status"], line["error"]) == ("record", "forgotten", None)
    assert history(home, "SHIP-A", "HAS_STATUS") == [("covered", "08:00", None)]
    run(home, "get", "turvo:SHIP-B").expect(2)
    run(home, "forget", "turvo:SHIP-B", "--yes").expect(2)
    assert verified(home) == 1
    # What was forgotten stays so, until it is asked for.
    ingest(home, second)
    assert history(home, "SHIP-A", "HAS_STATUS") == [("covered", "08:00", None)]
    ingest(home, second, flags=("--again",))
    assert history(home, "SHIP-A", "HAS_STATUS") == [("covered", "08:00", "09:00"), ("en_route", "09:00", None)]
    assert verified(home) == 2


def test_a_history_in_one_payload_becomes_closed_intervals_that_stay(home: Path) -> None:
    payload = shipment(
        1,
        status="Route Complete",
        statusTime="2025-10-19T20:00:00Z",
        updatedAt="2025-10-19T20:10:00Z",
        statusHistory=[
            {"status": "En Route", "time": "2025-10-19T11:00:00Z"},
            {"status": "Tendered", "time": "2025-10-19T07:00:00Z"},
        ],
    )
    ingest(home, payload)
    past = [("tendered", "07:00", "11:00"), ("en_route", "11:00", "20:00")]
    assert history(home, payload["shipmentId"], "HAS_STATUS") == [*past, ("route_complete", "20:00", None)]

    # A later version without the history ends nothing that was over before.
    later = shipment(1, status="completed", statusTime="2025-10-19T21:00:00Z", updatedAt="2025-10-19T21:30:00Z")
    ingest(home, later)
    past.append(("route_complete", "20:00", "21:00"))
    assert history(home, payload["shipmentId"], "HAS_STATUS") == [*past, ("completed", "21:00", None)]

    # Other content as of the same time is a correction: it replaces what that version said, and nothing else.
    ingest(home, {**later, "status": "invoiced"})
    assert history(home, payload["shipmentId"], "HAS_STATUS") == [*past, ("invoiced", "21:00", None)]
    assert verified(home) == 1
