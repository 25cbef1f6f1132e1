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

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from apex_cli.errors import StoreTerminal
from apex_cli.extract.signatures import Signature, groups
from apex_cli.model import Plan, RecordVersion, named_uuid
from apex_cli.stores.graph.model import operations as ops
from apex_cli.stores.graph.model.codec import StoredClaim, dump, micros, moment
from apex_cli.stores.graph.model.history import VersionClaims, effective
from apex_cli.stores.graph.model.observations import Mentions, ResolvedEntity
from apex_cli.stores.graph.model.operations import STORE, GraphTransaction
from apex_cli.stores.graph.model.resolution import Identities
from apex_cli.stores.graph.model.timelines import Edit, PageChanges, Revision, Timeline, timeline_of
from apex_cli.timeline import Evidence, Interval

CERTAIN = "certain"
"""Attribute of a fact that only free text supports: false."""

TimelineEntry = tuple[Timeline, Evidence]
"""One piece of evidence in its timeline."""
_Statement = tuple[str, str, str, bool, int | None]
"""Subject, predicate, object, certainty; since when, where that matters."""


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

    `texts` are those of the batch's claims. `origins` leads from evidence that a merge of nodes or another version of
    its record moved to the entry where it stood before. `older` are the texts of earlier versions, without vectors:
    they count where nothing is stored.
    """

    timelines: dict[Timeline, Edit] = field(default_factory=dict)
    texts: dict[TimelineEntry, FactText] = field(default_factory=dict)
    origins: dict[TimelineEntry, TimelineEntry] = field(default_factory=dict)
    older: dict[TimelineEntry, FactText] = field(default_factory=dict)

    def remove(self, evidence: Iterable[TimelineEntry]) -> None:
        for timeline, piece in evidence:
            self.timelines.setdefault(timeline, Edit()).removed.add(piece)

    def add(self, evidence: Iterable[TimelineEntry]) -> None:
        for timeline, piece in evidence:
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


def claims_of(plan: Plan, mentions: Mentions, edits: Edits, before: Sequence[StoredClaim]) -> list[StoredClaim]:
    """What all versions of a plan's record state together, with nodes in place of keys; see `history`.

    Their evidence and texts go to `edits`. `before` are the record's claims as stored.
    """
    texts: dict[_Statement, FactText] = {}
    older: dict[_Statement, FactText] = {}
    versions: list[VersionClaims] = []
    things = _Things(mentions.resolved[plan.record_id])
    by_version: dict[str, list[ResolvedEntity]] = defaultdict(list)
    for one in mentions.resolved[plan.record_id]:
        by_version[one.version.saga_id].append(one)
    for version in plan.versions():
        extraction = version.extraction
        claims = _resolved(version, by_version[version.saga_id], things)
        versions.append(VersionClaims(micros(extraction.event_time), extraction.whole, claims, extraction.ended))
        for index, (claim, stored) in enumerate(zip(extraction.claims, claims, strict=True)):
            attributes = claim.attributes if claim.certain else {**claim.attributes, CERTAIN: False}
            vector = version.embedded.claim_vectors[index] if version.embedded is not None else None
            text = FactText(claim.sentence, dump(dict(attributes)), vector)
            # Of two claims of one version that differ in their times only, each has its own attributes.
            for statement in (_statement(stored), _statement(stored, at=stored.valid_at)):
                (older if vector is None else texts)[statement] = text
    stored_before = {_statement(moved(claim, mentions.identities)): claim for claim in before}
    stated = effective(versions)
    found = [things.placed(claim) for claim in stated]
    evidence = entries(plan.record_id, found)
    edits.add(evidence)
    for own, stored, entry in zip(stated, found, evidence, strict=True):
        exact, loose = _statement(own, at=own.valid_at), _statement(own)
        if given := texts.get(exact) or texts.get(loose):
            edits.texts.setdefault(entry, given)
        elif (known := _statement(stored)) in stored_before:
            (origin,) = entries(plan.record_id, [stored_before[known]])
            edits.origins.setdefault(entry, origin)
        if kept := older.get(exact) or older.get(loose):
            edits.older.setdefault(entry, kept)
    return found


class _Things:
    """The things of one record, all its versions taken together.

    Which entities of two versions are one thing follows from this record alone: so what its versions state together
    does not change when another record joins or parts nodes.
    """

    def __init__(self, entities: Sequence[ResolvedEntity]) -> None:
        # The earliest version comes first, so the newest one stays.
        last = {one.observation.signature: one for one in entities}
        self._names: dict[Signature, str] = {}
        self._places: dict[str, tuple[str, str]] = {}
        for group in groups(last):
            newest = max(group, key=lambda one: (last[one].version.order, one))
            name = newest.digest
            self._names |= dict.fromkeys(group, name)
            self._places[name] = last[newest].node, name

    def name_of(self, entity: ResolvedEntity) -> str:
        """The record's own name of the thing: the digest of its newest signature."""
        return self._names[entity.observation.signature]

    def placed(self, claim: StoredClaim) -> StoredClaim:
        """A claim about things by these names, at their nodes."""
        subject, subject_mark = self._places[claim.subject]
        target, object_mark = self._places[claim.object]
        return claim._replace(subject=subject, object=target, subject_mark=subject_mark, object_mark=object_mark)


def moved(claim: StoredClaim, identities: Identities) -> StoredClaim:
    """The claim at the nodes that its entities are now."""
    return claim._replace(
        subject=identities.node_at(claim.subject, claim.subject_mark),
        object=identities.node_at(claim.object, claim.object_mark),
    )


def _statement(claim: StoredClaim, at: int | None = None) -> _Statement:
    return claim.subject, claim.predicate, claim.object, claim.certain, at


def _resolved(version: RecordVersion, entities: Sequence[ResolvedEntity], things: _Things) -> list[StoredClaim]:
    """The claims of one version with the record's own names of things in place of keys."""
    # A preferred key decides over a further key of another entity, and the first entity over later ones.
    nodes = {key: one for one in reversed(entities) for key in one.entity.keys}
    nodes |= {one.entity.key: one for one in entities}
    found: list[StoredClaim] = []
    for claim in version.extraction.claims:
        if claim.subject not in nodes or claim.object not in nodes:
            raise StoreTerminal(STORE, f"a claim of version {version.saga_id} is about an entity that it does not list")
        found.append(
            StoredClaim(
                things.name_of(nodes[claim.subject]),
                claim.predicate.value,
                things.name_of(nodes[claim.object]),
                micros(claim.valid_at),
                None if claim.invalid_at is None else micros(claim.invalid_at),
                claim.certain,
            )
        )
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
                old, new = fact_of(timeline, before[identity]), fact_of(timeline, run)
                # More evidence of the same records changes nothing that the fact shows.
                if (old.interval.invalid_at, old.records) != (new.interval.invalid_at, new.records):
                    changes.updated.append(new)
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
    texts = _stored_texts(graph, [source for source in sources if source is not None])
    for (fact, entry), source in zip(needs_text, sources, strict=True):
        changes.inserted.append((fact, edits.older[entry] if source is None else texts[source]))
    changes.reworded = _changed_texts(graph, known)
    return changes


def _stored_fact(stored: dict[Timeline, Sequence[Interval]], entry: TimelineEntry) -> str | None:
    """The id of the stored fact that has this evidence; None where none of the revised timelines has it."""
    timeline, piece = entry
    run = next((run for run in stored.get(timeline, ()) if piece in run.evidence), None)
    return None if run is None else fact_of(timeline, run).id


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
