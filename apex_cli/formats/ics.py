"""Calendars (iCalendar, RFC 5545), alone or as the invitation in a mail: an object for each appointment.

    {"appointment_uid": "4410-pick@example.com", "sequence": 2, "updated_at": "2026-03-02T15:00:00+00:00",
     "status": "confirmed", "summary": "Pickup LD-4410", "start": "2026-03-04T08:00:00-06:00", "end": "…",
     "place": "Dock 4, Chicago, IL", "organizer": {"name": "Ana Brito", "email": "ana@example.com"},
     "attendees": [{"name": …, "email": …, "answer": "accepted"}], "repeats": "every week on Monday, 10 times"}

An appointment that repeats is one object; one of its dates that was moved is another, with `recurrence_id`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from apex_cli.errors import ReadError
from apex_cli.extract import clean
from apex_cli.extract.cuts import LEFT_OUT
from apex_cli.formats.decoding import decode_text
from apex_cli.formats.format import FileInfo, Format, read_all
from apex_cli.formats.part import Ignored, Object, Part, Unreadable

if TYPE_CHECKING:
    from icalendar import Component

_UNFOLD = re.compile(rb"\r?\n[ \t]")
_LONGEST_FOR_IDS = 4 * 1024 * 1024
_MOST_IDS = 100
_EVENT = re.compile(rb"^BEGIN:VEVENT\r?$(.*?)^END:VEVENT", re.MULTILINE | re.DOTALL | re.IGNORECASE)
_UID = re.compile(rb"^UID(?:;[^:\r\n]{0,200})?:([^\r\n]{1,1000})", re.MULTILINE | re.IGNORECASE)
_RECURRENCE = re.compile(rb"^RECURRENCE-ID(?:;[^:\r\n]{0,200})?:([^\r\n]{1,100})", re.MULTILINE | re.IGNORECASE)
_END = re.compile(r"END:VCALENDAR", re.IGNORECASE)
_CHANGED = ("LAST-MODIFIED", "DTSTAMP", "CREATED")
_USED = frozenset(
    ("ATTENDEE", "DESCRIPTION", "EXDATE", "LOCATION", "ORGANIZER", "RDATE", "RRULE", "SEQUENCE", *_CHANGED)
)
_LONGEST_LINE = 1_000
_LONGEST_TEXT = 200_000
_MOST_ATTENDEES = 1_000
_MOST_DATES = 20
_PERIODS = {
    "SECONDLY": "second", "MINUTELY": "minute", "HOURLY": "hour", "DAILY": "day", "WEEKLY": "week", "MONTHLY": "month",
    "YEARLY": "year",
}  # fmt: skip
_DAYS = {"MO": "Monday", "TU": "Tuesday", "WE": "Wednesday", "TH": "Thursday", "FR": "Friday", "SA": "Saturday",
         "SU": "Sunday"}  # fmt: skip
_BY = {"BYMONTHDAY": "day", "BYMONTH": "month", "BYSETPOS": "number", "BYYEARDAY": "day of the year",
       "BYWEEKNO": "week", "BYHOUR": "hour", "BYMINUTE": "minute"}  # fmt: skip


class _Ics(Format):
    name = "ics"
    extensions = (".ics", ".ical", ".ifb", ".vcs")
    extra = "documents"
    isolated = True

    def recognises(self, head: bytes, file: BinaryIO) -> bool:  # noqa: ARG002 - the head decides
        return head[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:15].upper() == b"BEGIN:VCALENDAR"

    def parts(self, file: BinaryIO, info: FileInfo) -> Iterator[Part]:
        """Each appointment. Tasks, journals and free times hold nothing to ingest."""
        from icalendar import Event
        from icalendar.cal.calendar import Calendar

        Event.ignore_exceptions = True  # a field that is wrong is in `errors`, and the others are read
        # Lines are unfolded as bytes: old programs fold within a character (RFC 5545, section 3.1).
        text = decode_text(_UNFOLD.sub(b"", read_all(file, info.limits)))
        number = 0
        for calendar in Calendar.from_ical(text.content, multiple=True):
            method, zone = _line(calendar, "METHOD").lower(), _line(calendar, "X-WR-TIMEZONE")
            for event in calendar.walk("VEVENT"):
                number += 1
                yield _appointment(event, f"appointment {number}", method, zone, text.notes)
                info.alive()
        if not _END.search(text.content[-_LONGEST_LINE:]):
            raise ReadError("the calendar has no end", hint="is the file whole?", code="broken_file")
        if number == 0:
            yield Ignored("", "a calendar without appointments")


FORMAT: Format = _Ics()


def appointment_ids(data: bytes) -> Iterator[str]:
    """The ids of the appointments in a calendar, as their records have them; without reading the rest of it."""
    text = _UNFOLD.sub(b"", data[:_LONGEST_FOR_IDS])
    for count, event in enumerate(_EVENT.finditer(text)):
        uid = _UID.search(event[1])
        recurrence = _RECURRENCE.search(event[1])
        if uid is not None and count < _MOST_IDS:
            yield appointment_id(uid[1].decode("utf-8", "replace"), recurrence[1].decode() if recurrence else "")


def appointment_id(uid: str, recurrence: str = "") -> str:
    """The id of an appointment, or of one date of it: `uid`, `uid/20260304T080000`."""
    return f"{uid.strip()}/{recurrence.strip()}" if recurrence.strip() else uid.strip()


def _appointment(event: Component, place: str, method: str, zone: str, assumed: tuple[str, ...]) -> Part:
    wrong = {str(name).upper(): str(why) for name, why in event.errors}
    if bad := next((name for name in ("DTSTART", "DTEND", "DURATION", "RECURRENCE-ID") if name in wrong), None):
        why = clean.line(wrong[bad], 200)
        return Unreadable(place, ReadError(f"its {bad} cannot be read: {why}", code="unreadable_time"), _alone(event))
    uid = _line(event, "UID")
    start = _first(event, "DTSTART")
    if not uid or start is None:
        missing = "UID" if not uid else "DTSTART"
        return Unreadable(place, ReadError(f"the appointment has no {missing}", code="missing_id"), _alone(event))
    recurrence = _first(event, "RECURRENCE-ID")
    changed = next((found for name in _CHANGED if (found := _first(event, name)) is not None), None)
    sequence = _first(event, "SEQUENCE")
    fields = {
        "sequence": sequence if isinstance(sequence, int) else 0,
        "recurrence_id": recurrence.to_ical().decode() if recurrence is not None else "",
        "updated_at": _time(changed.dt) if changed is not None else "",
        "method": method,
        "status": "cancelled" if method == "cancel" else _line(event, "STATUS").lower(),
        "summary": _line(event, "SUMMARY"),
        "start": _time(start.dt),
        "end": _end(event),
        "time_zone": _zone(start, zone),
        "place": _line(event, "LOCATION"),
        "organizer": _person(_first(event, "ORGANIZER")),
        "attendees": [found for each in _listed(event, "ATTENDEE")[:_MOST_ATTENDEES] if (found := _person(each))],
        "repeats": _repeats(event),
        "description": clean.prose(str(_first(event, "DESCRIPTION") or ""), _LONGEST_TEXT),
    }
    kept = {name: value for name, value in fields.items() if value or name == "sequence"}
    notes = tuple(f"{LEFT_OUT}its {name}, which cannot be read" for name in wrong if name in _USED)
    return Object({"appointment_uid": uid, **kept}, place, notes=(*assumed, *notes))


def _alone(event: Component) -> bytes:
    """The appointment in a calendar of its own, to be tried again."""
    own: bytes = event.to_ical()
    return b"BEGIN:VCALENDAR\r\n" + own + b"END:VCALENDAR\r\n"


def _line(component: Component, name: str) -> str:
    return clean.line(str(_first(component, name) or ""), _LONGEST_LINE)


def _first(component: Component, name: str) -> Any:
    """The value of a property, the first of several; None without it."""
    return next(iter(_listed(component, name)), None)


def _listed(event: Component, name: str) -> list[Any]:
    """The values of a property that can be read."""
    from icalendar.prop.broken import vBroken

    value: Any = event.get(name, [])
    return [each for each in (value if isinstance(value, list) else [value]) if not isinstance(each, vBroken)]


def _time(value: date) -> str:
    """A time in ISO 8601, with its offset where it has a zone; a day for an appointment that takes whole days."""
    return value.isoformat()


def _end(event: Component) -> str:
    end, start, duration = (_first(event, name) for name in ("DTEND", "DTSTART", "DURATION"))
    if end is None and duration is None:
        return ""
    return _time(end.dt if end is not None else start.dt + duration.dt)


def _zone(start: Any, of_calendar: str) -> str:
    """The zone of a start that has no offset: what it names, else that of the calendar."""
    if not isinstance(start.dt, datetime) or start.dt.tzinfo is not None:
        return ""
    return clean.line(str(start.params.get("TZID", ""))) or of_calendar


def _person(value: Any) -> dict[str, str]:
    """`{"name", "email", "answer"}` of an organizer or an attendee."""
    if value is None:
        return {}
    address = clean.line(str(value))
    address = address[7:] if address[:7].lower() == "mailto:" else address
    params: Mapping[str, Any] = value.params
    found = {
        "name": clean.line(str(params.get("CN", "")).strip("\"' ")),
        "email": address if "@" in address else "",
        "answer": clean.line(str(params.get("PARTSTAT", ""))).lower(),
    }
    return {name: text for name, text in found.items() if text} if found["name"] or found["email"] else {}


def _repeats(event: Component) -> str:
    """How an appointment repeats, in words; "" for one that does not."""
    rules = [_rule(rule) for rule in _listed(event, "RRULE")[:3]]
    extra = _days(event, "RDATE")
    without = _days(event, "EXDATE")
    said = " and ".join(filter(None, (*rules, f"on {extra}" if extra else "")))
    return f"{said}, but not on {without}" if said and without else said


def _rule(rule: Mapping[str, Any]) -> str:
    def value(name: str) -> list[Any]:
        found = rule.get(name, [])
        return found if isinstance(found, list) else [found]

    period = _PERIODS.get(str(next(iter(value("FREQ")), "")).upper(), "")
    if not period:
        return ""
    every = int(next(iter(value("INTERVAL")), 1))
    phrases = [f"every {period}" if every == 1 else f"every {every} {period}s"]
    if days := value("BYDAY"):
        phrases.append("on " + ", ".join(_day(str(day)) for day in days))
    phrases += [
        f"{word} {', '.join(str(each) for each in found)}" for name, word in _BY.items() if (found := value(name))
    ]
    if count := value("COUNT"):
        phrases.append(f"{count[0]} times")
    if until := value("UNTIL"):
        phrases.append(f"until {_time(until[0])[:10]}")
    first, *more = phrases
    return ", ".join([f"{first} {more[0]}" if days else first, *(more[1:] if days else more)])


def _day(code: str) -> str:
    """ "1MO" is the first Monday, "-1FR" the last Friday."""
    number, name = code[:-2], _DAYS.get(code[-2:].upper(), code)
    named = {"": "", "1": "first ", "2": "second ", "3": "third ", "4": "fourth ", "-1": "last "}
    return f"{named.get(number.lstrip('+'), f'{number}. ')}{name}"


def _days(event: Component, name: str) -> str:
    found = [each.dt for value in _listed(event, name) for each in getattr(value, "dts", [])]
    shown = ", ".join(_time(each)[:10] for each in found[:_MOST_DATES] if isinstance(each, date))
    return f"{shown} and {len(found) - _MOST_DATES} more" if len(found) > _MOST_DATES else shown
