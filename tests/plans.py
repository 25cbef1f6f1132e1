"""Plans for tests of stores: whole ones, as the saga would make them, without sources, extraction or a model."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from apex_cli.embed.embedder import dimensions_of
from apex_cli.model import (
    Claim,
    Embedded,
    Entity,
    Extraction,
    Phrase,
    Plan,
    PlanKind,
    Record,
    RecordKind,
    Superseded,
    record_id,
)

if TYPE_CHECKING:
    from apex_cli.model import Vectors

DIMENSIONS = 256
MODEL = f"test-model-{DIMENSIONS}"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GROUP = f"test-{uuid.uuid4().hex[:12]}"
"""The namespace of this process's plans, so that tests that run at once can share a server."""


def new_saga_id() -> str:
    """An id that no other attempt has."""
    return str(uuid.uuid4())


def vector_of(text: str, dimensions: int = DIMENSIONS) -> Vectors:
    """A unit vector, shape (dimensions,), that is the same for the same text and near to no other text's."""
    seed = int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())
    row = np.random.default_rng(seed).standard_normal(dimensions).astype(np.float32)
    return np.asarray(row / np.linalg.norm(row), dtype=np.float32)


def vectors_of(texts: Sequence[str], dimensions: int = DIMENSIONS) -> Vectors:
    """One unit vector a text: shape (texts, dimensions), also for no texts."""
    rows = [vector_of(text, dimensions) for text in texts]
    return np.stack(rows) if rows else np.empty((0, dimensions), dtype=np.float32)


def make_embedded(
    *,
    chunks: Sequence[str] = ("a text",),
    entities: Sequence[Entity] = (),
    claims: Sequence[Claim] = (),
    phrases: Sequence[Phrase] = (),
    event_time: datetime = NOON,
    title: str = "a title",
    dimensions: int = DIMENSIONS,
    model: str = MODEL,
    kind: RecordKind = RecordKind.STATE,
    whole: bool = True,
    dated: bool = True,
) -> Embedded:
    """An extraction with vectors that depend on nothing but its texts."""
    extraction = Extraction(
        event_time=event_time,
        title=title,
        text="\n\n".join(chunks),
        chunks=tuple(chunks),
        entities=tuple(entities),
        claims=tuple(claims),
        phrases=tuple(phrases),
        kind=kind,
        whole=whole,
        dated=dated,
    )
    return Embedded(
        extraction=extraction,
        model=model,
        chunk_vectors=vectors_of(chunks, dimensions),
        entity_vectors=vectors_of([f"{entity.type} {entity.name}" for entity in entities], dimensions),
        claim_vectors=vectors_of([claim.sentence for claim in claims], dimensions),
    )


def make_record(
    external_id: str = "r-1",
    *,
    source: str = "turvo",
    data_type: str = "shipment",
    payload: dict[str, Any] | None = None,
    observed_at: datetime = NOON,
    namespace: str = GROUP,
) -> Record:
    """A record whose hash follows its payload."""
    body = {"id": external_id} if payload is None else payload
    digest = hashlib.blake2b(repr(sorted(body.items())).encode(), digest_size=32).hexdigest()
    return Record(
        source, data_type, external_id, body, digest, observed_at, f"test.json:{external_id}", namespace=namespace
    )


def make_plan(
    external_id: str = "r-1",
    *,
    epoch: int = 1,
    revision: int | None = None,
    kind: PlanKind = PlanKind.WRITE,
    saga_id: str | None = None,
    supersedes: Plan | None = None,
    source: str = "turvo",
    data_type: str = "shipment",
    payload: dict[str, Any] | None = None,
    group_id: str = GROUP,
    chunks: Sequence[str] | None = None,
    entities: Sequence[Entity] = (),
    claims: Sequence[Claim] = (),
    phrases: Sequence[Phrase] = (),
    event_time: datetime = NOON,
    title: str | None = None,
    model: str = MODEL,
) -> Plan:
    """One attempt on the record (source, data_type, external_id).

    `chunks` defaults to one text that names the record and the epoch; `supersedes` is the plan of the version that
    this one replaces. `FORGET` carries neither record nor vectors, as in the real thing.
    """
    replaced = (Superseded(supersedes.saga_id, supersedes.chunks, supersedes.model),) if supersedes is not None else ()
    identity = record_id(source, data_type, external_id, group_id)
    saga = saga_id or new_saga_id()
    number = epoch if revision is None else revision
    if kind is PlanKind.FORGET:
        return Plan(saga, identity, epoch, number, kind, group_id, 0, replaced)
    texts = tuple(chunks) if chunks is not None else (f"{source} {data_type} {external_id} at epoch {epoch}",)
    return Plan(
        saga_id=saga,
        record_id=identity,
        epoch=epoch,
        revision=number,
        kind=kind,
        group_id=group_id,
        chunks=len(texts),
        superseded=replaced,
        record=make_record(external_id, source=source, data_type=data_type, payload=payload, namespace=group_id),
        embedded=make_embedded(
            chunks=texts,
            entities=entities,
            claims=claims,
            phrases=phrases,
            event_time=event_time,
            title=title or f"{data_type} {external_id}",
            dimensions=dimensions_of(model),
            model=model,
        ),
        model=model,
    )


def from_journal(plan: Plan) -> Plan:
    """The same attempt as recovery takes it up from the journal: without record and vectors."""
    return replace(plan, record=None, embedded=None)
