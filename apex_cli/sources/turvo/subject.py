"""The shipment that a record is about, with what all parts of the mapping read from it: lists, times, ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apex_cli.extract import clean, timestamps
from apex_cli.extract.builder import Builder, EntityRef
from apex_cli.model import JsonObject

CREATED = ("created_at", "created", "created_date", "created_on", "date_created")
_ENDED = ("ended_at", "deleted_at", "deleted_on", "deleted_date", "end_time")
_INSIDE = ("date", "start", "start_date", "from", "time", "date_time", "value")
_ZONES = ("time_zone", "tz")
_MAX_ITEMS = 1_000


@dataclass(frozen=True, slots=True)
class Subject:
    """One shipment while its record is read. `payload` has names in snake case at all levels.

    `created` is since when the shipment exists, where that is stated.
    """

    builder: Builder
    ref: EntityRef
    source: str
    payload: JsonObject
    created: datetime | None

    def rows(self, name: str, payload: JsonObject | None = None) -> list[JsonObject]:
        """The objects in a list of the shipment, or of a part of it; one object is a list of one. At most 1,000."""
        value = (self.payload if payload is None else payload).get(name)
        return [item for item in self.items(value, name) if isinstance(item, dict)]

    def items(self, value: object, name: str) -> list[Any]:
        """The items of a list, at most 1,000, or the one value itself; `name` is for the note about what is cut."""
        if not isinstance(value, list):
            return [] if value is None else [value]
        if len(value) > _MAX_ITEMS:
            self.builder.note(f"{name}: only the first {_MAX_ITEMS:,} of {len(value):,} are facts")
        return value[:_MAX_ITEMS]

    def end(self, part: JsonObject) -> datetime | None:
        """When a part of the shipment ended: as it states itself, else with this record; None where it has not."""
        return (moment(part, *_ENDED) or self.builder.event_time) if is_deleted(part) else None

    def planned(self, payload: JsonObject, *names: str, zone: str | None = None) -> datetime | None:
        """As `moment`, of fields into which people also write words: "FCFS" and "TBD" are noted and no time."""
        for name in names:
            value = payload.get(name)
            if value is None:
                continue
            inner = value.get("date", value.get("start")) if isinstance(value, dict) else value
            if isinstance(inner, str) and inner.strip() and not any(map(str.isdigit, inner)):
                self.builder.note(f"{name} {clean.line(inner, 40)!r} is no time")
            elif found := moment(payload, name, zone=zone):
                return found
        return None


def is_deleted(part: JsonObject) -> bool:
    """Whether a part is marked as deleted. Turvo keeps such parts: what they say has ended."""
    deleted = part.get("deleted")
    return deleted is True or deleted == 1 or (isinstance(deleted, str) and deleted.strip().lower() == "true")


def moment(payload: JsonObject, *names: str, zone: str | None = None) -> datetime | None:
    """The time in the first of these fields that has one, such as `"2025-10-19T12:30:00Z"` or
    `{"date": "2025-10-19T07:30:00", "timeZone": "America/Chicago", "flex": 3600}`; None where all are empty.

    `zone` counts where neither the time nor the object around it has one. Raises `ExtractError` (`unreadable_time`).
    """
    for name in names:
        value = payload.get(name)
        if value is None:
            continue
        if isinstance(value, dict):
            found = moment(value, *_INSIDE, zone=zone_of(value) or zone)
        else:
            found = timestamps.read(payload, name, zone=zone)
        if found:
            return found
    return None


def zone_of(payload: JsonObject) -> str | None:
    """The name of the time zone that is stated in an object, such as "America/Chicago"."""
    return next((zone for name in _ZONES if isinstance(zone := payload.get(name), str) and zone), None)


def object_of(payload: JsonObject, name: str) -> JsonObject:
    """The object in a field; an empty one where there is none."""
    inside = payload.get(name)
    return inside if isinstance(inside, dict) else {}
