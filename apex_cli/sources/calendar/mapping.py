"""An appointment: when and where it is, who has it, and what its text mentions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from apex_cli.extract import clean, contacts, entities, fields, keys, mentions, message_text, places, timestamps
from apex_cli.extract.builder import Builder, EntityRef
from apex_cli.model import Entity, EntityType, Extraction, JsonObject, Predicate, Record, RecordKind

_MAX_TEXT = 200_000
_PARTIAL = frozenset(("reply", "counter", "declinecounter", "refresh"))
"""What attendees send back: it says nothing for the other attendees."""
_MOST_SEQUENCE = 999_999
CANCELLED = "cancelled"


def extract(record: Record) -> Extraction:
    """A state of the appointment as of its last change; of two changes in one second the later `sequence` counts.

    It is a document with `start`, `end` (RFC 3339, or days), `place`, `status` and `repeats` among its attributes. It
    is managed by its organizer and mentions its attendees. It is at its place from its start to its end, unless it is
    cancelled or repeats. Raises `ExtractError` (`unreadable_time`).
    """
    payload = record.payload
    builder = Builder.of(record, _as_of(payload), kind=RecordKind.STATE, whole=_method(payload) not in _PARTIAL)
    zone = fields.pick(payload, "time_zone")
    start, end = (timestamps.read(payload, name, zone=zone) for name in ("start", "end"))
    if zone is None and start is not None and _is_floating(payload):
        builder.note("its times have no time zone: read as UTC")
    summary = clean.line(fields.pick(payload, "summary") or "")
    status = clean.line(fields.pick(payload, "status") or "")
    place = clean.line(fields.pick(payload, "place") or "")
    repeats = clean.line(fields.pick(payload, "repeats") or "")
    shown = {"start": _shown(payload, "start", start), "end": _shown(payload, "end", end)}
    attributes = {"kind": "appointment", **shown, "place": place, "status": status, "repeats": repeats}
    node = builder.add(
        Entity(
            EntityType.DOCUMENT,
            (keys.appointment(record.external_id),),
            summary or f"Appointment {clean.line(record.external_id)}",
            attributes={name: value for name, value in attributes.items() if value},
        )
    )
    if status and _method(payload) not in _PARTIAL:
        builder.claim(node, Predicate.HAS_STATUS, builder.add(entities.value(Predicate.HAS_STATUS, keys.snake(status))))
    people = list(_people(builder, node, payload, record.source))
    if place and start and status != CANCELLED and not repeats and (city := places.last(place)):
        builder.claim(node, Predicate.AT, builder.add(entities.city(city)), valid_at=start, invalid_at=end or start)
    description = _description(payload)
    mentions.add(builder, node, f"{summary}\n{place}\n{description}", record.source)
    head = clean.joined(
        [
            f'Appointment "{summary}"' if summary else f"Appointment {clean.line(record.external_id)}",
            *(f"{word} {value}" for word, value in (("from", shown["start"]), ("to", shown["end"])) if value),
            f"at {place}" if place else "",
            *people,
            f"status {status}" if status else "",
            repeats,
        ]
    )
    found = builder.build(summary or head, f"{head}: {description}" if description else f"{head}.")
    return replace(found, claims=(), whole=True) if record.ended else found


def prose(record: Record) -> str:
    """What people wrote in it."""
    return "\n".join(filter(None, (fields.pick(record.payload, "summary"), _description(record.payload))))


def _as_of(payload: JsonObject) -> datetime | None:
    changed = timestamps.read(payload, "updated_at")
    sequence = fields.number(payload.get("sequence")) or 0
    return changed and changed + timedelta(microseconds=min(max(int(sequence), 0), _MOST_SEQUENCE))


def _method(payload: JsonObject) -> str:
    return (fields.pick(payload, "method") or "").casefold()


def _is_floating(payload: JsonObject) -> bool:
    """Whether a start has a time of day and no zone."""
    text = fields.pick(payload, "start") or ""
    return "T" in text and not text.endswith("Z") and "+" not in text and "-" not in text.partition("T")[2]


def _shown(payload: JsonObject, name: str, moment: datetime | None) -> str:
    """A moment in UTC; a day as it is written, for it is a day wherever one looks from."""
    text = fields.pick(payload, name) or ""
    return text if moment is None or len(text) == 10 else timestamps.rfc3339(moment)


def _description(payload: JsonObject) -> str:
    value = payload.get("description")
    return clean.prose(message_text.visible_text(value[: 4 * _MAX_TEXT]), _MAX_TEXT) if isinstance(value, str) else ""


def _people(builder: Builder, node: EntityRef, payload: JsonObject, source: str) -> Iterator[str]:
    """Claims the organizer and the attendees; the phrases that name them."""
    organizer = contacts.parse(payload.get("organizer"))
    person = entities.human("person", source, organizer) if organizer else None
    if organizer and person:
        builder.claim(node, Predicate.MANAGED_BY, builder.add(person))
        yield f"by {organizer.describe()}"
    attendees = []
    for given in fields.objects(payload.get("attendees")):
        contact = contacts.parse(given)
        person = entities.human("person", source, contact) if contact else None
        if contact is None or person is None:
            continue
        answer = clean.line(fields.pick(given, "answer") or "")
        said = {"role": "attendee"} | ({"answer": answer} if answer else {})
        builder.claim(node, Predicate.MENTIONS, builder.add(person), attributes=said)
        attendees.append(f"{contact.describe()} ({answer})" if answer else contact.describe())
    if attendees:
        yield f"with {' and '.join(attendees)}"
