"""The status of a shipment, now and before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from apex_cli.extract import clean, entities, fields, keys, placeholders, timestamps
from apex_cli.extract.cuts import LEFT_OUT
from apex_cli.model import JsonObject, Predicate
from apex_cli.sources.turvo.subject import Subject, is_deleted

_FLAT_TIMES = ("status_time", "status_date", "status_updated_at")
_OWN_TIMES = ("last_updated_on", "updated_at", "updated", "time", "date", "timestamp")
_TIMES = (*_FLAT_TIMES, *_OWN_TIMES)
# The status codes that public clients of the API know, for a payload that has a code without its words.
_WORDS: Mapping[str, str] = {
    "2100": "Quote active", "2101": "Tendered", "2102": "Covered", "2103": "Dispatched", "2104": "At pickup",
    "2105": "En route", "2106": "At delivery", "2107": "Delivered", "2108": "Ready for billing", "2109": "Processing",
    "2110": "Carrier paid", "2111": "Customer paid", "2112": "Completed", "2113": "Canceled", "2114": "Quote inactive",
    "2115": "Picked up", "2116": "Route Complete", "2117": "Tender - offered", "2118": "Tender - accepted",
    "2119": "Tender - rejected", "2120": "Draft", "2121": "Shipment Ready", "2123": "Acquiring Location",
    "2124": "Customs Hold", "2125": "Arrived", "2126": "Available", "2127": "Out Gated", "2129": "In Gated",
    "2131": "Arriving to Port", "2132": "Berthing", "2133": "Unloading", "2134": "Ramped", "2135": "Deramped",
    "2136": "Departed", "2137": "Held", "2138": "Out for Delivery", "2139": "In TransShipment", "2140": "On Hold",
    "2141": "Interline",
}  # fmt: skip
_MAX_PAST = 1_000
_OFFERED = frozenset(("tendered", "tender_offered"))
_ACCEPTED = frozenset(("covered", "tender_accepted"))
_REFUSED = "tender_rejected"


@dataclass(frozen=True, slots=True)
class Status:
    """A status: its value in snake case, its spelling and code in the source, and since when, where that is stated."""

    value: str
    spelling: str
    code: str | None
    time: datetime | None


@dataclass(frozen=True, slots=True)
class Statuses:
    """The status that a shipment has, those that it had, oldest first, and how many lack a status or a time."""

    now: Status | None
    past: Sequence[Status]
    undated: int

    @property
    def last_time(self) -> datetime | None:
        """The latest time that is stated."""
        return max((one.time for one in (*self.past[-1:], self.now) if one and one.time), default=None)


def read(payload: JsonObject) -> Statuses:
    """Everything about the status. Raises `ExtractError` (`unreadable_time`)."""
    raw = payload.get("status")
    own = timestamps.read(raw, *_OWN_TIMES) if isinstance(raw, dict) else None
    now = _read(raw, timestamps.read(payload, *_FLAT_TIMES) or own)
    past: list[tuple[datetime, Status]] = []
    undated = 0
    entries = payload.get("status_history")
    for entry in entries if isinstance(entries, list) else [entries]:
        if not isinstance(entry, dict) or is_deleted(entry):
            continue
        inner = entry.get("status", entry)
        time = timestamps.read(entry, *_TIMES) or (
            timestamps.read(inner, *_OWN_TIMES) if isinstance(inner, dict) else None
        )
        status = _read(inner, time)
        if status and time:
            past.append((time, status))
        else:
            undated += 1
    return Statuses(now, [status for _, status in sorted(past, key=itemgetter(0))], undated)


def claim(subject: Subject, stated: Statuses) -> list[str]:
    """Claims every status at its time, and gives the phrases for the text, the current one first.

    The current status counts from its own time, else from the history's last entry if that is the same status, else
    from the record's time.
    """
    builder, now, past = subject.builder, stated.now, stated.past
    if stated.undated:
        builder.note(f"{LEFT_OUT}{stated.undated:,} of the status history without a status or a time")
    if len(past) > _MAX_PAST:
        builder.note(f"{LEFT_OUT}the oldest {len(past) - _MAX_PAST:,} of {len(past):,} of the status history")
        past = past[-_MAX_PAST:]
    if now and now.time is None and past and past[-1].value == now.value:
        now = None
    last = len(past) - 1
    for position, status in enumerate(past):
        # Where the history's last entry has the very time of this record, a current status of another value follows it.
        replaced = now and now.time is None and position == last and status.time == builder.event_time
        _claim(subject, status, status.time if replaced else None)
    if now:
        _claim(subject, now, None)
    return [
        f"status {status.spelling}" + (f" since {timestamps.to_minute(status.time)}" if status.time else "")
        for status in dict.fromkeys(reversed([*past, *([now] if now else [])]))
    ]


def tendered(past: Sequence[Status]) -> datetime | None:
    """Since when the carrier that hauls a shipment has it, by the history of its status: since the tender that it
    accepted, else since it accepted, else since a tender that is not answered yet.

        Tendered 1, Tender - rejected 2, Tendered 3, Covered 4   →   3
    """
    values = [status.value for status in past]
    at = max((place for place, value in enumerate(values) if value in _ACCEPTED), default=-1)
    while at > 0 and values[at - 1] in _ACCEPTED:
        at -= 1
    before = at if at >= 0 else len(values)
    for place in range(before - 1, -1, -1):
        if values[place] in _OFFERED:
            return past[place].time
        if values[place] in _ACCEPTED or values[place] == _REFUSED:
            break
    return past[at].time if at >= 0 else None


def _claim(subject: Subject, status: Status, end: datetime | None) -> None:
    said = {"spelling": status.spelling} | ({"code": status.code} if status.code else {})
    node = subject.builder.add(entities.value(Predicate.HAS_STATUS, status.value))
    subject.builder.claim(
        subject.ref, Predicate.HAS_STATUS, node, valid_at=status.time, invalid_at=end, attributes=said
    )


def _read(raw: object, time: datetime | None) -> Status | None:
    """A status out of "In transit", "2105", `{"key", "value"}`, `{"code": {"key", "value"}}` or `{"name"}`.

    "N/A" is none.
    """
    code: str | None = None
    if isinstance(raw, dict):
        inner = raw.get("code")
        if isinstance(inner, dict):
            raw = inner
        code = fields.pick(raw, "key") or fields.scalar(inner)
        raw = fields.pick(raw, "value", "name", "description") or code
    text = clean.line(fields.scalar(raw) or "")
    if text in _WORDS:
        code, text = text, _WORDS[text]
    value = "" if placeholders.is_absent(text) else keys.snake(text)
    return Status(value, text, clean.line(code) if code else None, time) if value else None
