"""What holds known records is opened; answers without a record hold nothing; all else is a record."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from apex_cli.input_rules import ReadLimits
from apex_cli.model import Record
from apex_cli.reading.inner import Around, Inner, Nothing, Part
from apex_cli.reading.opening import Opener
from apex_cli.reading.read import read_input

PING = {"vehicle_id": "T1", "latitude": 1, "longitude": 2}
OTHER_PING = {**PING, "vehicle_id": "T2"}
SHIPMENT = {"shipmentId": "S1", "status": "new"}
MESSAGE = {"message_id": "M1", "body": "text"}
LIMITS = ReadLimits(10_000_000, 10_000, 200)
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
CUSTOMERS = [{"id": 1, "name": "Acme"}, {"id": 2, "name": "Zeta"}]
DEEP = 30


def opened(payload: dict[str, Any]) -> list[Part]:
    return Opener(LIMITS).open(payload, Around(collection="file"))


def records(payload: dict[str, Any]) -> list[Any]:
    parts = opened(payload)
    assert all(isinstance(part, Inner) for part in parts)
    return [part.payload for part in parts if isinstance(part, Inner)]


def collections(payload: dict[str, Any]) -> list[str]:
    return [part.around.collection for part in opened(payload) if isinstance(part, Inner) and not part.identity]


def notes(payload: dict[str, Any]) -> list[str]:
    return [note for part in opened(payload) if isinstance(part, Inner) for note in part.notes]


def nested(value: Any, levels: int) -> Any:
    for level in range(levels):
        value = {f"level{level}": value} if level % 2 else [value]
    return value


@pytest.mark.parametrize(
    ("payload", "inside"),
    [
        ({"data": [PING, OTHER_PING], "pagination": {}}, [PING, OTHER_PING]),
        ({"_results": [MESSAGE], "_pagination": {"next": None}}, [MESSAGE]),
        ({"Status": "SUCCESS", "details": SHIPMENT}, [SHIPMENT]),
        ({"event": "gps", "payload": PING}, [PING]),
        ({"data": SHIPMENT, "sent": "2025-10-19"}, [SHIPMENT]),
        ({"shipments": [SHIPMENT]}, [SHIPMENT]),
        ({"S1": SHIPMENT, "T1": PING}, [SHIPMENT, PING]),
        ({"deep": nested(SHIPMENT, DEEP)}, [SHIPMENT]),
        ({"Message": json.dumps(SHIPMENT), "Type": "Notification"}, [SHIPMENT]),
        ({"body": json.dumps(json.dumps(SHIPMENT))}, [SHIPMENT]),
        ({"Records": [{"body": json.dumps({"Message": json.dumps(PING)}), "messageId": "m"}]}, [PING]),
        ({"Records": [{"body": json.dumps(PING) + "\n" + json.dumps(SHIPMENT)}]}, [PING, SHIPMENT]),
        ({"message": {"data": base64.b64encode(json.dumps(PING).encode()).decode()}, "subscription": "s"}, [PING]),
        ({"data": {"shipments": {"edges": [{"cursor": "a", "node": SHIPMENT}], "pageInfo": {}}}}, [SHIPMENT]),
        ({"@odata.context": "$metadata#s", "value": [SHIPMENT]}, [SHIPMENT]),
        ({"resourceType": "Bundle", "entry": [{"fullUrl": "urn:1", "resource": SHIPMENT}]}, [SHIPMENT]),
        ({"hits": {"total": {"value": 1}, "hits": [{"_id": "1", "_score": 1.0, "_source": PING}]}}, [PING]),
        ({"specversion": "1.0", "type": "t", "id": "e", "source": "/x", "data": SHIPMENT}, [SHIPMENT]),
        ({"list": [[SHIPMENT], [PING]]}, [SHIPMENT, PING]),
    ],
)
def test_what_is_in_an_envelope(payload: dict[str, Any], inside: list[Any]) -> None:
    assert records(payload) == inside
    assert notes(payload) == []


@pytest.mark.parametrize(
    "payload",
    [
        {"data": [], "pagination": {"endCursor": "c", "hasNextPage": True}},
        {"_pagination": {"next": None}, "_links": {"self": "https://api.example.com"}, "_results": []},
        {"Status": "SUCCESS", "details": {"pagination": {"start": 0}, "shipments": []}},
        {"data": {"shipments": {"edges": [], "pageInfo": {"hasNextPage": False}}}},
        {"data": []},
        {"type": "sync", "authorization": {"id": "cmp_1"}},
        {"_error": {"status": 404, "title": "Not found", "message": "Conversation not found"}},
        {"message": "Invalid value for parameter types", "requestId": "a91c"},
        {"Status": "ERROR", "details": {"errorMessage": "Shipment not found", "errorCode": "BAD_REQUEST"}},
    ],
)
def test_answers_that_hold_nothing(payload: dict[str, Any]) -> None:
    [part] = opened(payload)
    assert isinstance(part, Nothing)
    assert part.note


@pytest.mark.parametrize(
    "payload",
    [
        PING,
        {**MESSAGE, "data": [PING]},
        {"data": {}},
        {"id": 1, "items": []},
        {"type": "sync", "id": 4},
        {"message": "hello", "requestId": 1, "id": 3},
        {"Status": "SUCCESS", "details": {}},
        {"_error": "a word"},
        {"invoice_no": "I-7", "lines": [{"sku": "a"}, {"sku": "b"}]},
        {"id": 7, "type": "invoice", "lines": [{"sku": "a"}]},
        {"name": "x", "raw": '{"note": "heartbeat"}'},
        {"scores": [1, 2]},
    ],
)
def test_all_else_is_a_record_as_it_stands(payload: dict[str, Any]) -> None:
    assert records(payload) == [payload]


def test_a_wrapper_of_an_unknown_object_is_no_part_of_it() -> None:
    assert records({"Status": "SUCCESS", "details": {"id": 5, "errorCode": None}}) == [{"id": 5, "errorCode": None}]


def test_unknown_rows_are_records_of_their_own() -> None:
    assert records({"data": [PING, {"id": 5}, SHIPMENT]}) == [PING, {"id": 5}, SHIPMENT]
    assert records({"shipments": [SHIPMENT], "customers": CUSTOMERS}) == [SHIPMENT, *CUSTOMERS]
    assert records({"S1": SHIPMENT, "S2": {"note": "x"}}) == [SHIPMENT, {"note": "x"}]
    assert notes({"data": [PING, 7, "x"], "total": 3}) == ["left out: 2 items of a list that are no objects"]


def test_rows_without_a_known_one_are_records_too() -> None:
    assert records({"customers": CUSTOMERS, "total": 2}) == CUSTOMERS
    assert records({"data": {"customers": {"edges": [{"node": row} for row in CUSTOMERS]}}}) == CUSTOMERS
    page = {"data": [{"id": str(number), "tags": [{"id": "7"}]} for number in range(3_000)], "pagination": {}}
    assert records(page) == page["data"]


def test_a_collection_is_called_by_the_nearest_name_that_says_what_is_in_it() -> None:
    assert collections({"customers": CUSTOMERS}) == ["customers"] * 2
    assert collections({"data": {"customers": {"edges": [{"node": row} for row in CUSTOMERS]}}}) == ["customers"] * 2
    assert collections({"data": CUSTOMERS}) == ["file"] * 2
    assert collections({"id": 1}) == ["file"]
    assert collections({"data": {"loads": {"L-1": SHIPMENT, "L-2": {"note": "x"}}}}) == ["loads"]


def test_what_is_left_of_an_envelope_is_named() -> None:
    envelope = {"payload": SHIPMENT, "site": {"name": "Fargo"}, "shift": "late", "requestId": 5, "empty": {}}
    assert records(envelope) == [SHIPMENT]
    assert notes(envelope) == ["left out: 'site', 'shift' of its envelope"]


def test_what_has_an_id_of_its_own_around_a_known_record_is_a_record() -> None:
    invoice = {"invoice_id": "I-7", "amount": 500, "shipment": SHIPMENT}
    assert records(invoice) == [invoice, SHIPMENT]
    route = {"route_number": 4, "day": "monday", "shipments": [SHIPMENT]}
    assert records(route) == [{"route_number": 4, "day": "monday"}, SHIPMENT]


def test_the_nearest_time_around_a_record_is_its_as_of() -> None:
    def as_of(payload: dict[str, Any]) -> list[str | None]:
        parts = [part for part in opened(payload) if isinstance(part, Inner)]
        return [part.around.as_of.isoformat()[:10] if part.around.as_of else None for part in parts]

    assert as_of({"time": "2026-03-04T09:00:00Z", "detail": SHIPMENT}) == ["2026-03-04"]
    inner = {"Timestamp": "2026-03-05T09:00:00Z", "Message": json.dumps(SHIPMENT)}
    assert as_of({"generatedAt": "2026-03-04T09:00:00Z", "Records": [inner, {"body": PING}]}) == [
        "2026-03-05",
        "2026-03-04",
    ]
    queued = {"body": json.dumps(PING), "attributes": {"SentTimestamp": "1772614800000"}}
    assert as_of({"Records": [queued]}) == ["2026-03-04"]
    assert as_of(PING) == [None]


def test_an_answer_without_a_record_beside_records() -> None:
    parts = opened({"batch": [SHIPMENT, {"_error": {"status": 404}}]})
    assert [type(part) for part in parts] == [Inner, Nothing]
    invoice = {"invoice_id": 7, "error": {"message": "x", "requestId": "y"}}
    assert records(invoice) == [invoice]


def test_hostile_nesting_is_bounded() -> None:
    payload: Any = SHIPMENT
    for _ in range(60):
        payload = {"a": payload}
    assert records(payload) == [payload]
    assert "deeper than" in notes(payload)[0]
    text = json.dumps(SHIPMENT)
    for _ in range(12):
        text = json.dumps({"body": text})
    assert records({"body": text}) == [SHIPMENT]


def test_records_of_an_envelope_say_where_they_stood(tmp_path: Path) -> None:
    file = tmp_path / "page.json"
    file.write_text(json.dumps({"data": [PING, SHIPMENT]}))
    reads = read_input(
        file,
        name="page.json",
        origin=str(file),
        source="auto",
        observed_at=datetime(2026, 3, 1, tzinfo=UTC),
        limits=ReadLimits(10_000, 10_000, 20),
        namespace="apex",
    )
    found = [(read.locator, read.payload if isinstance(read, Record) else None) for read in reads]
    assert found == [("page.json:1#1", PING), ("page.json:1#2", SHIPMENT)]
