"""Moments as sources write them.

Understood: RFC 3339 and ISO 8601 dates and times (no zone means UTC), the dates of e-mail (RFC 5322), dates as
Americans write them (10/19/2025 2:23 PM; October 19, 2025), and seconds or finer units since 1970. A time outside
1990 to 2100 is a default or a mistake, not a moment in freight, and counts as absent. Also here: which moment is the
event time of a record.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apex_cli.errors import ExtractError
from apex_cli.extract import clean
from apex_cli.extract.identity import slug
from apex_cli.model import Record

_FIRST_YEAR = 1990
_LAST_YEAR = 2100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 40
_DATE_IN_ID = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)", re.ASCII)
_NUMERIC = re.compile(r"\d{9,19}(?:\.\d{1,9})?", re.ASCII)
_ZONE_NAME = re.compile(r"[ ]?(?:UTC|GMT)$")
_AMERICAN = re.compile(
    r"(\d{1,2})/(\d{1,2})/(\d{4})(?:,?[ T](\d{1,2}):(\d{2})(?::(\d{2}))?[ ]?([AP])?\.?(?:M\.?)?)?", re.ASCII
)
_MAIL = re.compile(r"(?:[A-Z][a-z]{2}, ?)?\d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}", re.ASCII)
_SPELLED_OUT = re.compile(r"(?:\d{1,2} [A-Z][a-z]{2,8}|[A-Z][a-z]{2,8}\.? \d{1,2}),? \d{4}", re.ASCII)
# What strptime's short month does not have: the rest of the month's name, its full stop, the comma.
_SPELLING = re.compile(r"(?<=[A-Z][a-z]{2})[a-z]{0,6}\.? |,? (?=\d{4}$)", re.ASCII)
# The size of an epoch value gives its unit: seconds stay below 10^11 until the year 5138.
_UNITS = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))
_EVENT_TIMES = (
    "timestamp", "time", "occurred_at", "event_time", "happened_at", "datetime", "date", "sent_at", "status_time",
    "updated_at", "last_updated", "modified_at", "issued_at", "received_at", "created_at", "created", "updated",
)  # fmt: skip
TIME_RANK = {name: rank for rank, name in enumerate(_EVENT_TIMES)}
"""Names that fields of event times have, in snake case, and how good each is: the lower, the better."""
_ZONE_FIELDS = ("timeZone", "time_zone", "timezone", "tz")
_SHOWN = 80
_INSIDE_OBJECT = ("date", "start", "time", "value")


def parse(value: object, zone: str | None = None) -> datetime | None:
    """A moment in UTC, or None for whatever cannot be one. Never raises.

    An object is looked into: `{"date": …}`, `{"start": …}`. `zone` is the name of a time zone beside a date that has
    none itself (`America/Chicago`); an object may have its own (`{"date": …, "timeZone": …}`). A datetime is returned
    as it is.
    """
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        return _from_text(value, zone)
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _from_epoch(value)
    if isinstance(value, Mapping):
        own_zone = next((name for key in _ZONE_FIELDS if isinstance(name := value.get(key), str) and name), zone)
        found = (
            parse(value[name], own_zone) for name in _INSIDE_OBJECT if not isinstance(value.get(name), Mapping | None)
        )
        return next((time for time in found if time), None)
    return None


def read(payload: Mapping[str, object], *names: str, zone: str | None = None) -> datetime | None:
    """The moment in the first of these fields that holds something; None where all are absent, null or empty.

    `payload` has its fields in snake case. Raises `ExtractError` (`unreadable_time`), which names field and value,
    where that field cannot be read.
    """
    for name in names:
        value = payload.get(name)
        if value is None or value in ("", {}, []):
            continue
        moment = parse(value, zone)
        if moment is None:
            raise ExtractError(
                f"{name} {clean.line(str(value), _SHOWN)!r} is not a time that can be read",
                hint="write times as in 2025-10-19T14:23:00Z",
                code="unreadable_time",
            )
        return moment
    return None


def first(*values: object) -> datetime | None:
    """The first of these that is a moment."""
    return next((time for value in values if (time := parse(value))), None)


def from_fields(payload: Mapping[str, object]) -> datetime | None:
    """The event time of a flat record: of its fields that are named like one, the best named that holds a moment."""
    named: dict[str, object] = {}
    for name, value in payload.items():
        spelled = slug(name)
        if spelled in TIME_RANK:
            named.setdefault(spelled, value)
    return first(*(named[name] for name in sorted(named, key=TIME_RANK.__getitem__)))


def event_time(record: Record, own: datetime | None) -> datetime:
    """When the record happened, or the time as of which it states something.

    Its own time, else that of its envelope or file, else the last real date inside its id, else when it was staged.
    """
    if own is not None or record.as_of is not None:
        return own or record.as_of or record.observed_at
    dated = (parse(found) for found in reversed(_DATE_IN_ID.findall(record.external_id[-4096:])))
    return next((time for time in dated if time), record.observed_at)


def is_date(text: str) -> bool:
    """Whether the text is a real calendar date (YYYY-MM-DD) within the years understood here."""
    return _DATE_IN_ID.fullmatch(text) is not None and parse(text) is not None


def to_minute(time: datetime) -> str:
    """A moment for people, in UTC to the minute: "2025-10-19 14:23 UTC"."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def rfc3339(moment: datetime) -> str:
    """`2025-10-19T14:30:00Z`: a moment in UTC, with as many decimals of a second as it has."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _from_text(text: str, zone: str | None) -> datetime | None:
    text = text.strip() if len(text) <= 2 * _LONGEST else ""
    if not 8 <= len(text) <= _LONGEST:
        return None
    if _NUMERIC.fullmatch(text):
        return _from_epoch(float(text))
    try:
        moment = _read(text)
    except (ValueError, OverflowError):
        return None
    # The year is checked before the zone is applied: moving 0001-01-01 by a zone would overflow.
    if moment is None or not _FIRST_YEAR <= moment.year < _LAST_YEAR:
        return None
    if moment.tzinfo is None and zone is not None:
        try:
            moment = moment.replace(tzinfo=ZoneInfo(zone))
        except (ValueError, OSError, ZoneInfoNotFoundError):
            return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _read(text: str) -> datetime | None:
    if "/" in text:
        american = _AMERICAN.fullmatch(_ZONE_NAME.sub("", text).upper())
        return _from_american(american) if american else None
    if _MAIL.match(text):
        from email.utils import parsedate_to_datetime  # slow to import, seldom needed

        return parsedate_to_datetime(text)
    if _SPELLED_OUT.fullmatch(text):
        day_first = "%d %b %Y" if text[0].isdigit() else "%b %d %Y"
        return datetime.strptime(_SPELLING.sub(" ", text), day_first).replace(tzinfo=UTC)
    return datetime.fromisoformat(_ZONE_NAME.sub("", text))


def _from_american(match: re.Match[str]) -> datetime:
    month, day, year = int(match[1]), int(match[2]), int(match[3])
    hour, minute, second = (int(part or 0) for part in match.group(4, 5, 6))
    if match[7]:
        if not 1 <= hour <= 12:
            raise ValueError(f"no hour of a twelve-hour clock: {hour}")
        hour = hour % 12 + (12 if match[7] == "P" else 0)
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def _from_epoch(value: float) -> datetime | None:
    for limit, per_second in _UNITS:
        if 0 <= value < limit:
            moment = _EPOCH + timedelta(seconds=value / per_second)
            return moment if _FIRST_YEAR <= moment.year < _LAST_YEAR else None
    return None
