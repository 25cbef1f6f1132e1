"""The facts of an entity as the memory knew them at a time: computed again from the versions that it had by then.

The graph holds what all versions state together, and not since when it does. PostgreSQL keeps every version, what it
stated, and when it was written. So the same functions that made the facts make them once more, of fewer versions: a
version that was written later is left out, and a correction that came later has replaced nothing yet.

Two things are as they are now. Which entities are one is not computed again: two that were joined since are one here,
too. And a record that was forgotten is not known, whenever it came.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from apex_cli.errors import UsageError
from apex_cli.extract.signatures import Signature, signature_of
from apex_cli.extract.stated import extraction_of
from apex_cli.model import FUNCTIONAL, NOTHING, RecordKind, RecordVersion
from apex_cli.stores.graph.model.claims import statements_of
from apex_cli.stores.graph.model.codec import StoredClaim, moment
from apex_cli.stores.graph.model.facts import CERTAIN
from apex_cli.stores.graph.model.observations import entities_of
from apex_cli.stores.graph.model.reads import in_order
from apex_cli.stores.graph.model.timelines import Timeline, timeline_of
from apex_cli.stores.postgres.catalog import StoredVersion, versions_by_then
from apex_cli.stores.postgres.sightings import SeenRecord, SeenVersion
from apex_cli.stores.views import EntityView, FactView
from apex_cli.timeline import Evidence, intervals

if TYPE_CHECKING:
    from apex_cli.stores.factory import Stores

MOST_RECORDS = 5_000
"""So many records are read again at most: each with all that its versions stated."""


@dataclass(frozen=True, slots=True)
class KnownFacts:
    """Facts as they were known, oldest first, and the records that support them, with the times of their versions."""

    facts: Sequence[FactView]
    records: Mapping[str, SeenRecord]


@dataclass(frozen=True, slots=True)
class _Stated:
    """One claim of a record about nodes, and its sentence and attributes."""

    record_id: str
    claim: StoredClaim
    sentence: str
    attributes: str


async def known_facts(stores: Stores, entity: EntityView, at: datetime) -> KnownFacts:
    """The facts of an entity as they were known `at` a time. Raises `UsageError` where too many records mention it."""
    names: dict[str, str] = {entity.id: entity.name}
    ids = set(await stores.graph.newest_records(entity.id, limit=MOST_RECORDS + 1))
    ids |= set(await stores.catalog.replaced_with(entity.aliases))
    versions = await _versions(stores, ids, at)
    stated = await _stated(stores, versions, names)
    # Of a relation with one value at a time, other records end a value of which this entity is the object.
    subjects = {
        one.claim.subject
        for one in stated
        if one.claim.object == entity.id and one.claim.predicate in FUNCTIONAL and one.claim.subject != entity.id
    }
    others: set[str] = set()
    for subject in sorted(subjects):
        others |= set(await stores.graph.newest_records(subject, limit=MOST_RECORDS + 1)) - ids
    if others:
        more = await _versions(stores, others, at)
        stated += await _stated(stores, more, names)
        versions |= more
    facts = _facts(entity.id, stated, names)
    supporting = {record for fact in facts for record in fact.records}
    return KnownFacts(facts, {record: _seen(own) for record, own in versions.items() if record in supporting})


async def _versions(stores: Stores, ids: set[str], at: datetime) -> dict[str, list[StoredVersion]]:
    """The versions of these records that count at a time."""
    if len(ids) > MOST_RECORDS:
        raise UsageError(
            f"more than {MOST_RECORDS:,} records are to be read again for this",
            hint="ask what held at a time, or for the history of one record as it was known",
            code="too_many",
        )
    every = await stores.catalog.versions(sorted(ids))
    counting = {
        record: [one for one in versions_by_then(versions, at) if one.replaced_by is None]
        for record, versions in every.items()
    }
    return {record: versions for record, versions in counting.items() if versions}


async def _stated(
    stores: Stores, versions: Mapping[str, Sequence[StoredVersion]], names: dict[str, str]
) -> list[_Stated]:
    """What these records state, about the nodes that things have now. `names` gets the names of the nodes."""
    identified = {
        record: [(one, [signature_of(entity) for entity in entities_of(one.extraction)]) for one in map(_version, own)]
        for record, own in versions.items()
    }
    wanted = {one for own in identified.values() for _, signatures in own for one in signatures}
    nodes = await stores.graph.placed(sorted(wanted))
    found: list[_Stated] = []
    for record, own in identified.items():
        statements = statements_of(own)
        places = {NOTHING: NOTHING}
        for version, signatures in own:
            for entity, signature in zip(entities_of(version.extraction), signatures, strict=True):
                names.setdefault(_place(signature, nodes), entity.name)
        for name, signature in statements.things.items():
            # A phrase of a text that nothing is called by is no thing.
            if signature in nodes or not signature.is_said:
                places[name] = _place(signature, nodes)
        for claim, (sentence, attributes) in zip(statements.claims, statements.texts, strict=True):
            if claim.subject in places and claim.object in places:
                placed = claim._replace(subject=places[claim.subject], object=places[claim.object])
                found.append(_Stated(record, placed, sentence, attributes))
    names |= {view.id: view.name for view in nodes.values()}
    return found


def _version(stored: StoredVersion) -> RecordVersion:
    extraction = extraction_of(
        stored.extraction,
        event_time=stored.event_time,
        kind=RecordKind(stored.kind),
        whole=stored.whole,
        dated=stored.dated,
    )
    return RecordVersion(stored.saga_id, extraction)


def _place(signature: Signature, nodes: Mapping[Signature, EntityView]) -> str:
    """The node of a thing now. One that no record knows by these keys any more has a place of its own."""
    known = nodes.get(signature)
    return signature.digest if known is None else known.id


def _facts(entity_id: str, stated: Sequence[_Stated], names: Mapping[str, str]) -> list[FactView]:
    """The facts with this entity as subject or object."""
    evidence: dict[Timeline, dict[Evidence, _Stated]] = {}
    for one in stated:
        _, predicate, target, valid_at, invalid_at, certain, *_ = one.claim
        timeline = timeline_of(one.claim.subject, predicate, target, certain=certain)
        piece = Evidence(one.record_id, target, valid_at, invalid_at)
        evidence.setdefault(timeline, {}).setdefault(piece, one)
    found: list[FactView] = []
    for timeline, pieces in evidence.items():
        for run in intervals(pieces):
            if run.object_id == NOTHING or entity_id not in (timeline.subject, run.object_id):
                continue
            first = pieces[run.evidence[0]]
            attributes = json.loads(first.attributes)
            attributes.pop(CERTAIN, None)
            found.append(
                FactView(
                    id=f"{timeline.key}|{run.object_id}|{run.valid_at}",
                    subject=names[timeline.subject],
                    predicate=timeline.predicate,
                    object=names[run.object_id],
                    sentence=first.sentence,
                    valid_at=moment(run.valid_at),
                    invalid_at=None if run.invalid_at is None else moment(run.invalid_at),
                    records=tuple(sorted({piece.record_id for piece in run.evidence})),
                    subject_id=timeline.subject,
                    object_id=run.object_id,
                    certain=timeline.certain,
                    attributes=attributes,
                )
            )
    return in_order(found)


def _seen(versions: Sequence[StoredVersion]) -> SeenRecord:
    """A record with the times of these versions, as `stores.postgres.sightings` reads them of all."""
    last = versions[-1]
    sightings = tuple(
        SeenVersion(
            one.event_time,
            None if one.whole else frozenset(claim["predicate"] for claim in one.extraction["claims"]),
        )
        for one in versions
    )
    return SeenRecord(last.source, last.external_id, last.kind == RecordKind.STATE, sightings, last.saga_id)
