"""Times as sources write them, and the ladder that gives a record its event time.

Understood: RFC 3339 and ISO 8601 dates and times (no zone means UTC), and seconds or finer units since 1970.
A time outside 1990 to 2100 is a default or a mistake, not a moment in freight, and counts as absent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from apex_cli.model import Record

_FIRST_YEAR = 1990
_LAST_YEAR = 2100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 40
_DATE_IN_ID = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)", re.ASCII)
_NUMERIC = re.compile(r"\d{9,19}(?:\.\d{1,9})?", re.ASCII)
# Epoch values tell their unit by size: seconds stay below 10^11 until the year 5138.
_UNITS = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))
_INSIDE_OBJECT = ("date", "start", "time", "value")


def parse(value: object) -> datetime | None:
    """A moment in UTC, or None for whatever cannot be one. An object is looked into: `{"date": …}`, `{"start": …}`."""
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _from_epoch(value)
    if isinstance(value, Mapping):
        found = (parse(value[name]) for name in _INSIDE_OBJECT if not isinstance(value.get(name), Mapping | None))
        return next((time for time in found if time), None)
    return None


def first(*values: object) -> datetime | None:
    """The first of these that is a moment."""
    return next((time for value in values if (time := parse(value))), None)


def event_time(record: Record, own: datetime | None) -> datetime:
    """When the record happened: its own time, else the last real date inside its id, else when it was staged."""
    if own is not None:
        return own
    dated = (parse(found) for found in reversed(_DATE_IN_ID.findall(record.external_id[-4096:])))
    return next((time for time in dated if time), record.observed_at)


def is_date(text: str) -> bool:
    """Whether the text is a real calendar date (YYYY-MM-DD) within the years understood here."""
    return _DATE_IN_ID.fullmatch(text) is not None and parse(text) is not None


def spoken(time: datetime) -> str:
    """A moment for people, in UTC to the minute: "2025-10-19 14:23 UTC"."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _from_text(text: str) -> datetime | None:
    text = text.strip() if len(text) <= 2 * _LONGEST else ""
    if not 8 <= len(text) <= _LONGEST:
        return None
    if _NUMERIC.fullmatch(text):
        return _from_epoch(float(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    # The year is checked before the zone is applied: moving 0001-01-01 by a zone would overflow.
    if not _FIRST_YEAR <= moment.year < _LAST_YEAR:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _from_epoch(value: float) -> datetime | None:
    for limit, per_second in _UNITS:
        if 0 <= value < limit:
            moment = _EPOCH + timedelta(seconds=value / per_second)
            return moment if _FIRST_YEAR <= moment.year < _LAST_YEAR else None
    return None
