"""From changed timelines to changed facts, and the rows that make it so.

A fact is one interval of one timeline. Its id is made of subject, predicate, object and start, so `difference` compares
the facts of a timeline before and after by (object, start):

    before  (tendered, 08:00)-12:00      (in_transit, 12:00)-
    after   (tendered, 08:00)-10:00      (delayed, 10:00)-12:00      (in_transit, 12:00)-

    (tendered, 08:00)    in both, ends otherwise   → updated
    (delayed, 10:00)     only after                → inserted
    (in_transit, 12:00)  in both, equal            → nothing
    only before                                    → deleted

The text of a fact is that of its first evidence. A record of the batch brings its text along. A fact may also appear
although no record of the batch supports it: if r1 (tendered, 08:00) is forgotten, and r2 claims tendered from 09:00,
the fact (tendered, 08:00) goes and (tendered, 09:00) comes. r2 is not in the batch, so the new fact takes its text from
the stored fact that held r2's evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from apex_cli.errors import StoreTerminal
from apex_cli.model import Plan, named_uuid
from apex_cli.stores.graph.model import operations as ops
from apex_cli.stores.graph.model.codec import StoredClaim, dump, micros, moment
from apex_cli.stores.graph.model.observations import Mentions
from apex_cli.stores.graph.model.operations import STORE, GraphTransaction
from apex_cli.stores.graph.model.timelines import Edit, PageChanges, Revision, Timeline, timeline_of
from apex_cli.timeline import Evidence, Interval

CERTAIN = "certain"
"""Attribute of a fact that only free text supports: false."""

TimelineEntry = tuple[Timeline, Evidence]
"""One piece of evidence in its timeline."""


@dataclass(frozen=True, slots=True)
class FactText:
    """What a claim says besides its times. `attributes` is JSON, `vector` that of the sentence."""

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
    """The evidence that the batch adds to timelines and removes from them.

    `texts` are those of the batch's claims. `origins` leads from evidence that a merge of nodes moved to the entry
    where it stood before.
    """

    timelines: dict[Timeline, Edit] = field(default_factory=dict)
    texts: dict[TimelineEntry, FactText] = field(default_factory=dict)
    origins: dict[TimelineEntry, TimelineEntry] = field(default_factory=dict)

    def remove(self, record_id: str, claims: Iterable[StoredClaim]) -> None:
        for timeline, piece in entries(record_id, claims):
            self.timelines.setdefault(timeline, Edit()).removed.add(piece)

    def add(self, record_id: str, claims: Iterable[StoredClaim]) -> None:
        for timeline, piece in entries(record_id, claims):
            self.timelines.setdefault(timeline, Edit()).added.add(piece)


@dataclass(slots=True)
class FactChanges:
    """The difference: facts to insert, facts whose end or evidence changes, facts whose text changes, ids to delete."""

    inserted: list[tuple[Fact, FactText]] = field(default_factory=list)
    updated: list[Fact] = field(default_factory=list)
    reworded: list[tuple[str, FactText]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)


def entries(record_id: str, claims: Iterable[StoredClaim]) -> list[TimelineEntry]:
    """The evidence that the claims of a record are, each in its timeline."""
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
    """The claims of a plan, with nodes in place of keys; their texts go to `edits`."""
    if plan.embedded is None:
        return []
    resolved = mentions.resolved[plan.record_id]
    # A preferred key decides over a further key of another entity, and the first entity over later ones.
    nodes = {key: one.node for one in reversed(resolved) for key in one.entity.keys}
    nodes |= {one.entity.key: one.node for one in resolved}
    found: list[StoredClaim] = []
    for index, claim in enumerate(plan.embedded.extraction.claims):
        if claim.subject not in nodes or claim.object not in nodes:
            raise StoreTerminal(STORE, f"a claim of {plan.record_id} is about an entity that it does not list")
        end = None if claim.invalid_at is None else micros(claim.invalid_at)
        start = micros(claim.valid_at)
        stored = StoredClaim(
            nodes[claim.subject], claim.predicate.value, nodes[claim.object], start, end, claim.certain
        )
        attributes = claim.attributes if claim.certain else {**claim.attributes, CERTAIN: False}
        text = FactText(claim.sentence, dump(dict(attributes)), plan.embedded.claim_vectors[index])
        (entry,) = entries(plan.record_id, [stored])
        edits.texts.setdefault(entry, text)
        found.append(stored)
    return found


def fact_of(timeline: Timeline, interval: Interval) -> Fact:
    """The fact of an interval. The same records give the same ids, in any order of arrival."""
    start = str(micros(interval.valid_at))
    certainty = () if timeline.certain else ("uncertain",)
    identity = named_uuid("fact", timeline.subject, timeline.predicate, interval.object_id, start, *certainty)
    return Fact(identity, timeline.subject, timeline.predicate, interval.object_id, interval)


def difference(graph: GraphTransaction, revisions: Sequence[Revision], edits: Edits) -> FactChanges:
    """Compare the facts of the revised timelines before and after. Writes nothing; see the head of this module."""
    changes = FactChanges()
    known: list[tuple[str, FactText]] = []
    needs_text: list[tuple[Fact, TimelineEntry]] = []
    for revision in revisions:
        timeline = revision.timeline
        before = {(run.object_id, run.valid_at): run for run in revision.before}
        after = {(run.object_id, run.valid_at): run for run in revision.after}
        changes.deleted += [fact_of(timeline, run).id for identity, run in before.items() if identity not in after]
        for identity, run in after.items():
            first = (timeline, run.evidence[0])
            text = edits.texts.get(first)
            if identity in before:
                if before[identity] != run:
                    changes.updated.append(fact_of(timeline, run))
                if text is not None:
                    known.append((fact_of(timeline, run).id, text))
                continue
            fact = fact_of(timeline, run)
            # Text of the first evidence if the batch has it, else of any evidence that it has, else a stored one.
            given = [edits.texts[timeline, one] for one in run.evidence if (timeline, one) in edits.texts]
            if given:
                changes.inserted.append((fact, text or given[0]))
            else:
                needs_text.append((fact, first))
    stored = {revision.timeline: revision.before for revision in revisions}
    sources = [_stored_fact(stored, edits.origins.get(entry, entry)) for _, entry in needs_text]
    texts = _stored_texts(graph, sources)
    changes.inserted += [(fact, texts[source]) for (fact, _), source in zip(needs_text, sources, strict=True)]
    changes.reworded = _changed_texts(graph, known)
    return changes


def _stored_fact(stored: dict[Timeline, Sequence[Interval]], entry: TimelineEntry) -> str:
    """The id of the stored fact that has this evidence."""
    timeline, piece = entry
    return fact_of(timeline, next(run for run in stored[timeline] if piece in run.evidence)).id


def _stored_texts(graph: GraphTransaction, facts: Sequence[str]) -> dict[str, FactText]:
    vectors = {row["uuid"]: row["vector"] for row in graph.look_up(ops.FACT_VECTORS, facts)}
    rows = graph.look_up(ops.FACT_TEXTS, facts)
    return {row["uuid"]: FactText(row["sentence"], row["attributes"], vectors[row["uuid"]]) for row in rows}


def _changed_texts(graph: GraphTransaction, texts: Sequence[tuple[str, FactText]]) -> list[tuple[str, FactText]]:
    """Those of the (fact, text) that differ from what is stored."""
    rows = graph.look_up(ops.FACT_TEXTS, [fact for fact, _ in texts])
    stored = {row["uuid"]: (row["sentence"], row["attributes"]) for row in rows}
    return [(fact, text) for fact, text in texts if stored[fact] != (text.sentence, text.attributes)]


def delete_facts(graph: GraphTransaction, changes: FactChanges) -> None:
    """Delete the facts that go. Before their subjects and objects go."""
    graph.write(ops.DELETE_FACT, [(fact,) for fact in changes.deleted])


def write_facts(graph: GraphTransaction, changes: FactChanges, now: datetime, group_id: str) -> None:
    """Insert new facts and set those that change. After their subjects and objects are written."""
    rows = []
    for fact, text in changes.inserted:
        start = fact.interval.valid_at
        content = (fact.predicate, text.sentence, text.vector, text.attributes)
        rows.append((fact.id, group_id, now, *content, start, start, *_support(fact, now), fact.subject, fact.object))
    graph.write(ops.NEW_FACT, rows)
    graph.write(ops.SET_ENDS, [(fact.id, *_support(fact, now)) for fact in changes.updated])
    reworded = [(fact, text.sentence, text.attributes, text.vector) for fact, text in changes.reworded]
    graph.write(ops.SET_FACT_TEXT, reworded)


def _support(fact: Fact, now: datetime) -> tuple[list[str], datetime | None, datetime | None]:
    """Its records, when it ended, and since when the graph knows that it ended (Graphiti's `expired_at`)."""
    end = fact.interval.invalid_at
    return (fact.records, None, None) if end is None else (fact.records, end, now)


def write_pages(graph: GraphTransaction, changes: PageChanges) -> None:
    """Delete, insert and set pages of evidence."""
    graph.write(ops.DELETE_PAGE, [(page,) for page in changes.deleted])
    graph.write(ops.NEW_PAGE, changes.inserted)
    graph.write(ops.SET_PAGE, changes.updated)
    graph.write(ops.SET_PAGE_STARTS, changes.redirected)
