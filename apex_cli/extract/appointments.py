"""When freight is picked up and delivered, as a text states it beside its label: "Pickup: 10/20/2025 08:00-10:00 CT".

    pickup_at, pickup_until, pickup_zone, delivery_at, delivery_until, delivery_zone

With a zone these are moments in UTC. Without one they are the local time of the place, "2025-10-20T08:00", or a day,
"2025-10-20": no zone is guessed. A date without a year, and two different appointments under one label, are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from apex_cli.extract import clean, paper_words, timestamps
from apex_cli.extract.amounts import DATE, date_of
from apex_cli.extract.time_zones import zone

_SCAN = 100_000
_QUALIFIERS = (
    "appointments?|appt|windows?|date|time|cita|fecha|rendez-vous|rdv|scheduled|confirmed|set|is|for|on|el|le|at"
)
_QUALIFIER = rf"(?: (?:{_QUALIFIERS}))"
_ZONE = r"[ecmp][sd]?t|a[sd]t|utc|gmt|ak[sd]t|hst|z|[+-]\d{2}:?\d{2}"
_HOURS = r"(?: ?(?:hrs?|h)\b)?"
_CLOCK = (
    r"\d{1,2}:\d{2}(?::\d{2})?(?: ?[ap]\.?m\b\.?)?|\d{1,2} ?[ap]\.?m\b\.?|\d{1,2} ?h(?: ?\d{2}\b|(?= |$))"
    r"|\d{4}(?= ?(?:hrs?\b|h\b|[-–]|to\b|a\b|[ecmp][sd]?t\b))"
)
_LAST_CLOCK = r"\d{1,2}:\d{2}(?: ?[ap]\.?m\b\.?)?|\d{1,2} ?[ap]\.?m\b\.?|\d{1,2} ?h(?: ?\d{2}\b)?|\d{4}\b"
_WHEN = (
    rf"(?P<date>{DATE})(?:[ t]{{0,3}}(?:,|at\b|@|a las|a\b|de\b|from\b|between\b|[|:])?[ :|]{{0,3}}"
    rf"(?:(?:time|hora|heure|window) ?: )?(?P<first>{_CLOCK}){_HOURS}"
    rf"(?: ?(?:[-–]|to|a|and|until|latest:?) ?(?P<last_day>(?:{DATE}) )?(?P<last>{_LAST_CLOCK}){_HOURS})?"
    rf"(?: ?\(?(?P<zone>{_ZONE})\)?(?![a-z]))?)?"
)
_BEFORE = (
    r"(?:^|[|\t\n;,.:(*•]|  |\b(?:the|our|your|a|for|and|stop \d{1,2}|fecha (?:y hora )?de|date (?:de|d')|cita de) ?)"
)
_EDGE = r"[ *_#>-]{0,4}"
# "Pickup for order SO-118204 is set for 05/11/2026".
_OF_WHICH = r"(?: (?:for|of|on) (?:(?:order|load|po|shipment) )?#?[a-z]{0,5}[-#]?\d[\w-]{2,20})?"
_DAY = r"(?:(?:date|fecha) ?: )?(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? )?"
_TO = r"(?:earliest|from|between|le|el|on)?[ :]{0,2}"
_LABEL_END = rf"\b{_OF_WHICH}{_QUALIFIER}{{0,3}} ?#?\d{{0,2}} ?"


def _patterns(phrases: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    """Where an appointment of a kind of stop stands: behind its label, in the line below it, behind a place."""
    label = paper_words.expression(phrases)
    return tuple(
        re.compile(pattern, re.MULTILINE)
        for pattern in (
            rf"{_BEFORE}{_EDGE}(?:{label}){_LABEL_END}[:=|*_.-]*[ \t|*_]{{0,40}}{_TO}{_DAY}{_WHEN}",
            rf"^{_EDGE}(?:{label}){_LABEL_END}[: \t*_]{{0,8}}\n[ \t]{{0,20}}{_DAY}{_WHEN}[ \t]*$",
            rf"^{_EDGE}(?:{label}) ?: ?(?P<place>[^\n|:]{{3,80}}?[a-z0-9)])[,;.] (?:on |le |el )?{_WHEN}",
        )
    )


_PATTERNS = {name: _patterns(phrases) for name, phrases in paper_words.STOPS.items()}
# "STOP 1 (PICKUP)", a line of its own above the place and the time of a stop.
_STOP_LINES = {
    name: re.compile(
        rf"[ *_#>|-]{{0,4}}(?:stop ?#?\d{{1,2}}(?: of \d{{1,2}})?)?[ :(-]{{0,4}}(?:{paper_words.expression(phrases)})"
        r"(?: (?:location|facility|information|info|details|stop))? ?#?\d{0,2}\)?[ :*_]{0,4}$"
    )
    for name, phrases in paper_words.STOPS.items()
}
_IN_BLOCK = re.compile(
    r"[ \t*_|]{0,8}(?:(?:date|appt|appointment|scheduled|earliest|ready|window|time|fecha|cita|rdv)[a-z]{0,4}"
    rf"(?: (?:date|time|window))?[ :|]{{0,4}})?{_DAY}{_WHEN}"
)
_LONGEST_BLOCK = 10
_ANY_DATE = re.compile(rf"(?<![\w])(?:{DATE})")
_COMPACT = re.compile(r"(\d{2})(\d{2})")
_FRENCH = re.compile(r"(\d) ?h ?(\d\d)?")
_RULE = re.compile(r"[ *_=|-]{4,}")


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
    blocks = _blocks(text)
    for name, patterns in _PATTERNS.items():
        matches = [match for pattern in patterns for match in pattern.finditer(text)]
        stated = _without_bare_days(list(dict.fromkeys(_stated([*matches, *blocks[name]], text))))
        if len(stated) == 1:
            one = stated[0]
            found |= {f"{name}_at": one.at, f"{name}_until": one.until, f"{name}_zone": one.zone}
    return {name: value for name, value in found.items() if value is not None}


def _blocks(text: str) -> dict[str, list[re.Match[str]]]:
    """The first line with a time below each line that is a stop's label, by kind of stop."""
    found: dict[str, list[re.Match[str]]] = {name: [] for name in _STOP_LINES}
    stop, left = "", 0
    for line in text.splitlines():
        kind = next((name for name, pattern in _STOP_LINES.items() if pattern.match(line)), None)
        if kind is not None:
            stop, left = kind, _LONGEST_BLOCK
        elif left:
            left = 0 if _RULE.fullmatch(line) else left - 1
            match = _IN_BLOCK.match(line)
            if left and match is not None and match["first"]:
                found[stop].append(match)
                left = 0
    return found


def _stated(matches: Iterable[re.Match[str]], text: str) -> Iterator[_When]:
    for match in matches:
        day = date_of(match["date"], text)
        if day is None or ("place" in match.re.groupindex and not match["first"]):
            continue
        if not match["first"]:
            yield _When(day, None, None)
            continue
        last_day = date_of(match["last_day"].strip(), text) if match["last_day"] else day
        name = match["zone"] if match["zone"] and zone(match["zone"]) else None
        first = _moment(day, match["first"], name)
        last = _moment(last_day, match["last"], name) if last_day else None
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
    plain = f"{compact[1]}:{compact[2]}" if compact else _FRENCH.sub(_as_clock, clock.replace(".", ""))
    moment = timestamps.parse(f"{day} {plain}{f' {name}' if name else ''}")
    if moment is None:
        return None
    return timestamps.rfc3339(moment) if name else moment.strftime("%Y-%m-%dT%H:%M")


def _as_clock(french: re.Match[str]) -> str:
    """ "14 h 30" is 14:30, "14 h" is 14:00."""
    return f"{french[1]}:{french[2] or '00'}"
