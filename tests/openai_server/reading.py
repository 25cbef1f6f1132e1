"""Names in plain English text: the fake's replacement for a model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

_PATTERNS = (
    ("Person", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("Shipment", re.compile(r"\bSHIP-[\w-]*\d\b")),
    ("Vehicle", re.compile(r"\b(?:TRUCK|TRACTOR|TRAILER|UNIT|TRL)-\w*\d\w*\b")),
    ("Order", re.compile(r"\bPO[- #]{1,2}[A-Z0-9-]*\d\b")),
    ("Reference", re.compile(r"\b(?:BOL|PRO|INV|SEAL|CLM)[- #]{1,2}[A-Z0-9-]*\d\b|\b[A-Z]{3}[UJZ]\d{7}\b")),
    ("Location", re.compile(r"\b(?:[A-Z][\w'-]+|St\.)(?: [A-Z][\w'-]+){0,2}, [A-Z]{2}\b")),
)
"""Kinds of the domain; where two patterns match, the first one counts."""

_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_HAULING = {
    "carriers", "carrier", "cartage", "express", "freight", "freightways", "haulage", "lines", "logistics", "transport",
    "trucking",
}  # fmt: skip
_LEGAL = {
    "assembly", "brands", "co", "company", "corp", "corporation", "foods", "gmbh", "inc", "industries", "llc", "ltd",
    "manufacturing", "mills", "paper", "supply", "tools",
}  # fmt: skip
_DOES = re.compile(
    r"\s+(?:is|was|has|works|worked|drives|drove|hauls|hauled|delivered|shipped|ships|owns|knows|met|told|called)\b"
    r"|: (?=[A-Z])"
)
"""What follows a word that begins a sentence as a name: a verb, or the colon after a speaker."""
_COMMON = """
a an and as at but by for from he her his i if in is it its my no not of on or our please re she subject so thank thanks
that the their there these they this to we when with you your hello hi dear regards best team update all both any each
every after before since until while what which who where how yes ok attached everything nothing someone monday tuesday
wednesday thursday friday saturday sunday january february march april may june july august september october november
december shipment load driver carrier customer truck order invoice delivery pickup note regarding unit tractor shipper
consignee date cc bcc sent seal phone
"""
_NO_NAMES = frozenset(_COMMON.split())
"""Words that are no names, though a sentence or a label may begin with them."""


@dataclass(frozen=True)
class Named:
    """A name in a text, of a kind of the domain's ("Entity": not known), at `start` to `end`."""

    name: str
    kind: str
    start: int
    end: int


def names(text: str) -> list[Named]:
    """All names in `text`, in order, none inside another; a thing named twice is there twice."""
    found: list[Named] = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            _add(found, _trimmed(Named(" ".join(match[0].split()), kind, *match.span())))
    for run in _runs(text):
        _add(found, _judged(run, text))
    return sorted(found, key=lambda one: one.start)


def distinct(mentions: Iterable[Named]) -> list[Named]:
    """The first mention of each thing."""
    first: dict[str, Named] = {}
    for one in mentions:
        first.setdefault(normal(one.name), one)
    return list(first.values())


def listed(text: str, known: Iterable[tuple[str, str]]) -> list[Named]:
    """All names in `text`, those that are `known` by that name and kind; of overlapping ones the longest.

    A known name of no particular kind ("Entity") has the kind that it would be read as.
    """
    found: list[Named] = []
    read = names(text)
    kinds = {normal(one.name): one.kind for one in read}
    for name, kind in sorted(known, key=lambda one: -len(one[0])):
        for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE):
            own = kinds.get(normal(name), kind) if kind == "Entity" else kind
            _add(found, Named(name, own, *match.span()))
    for other in read:
        _add(found, other)
    return sorted(found, key=lambda one: one.start)


def normal(name: str) -> str:
    """The form in which two names of one thing are equal: case, punctuation and a company's legal form aside."""
    words = re.findall(r"\w+", name.casefold())
    while len(words) > 1 and words[-1] in ("co", "corp", "corporation", "gmbh", "inc", "llc", "ltd"):
        words.pop()
    return " ".join(words)


def sentences(text: str) -> list[str]:
    """Sentences and lines; the full stop of "St. Louis" or "Acme Corp. has" does not end one before a small letter."""
    parts = re.split(r"(?<!\bSt)(?<!\bDr)(?<!\bMr)(?<!\bMs)(?<=[.!?])\s+(?=[^a-z])|\n+", text)
    return [part.strip() for part in parts if part.strip()]


def _add(found: list[Named], new: Named | None) -> None:
    if new is not None and all(new.end <= old.start or old.end <= new.start for old in found):
        found.append(new)


def _trimmed(one: Named) -> Named:
    """Without a first word that is none of the name: `In Gary, IN`."""
    first, _, rest = one.name.partition(" ")
    if one.kind == "Location" and rest and first.casefold() in _NO_NAMES:
        return Named(rest, one.kind, one.start + len(first) + 1, one.end)
    return one


def _runs(text: str) -> Iterator[list[re.Match[str]]]:
    """Words in a row that begin with a capital, divided by one space or an ampersand."""
    words = [word for word in _WORD.finditer(text) if word[0][0].isupper() and word[0].casefold() not in _NO_NAMES]
    run = words[:1]
    for before, word in pairwise(words):
        if text[before.end() : word.start()] not in (" ", " & "):
            yield run
            run = []
        run.append(word)
    if run:
        yield run


def _judged(run: list[re.Match[str]], text: str) -> Named | None:
    start, end = run[0].start(), run[-1].end()
    name, last = text[start:end], run[-1][0].casefold()
    if any(word[0].casefold() in _HAULING for word in run) and len(run) > 1:
        return Named(name, "Carrier", start, end)
    if last in _LEGAL and len(run) > 1:
        return Named(name, "Customer", start, end)
    if all(word[0].isupper() for word in run):
        return None  # an abbreviation, or a headline
    if len(run) in (2, 3):
        driver = text[:start].rstrip().casefold().endswith("driver")
        return Named(name, "Driver" if driver else "Person", start, end)
    opens = not text[:start].strip(" \t\"'(") or text[:start].rstrip(" \t\"'(")[-1] in ".!?:\n"
    if len(run) == 1 and opens and not _DOES.match(text, end):
        return None  # a capital that only begins the sentence
    return Named(name, "Entity", start, end) if len(name) > 2 else None
