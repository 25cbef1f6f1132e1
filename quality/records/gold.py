"""What a memory must hold: things, facts with intervals, answers. Worked out from statements, by the rules alone.

It knows nothing of the program. The statements are consistent: no two of them contradict each other about any moment.
So the rules of versions are short here.

- `point`: a statement about one moment. Of a functional predicate, a value holds from its first point until the first
  point of the next value. An `end` closes it earlier.
- `version`: what a source states of a thing as of a time. A statement begins at its own time, else at the as-of time of
  the first version that makes it. It ends with the first whole version that makes it no more. Of a predicate with one
  value, another value ends it too.
- `fact`: what is never ended.
"""

from __future__ import annotations

import random
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

FUNCTIONAL = frozenset(
    ("LOCATED_AT", "HAS_ENGINE_STATE", "INSIDE_GEOFENCE", "DRIVES", "HAULED_BY", "ASSIGNED_DRIVER", "HAS_STATUS")
)
"""Predicates with one value at a time, by the list of the domain."""
ONE_VALUE = frozenset(("FOR_CUSTOMER", "ORIGIN", "DESTINATION"))
ASKED = {
    "Shipment": ("HAS_STATUS", "HAULED_BY", "ASSIGNED_DRIVER", "FOR_CUSTOMER"),
    "Vehicle": ("LOCATED_AT", "HAS_ENGINE_STATE", "INSIDE_GEOFENCE"),
    "Driver": ("DRIVES",),
}


@dataclass(slots=True)
class Thing:
    """One thing. `names` are those that a reader may see; empty where any will do.

    `marks` are ids that no other thing of its type has: an entity with one of them in its aliases is this thing.
    """

    type: str
    names: set[str] = field(default_factory=set)
    marks: set[str] = field(default_factory=set)


class Statement(NamedTuple):
    """`object` is the ref of a thing, or a plain value; `since` is None without a time of its own."""

    predicate: str
    object: str
    since: datetime | None = None
    until: datetime | None = None


class Fact(NamedTuple):
    """One interval; subject and object are refs of things, or a plain value."""

    subject: str
    predicate: str
    object: str
    valid_at: datetime
    invalid_at: datetime | None = None


class Question(NamedTuple):
    """What held for a thing at a time: refs and values, none if nothing was known."""

    subject: str
    predicate: str
    at: datetime
    answer: frozenset[str]


class Version(NamedTuple):
    """What a record states of one subject as of a time."""

    as_of: datetime
    whole: bool
    statements: Sequence[Statement]


@dataclass(slots=True)
class Gold:
    """Things by their ref, and the statements so far."""

    things: dict[str, Thing] = field(default_factory=dict)
    speeds: dict[tuple[str, datetime], float] = field(default_factory=dict)
    """How fast a vehicle was, in miles per hour, where a fact LOCATED_AT begins."""
    _points: dict[tuple[str, str], list[tuple[datetime, str | None]]] = field(default_factory=lambda: defaultdict(list))
    _versions: dict[tuple[str, str], list[Version]] = field(default_factory=lambda: defaultdict(list))
    _facts: set[Fact] = field(default_factory=set)

    def thing(self, ref: str, type: str, *names: str, marks: Iterable[str] = ()) -> str:
        """Adds a thing, or names and marks to one. Returns the ref."""
        thing = self.things.setdefault(ref, Thing(type))
        thing.names.update(unicodedata.normalize("NFC", name) for name in names)
        thing.marks.update(mark.casefold() for mark in marks)
        return ref

    def point(self, subject: str, predicate: str, value: str, at: datetime) -> None:
        """A functional predicate has this value at this moment."""
        self._points[subject, predicate].append((at, value))

    def end(self, subject: str, predicate: str, at: datetime) -> None:
        """A functional predicate has no value any more from this moment on."""
        self._points[subject, predicate].append((at, None))

    def version(self, record: str, subject: str, version: Version) -> None:
        """A record states these things of the subject, as of a time."""
        if version not in self._versions[record, subject]:
            self._versions[record, subject].append(version)

    def fact(self, subject: str, predicate: str, value: str, at: datetime) -> None:
        """Something that happened, or was written."""
        self._facts.add(Fact(subject, predicate, value, at))

    def facts(self) -> frozenset[Fact]:
        """All facts, current and past."""
        points = defaultdict(list, {key: list(some) for key, some in self._points.items()})
        spans: dict[tuple[str, str, str], list[tuple[datetime, datetime | None]]] = defaultdict(list)
        for (_, subject), versions in self._versions.items():
            ordered = sorted(versions, key=lambda one: (one.as_of, one.whole))
            for predicate, at, value in _moments(ordered):
                points[subject, predicate].append((at, value))
            for said, span in _spans(ordered):
                spans[subject, said.predicate, said.object].append(span)
        found = set(self._facts)
        for (subject, predicate), moments in points.items():
            found.update(_runs(subject, predicate, moments))
        for (subject, predicate, value), some in spans.items():
            found.update(Fact(subject, predicate, value, *span) for span in _joined(some))
        return frozenset(found)

    def questions(self, rng: random.Random, count: int) -> list[Question]:
        """Questions about random things at random times, also before anything was known and long after."""
        facts = self.facts()
        by_subject: Mapping[tuple[str, str], list[Fact]] = defaultdict(list)
        for fact in sorted(facts, key=str):
            by_subject[fact.subject, fact.predicate].append(fact)
        asked = sorted(key for key in by_subject if key[1] in ASKED.get(self.things[key[0]].type, ()))
        times = sorted({fact.valid_at for fact in facts})
        first, last = times[0] - timedelta(hours=6), times[-1] + timedelta(days=2)
        found = []
        for _ in range(count):
            subject, predicate = rng.choice(asked)
            at = first + (last - first) * rng.random()
            at = at.replace(microsecond=0)
            answer = frozenset(fact.object for fact in by_subject[subject, predicate] if holds(fact, at))
            found.append(Question(subject, predicate, at, answer))
        return found


