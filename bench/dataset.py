"""The records of a file as the raw writers write them: extracted and embedded, then laid out for the graph.

The product's own code does it, before anything is timed. `lay_out` resolves the entities of all records and gives
facts their final intervals: so the raw writers write the same entities and facts as an ingest, without ever reading.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from apex_cli.config import Settings
from apex_cli.embed.apply import Embedding
from apex_cli.embed.local import LocalEmbedder
from apex_cli.extract.signatures import groups, signature_of
from apex_cli.model import Claim, Embedded, Entity, Record, named_uuid
from apex_cli.pipeline.read import read_limits
from apex_cli.reading.files import Rejected
from apex_cli.reading.read import read_input
from apex_cli.sources.registry import extract
from apex_cli.stores.graph.model.codec import micros
from apex_cli.stores.graph.model.facts import fact_of
from apex_cli.stores.graph.model.operations import (
    NEW_ENTITY,
    NEW_EPISODE,
    NEW_FACT,
    SET_FACT_VECTOR,
    SET_NAME_VECTOR,
    Columns,
    Write,
)
from apex_cli.stores.graph.model.resolution import first_id
from apex_cli.stores.graph.model.timelines import Timeline, timeline_of
from apex_cli.timeline import Evidence, Interval, intervals

Item = tuple[Record, Embedded]
Row = tuple[Any, ...]

_OWN = frozenset({"aliases", "state", "subject", "object"})
"""Columns that the raw writers leave out: only the product reads them, or a relation holds them."""


def _columns(write: Write) -> Columns:
    """The product's columns without `_OWN`."""
    return {name: kind for name, kind in write.columns.items() if name not in _OWN}


COLUMNS: Mapping[str, Columns] = {
    "entities": _columns(NEW_ENTITY),
    "episodes": NEW_EPISODE.columns,
    "mentions": {"from": "text", "to": "text", "uuid": "text", "group_id": "text", "created_at": "time"},
    "facts": _columns(NEW_FACT),
    "subjects": {"f": "text", "t": "text"},
    "objects": {"f": "text", "t": "text"},
}
VECTOR_COLUMNS: Mapping[str, Columns] = {
    "name_vectors": SET_NAME_VECTOR.columns,
    "fact_vectors": SET_FACT_VECTOR.columns,
}
"""The columns of each list of `GraphRows`, nodes before the relations between them."""


async def prepare(settings: Settings, file: Path, *, statements: bool) -> tuple[list[list[Item]], float]:
    """Read, extract and embed a file: batches of the size that an ingest commits, and the seconds of the last two.

    With `statements` names and sentences too, for a graph that holds their vectors.

    Raises the `RecordError` of a record that is not sound.
    """
    embedding = Embedding(LocalEmbedder(), statements=statements)
    batches: list[list[Item]] = []
    seconds = 0.0
    for records in _batches(settings, file):
        started = time.monotonic()
        extractions = [extract(record) for record in records]
        embedded = await embedding.apply(extractions)
        seconds += time.monotonic() - started
        batches.append(list(zip(records, embedded, strict=True)))
    return batches, seconds


def _batches(settings: Settings, file: Path) -> Iterator[list[Record]]:
    batch: list[Record] = []
    now = datetime.now(UTC)
    for found in read_input(
        file,
        name=file.name,
        origin=str(file),
        source="auto",
        observed_at=now,
        limits=read_limits(settings),
        namespace=settings.namespace,
    ):
        if isinstance(found, Rejected):
            raise found.error
        assert isinstance(found, Record)
        batch.append(found)
        if len(batch) == settings.batch_size:
            yield batch
            batch = []
    if batch:
        yield batch


@dataclass(slots=True)
class GraphRows:
    """What one batch adds to the graph; see `COLUMNS`. A fact's subject and object have the place that it has."""

    entities: list[Row] = field(default_factory=list)
    episodes: list[Row] = field(default_factory=list)
    mentions: list[Row] = field(default_factory=list)
    facts: list[Row] = field(default_factory=list)
    subjects: list[Row] = field(default_factory=list)
    objects: list[Row] = field(default_factory=list)
    name_vectors: list[Row] = field(default_factory=list)
    fact_vectors: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _PlacedClaim:
    """One claim and its vector, if there is one, with the index of its batch."""

    batch: int
    claim: Claim
    vector: Any


