"""From changed timelines to changed facts, and the rows that make it so.

A fact is one interval of one timeline. Its id is made of subject, predicate, object and start, so `difference` compares
the facts of a timeline before and after by (object, start):

    before  (tendered, 08:00)-12:00      (in_transit, 12:00)-
    after   (tendered, 08:00)-10:00      (delayed, 10:00)-12:00      (in_transit, 12:00)-

    (tendered, 08:00)    in both, ends otherwise   → updated
    (delayed, 10:00)     only after                → inserted
    (in_transit, 12:00)  in both, equal            → nothing
    only before                                    → deleted

The text of a fact is that of its first evidence, in any order of arrival. A record of the batch brings its text along.
A fact may also appear although no record of the batch supports it: if r1 (tendered, 08:00) is forgotten, and r2 claims
tendered from 09:00, the fact (tendered, 08:00) goes and (tendered, 09:00) comes. r2 is not in the batch, so the new
fact takes its sentence from the stored fact that held r2's evidence, and its attributes from r2's stored claims.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from apex_cli.model import NOTHING, Predicate, named_uuid
from apex_cli.stores.graph.model import operations as ops
from apex_cli.stores.graph.model.codec import StoredClaim, dump
from apex_cli.stores.graph.model.operations import GraphTransaction
from apex_cli.stores.graph.model.records import load
from apex_cli.stores.graph.model.resolution import is_unknown
from apex_cli.stores.graph.model.timelines import Edit, PageChanges, Revision, Timeline, timeline_of
from apex_cli.timeline import Evidence, Interval

NO_ATTRIBUTES = "{}"
CERTAIN = "certain"
"""Attribute of a fact that only free text supports: false."""
_SENTENCE = "sentence"
"""Beside the attributes that are kept with the claim of a phrase; see `with_sentence`."""

TimelineEntry = tuple[Timeline, Evidence]
"""One piece of evidence in its timeline."""


class FactText(NamedTuple):
    """What a claim says besides its times. `attributes` is JSON."""

    sentence: str
    attributes: str


class Fact(NamedTuple):
    """One interval of one timeline, as stored."""

    id: str
    timeline: Timeline
    object: str
    interval: Interval

    @property
    def entry(self) -> TimelineEntry:
        """Its first evidence, which gives it its text."""
        return self.timeline, self.interval.evidence[0]

    @property
    def records(self) -> list[str]:
        return sorted({piece.record_id for piece in self.interval.evidence})


@dataclass(slots=True)
class Edits:
    """The evidence that the batch adds to timelines and removes from them.

    `texts` are those of the claims of the batch's records. `origins` leads from evidence that a merge of nodes or
    another version of its record moved to the entry where it stood before.
    """

    timelines: dict[Timeline, Edit] = field(default_factory=dict)
    texts: dict[TimelineEntry, FactText] = field(default_factory=dict)
    origins: dict[TimelineEntry, TimelineEntry] = field(default_factory=dict)

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
    reworded: list[tuple[Fact, FactText]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)


def entries(record_id: str, claims: Iterable[StoredClaim]) -> list[TimelineEntry]:
    """The evidence that the claims of a record are, each in its timeline. A phrase that names nothing is none."""
    return [entry_of(record_id, claim) for claim in claims if not is_unknown(claim.object)]


def entry_of(record_id: str, claim: StoredClaim) -> TimelineEntry:
    """The evidence that a claim is."""
    return (
        timeline_of(claim.subject, claim.predicate, claim.object, certain=claim.certain),
        Evidence(record_id, claim.object, claim.valid_at, claim.invalid_at),
    )


def with_sentence(said: str, attributes: str) -> str:
    """What is kept with the claim of a phrase: the fact's attributes and what it says, for when it names a thing."""
    return dump({**json.loads(attributes), _SENTENCE: said})


