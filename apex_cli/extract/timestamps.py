"""The times in a record's fields, and which of them is the time of the record itself.

What is read, and how what is ambiguous is settled: `time_values`, `time_spellings`, and for people
docs/design/facts-in-time.md. In short:

- A date without a zone has the zone that stands beside it in the same object, else UTC. Its own zone outranks that.
- `N/A` and the like say that there is no time, and so does the default of a program: 0, 1970-01-01, 0001-01-01,
  9999-12-31.
- A field that holds something else than a moment from 1991 to 2099 is an error of its record, `unreadable_time`. A
  record is dated to its staging only where it has no time of its own, not even a default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from apex_cli.errors import ExtractError
from apex_cli.extract import clean
from apex_cli.extract.field_names import snake_keys
from apex_cli.extract.time_values import NoMoment, assumptions, interpret, looks_like_a_time, with_clock, zone_of
from apex_cli.model import Record, RecordKind

__all__ = [
    "TIME_RANK", "UNREADABLE", "assumptions", "best", "event_time", "first", "from_fields", "is_date", "is_open_end",
    "is_plausible", "own_time", "parse", "read", "rfc3339", "to_minute",
]  # fmt: skip
UNREADABLE = "unreadable_time"
_SHOWN = 80
_DATE_IN_ID = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)", re.ASCII)
_EVENT_TIMES = (
    "timestamp", "happened_at_time", "gps_time", "time", "occurred_at", "event_time", "happened_at", "recorded_at",
    "date_time", "datetime", "date", "event_date", "sent_at", "posted_at", "emitted_at", "status_time",
    "updated_at", "updated_at_time", "last_updated", "last_updated_on", "last_updated_at", "last_modified",
    "last_modified_at", "modified_at", "updated_on", "updated_date", "modified_on", "modified_date", "issued_at",
    "received_at", "created_at", "created_at_time", "created_on", "created_date", "created", "updated", "modified",
)  # fmt: skip
TIME_RANK = {name: rank for rank, name in enumerate(_EVENT_TIMES)}
"""Names that fields of event times have, in snake case, and how good each is: the lower, the better."""
# These may hold something else: a duration, a yes, a name. They count where the value looks like a time.
_OFTEN_NO_TIME = frozenset(("time", "date", "created", "updated", "modified", "last_updated", "last_modified"))
_AHEAD = {RecordKind.EVENT: timedelta(days=2), RecordKind.STATE: timedelta(days=366)}
"""How far after its staging a record may be dated: clocks go wrong by hours; a paper may apply from next month."""


def parse(value: object, zone: str | None = None) -> datetime | None:
    """A moment in UTC, or None for whatever is not one. Never raises.

    `zone` names the time zone of a date that has none itself (`America/Chicago`, `CST`, `-06:00`). An object may have
    its own: `{"date": "2026-03-05T08:00:00", "timeZone": "America/Chicago"}`. A datetime is returned as it is.
    """
    found = interpret(value, zone)
    return found if isinstance(found, datetime) else None


def is_open_end(value: object) -> bool:
    """Whether this time, as an end, says that there is none: a day of the year 9999."""
    return interpret(value) is NoMoment.OPEN_END


def first(*values: object) -> datetime | None:
    """The first of these that is a moment."""
    return next((moment for value in values if (moment := parse(value))), None)


def read(payload: Mapping[str, object], *names: str, zone: str | None = None) -> datetime | None:
    """The moment in the first of these fields that holds one; None where each is absent or without a time.

    `payload` has its own fields in snake case; `zone` is that of dates without one, where the payload has none either.
    Raises `ExtractError` (`unreadable_time`), which names field and value, where a field before the first moment cannot
    be read.
    """
    beside: str | None = None
    for name in names:
        if payload.get(name) is None:
            continue
        beside = beside or zone_of(payload) or zone
        found = interpret(with_clock(payload, name), beside)
        if isinstance(found, datetime):
            return found
        if found is NoMoment.UNREADABLE:
            place = f" in the zone {clean.line(beside, _SHOWN)}" if beside else ""
            raise _unreadable(name, payload[name], f"is no time that can be read{place}")
    return None


def own_time(payload: Mapping[str, object], zone: str | None = None) -> datetime | None:
    """The time of a record of unknown shape: as `read`, of the fields that are named like event times.

    Of those whose name may mean something else (`time: "15 min"`, `updated: true`) only the ones whose value looks like
    a time are read.
    """
    return read(payload, *_meant(payload), zone=zone)


def from_fields(payload: Mapping[str, object]) -> datetime | None:
    """The time of a record for its id: that of the best named field that holds a moment. Never raises."""
    found = best(snake_keys(payload))
    return found[1] if found else None


def best(payload: Mapping[str, object]) -> tuple[int, datetime] | None:
    """The rank of the best named field that holds a moment, and the moment. `payload` has its fields in snake case."""
    zone = zone_of(payload)
    for name in _named(payload):
        moment = parse(with_clock(payload, name), zone)
        if moment is not None:
            return TIME_RANK[name], moment
    return None


def event_time(record: Record, own: datetime | None, kind: RecordKind = RecordKind.STATE) -> datetime:
    """When the record happened, or the time as of which it states something.

    Its own time, else that of its envelope or file, else the last real date inside its id, else when it was staged.
    Raises `ExtractError` (`unreadable_time`):

    - for such a time after the staging, by more than two days for an event or more than a year for a state: a position
      of the year 2062 would be the current one until then;
    - where only the staging is left, and a time of the record holds the default of a program or cannot be read: it
      would be dated now.
    """
    given = own or record.as_of
    if given is not None and not is_plausible(record, given, kind):
        raise ExtractError(
            f"the time {rfc3339(given)} lies in the future: the record came on {to_minute(record.observed_at)}",
            hint="correct the time at its source, or the clock of this machine",
            code=UNREADABLE,
        )
    if given is not None:
        return given
    for found in reversed(_DATE_IN_ID.findall(record.external_id[-4096:])):
        dated = parse(found)
        if dated and is_plausible(record, dated, kind):
            return dated
    _refuse_unread(record, kind)
    return record.observed_at


def is_plausible(record: Record, moment: datetime, kind: RecordKind = RecordKind.STATE) -> bool:
    """Whether a record of this kind can be dated to this moment, or lies too far ahead of its own staging."""
    return moment - record.observed_at <= _AHEAD[kind]


def is_date(text: str) -> bool:
    """Whether the text is a real calendar date (YYYY-MM-DD) within the years understood here."""
    return _DATE_IN_ID.fullmatch(text) is not None and parse(text) is not None


def to_minute(moment: datetime) -> str:
    """A moment for people, in UTC to the minute: "2025-10-19 14:23 UTC"."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def rfc3339(moment: datetime) -> str:
    """`2025-10-19T14:30:00Z`: a moment in UTC, with as many decimals of a second as it has."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _meant(payload: Mapping[str, object]) -> list[str]:
    """The fields that are named like event times and can be nothing else, the best first."""
    return [name for name in _named(payload) if name not in _OFTEN_NO_TIME or looks_like_a_time(payload[name])]


def _named(payload: Mapping[str, object]) -> list[str]:
    return sorted(TIME_RANK.keys() & payload.keys(), key=TIME_RANK.__getitem__)


def _refuse_unread(record: Record, kind: RecordKind) -> None:
    """Raises where a time of the record is there and was not used: a default, or one that cannot be read.

    Of an event any field that is named like a time is meant as one, and the objects inside are looked at as well
    (`gps: {"time": 0}`).
    """
    own = snake_keys(record.payload)
    is_event = kind is RecordKind.EVENT
    inside = [snake_keys(value) for value in own.values() if isinstance(value, Mapping)] if is_event else []
    for fields in (own, *inside):
        for name in _named(fields) if is_event else _meant(fields):
            found = interpret(with_clock(fields, name), zone_of(fields))
            if found is NoMoment.UNREADABLE:
                raise _unreadable(name, fields[name], "is no time that can be read")
            if found in (NoMoment.DEFAULT, NoMoment.OPEN_END):
                raise _unreadable(name, fields[name], "is the default of a program, not a time")


def _unreadable(name: str, value: object, why: str) -> ExtractError:
    shown = clean.line(str(value)[: 4 * _SHOWN], _SHOWN)
    return ExtractError(
        f"{name} {shown!r} {why}",
        hint="write times as in 2025-10-19T14:23:00Z or 2025-10-19T09:23:00-05:00, or leave the field out",
        code=UNREADABLE,
    )
