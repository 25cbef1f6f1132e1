"""JSON values as moments: texts, numbers since 1970, objects with a date and a zone, lists of numbers.

A number is seconds since 1970, or milli-, micro- or nanoseconds where it is too large for seconds. The forms of common
programs are read: `{"date": …, "timeZone": …}`, MongoDB's `{"$date": …}`, Jackson's `[2026, 3, 2, 10, 0]`.
Texts are read by `time_spellings`, names of zones by `time_zones`; ISO 8601 is read here, for it is the usual one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, time, timedelta
from enum import Enum, auto

from apex_cli.extract.field_names import snake_keys

# From 1991 on no count of the ticks of .NET (639…, 18 digits, since the year 1) passes for nanoseconds since 1970.
_FIRST_YEAR = 1991
_LAST_YEAR = 2100
_OPEN_END_YEAR = 9999
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MIDNIGHT = time()
_LONGEST = 100
_MOST_INSIDE = 50
_MOST_LEVELS = 4
_MOST_ASSUMPTIONS = 5
_NUMERIC = re.compile(r"(?P<whole>-?\d{1,19})(?:\.\d{1,9})?", re.ASCII)
_COMPACT_DATE = re.compile(r"(?:19|20)\d{6}(?:\d{4}|\d{6}|\d{9})?", re.ASCII)
_LIKE_A_TIME = re.compile(r"\d{4}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2}|\d{8}|/Date\(|T\d{2}:\d{2}", re.ASCII)
_SMALLEST_LIKE_A_TIME = 10**8
# The size of a number gives its unit: seconds stay below 10^11 until the year 5138.
_UNITS = ((10**11, 10**6), (10**14, 10**3), (10**17, 1))
_TOO_LARGE = 10**20
_NO_TIME = frozenset(
    ("", "-", "--", "?", "n/a", "na", "n.a.", "nil", "none", "null", "nan", "nat", "undefined", "unknown", "tbd", "tba",
     "tbc", "pending", "not available", "not set", "never", "open")
)  # fmt: skip
_ZERO_DATE = re.compile(r"0000-00-00(?:[T ]00:00:00(?:\.0+)?Z?)?|00/00/0000", re.IGNORECASE)
_DEFAULT_DAYS = frozenset(
    ((1, 1, 1), (1601, 1, 1), (1753, 1, 1), (1899, 12, 30), (1899, 12, 31), (1900, 1, 1), (1969, 12, 31), (1970, 1, 1),
     (1980, 1, 1), (1980, 1, 6))
)  # fmt: skip
"""The first day of .NET, Windows, SQL Server, Excel, Unix (in any zone), FAT and GPS: what a clock or a column has that
was never set."""
_DEFAULT_NUMBERS = frozenset((0, -62135596800, -62135596800000))
_OPEN_END_NUMBERS = frozenset((253402300799, 253402300799000, 253402300799999))
_ZONES = (
    "time_zone", "timezone", "tz", "time_zone_id", "zone_id", "utc_offset", "gmt_offset", "time_zone_offset",
    "timezone_offset",
)  # fmt: skip
_INSIDE = (
    "date_time", "datetime", "timestamp", "date", "start", "time", "value", "from", "begin", "earliest", "at",
    "seconds", "number_long",
)  # fmt: skip
_assumed: ContextVar[dict[str, None] | None] = ContextVar("assumed", default=None)


class NoMoment(Enum):
    """Why a value is no moment: nothing is there; a program's default; an end that is open; none of what is known."""

    ABSENT = auto()
    DEFAULT = auto()
    OPEN_END = auto()
    UNREADABLE = auto()


@contextmanager
def assumptions() -> Iterator[Mapping[str, None]]:
    """Collects, as the keys of what it yields, what is assumed about ambiguous dates that are read meanwhile."""
    collected: dict[str, None] = {}
    token = _assumed.set(collected)
    try:
        yield collected
    finally:
        _assumed.reset(token)


def interpret(value: object, zone: str | None = None, levels: int = _MOST_LEVELS) -> datetime | NoMoment:
    """The moment in UTC that a JSON value stands for, or why there is none. Never raises.

    `zone` is that of a date without one of its own. Objects are looked into, so many levels deep. A datetime is
    returned as it is.
    """
    found: datetime | NoMoment = NoMoment.UNREADABLE
    if isinstance(value, str):
        found = _from_text(value, zone)
    elif isinstance(value, datetime):
        found = value
    elif value is None or value is False:
        # Some programs, such as Odoo, write false where there is no value.
        found = NoMoment.ABSENT
    elif isinstance(value, int | float) and value is not True:
        found = _from_number(value, zone)
    elif isinstance(value, Mapping) and levels and len(value) <= _MOST_INSIDE:
        found = _from_object(snake_keys(value), zone, levels - 1)
    elif isinstance(value, list):
        found = _from_list(value, zone) if value else NoMoment.ABSENT
    return found


def looks_like_a_time(value: object) -> bool:
    """Whether a value can only be meant as a time, readable or not; prose, durations and counts do not look so."""
    if isinstance(value, str):
        return len(value) <= _LONGEST and _LIKE_A_TIME.search(value) is not None
    if isinstance(value, int | float):
        return value >= _SMALLEST_LIKE_A_TIME
    return isinstance(interpret(value), datetime)


def zone_of(fields: Mapping[str, object]) -> str | None:
    """The zone that an object gives for its dates: `timeZone: "America/Chicago"` or `{"id": …}`, `utcOffset: "-06:00"`.

    An offset that is a number counts as none: it may be of hours, minutes or seconds.
    """
    for key in _ZONES:
        found = fields.get(key)
        if found is None:
            continue
        if isinstance(found, Mapping):
            found = found.get("id") or found.get("value") or found.get("name")
        if isinstance(found, str) and found.strip():
            return found
    return None


def with_clock(fields: Mapping[str, object], name: str) -> object:
    """The value of a field; of a date and a time in two fields (`date`, `time`; `pickup_date`, `pickup_time`) both.

    Where the time is a window (`08:00-12:00`), its begin.
    """
    value = fields.get(name)
    kind = name.rpartition("_")[2]
    if kind not in ("date", "time") or not isinstance(value, str):
        return value
    partner = fields.get(name.removesuffix(kind) + ("time" if kind == "date" else "date"))
    if not isinstance(partner, str) or len(value) + len(partner) >= _LONGEST:
        return value
    from apex_cli.extract.time_spellings import joined

    return joined(*((value, partner) if kind == "date" else (partner, value))) or value


def _from_text(text: str, zone: str | None) -> datetime | NoMoment:
    if len(text) > _LONGEST:
        return NoMoment.UNREADABLE
    # The year stands alone in the usual spelling. The character after the date is checked because any would do.
    if text[4:5] == "-" and text[10:11] in "T t":
        try:
            return _in_range(datetime.fromisoformat(text), zone)
        except ValueError:
            pass
    text = text.strip()
    if text.lower() in _NO_TIME:
        return NoMoment.ABSENT
    if _ZERO_DATE.fullmatch(text):
        return NoMoment.DEFAULT
    number = _NUMERIC.fullmatch(text)
    if number and not _COMPACT_DATE.fullmatch(text):
        return _from_number(int(text) if number["whole"] == text else float(text), zone)
    return _from_spelling(text, zone)


def _from_spelling(text: str, zone: str | None) -> datetime | NoMoment:
    from apex_cli.extract import time_spellings  # seldom needed, and slow to import

    try:
        moment = time_spellings.read(text)
    except (ValueError, OverflowError):
        return NoMoment.UNREADABLE
    assumed = _assumed.get()
    if assumed is not None and len(assumed) < _MOST_ASSUMPTIONS and time_spellings.is_ambiguous(text):
        assumed[f"{text} is read as month, day, year"] = None
    return _in_range(moment, zone)


def _in_range(moment: datetime, zone: str | None) -> datetime | NoMoment:
    """In UTC. The year is checked before the zone is applied: moving 0001-01-01 by a zone would overflow."""
    if not _FIRST_YEAR <= moment.year < _LAST_YEAR:
        if moment.year == _OPEN_END_YEAR:
            return NoMoment.OPEN_END
        return NoMoment.DEFAULT if (moment.year, moment.month, moment.day) in _DEFAULT_DAYS else NoMoment.UNREADABLE
    if moment.tzinfo is UTC:
        return moment
    from apex_cli.extract import time_zones  # only for what is not in UTC

    offset = moment.utcoffset()
    if offset is not None:
        return moment.astimezone(UTC) if time_zones.is_real_offset(offset) else NoMoment.UNREADABLE
    if zone is None:
        return moment.replace(tzinfo=UTC)
    place = time_zones.zone(zone)
    return moment.replace(tzinfo=place).astimezone(UTC) if place else NoMoment.UNREADABLE


def _from_number(value: float, zone: str | None) -> datetime | NoMoment:
    if value in _DEFAULT_NUMBERS:
        return NoMoment.DEFAULT
    if value in _OPEN_END_NUMBERS:
        return NoMoment.OPEN_END
    if not 0 < value < _TOO_LARGE:
        return NoMoment.UNREADABLE
    if value == int(value) and _COMPACT_DATE.fullmatch(str(int(value))):
        return _from_spelling(str(int(value)), zone)
    microseconds = next((value * each for limit, each in _UNITS if value < limit), value // 1000)
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return moment if _FIRST_YEAR <= moment.year < _LAST_YEAR else NoMoment.UNREADABLE


def _from_object(fields: Mapping[str, object], zone: str | None, levels: int) -> datetime | NoMoment:
    """The first moment in an object, by the names of its fields; the zone in it is that of its date."""
    zone = zone_of(fields) or zone
    why = NoMoment.ABSENT
    for name in _INSIDE:
        if fields.get(name) is not None:
            found = interpret(with_clock(fields, name), zone, levels)
            if isinstance(found, datetime):
                return _midnight(found, zone) if fields.get("has_time") is False else found
            why = found if why is NoMoment.ABSENT or found is NoMoment.UNREADABLE else why
    if why is NoMoment.ABSENT and any(isinstance(value, str) and looks_like_a_time(value) for value in fields.values()):
        return NoMoment.UNREADABLE
    return why


def _midnight(moment: datetime, zone: str | None) -> datetime:
    """Where the day of a date is all that counts: its midnight in the zone. Midnight in UTC stands for its own day."""
    from apex_cli.extract import time_zones

    place = (time_zones.zone(zone) if zone else None) or UTC
    local = moment if moment.time() == _MIDNIGHT else moment.astimezone(place)
    return datetime.combine(local.date(), _MIDNIGHT, place).astimezone(UTC)


def _from_list(parts: list[object], zone: str | None) -> datetime | NoMoment:
    """Year, month, day, and as many of hour, minute, second and nanosecond as there are (Java's Jackson)."""
    numbers = [part for part in parts[:8] if isinstance(part, int) and not isinstance(part, bool)]
    if not 3 <= len(numbers) == len(parts) <= 7:
        return NoMoment.UNREADABLE
    year, month, day, hour, minute, second, nanosecond = (*numbers, 0, 0, 0, 0)[:7]
    try:
        return _in_range(datetime(year, month, day, hour, minute, second, nanosecond // 1000), zone)
    except (ValueError, OverflowError):
        return NoMoment.UNREADABLE
