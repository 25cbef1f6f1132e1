"""Turvo: a shipment, who it is for, who hauls it, how it stands and where it goes."""

from __future__ import annotations

from datetime import datetime

from apex_cli.errors import ExtractError
from apex_cli.extract import clean, contacts, entities, fields, keys, phrases, sentences, times, timestamps
from apex_cli.extract.builder import Builder, Handle
from apex_cli.extract.contacts import Contact
from apex_cli.model import Entity, Extraction, JsonObject, Predicate, Record
from apex_cli.sources.turvo import status, stops

_REFERENCES: dict[str, keys.ReferenceKind] = {
    "bolNumber": "bol",
    "proNumber": "pro",
    "containerNumber": "container",
    "sealNumber": "seal",
    "invoiceNumber": "invoice",
}


def extract(record: Record) -> Extraction:
    """One shipment as its record tells it now, with the history that the record carries.

    Raises ExtractError `no_shipment` where neither a shipmentId nor a Turvo id is there.
    """
    payload = record.payload
    history = status.history(payload)
    own = timestamps.first(
        payload.get("updatedAt"), payload.get("statusTime"), history[-1].time if history else None,
        timestamps.told(payload),
    )  # fmt: skip
    builder = Builder(times.event_time(record, own))
    entity = _shipment(record)
    shipment = builder.add(entity)
    clauses = [
        *_customer(builder, shipment, record),
        *status.add(builder, shipment, payload, history),
        *_ends(builder, shipment, payload),
        *_carriers(builder, shipment, record),
        *_driver(builder, shipment, record),
        *stops.add(builder, shipment, payload),
        *_references(builder, shipment, payload),
        *_manager(builder, shipment, record),
    ]
    known_as = phrases.listed([entity.name, _turvo_id_phrase(payload)])
    text = f"Shipment {known_as} on {times.spoken(builder.event_time)}: {'; '.join(clauses) or 'nothing more is told'}."
    return builder.build(f"Shipment {entity.name}", text)


def _shipment(record: Record) -> Entity:
    payload = record.payload
    entity = entities.shipment(
        shipment_id=fields.pick(payload, "shipmentId", "customId"), turvo_id=fields.pick(payload, "turvoId")
    )
    if entity is None:
        raise ExtractError("neither shipmentId nor turvoId", hint="give the shipment's number", code="no_shipment")
    return entity


def _turvo_id_phrase(payload: JsonObject) -> str | None:
    turvo_id = fields.pick(payload, "turvoId")
    return f"Turvo id {clean.line(turvo_id)}" if turvo_id else None


def _customer(builder: Builder, shipment: Handle, record: Record) -> list[str]:
    own_id = fields.pick(record.payload, "customerId")
    customer = entities.named(
        "customer",
        record.source,
        fields.pick(record.payload, "customerName") or fields.word(record.payload.get("customer")),
        [keys.turvo_id("customer", own_id)] if own_id else [],
        label=own_id,
    )
    if customer is None:
        return []
    builder.claim(shipment, Predicate.FOR_CUSTOMER, builder.add(customer))
    return [f"for customer {customer.name}"]


def _ends(builder: Builder, shipment: Handle, payload: JsonObject) -> list[str]:
    clauses = []
    for name, predicate, word, when in (
        ("origin", Predicate.ORIGIN, "from", "pickupTime"),
        ("destination", Predicate.DESTINATION, "to", "deliveryTime"),
    ):
        located = stops.place(payload.get(name))
        place = located.name if located else None
        time = timestamps.parse(payload.get(when))
        if located:
            builder.claim(shipment, predicate, builder.add(located))
        if place or time:
            clauses.append(f"{word} {place or 'an unnamed place'}" + (f" on {times.spoken(time)}" if time else ""))
    return clauses


def _carriers(builder: Builder, shipment: Handle, record: Record) -> list[str]:
    """The carrier of today is `carrierName`, else the last one listed that is not deleted; deleted ones have ended."""
    payload = record.payload
    listed = fields.objects(payload.get("carriers"))
    current = _carrier(
        record.source,
        fields.pick(payload, "carrierName") or fields.word(payload.get("carrier")),
        fields.pick(payload, "carrierId"),
        fields.pick(payload, "carrierMc"),
        fields.pick(payload, "carrierDot"),
    )
    named_now = current is not None
    clauses = []
    for told in listed:
        carrier = _carrier(record.source, *(fields.pick(told, name) for name in ("name", "id", "mc", "dot")))
        if carrier is None:
            continue
        handle = builder.add(carrier)
        if told.get("deleted") is True:
            _end_carrier(builder, shipment, handle, payload, told)
            clauses.append(f"no longer hauled by {_carrier_phrase(carrier)}")
        elif not named_now:
            current = carrier
    if current is not None:
        builder.claim(shipment, Predicate.HAULED_BY, builder.add(current))
        clauses.append(f"hauled by {_carrier_phrase(current)}")
    return clauses


def _end_carrier(builder: Builder, shipment: Handle, carrier: Handle, payload: JsonObject, told: JsonObject) -> None:
    ended = timestamps.first(told.get("endedAt")) or builder.event_time
    began: datetime | None = timestamps.first(told.get("startedAt"), told.get("createdAt"), payload.get("createdAt"))
    builder.claim(shipment, Predicate.HAULED_BY, carrier, valid_at=began or ended, invalid_at=ended)


def _carrier(source: str, name: str | None, own_id: str | None, mc: str | None, dot: str | None) -> Entity | None:
    dockets = {kind: number for kind, told in (("mc", mc), ("dot", dot)) if (number := keys.docket_number(told))}
    found = [
        *([keys.turvo_id("carrier", own_id)] if own_id else []),
        *([keys.docket("mc", dockets["mc"])] if "mc" in dockets else []),
        *([keys.docket("dot", dockets["dot"])] if "dot" in dockets else []),
    ]
    return entities.named("carrier", source, name, found, label=mc or dot or own_id, attributes=dockets)


def _carrier_phrase(carrier: Entity) -> str:
    numbers = [f"MC-{number}" if kind == "mc" else f"USDOT {number}" for kind, number in carrier.attributes.items()]
    return f"carrier {phrases.listed([carrier.name, *numbers])}"


def _driver(builder: Builder, shipment: Handle, record: Record) -> list[str]:
    payload = record.payload
    contact = Contact(
        fields.pick(payload, "driverName") or fields.word(payload.get("driver")),
        contacts.email(payload.get("driverEmail")),
        contacts.phone(payload.get("driverPhone")),
    )
    driver = entities.human("driver", record.source, contact, own_id=fields.pick(payload, "driverId"))
    if driver is None:
        return []
    builder.claim(shipment, Predicate.ASSIGNED_DRIVER, builder.add(driver))
    return [f"driver {contact.spoken() or driver.name}"]


def _references(builder: Builder, shipment: Handle, payload: JsonObject) -> list[str]:
    told = [entities.order(number) for number in fields.scalars(payload.get("poNumbers"))]
    for name, kind in _REFERENCES.items():
        told.extend(entities.reference(kind, number) for number in fields.scalars(payload.get(name)))
    for entity in told:
        builder.claim(shipment, Predicate.HAS_REFERENCE, builder.add(entity))
    return [sentences.describe(entity) for entity in told]


def _manager(builder: Builder, shipment: Handle, record: Record) -> list[str]:
    contact = contacts.parse(record.payload.get("managedBy"))
    person = entities.human("person", record.source, contact) if contact else None
    if contact is None or person is None:
        return []
    builder.claim(shipment, Predicate.MANAGED_BY, builder.add(person))
    return [f"managed by {contact.spoken()}"]
