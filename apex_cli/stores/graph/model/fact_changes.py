"""From changed timelines to changed facts: what is new, what ends otherwise, what goes, and in whose words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apex_cli.errors import StoreTerminal
from apex_cli.model import Plan, named_uuid
from apex_cli.stores.graph.model.codec import StoredClaim, dump, micros, moment
from apex_cli.stores.graph.model.observations import Mentions
from apex_cli.stores.graph.model.operations import FACT_TEXTS, FACT_VECTORS
from apex_cli.stores.graph.model.timelines import Edit, Revision, Timeline, timeline_of
from apex_cli.stores.graph.model.transaction import STORE, GraphTransaction
from apex_cli.timeline import Evidence, Interval

CERTAIN = "certain"
"""Attribute of a fact that only free text told of: false."""

TimelineEntry = tuple[Timeline, Evidence]
"""One piece of evidence in its timeline."""


@dataclass(frozen=True, slots=True)
class FactText:
    """What a claim says besides its times. `attributes` is JSON."""

    sentence: str
    attributes: str
    vector: Any


@dataclass(frozen=True, slots=True)
class Fact:
    """One interval of one timeline, as stored."""

    id: str
    subject: str
    predicate: str
    object: str
    interval: Interval

    @property
    def records(self) -> list[str]:
        return sorted({piece.record_id for piece in self.interval.evidence})


@dataclass(slots=True)
class Edits:
    """Evidence to take from and give to timelines.

    `words` are those of the batch's claims; `moved` leads from evidence at a node that absorbed another one to where
    it stood before.
    """

    slots: dict[Timeline, Edit] = field(default_factory=dict)
    words: dict[TimelineEntry, FactText] = field(default_factory=dict)
    moved: dict[TimelineEntry, TimelineEntry] = field(default_factory=dict)

    def remove(self, record_id: str, claims: Iterable[StoredClaim]) -> None:
        for slot, piece in spots(record_id, claims):
            self.slots.setdefault(slot, Edit()).removed.add(piece)

    def add(self, record_id: str, claims: Iterable[StoredClaim]) -> None:
        for slot, piece in spots(record_id, claims):
            self.slots.setdefault(slot, Edit()).added.add(piece)


@dataclass(slots=True)
class FactChanges:
    """The difference: facts to insert with their words, facts whose end or evidence changes, words, facts to delete."""

    inserted: list[tuple[Fact, FactText]] = field(default_factory=list)
    updated: list[Fact] = field(default_factory=list)
    reworded: list[tuple[str, FactText]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)


def spots(record_id: str, claims: Iterable[StoredClaim]) -> list[TimelineEntry]:
    """Where the claims of a record stand."""
    return [
        (
            timeline_of(claim.subject, claim.predicate, claim.object, certain=claim.certain),
            Evidence(
                record_id,
                claim.object,
                moment(claim.valid_at),
                None if claim.invalid_at is None else moment(claim.invalid_at),
            ),
        )
        for claim in claims
    ]


def claims_of(plan: Plan, mentions: Mentions, edits: Edits) -> list[StoredClaim]:
    """The claims of a plan at their nodes; their words go to `edits`."""
    if plan.embedded is None:
        return []
    nodes = {key: one.node for one in reversed(mentions.placed[plan.record_id]) for key in one.entity.keys}
    nodes |= {one.entity.key: one.node for one in mentions.placed[plan.record_id]}
    found: list[StoredClaim] = []
    for index, claim in enumerate(plan.embedded.extraction.claims):
        if claim.subject not in nodes or claim.object not in nodes:
            raise StoreTerminal(STORE, f"a claim of {plan.record_id} is about something that it does not list")
        end = None if claim.invalid_at is None else micros(claim.invalid_at)
        since = micros(claim.valid_at)
        stored = StoredClaim(
            nodes[claim.subject], claim.predicate.value, nodes[claim.object], since, end, claim.certain
        )
        attributes = claim.attributes if claim.certain else {**claim.attributes, CERTAIN: False}
        words = FactText(claim.sentence, dump(dict(attributes)), plan.embedded.claim_vectors[index])
        (spot,) = spots(plan.record_id, [stored])
        edits.words.setdefault(spot, words)
        found.append(stored)
    return found


def fact_of(slot: Timeline, interval: Interval) -> Fact:
    """Its id is made of what it says and since when, so the same records give the same facts in any order."""
    since = str(micros(interval.valid_at))
    told = () if slot.certain else ("uncertain",)
    identity = named_uuid("fact", slot.subject, slot.predicate, interval.object_id, since, *told)
    return Fact(identity, slot.subject, slot.predicate, interval.object_id, interval)


def difference(graph: GraphTransaction, revisions: Sequence[Revision], edits: Edits) -> FactChanges:
    """Compare the facts of the revised timelines. Reads the words of stored facts where a fact must borrow them."""
    changes = FactChanges()
    rewordings: list[tuple[str, FactText]] = []
    borrowers: list[tuple[Fact, TimelineEntry]] = []
    holders = _Holders(revisions)
    for revision in revisions:
        slot = revision.slot
        before = {(run.object_id, run.valid_at): run for run in revision.before}
        after = {(run.object_id, run.valid_at): run for run in revision.after}
        changes.deleted += [fact_of(slot, run).id for identity, run in before.items() if identity not in after]
        for identity, run in after.items():
            words = edits.words.get((slot, run.evidence[0]))
            old = before.get(identity)
            if old is None:
                fact = fact_of(slot, run)
                words = words or next(
                    (edits.words[slot, one] for one in run.evidence if (slot, one) in edits.words), None
                )
                if words is not None:
                    changes.inserted.append((fact, words))
                else:
                    borrowers.append((fact, (slot, run.evidence[0])))
                continue
            if old != run:
                changes.updated.append(fact_of(slot, run))
            if words is not None:
                rewordings.append((fact_of(slot, run).id, words))
    lenders = [holders.fact(edits.moved.get(spot, spot)) for _, spot in borrowers]
    lent = _stored_words(graph, lenders)
    changes.inserted += [(fact, lent[lender]) for (fact, _), lender in zip(borrowers, lenders, strict=True)]
    changes.reworded = _really(graph, rewordings)
    return changes


class _Holders:
    """Which stored fact holds a piece of evidence."""

    def __init__(self, revisions: Sequence[Revision]) -> None:
        self._before: Mapping[Timeline, Sequence[Interval]] = {one.slot: one.before for one in revisions}

    def fact(self, spot: TimelineEntry) -> str:
        slot, piece = spot
        run = next(run for run in self._before[slot] if piece in run.evidence)
        return fact_of(slot, run).id


def _stored_words(graph: GraphTransaction, facts: Iterable[str]) -> dict[str, FactText]:
    keys = list(facts)
    vectors = {row["uuid"]: row["vector"] for row in graph.look_up(FACT_VECTORS, keys)}
    rows = graph.look_up(FACT_TEXTS, keys)
    return {row["uuid"]: FactText(row["sentence"], row["attributes"], vectors[row["uuid"]]) for row in rows}


def _really(graph: GraphTransaction, rewordings: Sequence[tuple[str, FactText]]) -> list[tuple[str, FactText]]:
    """Those whose words differ from what is stored."""
    rows = graph.look_up(FACT_TEXTS, [fact for fact, _ in rewordings])
    stored = {row["uuid"]: (row["sentence"], row["attributes"]) for row in rows}
    return [(fact, words) for fact, words in rewordings if stored[fact] != (words.sentence, words.attributes)]