def phrase_texts(record_id: str, claims: Iterable[StoredClaim]) -> dict[TimelineEntry, FactText]:
    """The texts of a record's evidence that only phrases are, by what `with_sentence` put together.

    Two phrases may name one thing: of these the first in the alphabet counts.
    """
    found: dict[TimelineEntry, FactText] = {}
    others: set[TimelineEntry] = set()
    for claim in claims:
        if claim.predicate != Predicate.MENTIONS or is_unknown(claim.object):
            continue
        entry = entry_of(record_id, claim)
        attributes = json.loads(claim.attributes or NO_ATTRIBUTES)
        if _SENTENCE not in attributes:
            others.add(entry)
            continue
        text = FactText(attributes.pop(_SENTENCE), dump(attributes))
        found[entry] = min(found.get(entry, text), text)
    return {entry: text for entry, text in found.items() if entry not in others}


def fact_of(timeline: Timeline, interval: Interval) -> Fact:
    """The fact of an interval. The same records give the same ids, in any order of arrival."""
    start = str(interval.valid_at)
    certainty = () if timeline.certain else ("uncertain",)
    identity = named_uuid("fact", timeline.subject, timeline.predicate, interval.object_id, start, *certainty)
    return Fact(identity, timeline, interval.object_id, interval)


def difference(graph: GraphTransaction, revisions: Sequence[Revision], edits: Edits) -> FactChanges:
    """Compare the facts of the revised timelines before and after. Writes nothing; see the head of this module."""
    changes = FactChanges()
    inserted: list[Fact] = []
    kept: list[Fact] = []
    for revision in revisions:
        timeline = revision.timeline
        before, after = _by_identity(revision.before), _by_identity(revision.after)
        changes.deleted += [fact_of(timeline, run).id for identity, run in before.items() if identity not in after]
        for identity, run in after.items():
            known = before.get(identity)
            brought = (timeline, run.evidence[0]) in edits.texts
            if known == run and not brought:
                # So it is with most facts of a long timeline.
                continue
            fact = fact_of(timeline, run)
            if known is None:
                inserted.append(fact)
                continue
            # More evidence of the same records changes nothing that the fact shows.
            old = fact._replace(interval=known)
            if (known.invalid_at, old.records) != (run.invalid_at, fact.records):
                changes.updated.append(fact)
            if brought or old.entry != fact.entry:
                kept.append(fact)
    texts = _texts(graph, revisions, edits, [*inserted, *kept])
    changes.inserted = [(fact, texts[fact.entry]) for fact in inserted]
    changes.reworded = _changed_texts(graph, [(fact, texts[fact.entry]) for fact in kept])
    return changes


def _by_identity(runs: Sequence[Interval]) -> dict[tuple[str, int], Interval]:
    """The intervals that are facts, by what distinguishes them. An interval of nothing is none."""
    return {(run.object_id, run.valid_at): run for run in runs if run.object_id != NOTHING}


def _texts(
    graph: GraphTransaction,
    revisions: Sequence[Revision],
    edits: Edits,
    wanted: Sequence[Fact],
) -> dict[TimelineEntry, FactText]:
    """The text of each of these facts, by its first evidence.

    That of a record of the batch is in `edits`. Of another record, the attributes are kept with its claims; the
    sentence is that of the stored fact that held the evidence.
    """
    others = [fact.entry for fact in wanted if fact.entry not in edits.texts]
    attributes, phrases = _kept(graph, [edits.origins.get(entry, entry) for entry in others])
    holders = stored_holders(revisions, edits, others)
    held = _stored_texts(graph, list(holders.values()))
    found: dict[TimelineEntry, FactText] = {}
    for fact in wanted:
        entry = fact.entry
        if entry in edits.texts:
            found[entry] = edits.texts[entry]
        elif entry in phrases:
            found[entry] = phrases[entry]
        else:
            # Another record of the batch may state the same, where the graph lost what it held.
            given = held.get(holders.get(entry, "")) or _any_text(edits, fact)
            origin = edits.origins.get(entry, entry)
            found[entry] = FactText(given.sentence, attributes.get(origin, given.attributes))
    return found


