"""What all versions of one record state together: which claims hold, from when and until when.

A claim without a time of its own holds from the as-of time of the first version that states it. It ends with the first
whole version that does not state it any more. A partial version ends nothing by silence; another customer in it ends
the one before.

Example, a shipment:

    as-of 08:00  whole    status booked     customer C1
    as-of 12:00  partial  status en_route
    as-of 18:00  whole    status delivered  customer C2

    HAS_STATUS    booked 08:00, en_route 12:00, delivered 18:00: each value closes the one before (see `timeline`)
    FOR_CUSTOMER  C1 08:00 - 18:00, C2 18:00 -

C2 does not hold before 18:00 even where its payload says "since 07:00", which is when the shipment was made: at 08:00
the same record knew another customer.

The result is a function of the versions: their order of arrival has no influence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from apex_cli.model import FUNCTIONAL, Predicate
from apex_cli.stores.graph.model.codec import StoredClaim

NEVER_ENDS = frozenset(
    {
        Predicate.MENTIONS,
        Predicate.SENT_BY,
        Predicate.SENT_TO,
        Predicate.CC,
        Predicate.IN_CONVERSATION,
        Predicate.REPLIES_TO,
        Predicate.HAS_ATTACHMENT,
        Predicate.ABOUT,
    }
)
"""Predicates of what happened or was written: a later version does not end them."""
ONE_FIELD = frozenset(
    {
        Predicate.FOR_CUSTOMER,
        Predicate.HAULED_BY,
        Predicate.ASSIGNED_DRIVER,
        Predicate.ORIGIN,
        Predicate.DESTINATION,
        Predicate.MANAGED_BY,
    }
)
"""Predicates that one field of a payload gives in full: another value replaces the earlier ones, in a partial version
too."""
_REPLACED = frozenset({Predicate.FOR_CUSTOMER, Predicate.HAULED_BY, Predicate.ASSIGNED_DRIVER})
"""Predicates of which a payload often gives no better beginning than that of its subject."""


class VersionClaims(NamedTuple):
    """The claims of one version; `as_of` in microseconds. `ended` for a tombstone, which ends mentions too."""

    as_of: int
    whole: bool
    claims: Sequence[StoredClaim]
    ended: bool = False


class _Statement(NamedTuple):
    subject: str
    predicate: str
    object: str
    certain: bool


@dataclass(slots=True)
class _Run:
    """One statement while versions state it: from when, at which times again, and until when."""

    starts: list[int]
    end: int | None
    has_time: bool


@dataclass(slots=True)
class _History:
    open: dict[_Statement, list[_Run]] = field(default_factory=dict)
    closed: list[tuple[_Statement, _Run]] = field(default_factory=list)
    stated: dict[tuple[str, str, bool], int] = field(default_factory=dict)
    """When a version last stated any value of a relation."""
    not_by: dict[_Statement, int] = field(default_factory=dict)
    """When a version stated other values, and not yet this one."""

    def close(self, statement: _Statement, end: int) -> None:
        """End all that is open of a statement. What would begin at its end or later never held."""
        for run in self.open.pop(statement):
            if run.end is None:
                run.starts = [start for start in run.starts if start < end]
                run.end = end
            else:
                # The payload itself stated an end.
                run.end = min(run.end, end)
            self.closed.append((statement, run))

    def replace(self, said: dict[_Statement, list[StoredClaim]], as_of: int) -> None:
        """Let a value that replaces others begin with its version, where the payload says that it began earlier than
        when the record still stated the others."""
        others = {_relation(statement) for statement in self.open if statement not in said}
        for statement, claims in said.items():
            relation = _relation(statement)
            if statement.predicate in _REPLACED and relation in others and statement not in self.open:
                self.not_by[statement] = self.stated[relation]
            known = self.not_by.get(statement)
            if known is not None:
                claims[:] = [
                    claim._replace(valid_at=as_of) if claim.invalid_at is None and claim.valid_at <= known else claim
                    for claim in claims
                ]
        self.stated.update({_relation(statement): as_of for statement in said})

    def state(self, statement: _Statement, claims: Sequence[StoredClaim], as_of: int) -> None:
        """Add what one version says of a statement."""
        runs = self.open.setdefault(statement, [])
        functional = statement.predicate in FUNCTIONAL
        timed = {claim.valid_at for claim in claims if claim.valid_at != as_of}
        if timed and not functional:
            # A later version knows better since when it holds: an appointment was moved, a tender found.
            runs[:] = [run for run in runs if not run.has_time or run.starts[0] in timed]
        for claim in claims:
            has_time = claim.valid_at != as_of
            same = [run for run in runs if run.has_time is has_time and (not has_time or claim.valid_at in run.starts)]
            if same:
                same[0].end = claim.invalid_at
                # Another record may state another value in between, so each version counts for a functional predicate.
                same[0].starts += [as_of] if functional and not has_time else []
            elif functional or has_time or not any(run.starts[0] <= as_of and run.end is None for run in runs):
                runs.append(_Run([claim.valid_at], claim.invalid_at, has_time))


def effective(versions: Sequence[VersionClaims]) -> list[StoredClaim]:
    """The claims of a record from all its versions, which are given in their order."""
    if len(versions) == 1 and _are_distinct(versions[0].claims):
        # So it is with most records: nothing was said before, and each claim stands for itself.
        return list(versions[0].claims)
    history = _History()
    for as_of, whole, claims, ended in versions:
        said: dict[_Statement, list[StoredClaim]] = {}
        for claim in claims:
            statement = _Statement(claim.subject, claim.predicate, claim.object, claim.certain)
            said.setdefault(statement, []).append(claim)
        relations = {_relation(statement) for statement in said if statement.predicate in ONE_FIELD}
        history.replace(said, as_of)
        for statement in list(history.open):
            if statement in said:
                ends = [claim.invalid_at for claim in said[statement]]
                known_ends = [end for end in ends if end is not None]
                if len(known_ends) == len(ends):
                    history.close(statement, max(known_ends))
            elif ended or (whole and statement.predicate not in NEVER_ENDS) or _relation(statement) in relations:
                history.close(statement, as_of)
        _contradict(history, said, as_of)
        for statement, some in said.items():
            history.state(statement, some, as_of)
    every = [*history.closed, *((statement, run) for statement, runs in history.open.items() for run in runs)]
    return list(dict.fromkeys(claim for statement, run in every for claim in _claims(statement, run)))


def _are_distinct(claims: Sequence[StoredClaim]) -> bool:
    """Whether no two claims make the same statement, at whatever times."""
    return len({(claim.subject, claim.predicate, claim.object, claim.certain) for claim in claims}) == len(claims)


def _relation(statement: _Statement) -> tuple[str, str, bool]:
    return statement.subject, statement.predicate, statement.certain


def _contradict(history: _History, said: dict[_Statement, list[StoredClaim]], as_of: int) -> None:
    """Drop what earlier versions said for the time in which this version knows another value.

    Example: the version of 18:00 says `delivered since 14:00`. That of 16:00 said `en_route`: it was wrong about 16:00.
    """
    latest: dict[tuple[str, str, bool], tuple[int, str]] = {}
    for statement, claims in said.items():
        if statement.predicate in FUNCTIONAL:
            start = max((claim.valid_at for claim in claims if claim.invalid_at is None), default=None)
            key = (statement.subject, statement.predicate, statement.certain)
            if start is not None and start > latest.get(key, (start - 1, ""))[0]:
                latest[key] = (start, statement.object)
    if not latest:
        return
    pairs = [*history.closed, *((statement, run) for statement, runs in history.open.items() for run in runs)]
    for statement, run in pairs:
        known = latest.get((statement.subject, statement.predicate, statement.certain))
        if known is not None and known[1] != statement.object:
            run.starts = [start for start in run.starts if not known[0] < start <= as_of]


def _claims(statement: _Statement, run: _Run) -> list[StoredClaim]:
    """The claims of a run. Only the last start has the end: it decides about the interval (see `timeline`)."""
    last = len(run.starts) - 1
    return [
        StoredClaim(
            statement.subject,
            statement.predicate,
            statement.object,
            start,
            run.end if index == last else None,
            statement.certain,
        )
        for index, start in enumerate(run.starts)
    ]
