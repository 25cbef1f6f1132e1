"""The shipment that a record is about, with what all parts of the mapping read from it: lists, times, ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from apex_cli.errors import ExtractError
from apex_cli.extract import clean, timestamps
from apex_cli.extract.builder import Builder, EntityRef
from apex_cli.extract.cuts import LEFT_OUT
from apex_cli.model import JsonObject

CREATED = ("created_at", "created", "created_date", "created_on", "date_created")
_ENDED = ("ended_at", "deleted_at", "deleted_on", "deleted_date", "end_time")
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
    words: dict[str, None] = field(default_factory=dict)
    """Phrases of fields with words where a time is expected: "appointment FCFS"."""

    def rows(self, name: str, payload: JsonObject | None = None) -> list[JsonObject]:
        """The objects in a list of the shipment, or of a part of it; one object is a list of one. At most 1,000."""
        value = (self.payload if payload is None else payload).get(name)
        return [item for item in self.items(value, name) if isinstance(item, dict)]

    def items(self, value: object, name: str) -> list[Any]:
        """The items of a list, at most 1,000, or the one value itself; `name` is for the note about what is cut."""
        if not isinstance(value, list):
            return [] if value is None else [value]
        if len(value) > _MAX_ITEMS:
            self.builder.note(f"{LEFT_OUT}{len(value) - _MAX_ITEMS:,} of {len(value):,} {name.replace('_', ' ')}")
        return value[:_MAX_ITEMS]

    def end(self, part: JsonObject) -> datetime | None:
        """When a part of the shipment ended: as it states itself, else with this record; None where it has not."""
        return (timestamps.read(part, *_ENDED) or self.builder.event_time) if is_deleted(part) else None

    def planned(self, payload: JsonObject, *names: str, zone: str | None = None) -> datetime | None:
        """As `timestamps.read`, of fields into which people also write words: "FCFS" is no time, and noted."""
        for name in names:
            try:
                found = timestamps.read(payload, name, zone=zone)
            except ExtractError:
                value = payload[name]
                inside = value.get("date", value.get("start")) if isinstance(value, dict) else value
                if not isinstance(inside, str) or any(map(str.isdigit, inside)):
                    raise
                self.builder.note(f"{name} {clean.line(inside, 40)!r} is no time")
                self.words[f"{name.replace('_', ' ')} {clean.line(inside)}"] = None
            else:
                if found:
                    return found
        return None


def is_deleted(part: JsonObject) -> bool:
    """Whether a part is marked as deleted. Turvo keeps such parts: what they say has ended."""
    deleted = part.get("deleted")
    return deleted is True or deleted == 1 or (isinstance(deleted, str) and deleted.strip().lower() == "true")


def object_of(payload: JsonObject, name: str) -> JsonObject:
    """The object in a field; an empty one where there is none."""
    inside = payload.get(name)
    return inside if isinstance(inside, dict) else {}