def _any_text(edits: Edits, fact: Fact) -> FactText:
    entries = ((fact.timeline, piece) for piece in fact.interval.evidence)
    return next(edits.texts[entry] for entry in entries if entry in edits.texts)


def _kept(
    graph: GraphTransaction, wanted: Sequence[TimelineEntry]
) -> tuple[dict[TimelineEntry, str], dict[TimelineEntry, FactText]]:
    """The attributes of stored claims, and the texts of phrases, by their evidence."""
    found: dict[TimelineEntry, str] = {}
    phrases: dict[TimelineEntry, FactText] = {}
    for record_id, record in load(graph, sorted({piece.record_id for _, piece in wanted})).items():
        found |= {entry_of(record_id, claim): claim.attributes or NO_ATTRIBUTES for claim in record.claims}
        phrases |= phrase_texts(record_id, record.claims)
    return {entry: found[entry] for entry in wanted if entry in found}, phrases


def stored_holders(
    revisions: Sequence[Revision], edits: Edits, wanted: Iterable[TimelineEntry]
) -> dict[TimelineEntry, str]:
    """The id of the stored fact that held each piece of evidence, before a merge moved it, if it did."""
    stored = {revision.timeline: revision.before for revision in revisions}
    found = {}
    for entry in wanted:
        timeline, piece = edits.origins.get(entry, entry)
        run = next((run for run in stored.get(timeline, ()) if piece in run.evidence), None)
        if run is not None:
            found[entry] = fact_of(timeline, run).id
    return found


def _stored_texts(graph: GraphTransaction, facts: Sequence[str]) -> dict[str, FactText]:
    rows = graph.look_up(ops.FACT_TEXTS, facts)
    return {row["uuid"]: FactText(row["sentence"], row["attributes"]) for row in rows}


def _changed_texts(graph: GraphTransaction, texts: Sequence[tuple[Fact, FactText]]) -> list[tuple[Fact, FactText]]:
    """Those of the texts that differ from what is stored."""
    stored = _stored_texts(graph, [fact.id for fact, _ in texts])
    return [(fact, text) for fact, text in texts if stored[fact.id] != text]


def delete_facts(graph: GraphTransaction, changes: FactChanges) -> None:
    """Delete the facts that go. Before their subjects and objects go."""
    graph.write(ops.DELETE_FACT, [(fact,) for fact in changes.deleted])


def write_facts(graph: GraphTransaction, changes: FactChanges, now: int, group_id: str) -> None:
    """Insert new facts and set those that change. After their subjects and objects are written."""
    rows = []
    for fact, text in changes.inserted:
        start = fact.interval.valid_at
        content = (fact.timeline.predicate, text.sentence, text.attributes)
        ends = (fact.timeline.subject, fact.object)
        rows.append((fact.id, group_id, now, *content, start, start, *_support(fact, now), *ends))
    graph.write(ops.NEW_FACT, rows)
    graph.write(ops.SET_ENDS, [(fact.id, *_support(fact, now)) for fact in changes.updated])
    graph.write(ops.SET_FACT_TEXT, [(fact.id, text.sentence, text.attributes) for fact, text in changes.reworded])


def _support(fact: Fact, now: int) -> tuple[list[str], int | None, int | None]:
    """Its records, when it ended, and since when the graph knows that it ended (Graphiti's `expired_at`)."""
    end = fact.interval.invalid_at
    return (fact.records, None, None) if end is None else (fact.records, end, now)


def write_pages(graph: GraphTransaction, changes: PageChanges) -> None:
    """Delete, insert and set pages of evidence."""
    graph.write(ops.DELETE_PAGE, [(page,) for page in changes.deleted])
    graph.write(ops.NEW_PAGE, changes.inserted)
    graph.write(ops.SET_PAGE, changes.updated)
    graph.write(ops.SET_PAGE_STARTS, changes.redirected)
