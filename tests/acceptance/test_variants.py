"""Records as they come in the wild: other spellings, envelopes, answers without a record. One home, one run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.apex import Result, new_home, run, verified
from tests.acceptance.seeds import MESSAGE, PING, SHIPMENT, SHIPMENT_ID, ping, shipment

FILES = {
    "page.json": {"data": [ping("T-1", "2025-10-19T14:00:00Z", 1, 2), ping("T-2", "1760883780", 3, 4)]},
    "wrapped.json": {"event": "shipment", "payload": shipment(1, status="In Transit", customer={"name": "Zeta"})},
    "message.json": {**MESSAGE, "message_id": "M-2", "timestamp": 1760883780.5, "sender": "Ann <ann@example.com>"},
    "lower.json": {**MESSAGE, "message_id": "M-3", "body": f"{SHIPMENT_ID.lower()} left Reno, NV"},
    "empty-page.json": {"data": [], "pagination": {"endCursor": "c", "hasNextPage": True}},
    "ping.json": {"type": "sync", "authorization": {"id": "cmp_1"}},
    "error.json": {"_error": {"status": 404, "title": "Not found", "message": "gone"}},
    "invoice.json": {"invoiceNumber": "INV-1", "billTo": {"name": "Zeta"}, "loadNumber": SHIPMENT_ID},
    "hook-1.json": {"tenantId": "7", "eventTime": "2025-10-19"},
    "hook-2.json": {"tenantId": "7", "eventTime": "2025-10-20"},
    "driver-1.json": shipment(2, driverId="D-7", driverName="Maria Lopez", updatedAt="2025-10-20"),
    "driver-2.json": shipment(3, driverId="D-7", updatedAt="2025-10-21"),
    "seed-1.json": PING,
    "seed-2.json": SHIPMENT,
}
NOTHING = {"empty-page.json", "ping.json", "error.json"}


@pytest.fixture(scope="module")
def wild(short_tmp: Path) -> Iterator[tuple[Path, Result]]:
    """A home with all of these, and how the ingest ended."""
    with new_home(short_tmp) as place:
        drop = place.parent / "drop"
        drop.mkdir()
        for name, payload in FILES.items():
            (drop / name).write_text(json.dumps(payload))
        (drop / "paper.md").write_text("---\ntitle: Rates\ndate: 2025-10-21\n---\n# Terms\n\nNet 30.\n")
        yield place, run(place, "ingest", drop, "--json").expect(0)


def facts(home: Path, entity: str, predicate: str) -> list[tuple[str, str]]:
    lines = run(home, "facts", entity, "--predicate", predicate, "--json").expect(0).of("fact")
    return [(line["object"], line["valid_at"]) for line in lines]


def test_each_is_a_record_of_its_own_or_nothing(wild: tuple[Path, Result]) -> None:
    home, result = wild
    assert {f"{line['source']}:{line['external_id']}" for line in result.of("record")} >= {
        "samsara:T-1@2025-10-19T14:00:00Z",
        "samsara:T-2@2025-10-19T14:23:00Z",
        "turvo:SHIP-2025-10-20-001",
        "frontapp:M-2",
        "json:invoice#INV-1",
    }
    assert result.summary["committed"] == len(FILES) - len(NOTHING) + 2
    assert result.summary["empty"] == len(NOTHING)
    assert verified(home) == result.summary["committed"]


def test_nothing_to_ingest_is_said(wild: tuple[Path, Result]) -> None:
    home, _ = wild
    drop = home.parent / "drop"
    unwrap_single_exception = run(home, "ingest", *(drop / name for name in sorted(NOTHING))).expect(0)
    assert "no records in 3 inputs" in unwrap_single_exception.stdout
    reasons = "1 empty page, 1 error answer, 1 webhook test"
    assert f"Nothing to ingest in 3 records: {reasons}." in run(home, "ingest", drop).expect(0).stdout
    assert "Nothing to do" in run(home, "ingest", "-").expect(0).stdout
    run(home, "ingest", "-", "--dry-run", "--error-on-empty", "-q").expect(9)


def test_what_they_say_is_known(wild: tuple[Path, Result]) -> None:
    home, _ = wild
    assert facts(home, "SHIP-2025-10-20-001", "HAS_STATUS") == [("in_transit", "2025-10-20T00:00:00Z")]
    assert facts(home, "SHIP-2025-10-20-001", "FOR_CUSTOMER")[0][0] == "Acme Manufacturing Corp"
    assert facts(home, "M-2", "SENT_BY") == [("Ann", "2025-10-19T14:23:00.500000Z")]
    assert {name for name, _ in facts(home, "M-3", "MENTIONS")} == {SHIPMENT_ID, "Reno, NV"}
    # A later record with the driver's id alone keeps the known name.
    assert [name for name, _ in facts(home, "SHIP-2025-10-20-003", "ASSIGNED_DRIVER")] == ["Maria Lopez"]
    [paper] = run(home, "search", "Net 30 terms", "--source", "document", "--json").expect(0).lines
    [held] = run(home, "get", paper["record_id"], "--json").expect(0).lines
    assert held["stores"]["postgres"]["event_time"] == "2025-10-21T00:00:00Z"


def test_names_that_do_not_exist_are_usage_errors(wild: tuple[Path, Result]) -> None:
    home, _ = wild
    assert "HAS_STATUS" in run(home, "facts", SHIPMENT_ID, "--predicate", "HAS_STATE").expect(2).stderr
    assert "turvo" in run(home, "search", "x", "--source", "fax").expect(2).stderr


def test_an_answer_that_cannot_be_written_is_no_bug(wild: tuple[Path, Result]) -> None:
    home, _ = wild
    with Path("/dev/full").open("wb") as full:
        process = run(home, "search", SHIPMENT_ID, "--json", stdout=full)
    assert process.expect(10).stderr.startswith("error: the answer could not be written")
