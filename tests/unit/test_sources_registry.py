"""Which source a payload comes from, and what it is called there."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apex_cli.errors import ReadError
from apex_cli.extract.identity import LONGEST_ID, content_hash, external_id
from apex_cli.sources.registry import classify

POSITION = {
    "latitude": 41.8781,
    "longitude": -87.6298,
    "timestamp": "2025-10-19T14:23:00Z",
    "vehicle_id": "TRUCK-6520",
    "speed_mph": 55,
}
SHIPMENT = {
    "shipmentId": "SHIP-2025-10-19-002",
    "customerName": "Acme Manufacturing Corp",
    "status": "in_transit",
    "origin": {"city": "Chicago", "state": "IL"},
    "destination": {"city": "Indianapolis", "state": "IN"},
}
MESSAGE = {
    "message_id": "MSG-2025-10-19-003",
    "subject": "Delivery Confirmation",
    "body": "Shipment SHIP-2025-10-19-002 delivered successfully.",
    "sender": "dispatch@acme-trucking.com",
}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (POSITION, ("samsara", "location", "TRUCK-6520@2025-10-19T14:23:00Z")),
        (SHIPMENT, ("turvo", "shipment", "SHIP-2025-10-19-002")),
        (MESSAGE, ("frontapp", "message", "MSG-2025-10-19-003")),
        (
            {"vehicle_id": 7, "engine_state": "On", "timestamp": 1760883780},
            ("samsara", "location", "7@2025-10-19T14:23:00Z"),
        ),
        ({"shipmentId": 12, "status": "new"}, ("turvo", "shipment", "12")),
        ({"message_id": 1.0, "subject": ""}, ("frontapp", "message", "1")),
        ({"shipmentId": "S1"}, ("json", "shipment", "S1")),
        ({"message_id": "M1", "from": "x"}, ("json", "message", "M1")),
        ({"shipmentId": {"a": 1}, "status": "new", "id": "../../x"}, ("json", "record", "../../x")),
        ({"shipmentId": "", "status": "new", "id": 5}, ("json", "record", "5")),
    ],
)
def test_auto(payload: dict[str, Any], expected: tuple[str, str, str]) -> None:
    assert classify(payload) == expected


@pytest.mark.parametrize(
    ("payload", "data_type", "identity"),
    [
        ({"type": "Purchase Order", "id": 7}, "purchase_order", "7"),
        ({"object": "shipmentUpdate", "uuid": "u", "number": 3}, "shipment_update", "u"),
        ({"type": {"x": 1}, "kind": "k", "_id": "a"}, "k", "a"),
        ({"invoice_id": "I-1", "customer_id": 5}, "invoice", "I-1"),
        ({"type": "order", "customer_id": 5, "order_id": 6}, "order", "6"),
        ({"customer_id": 5, "type": "order", "orderId": 6}, "order", "6"),
        ({"loadID": "L", "amount": 5}, "load", "L"),
        ({"customer_id": 5, "number": "N-1001"}, "record", "N-1001"),
        ({"customer_id": 5, "invoice_id": "I-1"}, "invoice", "I-1"),
        ({"customer_id": 5, "customer_name": "Halcyon"}, "customer", "5"),
        ({"paid": True, "number": "N", "po_number": 3}, "record", "N"),
        ({"po_number": 3, "key": "K"}, "record", "K"),
        ({"po_number": 3, "total": 5}, "purchase_order", "3"),
        ({"key": "K", "valid": 1}, "record", "K"),
        ({"id": True, "guid": None, "uuid": [], "_id": " ", "key": "K"}, "record", "K"),
        ({"type": "???", "id": "a"}, "record", "a"),
        ({"invoiceNumber": "INV-1", "total": 5}, "invoice", "INV-1"),
        ({"tenantId": "1203", "eventId": "e1"}, "event", "e1"),
        ({"vehicleId": "T1", "time": "2025-10-19T14:23:00Z"}, "vehicle", "T1@2025-10-19T14:23:00Z"),
        ({"driver_id": 4, "vehicle_id": 5, "created_at": 1760883780}, "driver", "4@2025-10-19T14:23:00Z"),
        ({"vehicle_id": "T1", "invoice_id": "I", "time": "2025-10-19"}, "invoice", "I"),
        ({"event_type": "arrived", "shipment_id": "S", "event_id": "e1"}, "arrived", "e1"),
        ({"_id": {"$oid": "65f1c0de65f1c0de65f1c0de"}, "a": 1}, "record", "65f1c0de65f1c0de65f1c0de"),
    ],
)
def test_generic_names(payload: dict[str, Any], data_type: str, identity: str) -> None:
    assert classify(payload, "json") == ("json", data_type, identity)


def test_what_a_tenant_sends_is_not_one_record() -> None:
    first, second = ({"tenantId": "1203", "eventTime": time} for time in ("2025-10-19", "2025-10-20"))
    assert classify(first)[2] != classify(second)[2]


def test_generic_without_an_id_is_known_by_its_content() -> None:
    payload = {"a": 1, "b": [2]}
    assert classify(payload) == ("json", "record", content_hash(payload)[:32])
    assert classify({"b": [2], "a": 1}) == classify(payload)


@pytest.mark.parametrize("source", ["samsara", "turvo", "frontapp"])
@pytest.mark.parametrize("identity", [None, "", " ", [], {}, True])
def test_a_forced_source_needs_its_own_id(source: str, identity: Any) -> None:
    payload = {"id": 1, "vehicle_id": identity, "shipmentId": identity, "message_id": identity}
    with pytest.raises(ReadError) as caught:
        classify(payload, source)
    assert caught.value.code == "missing_id"
    assert source in caught.value.message


def test_a_forced_source_takes_what_auto_would_not() -> None:
    assert classify({"shipmentId": "S1"}, "turvo") == ("turvo", "shipment", "S1")
    assert classify(SHIPMENT, "json") == ("json", "shipment", "SHIP-2025-10-19-002")


def test_an_unknown_source() -> None:
    with pytest.raises(ReadError, match="carrier_pigeon"):
        classify({"id": 1}, "carrier_pigeon")


def test_positions_without_a_time_are_distinguished_by_content() -> None:
    first = {"vehicle_id": "T", "latitude": 1, "longitude": 2}
    second = {**first, "latitude": 3}
    assert classify(first)[2] != classify(second)[2]
    assert classify(first)[2] == f"T@{content_hash(first)[:32]}"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2025-10-19T09:23:00-05:00", "2025-10-19T14:23:00Z"),
        ("2025-10-19 14:23", "2025-10-19T14:23:00Z"),
        ("2025-10-19 14:23 UTC", "2025-10-19T14:23:00Z"),
        ("2025-10-19T14:23:00.5Z", "2025-10-19T14:23:00.500000Z"),
        ("Sun, 19 Oct 2025 09:23:00 -0500", "2025-10-19T14:23:00Z"),
        ("10/19/2025 2:23 PM", "2025-10-19T14:23:00Z"),
        ("10/19/2025", "2025-10-19T00:00:00Z"),
        (1760883780, "2025-10-19T14:23:00Z"),
        ("1760883780", "2025-10-19T14:23:00Z"),
        (1760883780000, "2025-10-19T14:23:00Z"),
        (1760883780.25, "2025-10-19T14:23:00.250000Z"),
        ("this morning", "this morning"),
        ("19/10/2025 14:23", "2025-10-19T14:23:00Z"),
        ("31/02/2025 14:23", "31/02/2025 14:23"),
        ("10/19/2025 13:00 PM", "10/19/2025 13:00 PM"),
        (1e300, str(int(1e300))),
    ],
)
def test_one_moment_however_it_is_written_is_one_record(value: Any, expected: str) -> None:
    assert classify({**POSITION, "timestamp": value}) == ("samsara", "location", f"{POSITION['vehicle_id']}@{expected}")


@pytest.mark.parametrize("value", [None, "", [], True])
def test_a_position_whose_time_cannot_be_read_is_known_by_its_content(value: Any) -> None:
    payload = {**POSITION, "timestamp": value}
    assert classify(payload)[2] == f"{POSITION['vehicle_id']}@{content_hash(payload)[:32]}"


def test_the_time_may_have_any_usual_name() -> None:
    position = {key: value for key, value in POSITION.items() if key != "timestamp"}
    for name in ("time", "eventTime", "happened_at", "createdAt"):
        assert classify({**position, name: "2025-10-19T14:23:00Z"}) == classify(POSITION), name


def test_long_ids_keep_their_beginning_and_differ() -> None:
    first, second = external_id("x" * 10_000), external_id("x" * 9_999 + "y")
    assert first is not None
    assert len(first) == LONGEST_ID
    assert first.startswith("x" * 400)
    assert first != second
    assert external_id("x" * LONGEST_ID) == "x" * LONGEST_ID


KEYS = [*POSITION, *SHIPMENT, *MESSAGE, "id", "type", "engine_state", "geofence", "order_id", "number", "key"]
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@given(
    st.dictionaries(
        st.sampled_from(KEYS), scalars | st.lists(scalars) | st.dictionaries(st.text(), scalars), min_size=1
    )
)
def test_every_payload_has_an_identity(payload: dict[str, Any]) -> None:
    source, data_type, identity = classify(payload)
    assert source
    assert data_type
    assert 0 < len(identity) <= LONGEST_ID
