"""Extractions with their vectors as bytes, kept with a staged item so that a retry pays for no model again.

The format is our own: one JSON object, times in ISO 8601, vectors as base64 of little-endian float32. It is read
from a directory that others may have written to, so reading runs no code and checks every value.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from apex_cli.embed.apply import check_vectors
from apex_cli.errors import EmbedError
from apex_cli.model import Embedded, Extraction
from apex_cli.serialization import from_claim, from_entity, text, time, to_claim, to_entity

if TYPE_CHECKING:
    from apex_cli.model import Vectors

FORMAT = 2


def dump(embedded: Embedded, *, extractor: str, embedder: str) -> bytes:
    """The bytes for `load`. `extractor` and `embedder` name the versions that made the result."""
    return _encoded(
        {
            "format": FORMAT,
            "extractor": extractor,
            "embedder": embedder,
            "dimensions": embedded.chunk_vectors.shape[1],
            **_from_extraction(embedded.extraction),
            "chunk_vectors": _from_vectors(embedded.chunk_vectors),
            "entity_vectors": _from_vectors(embedded.entity_vectors),
            "claim_vectors": _from_vectors(embedded.claim_vectors),
        }
    )


def load(data: bytes, *, extractor: str, embedder: str) -> Embedded | None:
    """What `dump` was given, but for what it cost, and for tuples within attributes, which come back as lists.

    None when the bytes are damaged or were made by other versions: then the work is to be done again.
    """
    try:
        document = json.loads(data)
        if (document["format"], document["extractor"], document["embedder"]) != (FORMAT, extractor, embedder):
            return None
        extraction = _to_extraction(document)
        dimensions = int(document["dimensions"])
        return Embedded(
            extraction=extraction,
            chunk_vectors=_to_vectors(document["chunk_vectors"], len(extraction.chunks), dimensions),
            entity_vectors=_to_vectors(document["entity_vectors"], len(extraction.entities), dimensions),
            claim_vectors=_to_vectors(document["claim_vectors"], len(extraction.claims), dimensions),
        )
    except _DAMAGED:
        return None


def dump_extraction(extraction: Extraction, *, extractor: str) -> bytes:
    """The bytes for `load_extraction`: the same without vectors."""
    return _encoded({"format": FORMAT, "extractor": extractor, **_from_extraction(extraction)})


def load_extraction(data: bytes, *, extractor: str) -> Extraction | None:
    """What `dump_extraction` was given, as `load` gives it."""
    try:
        document = json.loads(data)
        if (document["format"], document["extractor"]) != (FORMAT, extractor):
            return None
        return _to_extraction(document)
    except _DAMAGED:
        return None


_DAMAGED = (ValueError, TypeError, KeyError, RecursionError, OverflowError, EmbedError)


def _encoded(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode("ascii")


def _from_extraction(extraction: Extraction) -> dict[str, Any]:
    return {
        "event_time": extraction.event_time.isoformat(),
        "title": extraction.title,
        "text": extraction.text,
        "chunks": extraction.chunks,
        "entities": [from_entity(entity) for entity in extraction.entities],
        "claims": [from_claim(claim) for claim in extraction.claims],
    }


def _to_extraction(document: dict[str, Any]) -> Extraction:
    return Extraction(
        event_time=time(document["event_time"]),
        title=text(document["title"]),
        text=text(document["text"]),
        chunks=tuple(text(chunk) for chunk in document["chunks"]),
        entities=tuple(to_entity(entity) for entity in document["entities"]),
        claims=tuple(to_claim(claim) for claim in document["claims"]),
    )


def _from_vectors(matrix: Vectors) -> str:
    return base64.b64encode(matrix.astype("<f4").tobytes()).decode("ascii")


def _to_vectors(text: str, rows: int, dimensions: int) -> Vectors:
    import numpy as np

    flat = np.frombuffer(base64.b64decode(text, validate=True), dtype="<f4").astype(np.float32)
    matrix = flat.reshape(rows, dimensions)
    check_vectors(matrix, rows, dimensions)
    return matrix
