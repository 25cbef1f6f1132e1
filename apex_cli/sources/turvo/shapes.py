"""The layouts in which shipments, customers and carriers arrive, and what is called what in each.

Turvo has no public reference; these are the layouts that public clients of its API read:

    a shipment, flat     {"shipmentId": "SHIP-1", "customerName": …, "status": …, "origin": {…}, …}
    a shipment, whole    {"id": 1000481920, "customId": "SHIP-1", "status": {"code": {"key", "value"}},
                          "globalRoute": […], "customerOrder": […], "carrierOrder": […], …}
    a row of a list      the same without `globalRoute`
    an answer            {"Status": "SUCCESS", "details": {…}}: one shipment, or `pagination` and a list of rows
    a webhook            {"tenantId", "eventName": "SHIPMENT_STATUS_UPDATE", "eventTime", "eventPayload": {…}}

All of them that are about one shipment are versions of one record. Its external id is the number that people use
(`customId`, or `shipmentId`), because every layout may have it; where it is missing, Turvo's own `id`. So a webhook
that has only the `id` is a record of its own, about the same shipment: both reach it by the key `shipment:turvo:ID`.

A row of customers and one of carriers look the same. What distinguishes them is the list they are in, so it is copied
into the row: `{"turvoType": "customer", …}`. So it is for a row of shipments that has nothing but an id and a status.

Functions here get and give objects whose own fields are in snake case. What is inside of them may be as it arrived.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from apex_cli.extract import fields, placeholders
from apex_cli.extract.field_names import snake_keys
from apex_cli.extract.identity import external_id, slug
from apex_cli.extract.unique_ids import is_unique
from apex_cli.model import JsonObject

Kind = Literal["shipment", "customer", "carrier"]
TYPE_FIELD = "turvoType"
_TYPE = "turvo_type"
_LISTS: Mapping[str, Kind] = {"shipments": "shipment", "customers": "customer", "carriers": "carrier"}
_ORDERS = ("customer_order", "carrier_order", "global_route")
IDS = ("custom_id", "shipment_id", "turvo_id", "id")
"""Fields with an external id, the preferred one first. The last counts only where the rest shows that it is Turvo's."""
_STATED = (
    "customer_name", "customer", "carrier_name", "carrier", "carriers", "carrier_mc", "carrier_dot", "driver_name",
    "driver", "status", "status_history", "origin", "destination", "lane", "stops", *_ORDERS,
)  # fmt: skip
_BESIDE_NUMBER = (
    *_ORDERS, "net_customer_costs", "net_carrier_costs", "status_history", "lane", "customer_name", "carrier_name",
    "origin", "destination",
)  # fmt: skip
_TYPES = ("type", "object", "kind", "record_type", "document_type")
_SHIPMENT_TYPES = frozenset(("shipment", "shipments", "load", "loads"))
_OTHER_TYPES = frozenset((
    "invoice", "invoices", "bill", "order", "orders", "claim", "quote", "payment", "receipt", "transaction", "document",
    "message", "note", "task", "ticket", "inspection", "fuel", "incident", "appointment", "lumper", "detention",
))  # fmt: skip
# What a part of a shipment has, and a shipment has not: its place among the parts, its own id, its own kind.
_PART_FIELDS = frozenset((
    "line", "line_number", "line_no", "line_item", "line_item_number", "stop_number", "stop_sequence", "leg",
    "leg_number", "item_number", "item_no", "sequence", "invoice_id", "bill_id", "payment_id", "receipt_id", "claim_id",
    *(f"{part}_{field}" for field in ("id", "type", "code") for part in (
        "stop", "line", "line_item", "leg", "item", "charge", "accessorial", "document", "note", "task", "ticket",
        "inspection", "incident",
    )),
))  # fmt: skip
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
_WHERE = ("origin", "destination", "lane", "stops")
_WHO = ("customer_name", "customer", "customer_id")
_ANSWER = frozenset(("status", "details"))
_ERROR = frozenset(("error_message", "error_code", "error"))
_FAILED = frozenset(("error", "failure", "failed", "fail"))
_WEBHOOK = "event_payload"


def webhook(payload: JsonObject) -> tuple[Kind, JsonObject] | None:
    """What a webhook's event is about, and the thing itself out of its payload; None for anything else."""
    inside = payload.get(_WEBHOOK)
    if not isinstance(inside, Mapping):
        return None
    body = snake_keys(inside)
    name = payload.get("event_name")
    about = slug(name).partition("_")[0] if isinstance(name, str) else ""
    kind = next((kind for kind in _LISTS.values() if kind == about), "shipment" if _is_shipment(body) else None)
    if kind is None:
        return None
    nested = body.get(kind)
    if own_id(body) is None and isinstance(nested, Mapping):
        body = snake_keys(nested)
    return kind, body


def body(payload: JsonObject) -> JsonObject:
    """The shipment, customer or carrier itself, out of its webhook."""
    found = webhook(payload)
    return found[1] if found else payload


def kind(payload: JsonObject) -> Kind | None:
    """What an object of one record is about; None where it is none of Turvo."""
    found = webhook(payload)
    if found is not None:
        return found[0] if own_id(found[1]) is not None else None
    marked = next((kind for kind in _LISTS.values() if payload.get(_TYPE) == kind), None)
    if marked is not None:
        return marked if own_id(payload) is not None else None
    return "shipment" if _is_shipment(payload) else None