def lay_out(batches: Sequence[Sequence[Item]], group_id: str) -> list[GraphRows]:
    """One `GraphRows` for each batch; everything is in the first batch that mentions it."""
    now = micros(datetime.now(UTC))
    rows = [GraphRows() for _ in batches]
    seen: set[str] = set()
    timelines: dict[Timeline, dict[Evidence, _PlacedClaim]] = {}
    for index, record, embedded, nodes in placed(batches, group_id):
        own = rows[index]
        own.episodes.append(_episode(record, embedded, group_id, now))
        entities = embedded.extraction.entities
        for place, (node, entity) in enumerate(zip(nodes, entities, strict=True)):
            if node not in seen:
                seen.add(node)
                own.entities.append(_entity(node, entity, group_id, now))
                if embedded.entity_vectors is not None:
                    own.name_vectors.append((node, embedded.entity_vectors[place]))
        for node in dict.fromkeys(nodes):
            identity = named_uuid("mention", record.record_id, node)
            own.mentions.append((record.record_id, node, identity, group_id, now))
        by_key = {entity.key: node for node, entity in zip(nodes, entities, strict=True)}
        for place, claim in enumerate(embedded.extraction.claims):
            vector = None if embedded.claim_vectors is None else embedded.claim_vectors[place]
            target = by_key[claim.object]
            timeline = timeline_of(by_key[claim.subject], claim.predicate.value, target)
            end = None if claim.invalid_at is None else micros(claim.invalid_at)
            piece = Evidence(record.record_id, target, micros(claim.valid_at), end)
            timelines.setdefault(timeline, {}).setdefault(piece, _PlacedClaim(index, claim, vector))
    for timeline, pieces in timelines.items():
        for interval in intervals(pieces):
            claims = [pieces[piece] for piece in interval.evidence]
            _add_fact(rows[min(one.batch for one in claims)], timeline, interval, claims[0], group_id, now)
    return rows


def placed(batches: Sequence[Sequence[Item]], namespace: str) -> Iterator[tuple[int, Record, Embedded, list[str]]]:
    """Each record with the index of its batch and the nodes of its entities."""
    items = [(index, record, embedded) for index, batch in enumerate(batches) for record, embedded in batch]
    every = {signature_of(entity) for _, _, embedded in items for entity in embedded.extraction.entities}
    nodes = {one: first_id(group[0].keys[0], namespace) for group in groups(every) for one in group}
    for index, record, embedded in items:
        yield index, record, embedded, [nodes[signature_of(entity)] for entity in embedded.extraction.entities]


def _episode(record: Record, embedded: Embedded, group_id: str, now: int) -> Row:
    extraction = embedded.extraction
    kind = "message" if record.data_type == "message" else "json"
    described = (extraction.title, kind, f"{record.source} {record.data_type}", extraction.text)
    return (record.record_id, *described, micros(extraction.event_time), group_id, now, [])


def _entity(node: str, entity: Entity, group_id: str, now: int) -> Row:
    summary = f"{entity.type.value} {entity.name}"
    labels = ["Entity", entity.type.value]
    return (node, entity.name, group_id, labels, now, summary, json.dumps(dict(entity.attributes)))


def _add_fact(
    rows: GraphRows, timeline: Timeline, interval: Interval, placed: _PlacedClaim, group_id: str, now: int
) -> None:
    fact = fact_of(timeline, interval)
    since, until = interval.valid_at, interval.invalid_at
    content = (timeline.predicate, placed.claim.sentence, json.dumps(dict(placed.claim.attributes)))
    expired = None if until is None else now
    rows.facts.append((fact.id, group_id, now, *content, since, since, fact.records, until, expired))
    rows.subjects.append((timeline.subject, fact.id))
    rows.objects.append((fact.id, fact.object))
    if placed.vector is not None:
        rows.fact_vectors.append((fact.id, placed.vector))
