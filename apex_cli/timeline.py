"""From evidence to facts: what held when, whatever the order in which the records arrived.

A *slot* holds one timeline: (subject, predicate) for a functional predicate, (subject, predicate, object) otherwise.
Its facts are a pure function of all evidence in it. They are never edited, only computed again, so a late record, a
replaced one and a forgotten one need no rules of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter


@dataclass(frozen=True, slots=True)
class Evidence:
    """One record's word that the slot's value is `object_id` from `valid_at` on; `invalid_at` only if it says so."""

    record_id: str
    object_id: str
    valid_at: datetime
    invalid_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """One fact: `object_id` held from `valid_at` until `invalid_at` (None: still does), with its evidence in order."""

    object_id: str
    valid_at: datetime
    invalid_at: datetime | None
    evidence: tuple[Evidence, ...]


def intervals(evidence: Iterable[Evidence]) -> list[Interval]:
    """The facts of one slot, oldest first; every piece of evidence is in exactly one.

    Evidence is read in the order of event time. Consecutive evidence for one object is one interval, from its first
    `valid_at` to the `valid_at` of the next object. An end that a record declares holds unless a later piece of the
    same run, made while the interval still lasted, says otherwise; a piece made after that end opens a new interval.
    Intervals do not overlap and only the last may be open. Of different objects claimed for the same moment all but
    the last get an interval of no length.
    """
    runs: list[list[Evidence]] = []
    for piece in _ordered(evidence):
        run = runs[-1] if runs else None
        if run is not None and run[-1].object_id == piece.object_id and _continues(run, piece):
            run.append(piece)
        else:
            runs.append([piece])
    following = [*(run[0].valid_at for run in runs[1:]), None]
    return [_interval(run, until) for run, until in zip(runs, following, strict=False)]


def _ordered(evidence: Iterable[Evidence]) -> list[Evidence]:
    """By time. Within one moment by object, the object with the greatest record id last; no arrival order, no chance.

    Object ids decide only where one record contradicts itself: they may depend on which key of a thing came first.
    """
    ordered: list[Evidence] = []
    for _, moment in groupby(sorted(evidence, key=attrgetter("valid_at")), key=attrgetter("valid_at")):
        pieces = list(moment)
        if len(pieces) > 1:
            rank: dict[str, str] = {}
            for piece in pieces:
                rank[piece.object_id] = max(rank.get(piece.object_id, ""), piece.record_id)
            pieces.sort(key=lambda piece: (rank[piece.object_id], piece.object_id, piece.record_id, _end(piece)))
        ordered += pieces
    return ordered


def _end(piece: Evidence) -> tuple[bool, float]:
    """Declared ends before none, so that of two words of one record on one moment the open one stands."""
    return (piece.invalid_at is None, piece.invalid_at.timestamp() if piece.invalid_at else 0.0)


def _continues(run: list[Evidence], piece: Evidence) -> bool:
    end = run[-1].invalid_at
    return end is None or piece.valid_at <= end or piece.valid_at == run[-1].valid_at


def _interval(run: list[Evidence], until: datetime | None) -> Interval:
    last = run[-1]
    end = last.invalid_at
    if end is not None:
        end = max(end, last.valid_at)
    if until is not None and (end is None or until < end):
        end = until
    return Interval(last.object_id, run[0].valid_at, end, tuple(run))