def holds(fact: Any, at: datetime) -> bool:
    """Whether a fact held at a moment."""
    return bool(fact.valid_at <= at and (fact.invalid_at is None or at < fact.invalid_at))


def _moments(versions: Sequence[Version]) -> Iterable[tuple[str, datetime, str | None]]:
    """What the versions of a record say of functional predicates; None where a whole one says nothing any more."""
    stated: set[str] = set()
    for one in versions:
        said = {some.predicate for some in one.statements}
        yield from ((gone, one.as_of, None) for gone in sorted(stated - said) if one.whole)
        stated = said if one.whole else stated | said
        stated &= FUNCTIONAL
        for some in one.statements:
            if some.predicate in FUNCTIONAL:
                yield some.predicate, some.since or one.as_of, some.object


def _runs(subject: str, predicate: str, points: list[tuple[datetime, str | None]]) -> Iterable[Fact]:
    ordered = sorted(set(points), key=lambda one: (one[0], one[1] or ""))
    runs = [(value, next(some)[0]) for value, some in groupby(ordered, key=lambda one: one[1])]
    for (value, start), (_, until) in zip(runs, [*runs[1:], (None, None)], strict=True):
        if value is not None:
            yield Fact(subject, predicate, value, start, until)


def _spans(versions: Sequence[Version]) -> Iterable[tuple[Statement, tuple[datetime, datetime | None]]]:
    """The intervals of all statements of a record whose predicate is not functional."""
    begun: dict[tuple[str, str], tuple[datetime, datetime | None]] = {}
    """Since when each statement holds, and the time of its own that it has for that."""
    stated: dict[str, tuple[str, datetime]] = {}
    """The last value of each predicate, and when it was last stated."""
    for one in versions:
        said = {(some.predicate, some.object): some for some in one.statements if some.predicate not in FUNCTIONAL}
        replaced = {predicate for predicate, _ in said if predicate in ONE_VALUE}
        for key in [key for key in begun if key not in said and (one.whole or key[0] in replaced)]:
            yield Statement(*key), (begun.pop(key)[0], one.as_of)
        for key, some in said.items():
            since = some.since or one.as_of
            before = stated.get(key[0])
            if key[0] in ONE_VALUE and before is not None and before[0] != key[1] and since <= before[1]:
                # When the record still stated another value, this one did not hold.
                since = one.as_of
            known = begun.get(key)
            if known is not None and some.since in (None, known[1]):
                since = known[0]
            elif known is not None and known[1] is None:
                since = min(since, known[0])
            # Else a later version knows better since when it holds: an arrival instead of an appointment.
            begun[key] = since, some.since or (known[1] if known else None)
            stated[key[0]] = key[1], one.as_of
            if some.until is not None:
                yield some, (begun.pop(key)[0], some.until)
    for key, (since, _) in begun.items():
        yield Statement(*key), (since, None)


def _joined(spans: Iterable[tuple[datetime, datetime | None]]) -> list[tuple[datetime, datetime | None]]:
    """Intervals that touch or overlap as one."""
    found: list[tuple[datetime, datetime | None]] = []
    for start, end in sorted(spans, key=lambda one: one[0]):
        if found and (found[-1][1] is None or start <= found[-1][1]):
            before = found[-1][1]
            found[-1] = (found[-1][0], None if before is None or end is None else max(before, end))
        else:
            found.append((start, end))
    return found
