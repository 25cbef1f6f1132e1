"""What the rules make of records that are written differently from the three of the domain."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from apex_cli.model import Extraction, Record
from apex_cli.sources.registry import classify, extract

OBSERVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHIPMENT: dict[str, Any] = {"shipmentId": "S-1", "status": "new"}
MESSAGE: dict[str, Any] = {"message_id": "M-1", "sender": "a@example.com"}
Observations = tuple[str, str, str]


def extracted(payload: dict[str, Any]) -> Extraction:
    source, data_type, external_id = classify(payload)
    return extract(Record(source, data_type, external_id, payload, "", OBSERVED, "test.json:1"))


def claims(found: Extraction) -> set[Observations]:
    names = {entity.key: entity.name for entity in found.entities}
    return {(names[claim.subject], claim.predicate, names[claim.object]) for claim in found.claims}


def document(content: str, path: str = "/drop/paper.md") -> Extraction:
    payload = {"path": path, "format": "markdown", "content": content}
    return extract(Record("document", "document", path, payload, "", OBSERVED, "paper.md"))


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ({"city": "Dallas", "state": "TX"}, "Dallas, TX"),
        ({"city": "DALLAS", "state": "Texas"}, "Dallas, TX"),
        ({"city": {"name": "Dallas"}, "state": "tx"}, "Dallas, TX"),
        ({"address": {"city": "Dallas", "state": "TX"}}, "Dallas, TX"),
        ({"address": "12 Main St, Dallas, TX 75201"}, "Dallas, TX"),
        ("Dallas, TX", "Dallas, TX"),
        ("Monterrey", "Monterrey"),
        ({"city": "Monterrey"}, "Monterrey"),
        ({"city": "Monterrey", "country": "MX"}, "Monterrey, MX"),
        ({"lat": 25.6866, "lng": -100.3161}, "25.6866,-100.3161"),
    ],
)
def test_a_place_in_any_form(place: Any, name: str) -> None:
    assert ("S-1", "ORIGIN", name) in claims(extracted({**SHIPMENT, "origin": place}))


@pytest.mark.parametrize("place", [None, "", {}, {"city": None, "state": "TX"}, {"address": {}}, 7.5e300, []])
def test_no_place_is_no_claim(place: Any) -> None:
    assert {predicate for _, predicate, _ in claims(extracted({**SHIPMENT, "destination": place}))} <= {
        "HAS_STATUS",
        "DESTINATION",
    }
    assert extracted({**SHIPMENT, "destination": place}).entities


def test_parties_as_names_or_objects() -> None:
    found = claims(
        extracted({**SHIPMENT, "customer": {"name": "Acme"}, "carrier": "Lakeshore", "driver": {"name": "Ann"}})
    )
    assert {
        ("S-1", "FOR_CUSTOMER", "Acme"),
        ("S-1", "HAULED_BY", "Lakeshore"),
        ("S-1", "ASSIGNED_DRIVER", "Ann"),
    } <= found


@pytest.mark.parametrize(
    ("spelling", "value"),
    [
        ("In Transit", "in_transit"),
        ("IN_TRANSIT", "in_transit"),
        ("in-transit", "in_transit"),
        ("EnRoute", "en_route"),
        ({"code": {"key": "2116", "value": "Route Complete"}}, "route_complete"),
    ],
)
def test_a_status_in_snake_case(spelling: Any, value: str) -> None:
    assert ("S-1", "HAS_STATUS", value) in claims(extracted({**SHIPMENT, "status": spelling}))


@pytest.mark.parametrize("name", ["timestamp", "updatedAt", "updated_at", "eventTime", "createdAt"])
@pytest.mark.parametrize("value", [1760883780, "1760883780000", "2025-10-19T09:23:00-05:00", "10/19/2025 2:23 PM"])
def test_the_time_of_a_record_under_any_usual_name(name: str, value: Any) -> None:
    moment = datetime(2025, 10, 19, 14, 23, tzinfo=UTC)
    for payload in (SHIPMENT, MESSAGE):
        assert extracted({**payload, name: value}).event_time == moment
    assert extracted(SHIPMENT).event_time == OBSERVED


def test_the_time_of_a_record_is_that_of_the_last_status_in_its_history() -> None:
    history = [{"status": "covered", "time": "2025-10-20T00:00:00Z"}, {"status": "new", "time": "2025-10-19T00:00:00Z"}]
    found = extracted({**SHIPMENT, "statusHistory": history, "createdAt": "2025-10-18"})
    assert found.event_time == datetime(2025, 10, 20, tzinfo=UTC)


def test_the_time_of_a_document_is_the_date_at_its_head() -> None:
    day = datetime(2025, 10, 21, tzinfo=UTC)
    for head in (
        "---\ntitle: Rates\ndate: 2025-10-21\n---\n# Other\n",
        "BILL OF LADING\nDate: 10/21/2025\n",
        "# Rates\n\n**Date:** October 21, 2025\n",
        "| Invoice Date | 21 Oct 2025 |\n",
    ):
        assert document(head).event_time == day, head
    for head in ("Due date: 2025-10-21\n", "Date: soon\n", "We met on date 2025-10-21\n"):
        assert document(head).event_time == OBSERVED, head
    assert document("Date: soon\n", "/drop/2025-10-21/paper.md").event_time == day


def test_front_matter_names_the_document_and_is_no_heading_of_it() -> None:
    found = document('---\ntitle: "Rates 77"\ndate: 2025-10-21\n---\n\n# Terms\n\nNet 30.\n')
    assert found.title == "Rates 77"
    assert found.chunks == ('title: "Rates 77"\ndate: 2025-10-21', "Terms: Net 30.")
    assert document("---\ndate: 2025-10-21\n---\n# Terms\n").title == "Terms"