def number(payload: JsonObject) -> str | None:
    """The number that people call a shipment by."""
    return _given(payload, "custom_id", "shipment_id")


def turvo_id(payload: JsonObject) -> str | None:
    """Turvo's own id of a shipment. Where there is a `customId` beside, `shipmentId` is no number of its own."""
    known = number(payload)
    given = _given(payload, "turvo_id", "id")
    if given is None and known != (other := _given(payload, "shipment_id")):
        given = other
    return given if given != known else None


def own_id(payload: JsonObject, names: tuple[str, ...] = IDS) -> str | None:
    """The external id of a record: the first of these fields that has one."""
    return next((external_id(payload[name]) for name in names if _given(payload, name)), None)


def is_whole(payload: JsonObject) -> bool:
    """Whether a record states everything that its source knows of the shipment, so that its silence ends something.

    In the layout of the API a whole shipment has its route, and a row of a list has none. A flat shipment is whole
    where it gives its customer and where it goes. One with less, such as a status, a driver or a carrier alone, or with
    the event of a webhook, is partial: it may be a row of a list that leaves out what a detail has.
    """
    found = webhook(payload)
    inside = payload if found is None else found[1]
    if fields.items(inside.get("global_route")):
        return True
    in_api_layout = found is not None or "custom_id" in inside or any(name in inside for name in _ORDERS)
    return not in_api_layout and all(
        any(inside.get(name) not in (None, "", {}, []) for name in names) for names in (_WHO, _WHERE)
    )


def skip_reason(payload: JsonObject) -> str | None:
    """Why an answer of the API holds no record: "error answer" or "empty page"; None for all else."""
    if payload.keys() != _ANSWER:
        return None
    details = payload["details"]
    status = payload["status"]
    if not details:
        failed = isinstance(status, str) and status.strip().lower() in _FAILED
        return "error answer" if failed else None
    if not isinstance(details, Mapping):
        return None
    inside = snake_keys(details)
    if inside.keys() <= _ERROR:
        return "error answer"
    if "pagination" in inside and any(inside.get(name) == [] for name in _LISTS):
        return "empty page"
    return None


def unpack(payload: JsonObject) -> list[dict[str, Any]] | None:
    """The records of an answer, or of a webhook about several; None for what is one record or is none of Turvo."""
    events = payload.get(_WEBHOOK)
    if isinstance(events, list):
        several = [{**payload, _WEBHOOK: event} for event in events]
        return several if several and all(kind(one) for one in several) else None
    details = payload.get("details")
    if not isinstance(details, Mapping) or kind(payload) is not None:
        return None
    inside = snake_keys(details)
    if _is_shipment(inside):
        return [dict(details)]
    for name, about in _LISTS.items():
        rows = inside.get(name)
        if isinstance(rows, list) and rows and all(isinstance(row, Mapping) for row in rows):
            return [dict(row) if kind(snake_keys(row)) == about else {TYPE_FIELD: about, **row} for row in rows]
    return None


def _given(payload: JsonObject, *names: str) -> str | None:
    """The first of these fields that has an id; a placeholder such as "TBD" is none."""
    for name in names:
        found = fields.pick(payload, name)
        if found is not None and not placeholders.is_id(found):
            return found
    return None


def _is_shipment(payload: JsonObject) -> bool:
    """A number of a shipment with something about it; or an id beside fields that only Turvo has."""
    if _given(payload, "shipment_id", "turvo_id"):
        return any(payload.get(name) is not None for name in _STATED) and not refers_to_shipment(payload)
    if "custom_id" in payload and _given(payload, "custom_id", "id"):
        return _has_status_code(payload) or any(payload.get(name) is not None for name in _BESIDE_NUMBER)
    has_orders = any(isinstance(payload.get(name), list | Mapping) for name in _ORDERS)
    return has_orders and _given(payload, "id") is not None


def refers_to_shipment(payload: JsonObject) -> bool:
    """Whether it is another record that only refers to a shipment: an invoice, a purchase order, a claim, a stop.

    Its type says so, or its own id: a shipment's is a whole number (Turvo's), the number itself, or one that a database
    or a queue made for it (UUID, ObjectId, ULID), which says nothing of what it is. A URL may: `/invoices/7`. So does a
    field that only parts of shipments have (`stopNumber`, `chargeCode`), unless the whole shipment stands beside it.
    """
    words = {word for name in _TYPES if isinstance(given := payload.get(name), str) for word in slug(given).split("_")}
    if not words & _SHIPMENT_TYPES:
        is_part = any(payload[name] is not None for name in _PART_FIELDS & payload.keys())
        if words & _OTHER_TYPES or (is_part and not is_whole(payload)):
            return True
    given_id = fields.scalar(payload.get("id"))
    if given_id is None or given_id.isdigit() or _UUID.fullmatch(given_id):
        return False
    is_made = is_unique(given_id) and ":" not in given_id
    return not is_made and given_id not in (number(payload), fields.scalar(payload.get("turvo_id")))


def _has_status_code(payload: JsonObject) -> bool:
    status = payload.get("status")
    return isinstance(status, Mapping) and "code" in status
