"""Envelopes are opened where all in them is known; answers without a record hold nothing; all else is a record."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from apex_cli.model import ReadLimits, Record
from apex_cli.reading.read import read_input, unwrap
from apex_cli.sources.registry import skip_reason

PING = {"vehicle_id": "T1", "latitude": 1, "longitude": 2}
SHIPMENT = {"shipmentId": "S1", "status": "new"}
MESSAGE = {"message_id": "M1", "body": "text"}


@pytest.mark.parametrize(
    ("payload", "records"),
    [
        ({"data": [PING, {**PING, "vehicle_id": "T2"}], "pagination": {}}, [PING, {**PING, "vehicle_id": "T2"}]),
        ({"_results": [MESSAGE], "_pagination": {"next": None}}, [MESSAGE]),
        ({"Status": "SUCCESS", "details": SHIPMENT}, [SHIPMENT]),
        ({"event": "gps", "payload": PING}, [PING]),
        ({"data": SHIPMENT, "sent": "2025-10-19"}, [SHIPMENT]),
    ],
)
def test_what_is_in_an_envelope(payload: dict[str, Any], records: list[Any]) -> None:
    assert unwrap(payload) == records


@pytest.mark.parametrize(
    "payload",
    [
        {"data": [], "pagination": {"endCursor": "c", "hasNextPage": True}},
        {"_pagination": {"next": None}, "_links": {"self": "https://api.example.com"}, "_results": []},
        {"Status": "SUCCESS", "details": {"pagination": {"start": 0}, "shipments": []}},
        {"type": "sync", "authorization": {"id": "cmp_1"}},
        {"_error": {"status": 404, "title": "Not found", "message": "Conversation not found"}},
        {"message": "Invalid value for parameter types", "requestId": "a91c"},
        {"Status": "ERROR", "details": {"errorMessage": "Shipment not found", "errorCode": "BAD_REQUEST"}},
    ],
)
def test_answers_that_hold_nothing(payload: dict[str, Any]) -> None:
    assert skip_reason(payload) or unwrap(payload) == []


@pytest.mark.parametrize(
    "payload",
    [
        PING,
        {**MESSAGE, "data": [PING]},
        {"data": [PING, {"id": 5}]},
        {"data": [PING, 7]},
        {"data": []},
        {"data": {}},
        {"id": 1, "items": []},
        {"type": "sync", "id": 4},
        {"message": "hello", "requestId": 1, "id": 3},
        {"Status": "SUCCESS", "details": {"id": 5, "errorCode": None}},
        {"Status": "SUCCESS", "details": {}},
        {"_error": "a word"},
    ],
)
def test_all_else_is_a_record_as_it_stands(payload: dict[str, Any]) -> None:
    assert unwrap(payload) is None


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
