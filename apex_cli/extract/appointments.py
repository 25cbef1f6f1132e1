"""When freight is picked up and delivered, as a text states it beside its label: "Pickup: 10/20/2025 08:00-10:00 CT".

    pickup_at, pickup_until, pickup_zone, delivery_at, delivery_until, delivery_zone

With a zone these are moments in UTC. Without one they are the local time of the place, "2025-10-20T08:00", or a day,
"2025-10-20": no zone is guessed. A date without a year, and two different appointments under one label, are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from apex_cli.extract import clean, paper_words, timestamps
from apex_cli.extract.amounts import DATE, date_of
from apex_cli.extract.time_zones import zone

_SCAN = 100_000
_QUALIFIERS = (
    "appointments?|appt|windows?|date|time|cita|fecha|rendez-vous|rdv|scheduled|confirmed|set|is|for|on|el|le|at"
)
_QUALIFIER = rf"(?: (?:{_QUALIFIERS}))"
_ZONE = r"[ecmpa][sd]?t|utc|gmt|ak[sd]t|hst|z|[+-]\d{2}:?\d{2}"
_HOURS = r"(?: ?(?:hrs?|h)\b)?"
_CLOCK = (
    r"\d{1,2}:\d{2}(?::\d{2})?(?: ?[ap]\.?m\b\.?)?|\d{1,2} ?[ap]\.?m\b\.?|\d{1,2}h\d{2}"
    r"|\d{4}(?= ?(?:hrs?\b|h\b|[-–]|to\b|a\b|[ecmp][sd]?t\b))"
)
_LAST_CLOCK = r"\d{1,2}:\d{2}(?: ?[ap]\.?m\b\.?)?|\d{1,2} ?[ap]\.?m\b\.?|\d{1,2}h\d{2}|\d{4}\b"
_WHEN = (
    rf"(?P<date>{DATE})(?:[ t]{{0,3}}(?:,|at\b|@|a las|a\b|de\b|from\b|between\b|[|:])?[ :|]{{0,3}}"
    rf"(?:(?:time|hora|heure|window) ?: )?(?P<first>{_CLOCK}){_HOURS}"
    rf"(?: ?(?:[-–]|to|a|and|until) ?(?P<last>{_LAST_CLOCK}){_HOURS})?(?: ?\(?(?P<zone>{_ZONE})\)?(?![a-z]))?)?"
)
_BEFORE = r"(?:^|[|\t\n;,.:(*•]|  |\b(?:the|our|your|a|for|stop \d{1,2}) )[ *_#>-]{0,4}"
_PATTERNS = {
    name: re.compile(
        rf"{_BEFORE}(?:{paper_words.expression(phrases)})\b{_QUALIFIER}{{0,3}} ?#?\d{{0,2}} ?[:=|*_.-]*[ \t|*_]{{0,40}}"
        rf"(?:(?:date|fecha) ?: )?(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? )?{_WHEN}",
        re.MULTILINE,
    )
    for name, phrases in paper_words.STOPS.items()
}
_ANY_DATE = re.compile(rf"(?<![\w])(?:{DATE})")
_COMPACT = re.compile(r"(\d{2})(\d{2})")
_FRENCH = re.compile(r"(\d)h(\d)")


class _When(NamedTuple):
    """From when, until when, and in which zone; texts as the attributes have them."""

    at: str
    until: str | None
    zone: str | None


def find(text: str) -> dict[str, Any]:
    """The attributes of the appointments that a text states."""
    text = clean.folded(text[:_SCAN])
    if not _ANY_DATE.search(text):
        return {}
    found: dict[str, Any] = {}
    for name, pattern in _PATTERNS.items():
        stated = _without_bare_days(list(dict.fromkeys(_stated(pattern, text))))
        if len(stated) == 1:
            one = stated[0]
            found |= {f"{name}_at": one.at, f"{name}_until": one.until, f"{name}_zone": one.zone}
    return {name: value for name, value in found.items() if value is not None}


def _stated(pattern: re.Pattern[str], text: str) -> Iterator[_When]:
    for match in pattern.finditer(text):
        day = date_of(match["date"], text)
        if day is None:
            continue
        if not match["first"]:
            yield _When(day, None, None)
            continue
        name = match["zone"] if match["zone"] and zone(match["zone"]) else None
        first, last = _moment(day, match["first"], name), _moment(day, match["last"], name)
        if first is not None and (last is None or last > first):
            yield _When(first, last, name and name.upper())


def _without_bare_days(stated: list[_When]) -> list[_When]:
    """Without a day that another statement gives the time of: "Pickup date: 10/20" above "Pickup: 10/20 08:00"."""
    timed = [one for one in stated if "T" in one.at]
    return timed if timed and all("T" in one.at or one.at == timed[0].at[:10] for one in stated) else stated


def _moment(day: str, clock: str | None, name: str | None) -> str | None:
    if not clock:
        return None
    compact = _COMPACT.fullmatch(clock)
    plain = f"{compact[1]}:{compact[2]}" if compact else _FRENCH.sub(r"\1:\2", clock.replace(".", ""))
    moment = timestamps.parse(f"{day} {plain}{f' {name}' if name else ''}")
    if moment is None:
        return None
    return timestamps.rfc3339(moment) if name else moment.strftime("%Y-%m-%dT%H:%M")
