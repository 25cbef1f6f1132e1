"""The statuses of a Turvo shipment: the current one, and the history that a record may carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from apex_cli.extract import clean, entities, fields, keys, times, timestamps
from apex_cli.extract.builder import Builder, Handle
from apex_cli.model import JsonObject, Predicate


@dataclass(frozen=True, slots=True)
class StatusCode:
    """A status: the source's word in snake case, its own spelling and code, and since when, if that is told."""

    word: str
    spelling: str
    code: str | None
    time: datetime | None


def history(payload: JsonObject) -> list[StatusCode]:
    """The dated entries of `statusHistory`, oldest first."""
    entries = [
        status
        for entry in fields.objects(payload.get("statusHistory"))
        if (status := _read(entry.get("status", entry), timestamps.first(entry.get("time"), entry.get("date"))))
        and status.time
    ]
    return sorted(entries, key=lambda status: status.time or datetime.min)


def add(builder: Builder, shipment: Handle, payload: JsonObject, past: list[StatusCode]) -> list[str]:
    """Claims every status at its time. The current one counts from `statusTime`, else from the history's last entry
    if that is the same word, else from the event time."""
    current = _read(payload.get("status"), timestamps.parse(payload.get("statusTime")))
    if current and current.time is None and past and past[-1].word == current.word:
        current = None
    told = [*past, *([current] if current else [])]
    for status in told:
        evidence = {"spelling": status.spelling} | ({"code": status.code} if status.code else {})
        node = builder.add(entities.value(Predicate.HAS_STATUS, status.word))
        builder.claim(shipment, Predicate.HAS_STATUS, node, valid_at=status.time, attributes=evidence)
    return [_phrase(status) for status in dict.fromkeys(reversed(told))]


def _read(told: object, time: datetime | None) -> StatusCode | None:
    code = None
    if isinstance(told, Mapping):
        inner = told.get("code")
        if isinstance(inner, Mapping):
            code, told = fields.pick(inner, "key"), inner.get("value")
        else:
            code, told = fields.pick(told, "key"), told.get("value", told.get("name"))
    spelling = clean.line(fields.scalar(told) or "")
    word = keys.snake(spelling)
    return StatusCode(word, spelling, clean.line(code) if code else None, time) if word else None


def _phrase(status: StatusCode) -> str:
    since = f" since {times.spoken(status.time)}" if status.time else ""
    return f"status {status.spelling}{since}"
