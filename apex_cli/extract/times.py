"""The ladder that gives a record its event time, and moments in words."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from apex_cli.extract.timestamps import parse
from apex_cli.model import Record

_DATE_IN_ID = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)", re.ASCII)


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
