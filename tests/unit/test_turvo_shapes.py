"""Which payloads are Turvo's, what is in them, and which record each one is a version of."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apex_cli.extract.field_names import snake_keys
from apex_cli.model import RecordKind
from apex_cli.sources.registry import classify, extract, recognise
from apex_cli.sources.turvo import SOURCE
from tests.turvo_helpers import case, detail, payloads, record

SEED = {"shipmentId": "SHIP-2025-10-19-002", "customerName": "Acme", "status": "in_transit"}
CODE = {"code": {"key": "2105", "value": "En route"}}
ROW = {"id": 1000481920, "customId": "SHIP-2025-10-19-002", "status": CODE}
EVENT = {"tenantId": "1203", "eventName": "SHIPMENT_STATUS_UPDATE", "eventTime": "2025-10-19T18:46:48Z"}


def page(name: str, *rows: Any) -> dict[str, Any]:
    return {"Status": "OK", "details": {"pagination": {"start": 0, "moreAvailable": False}, name: list(rows)}}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("shipment_detail.json", [("shipment", "SHIP-2025-10-19-002")]),
        ("shipments_list_page1.json", [("shipment", "SHIP-2025-10-19-002"), ("shipment", "SHIP-2025-10-19-003")]),
        ("webhook_shipment_status_update.json", [("shipment", "SHIP-2025-10-19-002")]),
        ("customers_list.json", [("customer", "834100")]),
    ],
)
def test_the_records_of_each_payload(name: str, found: list[tuple[str, str]]) -> None:
    records = [record(payload) for payload in payloads(case(f"turvo/{name}"))]
    assert [(one.data_type, one.external_id) for one in records] == found
    assert {one.source for one in records} == {"turvo"}
    assert {extract(one).kind for one in records} == {RecordKind.STATE}


@pytest.mark.parametrize(
    "payload",
    [
        SEED,
        detail(),
        ROW,
        {**EVENT, "eventPayload": ROW},
        {**EVENT, "eventPayload": {"shipment": ROW}},
        {**EVENT, "eventName": "Shipment Update", "eventPayload": ROW},
        {"shipmentId": 1000481920, "customId": "SHIP-2025-10-19-002", "status": "Covered"},
        {"SHIPMENTID": "SHIP-2025-10-19-002", "STATUS": "new"},
        {"custom-id": "SHIP-2025-10-19-002", "Id": "1000481920", "Status": CODE},
        {"customId": "SHIP-2025-10-19-002", "customerName": "Acme", "status": "Covered"},
        {"type": "shipment", "shipmentId": "SHIP-2025-10-19-002", "status": "Covered"},
        {"type": "LTL", "id": 1000481920, "shipmentId": "SHIP-2025-10-19-002", "status": "Covered"},
    ],
)
def test_one_shipment_is_one_record_in_every_layout(payload: dict[str, Any]) -> None:
    assert classify(payload) == ("turvo", "shipment", "SHIP-2025-10-19-002")
    found = extract(record(payload))
    assert found.entities[0].key == "shipment:id:SHIP-2025-10-19-002"


def test_one_without_a_number_is_a_record_about_the_same_thing() -> None:
    stub = {**EVENT, "eventPayload": {"id": 1000481920, "status": CODE}}
    assert classify(stub) == ("turvo", "shipment", "1000481920")
    assert set(extract(record(stub)).entities[0].keys) < set(extract(record(detail())).entities[0].keys)


@pytest.mark.parametrize("empty", [None, "", " "])
def test_an_empty_number_is_none(empty: str | None) -> None:
    payload = {"id": 1000481920, "customId": empty, "status": CODE}
    assert classify(payload) == ("turvo", "shipment", "1000481920")
    assert extract(record(payload)).entities[0].keys == ("shipment:turvo:1000481920",)


def test_an_id_of_turvo_beside_the_number_is_no_number() -> None:
    payload = {"shipmentId": 1000481920, "customId": "SHIP-1", "status": "Covered"}
    assert extract(record(payload)).entities[0].keys == ("shipment:id:SHIP-1", "shipment:turvo:1000481920")


@pytest.mark.parametrize(
    ("payload", "whole"),
    [
        (detail(), True),
        ({**ROW, "customerOrder": [{"customer": {"id": 1, "name": "Acme"}}]}, False),
        (ROW, False),
        ({**ROW, "lane": {"start": "Gary, IN", "end": "Toledo, OH"}}, False),
        ({**EVENT, "eventPayload": ROW}, False),
        ({**EVENT, "eventPayload": {**SEED}}, False),
        ({**EVENT, "eventName": "SHIPMENT_UPDATE", "eventPayload": detail()}, True),
        ({**SEED, "origin": {"city": "Gary", "state": "IN"}}, True),
        (SEED, False),
        ({"shipmentId": "S", "status": "x", "customer": "Acme", "stops": [{"id": 1}]}, True),
        ({"shipmentId": "S", "status": "x", "origin": {"city": "Gary", "state": "IN"}}, False),
        ({"shipmentId": "S", "status": "x", "customerName": "Acme"}, False),
        ({"shipmentId": "S", "status": "delivered", "statusTime": "2026-03-04", "updatedAt": "2026-03-04"}, False),
        ({"shipmentId": "S", "status": "x", "carrierName": "Lakeshore"}, False),
        ({"shipmentId": "S", "status": "x", "driverName": "Ann", "customerName": "", "stops": []}, False),
    ],
)
def test_what_is_whole(payload: dict[str, Any], whole: bool) -> None:
    assert extract(record(payload)).whole is whole


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (case("turvo/error_response.json"), "error answer"),
        ({"Status": "FAILURE", "details": {"error_message": "no", "ErrorCode": 5}}, "error answer"),
        ({"Status": "ERROR", "details": {}}, "error answer"),
        ({"Status": "error", "details": None}, "error answer"),
        (page("shipments"), "empty page"),
        (page("customers"), "empty page"),
    ],
)
def test_answers_without_a_record(payload: dict[str, Any], reason: str) -> None:
    assert recognise(payload).nothing == ("turvo", reason)


@pytest.mark.parametrize(
    "payload",
    [
        page("shipments", ROW),
        {"Status": "SUCCESS", "details": {"id": 5, "errorCode": None}},
        {"Status": "SUCCESS", "details": {}},
        {"Status": "ERROR", "details": {"errorMessage": "x"}, "id": 5},
        {"status": "ERROR", "details": "the pump failed"},
        SEED,
    ],
)
def test_all_else_is_not_skipped(payload: dict[str, Any]) -> None:
    assert SOURCE.skip_reason(snake_keys(payload)) is None


@pytest.mark.parametrize(
    "payload",
    [
        {"id": 5, "name": "Acme", "status": CODE},
        {"id": "INV-30118", "shipment_id": "SHIP-1", "customer": {"name": "Acme"}, "total": 1676.4},
        {"type": "invoice", "id": 30118, "shipmentId": "SHIP-1", "customerName": "Acme"},
        {"kind": "service_claim", "claim_id": 207, "shipment_id": "SHIP-1", "carrier": {"name": "Great Bend"}},
        {"object": "Purchase Order", "shipmentId": "SHIP-1", "origin": {"city": "Chicago", "state": "IL"}},
        {"id": 5, "customerOrder": "CO-1"},
        {"customId": "A-1", "status": "open"},
        {"event_name": "CUSTOMER_SIGNUP", "event_payload": "x", "id": 1},
        {"eventName": "ORDER_UPDATE", "eventPayload": {"id": 4}},
        {"eventName": "SHIPMENT_UPDATE", "eventPayload": {"note": "no id"}},
        {"turvoType": "customer", "name": "no id"},
        {"Status": "SUCCESS", "details": {"id": 5, "name": "Acme"}},
        {"details": {"shipments": "none"}},
    ],
)
def test_what_is_none_of_turvo(payload: dict[str, Any]) -> None:
    assert not SOURCE.matches(snake_keys(payload))
    assert SOURCE.unpack(snake_keys(payload)) is None


def test_rows_that_look_alike_keep_the_name_of_their_list() -> None:
    row = {"id": 7, "name": "Lakeshore", "status": {"code": {"key": "1", "value": "Active"}}}
    for name, kind in (("customers", "customer"), ("carriers", "carrier")):
        [found] = payloads(page(name, row))
        assert classify(found) == ("turvo", kind, "7")
    [thin] = payloads(page("shipments", {"id": 7, "status": CODE}))
    assert classify(thin) == ("turvo", "shipment", "7")


@pytest.mark.parametrize("kind", ["customer", "carrier"])
def test_webhooks_about_customers_and_carriers(kind: str) -> None:
    event = {**EVENT, "eventName": f"{kind.upper()}_UPDATE", "eventPayload": {"id": 7, "name": "Lakeshore"}}
    assert classify(event) == ("turvo", kind, "7")
    found = extract(record(event))
    assert found.entities[0].key == f"{kind}:turvo:7"
    assert f"{found.event_time:%H:%M:%S}" == "18:46:48"


def test_a_webhook_about_several_is_several() -> None:
    found = list(payloads({**EVENT, "eventPayload": [ROW, {**ROW, "customId": "SHIP-2"}]}))
    assert [classify(one)[2] for one in found] == ["SHIP-2025-10-19-002", "SHIP-2"]
    assert {one["event_time"] for one in found} == {EVENT["eventTime"]}


@given(
    st.permutations([{**ROW, "id": 100 + number, "customId": f"S-{number}"} for number in range(6)]), st.integers(1, 5)
)
def test_the_order_of_pages_and_rows_does_not_matter(rows: list[dict[str, Any]], cut: int) -> None:
    pages = [page("shipments", *rows[cut:]), page("shipments", *rows[:cut])]
    found = {classify(one): extract(record(one)) for one_page in pages for one in payloads(one_page)}
    alone = {classify(row): extract(record(row)) for row in rows}
    assert found == alone


def test_a_large_page_is_as_many_records() -> None:
    rows = [{**ROW, "customId": f"S-{number}"} for number in range(30_000)]
    found = SOURCE.unpack(snake_keys(page("shipments", *rows)))
    assert found is not None
    assert len(found) == 30_000


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "invoice", "id": "INV-30118", "customer": {"name": "Acme"}, "shipment_id": "SHIP-1", "total": 5},
        {"id": "PO-70315", "shipmentId": "SHIP-1", "customer": "Acme", "destination": {"city": "Gary", "state": "IN"}},
        {"kind": "Detention Claim", "shipment_id": "SHIP-1", "carrier": "Lakeshore", "status": "open"},
        {"shipmentId": "SHIP-1", "stopNumber": 1, "city": "Gary", "state": "IN", "status": "arrived"},
        {"shipmentId": "SHIP-1", "documentType": "POD", "status": "received"},
        {"shipment_id": "SHIP-1", "charge_code": "FUEL", "carrier_name": "Lakeshore", "amount": 50},
        {"shipmentId": "SHIP-1", "invoiceId": "I-7", "carrierName": "Lakeshore", "status": "paid"},
    ],
)
def test_what_only_refers_to_a_shipment_is_no_shipment(payload: dict[str, Any]) -> None:
    assert classify(payload)[0] == "json"


@pytest.mark.parametrize(
    "more",
    [
        {"type": "FTL"},
        {"id": 1000481920},
        {"id": "SHIP-2025-10-19-002"},
        {"object": "shipment", "id": 7},
        {"invoiceNumber": "I-7"},
        {"stopNumber": None},
        {"documentType": "Shipment"},
        {"_id": "65f0c0aa11bb22cc33dd44ee"},
        {"id": "01JPZ8Y6K3Q4W5E6R7T8Y9V0AB"},
    ],
)
def test_a_shipment_may_have_a_type_and_an_id(more: dict[str, Any]) -> None:
    assert classify({**SEED, **more}) == ("turvo", "shipment", "SHIP-2025-10-19-002")
