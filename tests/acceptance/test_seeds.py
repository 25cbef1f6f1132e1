"""The three seed payloads give exactly the entities and facts of the domain."""

from __future__ import annotations

from pathlib import Path

from tests.acceptance.apex import Line, run, verified
from tests.acceptance.seeds import MESSAGE_ID, MESSAGE_KEY, PING_KEY, SHIPMENT_ID, SHIPMENT_KEY, TRUCK

DAY = "2025-10-19T00:00:00Z"
GPS_TIME = "2025-10-19T14:23:00Z"
SENDER = "dispatch@acme-trucking.com"


def got(home: Path, ident: str) -> Line:
    [line] = run(home, "get", ident, "--json").expect(0).lines
    return line


def entities(line: Line) -> set[tuple[str, str]]:
    found = [(each["type"], each["name"]) for each in line["stores"]["graph"]["entities"]]
    assert len(set(found)) == len(found)
    return set(found)


def facts(line: Line) -> set[tuple[str, str, str, str, str | None]]:
    found = [
        (each["subject"], each["predicate"], each["object"], each["valid_at"], each["invalid_at"])
        for each in line["stores"]["graph"]["facts"]
    ]
    assert len(set(found)) == len(found)
    return set(found)


def test_the_position(seeded: Path) -> None:
    line = got(seeded, PING_KEY)
    assert (line["source"], line["data_type"], line["revision"]) == ("samsara", "location", 1)
    assert entities(line) == {("Vehicle", TRUCK), ("Location", "41.8781,-87.6298")}
    assert facts(line) == {(TRUCK, "LOCATED_AT", "41.8781,-87.6298", GPS_TIME, None)}


def test_the_shipment(seeded: Path) -> None:
    line = got(seeded, SHIPMENT_KEY)
    assert (line["source"], line["data_type"], line["revision"]) == ("turvo", "shipment", 1)
    assert entities(line) == {
        ("Shipment", SHIPMENT_ID),
        ("Customer", "Acme Manufacturing Corp"),
        ("Location", "Chicago, IL"),
        ("Location", "Indianapolis, IN"),
    }
    assert facts(line) == {
        (SHIPMENT_ID, "FOR_CUSTOMER", "Acme Manufacturing Corp", DAY, None),
        (SHIPMENT_ID, "HAS_STATUS", "in_transit", DAY, None),
        (SHIPMENT_ID, "ORIGIN", "Chicago, IL", DAY, None),
        (SHIPMENT_ID, "DESTINATION", "Indianapolis, IN", DAY, None),
    }


def test_the_message_reaches_the_very_node_of_the_shipment(seeded: Path) -> None:
    line = got(seeded, MESSAGE_KEY)
    assert (line["source"], line["data_type"], line["revision"]) == ("frontapp", "message", 1)
    assert entities(line) == {("Message", MESSAGE_ID), ("Person", SENDER), ("Shipment", SHIPMENT_ID)}
    assert facts(line) == {
        (MESSAGE_ID, "SENT_BY", SENDER, DAY, None),
        (MESSAGE_ID, "MENTIONS", SHIPMENT_ID, DAY, None),
    }
    nodes = {
        each["id"]
        for held in (line, got(seeded, SHIPMENT_KEY))
        for each in held["stores"]["graph"]["entities"]
        if each["type"] == "Shipment"
    }
    assert len(nodes) == 1


def test_what_a_message_claims_is_no_status(seeded: Path) -> None:
    lines = run(seeded, "facts", SHIPMENT_ID, "--json").expect(0).of("fact")
    assert {(line["subject"], line["predicate"], line["object"]) for line in lines} == {
        (SHIPMENT_ID, "FOR_CUSTOMER", "Acme Manufacturing Corp"),
        (SHIPMENT_ID, "HAS_STATUS", "in_transit"),
        (SHIPMENT_ID, "ORIGIN", "Chicago, IL"),
        (SHIPMENT_ID, "DESTINATION", "Indianapolis, IN"),
        (MESSAGE_ID, "MENTIONS", SHIPMENT_ID),
    }
    assert all(line["current"] for line in lines)
    [status] = [line for line in lines if line["predicate"] == "HAS_STATUS"]
    assert status["records"] == [got(seeded, SHIPMENT_KEY)["record_id"]]


def test_the_four_stores_agree(seeded: Path) -> None:
    assert verified(seeded) == 6
