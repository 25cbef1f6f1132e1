"""Turvo: a shipment, who it is for, who hauls it, how it stands and where it goes; a customer or carrier by itself.

Field names are read in snake case at all levels, values leniently: a code may be `{"key", "value"}` or a word, a list
may be one value, a number may be a text. What no field here reads is in the record's text (`remaining`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from apex_cli.errors import ExtractError
from apex_cli.extract import clean, entities, timestamps
from apex_cli.extract.builder import Builder
from apex_cli.extract.field_names import snake_tree
from apex_cli.extract.remaining import remaining_phrases
from apex_cli.model import Entity, Extraction, JsonObject, Record, RecordKind
from apex_cli.sources.turvo import amounts, parties, references, shapes, status, stops, used
from apex_cli.sources.turvo.status import Statuses
from apex_cli.sources.turvo.subject import CREATED, Subject, is_deleted

_UPDATED = (
    "updated_at", "last_updated_on", "updated", "last_updated", "last_updated_at", "updated_on", "updated_date",
    "last_modified", "last_modified_on", "modified_at",
)  # fmt: skip
_OTHER_TIMES = (
    "timestamp", "time", "occurred_at", "event_time", "happened_at", "datetime", "date", "sent_at", "issued_at",
    "received_at",
)  # fmt: skip


def extract(record: Record) -> Extraction:
    """What one record states about its shipment, customer or carrier. All are states, with versions in time.

    Raises `ExtractError`: `no_shipment` without any id, `unreadable_time` for a time that cannot be read.
    """
    payload: JsonObject = snake_tree(record.payload)
    if record.data_type in ("customer", "carrier"):
        return _party(record, payload)
    return _shipment(record, payload)


def _shipment(record: Record, payload: JsonObject) -> Extraction:
    body = shapes.body(payload)
    turvo_id = shapes.turvo_id(body)
    number = shapes.number(body) or (None if turvo_id or not record.ended else record.external_id)
    entity = entities.shipment(shipment_id=number, turvo_id=turvo_id)
    if entity is None:
        raise ExtractError("neither shipmentId nor turvoId", hint="give the shipment's number", code="no_shipment")
    statuses = status.read(body)
    whole = record.ended or is_deleted(body) or shapes.is_whole(payload)
    builder = Builder.of(record, _as_of(record, payload, body, statuses), kind=RecordKind.STATE, whole=whole)
    ref = builder.add(entity)
    title = f"Shipment {entity.name}"
    known_as = clean.joined([entity.name, f"Turvo id {clean.line(turvo_id)}" if turvo_id and number else None])
    about = f"Shipment {known_as} on {timestamps.to_minute(builder.event_time)}"
    if record.ended:
        return builder.build(title, f"{about}: removed from its source.")
    subject = Subject(builder, ref, record.source, body, timestamps.read(body, *CREATED))
    clauses = stated(subject, entity, statuses)
    ended = subject.end(body)
    text = f"{about}{', deleted' if ended else ''}: {'; '.join(clauses) or 'no details'}."
    found = builder.build(title, text + _rest(builder, text, {**payload, **body}, used.OF_SHIPMENT))
    return _all_ended(found, ended) if ended else found


def stated(subject: Subject, entity: Entity, statuses: Statuses) -> list[str]:
    """Claims all that the shipment's payload states, and gives the phrases for its text. `entity` is the shipment."""
    builder = subject.builder
    attributes = amounts.attributes(subject)
    builder.add(replace(entity, attributes=attributes))
    return [
        *parties.claim_customers(subject),
        *status.claim(subject, statuses),
        *stops.claim_ends(subject),
        *parties.claim_carriers(subject, status.tendered(statuses.past)),
        *parties.claim_drivers(subject),
        *stops.claim_stops(subject),
        *references.claim_references(subject),
        *parties.claim_managers(subject),
        *amounts.phrases(attributes),
        *subject.words,
    ]


def _party(record: Record, payload: JsonObject) -> Extraction:
    """A customer or a carrier of a list: it has attributes, and no relation of its own."""
    body = shapes.body(payload)
    own_id = shapes.own_id(body) or record.external_id
    make = parties.customer if record.data_type == "customer" else parties.carrier
    entity = make(record.source, {**body, "id": own_id})
    if entity is None:
        raise ExtractError(f"no id of a {record.data_type}", code="no_id")
    statuses = status.read(body)
    builder = Builder.of(record, _as_of(record, payload, body, statuses), kind=RecordKind.STATE)
    now = statuses.now
    ended = record.ended or is_deleted(body)
    if now or ended:
        entity = replace(
            entity, attributes={**entity.attributes, "status": "deleted" if ended or not now else now.value}
        )
    builder.add(entity)
    kind = record.data_type.capitalize()
    said = clean.joined(f"{name} {value}" for name, value in entity.attributes.items())
    text = f"{kind} {entity.name}, Turvo id {clean.line(own_id)}{': ' if said else ''}{said}."
    return builder.build(f"{kind} {entity.name}", text + _rest(builder, text, body, used.OF_PARTY))


def _as_of(record: Record, payload: JsonObject, body: JsonObject, statuses: Statuses) -> datetime | None:
    """As of when a record states what it does: as it says itself, else its webhook's time, else the time of its last
    status; since when the shipment exists only where no envelope has a time either.

    Of a tombstone only the envelope's time counts: its payload is what was there before.
    """
    if record.ended and record.as_of:
        return record.as_of
    stated = timestamps.read(body, *_UPDATED)
    if stated is None and body is not payload:
        stated = timestamps.read(payload, "event_time", "timestamp")
    stated = stated or statuses.last_time or timestamps.read(body, *_OTHER_TIMES)
    return stated or (timestamps.read(body, *CREATED) if record.as_of is None else None)


def _rest(builder: Builder, text: str, payload: JsonObject, known: frozenset[str]) -> str:
    """What else the record says, as the end of its text."""
    phrases, note = remaining_phrases(used.left(payload, text), known)
    if note:
        builder.note(note)
    return f" Also: {'; '.join(phrases)}." if phrases else ""


def _all_ended(found: Extraction, ended: datetime) -> Extraction:
    """Of a shipment that is deleted all claims have ended with it."""
    return replace(
        found,
        claims=tuple(
            claim if claim.invalid_at else replace(claim, valid_at=min(claim.valid_at, ended), invalid_at=ended)
            for claim in found.claims
        ),
    )
