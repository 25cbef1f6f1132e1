"""Turvo: a shipment, who it is for, who hauls it, how it stands and where it goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from apex_cli.errors import ExtractError
from apex_cli.extract import clean, contacts, entities, fields, keys, places, timestamps
from apex_cli.extract.builder import Builder, EntityRef, describe
from apex_cli.model import Entity, EntityType, Extraction, JsonObject, Predicate, Record

_REFERENCES: dict[str, keys.ReferenceKind] = {
    "bolNumber": "bol",
    "proNumber": "pro",
    "containerNumber": "container",
    "sealNumber": "seal",
    "invoiceNumber": "invoice",
}


@dataclass(frozen=True, slots=True)
class _Status:
    """A status: its value in snake case, its spelling and code in the source, and since when, where that is stated."""

    value: str
    spelling: str
    code: str | None
    time: datetime | None


def extract(record: Record) -> Extraction:
    """One shipment as its record states it, with the history that the record has.

    Raises ExtractError `no_shipment` where neither a shipmentId nor a Turvo id is there.
    """
    payload = record.payload
    history = _history(payload)
    own = timestamps.first(
        payload.get("updatedAt"), payload.get("statusTime"), history[-1].time if history else None,
        timestamps.from_fields(payload),
    )  # fmt: skip
    builder = Builder(timestamps.event_time(record, own))
    entity = _shipment(record)
    shipment = builder.add(entity)
    clauses = [
        *_customer(builder, shipment, record),
        *_statuses(builder, shipment, payload, history),
        *_ends(builder, shipment, payload),
        *_carriers(builder, shipment, record),
        *_driver(builder, shipment, record),
        *_stops(builder, shipment, payload),
        *_references(builder, shipment, payload),
        *_manager(builder, shipment, record),
    ]
    turvo_id = fields.pick(payload, "turvoId")
    known_as = clean.joined([entity.name, f"Turvo id {clean.line(turvo_id)}" if turvo_id else None])
    stated = "; ".join(clauses) or "no details"
    text = f"Shipment {known_as} on {timestamps.to_minute(builder.event_time)}: {stated}."
    return builder.build(f"Shipment {entity.name}", text)


def _shipment(record: Record) -> Entity:
    payload = record.payload
    entity = entities.shipment(
        shipment_id=fields.pick(payload, "shipmentId", "customId"), turvo_id=fields.pick(payload, "turvoId")
    )
    if entity is None:
        raise ExtractError("neither shipmentId nor turvoId", hint="give the shipment's number", code="no_shipment")
    return entity


def _customer(builder: Builder, shipment: EntityRef, record: Record) -> list[str]:
    own_id = fields.pick(record.payload, "customerId")
    customer = entities.named(
        "customer",
        record.source,
        fields.pick(record.payload, "customerName") or fields.label(record.payload.get("customer")),
        [keys.turvo_id("customer", own_id)] if own_id else [],
        label=own_id,
    )
    if customer is None:
        return []
    builder.claim(shipment, Predicate.FOR_CUSTOMER, builder.add(customer))
    return [f"for customer {customer.name}"]


def _ends(builder: Builder, shipment: EntityRef, payload: JsonObject) -> list[str]:
    clauses = []
    for name, predicate, preposition, when in (
        ("origin", Predicate.ORIGIN, "from", "pickupTime"),
        ("destination", Predicate.DESTINATION, "to", "deliveryTime"),
    ):
        located = _place(payload.get(name))
        place = located.name if located else None
        time = timestamps.parse(payload.get(when))
        if located:
            builder.claim(shipment, predicate, builder.add(located))
        if place or time:
            clauses.append(
                f"{preposition} {place or 'an unnamed place'}" + (f" on {timestamps.to_minute(time)}" if time else "")
            )
    return clauses


def _carriers(builder: Builder, shipment: EntityRef, record: Record) -> list[str]:
    """The current one is `carrierName`, else the last of `carriers` that is not deleted. Deleted ones have ended."""
    payload = record.payload
    current = _carrier(
        record.source,
        fields.pick(payload, "carrierName") or fields.label(payload.get("carrier")),
        fields.pick(payload, "carrierId"),
        fields.pick(payload, "carrierMc"),
        fields.pick(payload, "carrierDot"),
    )
    named_now = current is not None
    clauses = []
    for item in fields.objects(payload.get("carriers")):
        carrier = _carrier(record.source, *(fields.pick(item, name) for name in ("name", "id", "mc", "dot")))
        if carrier is None:
            continue
        ref = builder.add(carrier)
        if item.get("deleted") is True:
            ended = timestamps.parse(item.get("endedAt")) or builder.event_time
            began = timestamps.first(item.get("startedAt"), item.get("createdAt"), payload.get("createdAt")) or ended
            builder.claim(shipment, Predicate.HAULED_BY, ref, valid_at=began, invalid_at=ended)
            clauses.append(f"no longer hauled by {_carrier_phrase(carrier)}")
        elif not named_now:
            current = carrier
    if current is not None:
        builder.claim(shipment, Predicate.HAULED_BY, builder.add(current))
        clauses.append(f"hauled by {_carrier_phrase(current)}")
    return clauses


def _carrier(source: str, name: str | None, own_id: str | None, mc: str | None, dot: str | None) -> Entity | None:
    dockets = {kind: number for kind, text in (("mc", mc), ("dot", dot)) if (number := keys.docket_number(text))}
    found = keys.given(
        (partial(keys.turvo_id, "carrier"), own_id),
        *((partial(keys.docket, kind), dockets.get(kind)) for kind in ("mc", "dot")),
    )
    return entities.named("carrier", source, name, found, label=mc or dot or own_id, attributes=dockets)


def _carrier_phrase(carrier: Entity) -> str:
    numbers = [f"MC-{number}" if kind == "mc" else f"USDOT {number}" for kind, number in carrier.attributes.items()]
    return f"carrier {clean.joined([carrier.name, *numbers])}"


def _driver(builder: Builder, shipment: EntityRef, record: Record) -> list[str]:
    payload = record.payload
    name = fields.pick(payload, "driverName") or fields.label(payload.get("driver"))
    contact = contacts.from_fields(name, payload.get("driverEmail"), payload.get("driverPhone"))
    driver = entities.human("driver", record.source, contact, own_id=fields.pick(payload, "driverId"))
    if driver is None:
        return []
    builder.claim(shipment, Predicate.ASSIGNED_DRIVER, builder.add(driver))
    return [f"driver {contact.describe() or driver.name}"]


def _references(builder: Builder, shipment: EntityRef, payload: JsonObject) -> list[str]:
    found = [entities.order(number) for number in fields.scalars(payload.get("poNumbers"))]
    for name, kind in _REFERENCES.items():
        found.extend(entities.reference(kind, number) for number in fields.scalars(payload.get(name)))
    for entity in found:
        builder.claim(shipment, Predicate.HAS_REFERENCE, builder.add(entity))
    return [describe(entity) for entity in found]


def _manager(builder: Builder, shipment: EntityRef, record: Record) -> list[str]:
    contact = contacts.parse(record.payload.get("managedBy"))
    person = entities.human("person", record.source, contact) if contact else None
    if contact is None or person is None:
        return []
    builder.claim(shipment, Predicate.MANAGED_BY, builder.add(person))
    return [f"managed by {contact.describe()}"]


def _history(payload: JsonObject) -> list[_Status]:
    """The dated entries of `statusHistory`, oldest first."""
    entries = [
        status
        for entry in fields.objects(payload.get("statusHistory"))
        if (status := _read_status(entry.get("status", entry), timestamps.first(entry.get("time"), entry.get("date"))))
        and status.time
    ]
    return sorted(entries, key=lambda status: status.time or datetime.min)


def _statuses(builder: Builder, shipment: EntityRef, payload: JsonObject, past: list[_Status]) -> list[str]:
    """Claims every status at its time. The current one counts from `statusTime`, else from the history's last entry
    if that is the same status, else from the event time."""
    current = _read_status(payload.get("status"), timestamps.parse(payload.get("statusTime")))
    if current and current.time is None and past and past[-1].value == current.value:
        current = None
    statuses = [*past, *([current] if current else [])]
    for status in statuses:
        evidence = {"spelling": status.spelling} | ({"code": status.code} if status.code else {})
        node = builder.add(entities.value(Predicate.HAS_STATUS, status.value))
        builder.claim(shipment, Predicate.HAS_STATUS, node, valid_at=status.time, attributes=evidence)
    return [
        f"status {status.spelling}" + (f" since {timestamps.to_minute(status.time)}" if status.time else "")
        for status in dict.fromkeys(reversed(statuses))
    ]


def _read_status(raw: object, time: datetime | None) -> _Status | None:
    code = None
    if isinstance(raw, Mapping):
        inner = raw.get("code")
        if isinstance(inner, Mapping):
            code, raw = fields.pick(inner, "key"), inner.get("value")
        else:
            code, raw = fields.pick(raw, "key"), raw.get("value", raw.get("name"))
    spelling = clean.line(fields.scalar(raw) or "")
    value = keys.snake(spelling)
    return _Status(value, spelling, clean.line(code) if code else None, time) if value else None


def _stops(builder: Builder, shipment: EntityRef, payload: JsonObject) -> list[str]:
    """Claims every stop from its appointment on; a deleted one ended at `endedAt`, else with this record."""
    return [
        _add_stop(builder, shipment, stop, number)
        for number, stop in enumerate(fields.objects(payload.get("stops")), start=1)
    ]


def _place(raw: object) -> Entity | None:
    """A location: "City, ST" from an object with city and state (or country), its `address`, or from a text that ends
    in one; else the city alone as the source spells it, else a position."""
    if not isinstance(raw, Mapping):
        text = fields.scalar(raw)
        return entities.city(places.last(clean.line(text)) or clean.line(text)) if text else None
    city = fields.label(raw.get("city"))
    region = fields.label(raw.get("state")) or fields.label(raw.get("country"))
    if city:
        return entities.city(places.city_name(city, region) if region else clean.line(city))
    inside = _place(raw.get("address"))
    if inside:
        return inside
    position = fields.position(raw.get("latitude", raw.get("lat")), raw.get("longitude", raw.get("lng")))
    return entities.position(*position) if position else None


def _add_stop(builder: Builder, shipment: EntityRef, raw: JsonObject, number: int) -> str:
    owner = builder.known(shipment).name
    name, kind = fields.label(raw.get("name")), fields.label(raw.get("type"))
    appointment = timestamps.parse(raw.get("appointment"))
    ended = (timestamps.parse(raw.get("endedAt")) or builder.event_time) if raw.get("deleted") is True else None
    stop = builder.add(
        Entity(
            EntityType.STOP,
            (keys.stop(owner, fields.pick(raw, "id") or f"#{number}"),),
            clean.line(f"{name or number} of {owner}"),
            attributes={"type": clean.line(kind)} if kind else {},
        )
    )
    builder.claim(shipment, Predicate.HAS_STOP, stop, valid_at=appointment, invalid_at=ended)
    where = _place(raw)
    if where:
        builder.claim(stop, Predicate.AT, builder.add(where), valid_at=appointment, invalid_at=ended)
    phrase = " ".join(clean.line(part) for part in ("stop", str(number), kind or "", name or "") if part)
    return (
        phrase
        + (f" at {where.name}" if where else "")
        + (f" on {timestamps.to_minute(appointment)}" if appointment else "")
        + (" (removed)" if ended else "")
    )
