"""Extractions with their vectors as bytes, kept with a staged item so that a retry pays for no model again.

The format is our own: one JSON object, times in ISO 8601, vectors as base64 of little-endian float32. It is read
from a directory that others may have written to, so reading runs no code and believes nothing unchecked.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from apex_cli.embed.apply import check_vectors
from apex_cli.errors import EmbedError
from apex_cli.model import Claim, Embedded, Entity, EntityType, Extraction, Predicate

if TYPE_CHECKING:
    from apex_cli.model import Vectors

FORMAT = 2


def dump(embedded: Embedded, *, extractor: str, embedder: str) -> bytes:
    """The bytes for `load`. `extractor` and `embedder` name the versions that made the result."""
    extraction = embedded.extraction
    document = {
        "format": FORMAT,
        "extractor": extractor,
        "embedder": embedder,
        "dimensions": embedded.chunk_vectors.shape[1],
        "event_time": extraction.event_time.isoformat(),
        "title": extraction.title,
        "text": extraction.text,
        "chunks": extraction.chunks,
        "entities": [_from_entity(entity) for entity in extraction.entities],
        "claims": [_from_claim(claim) for claim in extraction.claims],
        "chunk_vectors": _from_vectors(embedded.chunk_vectors),
        "entity_vectors": _from_vectors(embedded.entity_vectors),
        "claim_vectors": _from_vectors(embedded.claim_vectors),
    }
    return json.dumps(document, separators=(",", ":")).encode("ascii")


def load(data: bytes, *, extractor: str, embedder: str) -> Embedded | None:
    """What `dump` was given, but for what it cost, and for tuples within attributes, which come back as lists.

    None when the bytes are damaged or were made by other versions: then the work is to be done again.
    """
    try:
        document = json.loads(data)
        if (document["format"], document["extractor"], document["embedder"]) != (FORMAT, extractor, embedder):
            return None
        extraction = Extraction(
            event_time=_time(document["event_time"]),
            title=_text(document["title"]),
            text=_text(document["text"]),
            chunks=tuple(_text(chunk) for chunk in document["chunks"]),
            entities=tuple(_to_entity(entity) for entity in document["entities"]),
            claims=tuple(_to_claim(claim) for claim in document["claims"]),
        )
        dimensions = int(document["dimensions"])
        return Embedded(
            extraction=extraction,
            chunk_vectors=_to_vectors(document["chunk_vectors"], len(extraction.chunks), dimensions),
            entity_vectors=_to_vectors(document["entity_vectors"], len(extraction.entities), dimensions),
            claim_vectors=_to_vectors(document["claim_vectors"], len(extraction.claims), dimensions),
        )
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError, EmbedError):
        return None


def _from_entity(entity: Entity) -> dict[str, Any]:
    return {
        "type": entity.type.value,
        "keys": entity.keys,
        "name": entity.name,
        "names": entity.names,
        "hints": entity.hints,
        "attributes": dict(entity.attributes),
        "certain": entity.certain,
    }


def _to_entity(document: dict[str, Any]) -> Entity:
    keys = tuple(_text(key) for key in document["keys"])
    if not keys:
        raise ValueError("an entity without a key")
    return Entity(
        type=EntityType(document["type"]),
        keys=keys,
        name=_text(document["name"]),
        names=tuple(_text(name) for name in document["names"]),
        hints=tuple(_text(hint) for hint in document["hints"]),
        attributes=dict(document["attributes"]),
        certain=bool(document["certain"]),
    )


def _from_claim(claim: Claim) -> dict[str, Any]:
    return {
        "subject": claim.subject,
        "predicate": claim.predicate.value,
        "object": claim.object,
        "sentence": claim.sentence,
        "valid_at": claim.valid_at.isoformat(),
        "invalid_at": None if claim.invalid_at is None else claim.invalid_at.isoformat(),
        "attributes": dict(claim.attributes),
        "certain": claim.certain,
    }


def _to_claim(document: dict[str, Any]) -> Claim:
    return Claim(
        subject=_text(document["subject"]),
        predicate=Predicate(document["predicate"]),
        object=_text(document["object"]),
        sentence=_text(document["sentence"]),
        valid_at=_time(document["valid_at"]),
        invalid_at=None if document["invalid_at"] is None else _time(document["invalid_at"]),
        attributes=dict(document["attributes"]),
        certain=bool(document["certain"]),
    )


def _from_vectors(matrix: Vectors) -> str:
    return base64.b64encode(matrix.astype("<f4").tobytes()).decode("ascii")


def _to_vectors(text: str, rows: int, dimensions: int) -> Vectors:
    import numpy as np

    flat = np.frombuffer(base64.b64decode(text, validate=True), dtype="<f4").astype(np.float32)
    matrix = flat.reshape(rows, dimensions)
    check_vectors(matrix, rows, dimensions)
    return matrix


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a string was expected, not {type(value).__name__}")
    return value


def _time(value: Any) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment
