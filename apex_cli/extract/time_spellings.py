"""Dates and times as people and programs write them: from a text to a datetime.

A date comes first, then a time, then a zone. Each may be written in several ways:

    2026-03-02  2026/3/2  20260302  2026-W10-1  2026-061  3/2/2026  02.03.2026  2-Mar-26  March 2, 2026  2 mars 2026
    T10:00  10:00:00.5  1000  10.30 Uhr  2:15 PM  2 p.m.
    Z  -07:00  GMT-0700 (Mountain Standard Time)  CST  America/Phoenix  -07:00[America/Phoenix]

So RFC 3339, ISO 8601, RFC 9557, RFC 5322, HTTP, `Date.toString` of Java and JavaScript, SQL, HL7 and X12 are read.

Rules where a date has two readings: with dots the day is first (04.03.2026 is 4 March). With slashes or hyphens the
month is first, unless that is no month (13/03/2026). A year of two digits is read only in last place; it is one of 1950
to 2049, as in RFC 5322. Where month and day could be exchanged, `is_ambiguous` says so.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from apex_cli.extract.time_zones import zone

_MONTHS = """
    jan january enero ene janvier janv januar jänner | feb february febrero février févr fevrier fevr februar |
    mar march marzo mars märz mrz maerz | apr april abril abr avril avr | may mayo mai | jun june junio juin juni |
    jul july julio juillet juil juli | aug august agosto ago août aout | sep sept september septiembre septembre |
    oct october octubre octobre oktober okt | nov november noviembre novembre |
    dec december diciembre dic décembre déc decembre dezember dez
"""
_MONTH = {name: month for month, names in enumerate(_MONTHS.split("|"), start=1) for name in names.split()}
_WEEKDAYS = """
    monday mon tuesday tue tues wednesday wed thursday thu thur thurs friday fri saturday sat sunday sun
    lunes lun martes miércoles mié jueves jue viernes vie sábado sáb domingo dom
    lundi mardi mercredi mer jeudi jeu vendredi ven samedi sam dimanche dim
    montag mo dienstag di mittwoch mi donnerstag do freitag fr samstag sa sonntag so
"""
_WEEKDAY = frozenset(_WEEKDAYS.split())
_WORD = r"[^\W\d_]"
_LEADING_WORD = re.compile(rf"({_WORD}{{2,10}})(?:\., ?|[., ] ?)")
_ORDINAL = r"(?:st|nd|rd|th|er|º)?"
_YEAR = r"(?P<year>[0-9]{4}|[0-9]{2})(?![0-9])"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<year>[0-9]{4})([-/.])(?P<month>[0-9]{1,2})\2(?P<day>[0-9]{1,2})(?![0-9])",
        r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})",
        rf"(?P<first>[0-9]{{1,2}})(?P<mark>[-/.])(?P<second>[0-9]{{1,2}})(?P=mark){_YEAR}",
        rf"(?P<day>[0-9]{{1,2}}){_ORDINAL}\.?[ /-]?(?:de )?(?P<name>{_WORD}{{3,10}})[., /-]*(?:del? )?{_YEAR}",
        rf"(?P<name>{_WORD}{{3,10}})\.?[ -]?(?P<day>[0-9]{{1,2}}){_ORDINAL},?[ -](?P<year>[0-9]{{4}})(?![0-9])",
        rf"(?P<year>[0-9]{{4}})[ -](?P<name>{_WORD}{{3,10}})\.?[ -](?P<day>[0-9]{{1,2}})(?![0-9])",
        r"(?P<year>[0-9]{4})-?W(?P<week>[0-9]{2})(?:-?(?P<weekday>[1-7]))?(?![0-9])",
        r"(?P<year>[0-9]{4})-(?P<day_of_year>[0-9]{3})(?![0-9])",
    )
)
_BETWEEN = re.compile(r"(?:,? at |,? um |[T:,]| - |) ?", re.IGNORECASE)
_TIMES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?:(?P<second>[0-9]{2})(?:[.,]?(?P<fraction>[0-9]{1,9}))?)?(?![0-9:])",
        r"(?P<hour>[0-9]{1,2})(?:[:.h](?P<minute>[0-9]{2})(?:[:.](?P<second>[0-9]{2})(?:[.,:](?P<fraction>[0-9]{1,9}))?)?)?"
        r"(?: ?(?P<half>[ap])(?:\.?m)?\b\.?)?(?![0-9])",
    )
)
_HOURS = re.compile(r" ?(?:hrs?|hours|uhr|h)\b\.?", re.IGNORECASE)
_CLOCK = re.compile(r"[0-9]{1,2}(?::[0-9]{2}|[0-9]{2}$| ?[ap]\.?m)", re.IGNORECASE)
_WINDOW = re.compile(
    r"(?P<begin>[0-9]{1,2}:[0-9]{2}(?: ?[ap]m)?) ?[-\N{EN DASH}] ?[0-9]{1,2}:[0-9]{2}(?: ?[ap]m)?", re.IGNORECASE
)
# What a column of dates ends in where the program has no type for a date alone.
_NO_TIME_OF_DAY = re.compile(r"[T ]00:00(?::00(?:\.0+)?)?$")
# Mon Mar  2 10:00:00 CST 2026, as Java and the C library print it.
_YEAR_LAST = re.compile(
    rf"(?P<month_and_day>{_WORD}{{3,4}} [0-9]{{1,2}}) (?P<time>[0-9:]{{7,8}})(?P<zone> [A-Z:+0-9-]{{1,9}})?"
    r" (?P<year>[0-9]{4})"
)
_MICROSOFT = re.compile(r"/?Date\((?P<milliseconds>-?[0-9]{1,16})(?:[+-][0-9]{4})?\)/?")
_SUFFIX = re.compile(r"\[(?P<critical>!?)(?P<text>[^\[\]]{1,64})\]$")
_COMMENT = re.compile(r" ?\([^()]{0,64}\)$")


def read(text: str) -> datetime:
    """The datetime in a text of one line, aware where the text has a zone. Raises `ValueError` for all other texts."""
    text = " ".join(text.replace("\N{MINUS SIGN}", "-").split())
    if microsoft := _MICROSOFT.fullmatch(text):
        # The offset there is only for display.
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(microsoft["milliseconds"]))
    text, place, is_critical = _without_suffixes(text)
    text = _without_weekday(_COMMENT.sub("", text))
    if year_last := _YEAR_LAST.fullmatch(text):
        text = "{month_and_day} {year} {time}{zone}".format(**year_last.groupdict(""))
    day, rest = _date(text)
    clock, rest = _time(_BETWEEN.sub("", rest, count=1))
    moment = datetime.combine(day, time()) + clock
    if not rest:
        return moment.replace(tzinfo=place)
    own = _zone(rest)
    if is_critical and place and place.utcoffset(moment) != own.utcoffset(moment):
        raise ValueError("the offset is not that of the zone, which is marked as critical")
    return moment.replace(tzinfo=own)


def is_ambiguous(text: str) -> bool:
    """Whether month and day of this date could be exchanged: 03/04/2026, but not 03/03/2026, 13/04 or 04.03."""
    match = _DATES[2].match(_without_weekday(text.strip()))
    return match is not None and match["mark"] != "." and max(_pair(match)) <= 12 and len(set(_pair(match))) == 2


def joined(day: str, clock: str) -> str | None:
    """A date and the time beside it as one text; None where they are none. Of a window (`08:00-12:00`) the begin."""
    day, clock = _NO_TIME_OF_DAY.sub("", day.strip()), clock.strip()
    try:
        is_date = not _date(_without_weekday(day))[1]
    except ValueError:
        return None
    window = _WINDOW.fullmatch(clock)
    return f"{day} {window['begin'] if window else clock}" if is_date and _CLOCK.match(clock) else None


def _without_suffixes(text: str) -> tuple[str, tzinfo | None, bool]:
    """The text, the zone and whether it is critical, of `…[America/Phoenix][u-ca=gregory]` (RFC 9557).

    Raises `ValueError` for an unknown zone, and for a suffix that is marked as critical and not known.
    """
    place, is_critical = None, False
    while suffix := _SUFFIX.search(text):
        text = text[: suffix.start()]
        if "=" not in suffix["text"]:
            place, is_critical = _zone(suffix["text"]), bool(suffix["critical"])
        elif suffix["critical"]:
            raise ValueError("a suffix that is marked as critical is not known")
    return text, place, is_critical


def _without_weekday(text: str) -> str:
    word = _LEADING_WORD.match(text)
    return text[word.end() :] if word and word[1].lower() in _WEEKDAY else text


def _date(text: str) -> tuple[date, str]:
    """The date that the text begins with, and what follows."""
    match = next((found for pattern in _DATES if (found := pattern.match(text))), None)
    if match is None:
        raise ValueError("no date")
    return _day(match), text[match.end() :]


def _day(match: re.Match[str]) -> date:
    part = match.groupdict()
    year = int(part["year"])
    if len(part["year"]) == 2:
        year += 2000 if year < 50 else 1900
    if part.get("first"):
        month, day = _pair(match)
        if match["mark"] == "." or (month > 12 and len(part["year"]) == 4):
            month, day = day, month
        return date(year, month, day)
    if part.get("name"):
        return date(year, _MONTH.get(part["name"].lower(), 0), int(part["day"]))
    if part.get("week"):
        return date.fromisocalendar(year, int(part["week"]), int(part["weekday"] or 1))
    if part.get("day_of_year"):
        found = date(year, 1, 1) + timedelta(days=int(part["day_of_year"]) - 1)
        if found.year != year:
            raise ValueError("no day of that year")
        return found
    return date(year, int(part["month"]), int(part["day"]))


def _pair(match: re.Match[str]) -> tuple[int, int]:
    return int(match["first"]), int(match["second"])


def _time(text: str) -> tuple[timedelta, str]:
    """The time that the text begins with, since midnight, and what follows. `24:00` and a leap second are real."""
    match = next((found for pattern in _TIMES if (found := pattern.match(text))), None)
    if match is None:
        return timedelta(), text
    part = match.groupdict()
    suffix = _HOURS.match(text, match.end())
    hour, minute, second = int(part["hour"]), int(part["minute"] or 0), int(part["second"] or 0)
    if half := part.get("half"):
        if not 1 <= hour <= 12:
            raise ValueError("no hour of a twelve-hour clock")
        hour = hour % 12 + (12 if half.lower() == "p" else 0)
    elif part["minute"] is None and len(part["hour"]) == 1 and not suffix:
        raise ValueError("one digit alone is no time")
    if hour > 24 or minute > 59 or second > 60 or (hour == 24 and (minute or second)):
        raise ValueError("no such time")
    microsecond = int((part["fraction"] or "0").ljust(6, "0")[:6])
    rest = text[suffix.end() if suffix else match.end() :].strip()
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=microsecond), rest


def _zone(name: str) -> tzinfo:
    found = zone(name)
    if found is None:
        raise ValueError("no known zone")
    return found
