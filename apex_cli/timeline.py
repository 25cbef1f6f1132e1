"""From evidence to facts: what held when, whatever the order in which the records arrived.

A timeline is all evidence and facts of one (subject, predicate) for a functional predicate, and of one (subject,
predicate, object) otherwise. Its facts are a pure function of its evidence. They are never edited, only computed again,
so a late record, a replaced one and a forgotten one need no rules of their own.

Example, the status of one shipment. Three records arrive in any order:

    evidence                      facts
    r1  tendered    from 08:00    tendered    08:00 - 12:00   (r1)
    r2  in_transit  from 12:00    in_transit  12:00 - 18:00   (r2, r3)
    r3  in_transit  from 14:00    delivered   18:00 -         (r4)
    r4  delivered   from 18:00

Without r4 the second fact is open: `in_transit 12:00 -`. Without r2 it starts at 14:00.

Times are whole microseconds since 1970 in UTC: a batch compares and hashes thousands of them, and numbers cost less
than datetimes.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple


class Evidence(NamedTuple):
    """One record's support for `object_id` from `valid_at` on. `invalid_at` is set only if the record states an end."""

    record_id: str
    object_id: str
    valid_at: int
    invalid_at: int | None = None


class Interval(NamedTuple):
    """One fact: `object_id` held from `valid_at` until `invalid_at` (None: it still holds); evidence in order."""

    object_id: str
    valid_at: int
    invalid_at: int | None
    evidence: tuple[Evidence, ...]


def intervals(evidence: Iterable[Evidence]) -> list[Interval]:
    """The facts of one timeline, oldest first. Every piece of evidence is in exactly one of them.

    Evidence is taken in the order of event time. Consecutive evidence for one object is one interval, from its first
    `valid_at` to the `valid_at` of the next object. The last piece of an interval decides about a declared end:
    evidence from within the interval replaces an earlier end, evidence from after that end opens a new interval.
    Intervals do not overlap, and only the last may be open. If different objects are claimed for the same moment, all
    but the last get an interval of no length.
    """
    runs: list[list[Evidence]] = []
    for piece in _ordered(list(evidence)):
        run = runs[-1] if runs else None
        if run is not None and run[-1].object_id == piece.object_id and _continues(run, piece):
            run.append(piece)
        else:
            runs.append([piece])
    following = [*(run[0].valid_at for run in runs[1:]), None]
    return [_interval(run, until) for run, until in zip(runs, following, strict=False)]


def _ordered(evidence: list[Evidence]) -> list[Evidence]:
    """Evidence by time; within one moment by object, the object with the greatest record id last.

    What ended at the very moment it began comes first: it never displaces what begins then, as a carrier does not that
    was replaced, and of which no times are known.
    The order of arrival has no influence. Object ids decide only where one record contradicts itself, because they may
    depend on which key of an entity arrived first.
    """
    if len(evidence) == 1:
        return evidence
    ordered: list[Evidence] = []
    for _, moment in groupby(sorted(evidence, key=attrgetter("valid_at")), key=attrgetter("valid_at")):
        pieces = list(moment)
        if len(pieces) > 1:
            rank: dict[str, tuple[bool, str]] = {}
            for piece in pieces:
                lasts = piece.invalid_at is None or piece.invalid_at > piece.valid_at
                rank[piece.object_id] = max(rank.get(piece.object_id, (False, "")), (lasts, piece.record_id))
            pieces.sort(key=lambda piece: (rank[piece.object_id], piece.object_id, piece.record_id, _end(piece)))
        ordered += pieces
    return ordered


def _end(piece: Evidence) -> tuple[bool, int]:
    """Sorts declared ends before none: of two claims of one record about one moment, the open one counts."""
    return (piece.invalid_at is None, piece.invalid_at or 0)


def _continues(run: list[Evidence], piece: Evidence) -> bool:
    end = run[-1].invalid_at
    return end is None or piece.valid_at <= end or piece.valid_at == run[-1].valid_at


def _interval(run: list[Evidence], until: int | None) -> Interval:
    last = run[-1]
    end = last.invalid_at
    if end is not None:
        end = max(end, last.valid_at)
    if until is not None and (end is None or until < end):
        end = until
    return Interval(last.object_id, run[0].valid_at, end, tuple(run))
