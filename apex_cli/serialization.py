"""Entities and claims as plain JSON, and back: as the journal keeps them, and what is kept with a staged item."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apex_cli.model import Claim, Entity, EntityType, Extraction, Phrase, Predicate

FORMAT = 3
"""Of serialized extractions."""


def from_entity(entity: Entity) -> dict[str, Any]:
    """What is empty, or as it is mostly, is left out: half of the journal would be that."""
    document: dict[str, Any] = {"type": entity.type.value, "keys": list(entity.keys), "name": entity.name}
    if entity.names:
        document["names"] = list(entity.names)
    if entity.hints:
        document["hints"] = list(entity.hints)
    if entity.attributes:
        document["attributes"] = dict(entity.attributes)
    if not entity.certain:
        document["certain"] = False
    return document


def to_entity(document: Mapping[str, Any]) -> Entity:
    """Raises `ValueError`, `TypeError` or `KeyError` for what is no entity."""
    keys = tuple(text(key) for key in document["keys"])
    if not keys:
        raise ValueError("an entity without a key")
    return Entity(
        type=EntityType(document["type"]),
        keys=keys,
        name=text(document["name"]),
        names=tuple(text(name) for name in document.get("names", ())),
        hints=tuple(text(hint) for hint in document.get("hints", ())),
        attributes=dict(document.get("attributes", {})),
        certain=bool(document.get("certain", True)),
    )


def from_claim(claim: Claim) -> dict[str, Any]:
    """See `from_entity` for what is left out."""
    document: dict[str, Any] = {
        "subject": claim.subject,
        "predicate": claim.predicate.value,
        "object": claim.object,
        "sentence": claim.sentence,
        "valid_at": claim.valid_at.isoformat(),
    }
    if claim.invalid_at is not None:
        document["invalid_at"] = claim.invalid_at.isoformat()
    if claim.attributes:
        document["attributes"] = dict(claim.attributes)
    if not claim.certain:
        document["certain"] = False
    return document


def to_claim(document: Mapping[str, Any]) -> Claim:
    """Raises `ValueError`, `TypeError` or `KeyError` for what is no claim."""
    return Claim(
        subject=text(document["subject"]),
        predicate=Predicate(document["predicate"]),
        object=text(document["object"]),
        sentence=text(document["sentence"]),
        valid_at=time(document["valid_at"]),
        invalid_at=None if document.get("invalid_at") is None else time(document["invalid_at"]),
        attributes=dict(document.get("attributes", {})),
        certain=bool(document.get("certain", True)),
    )


def from_phrase(phrase: Phrase) -> list[Any]:
    return [phrase.subject, phrase.key, phrase.text, dict(phrase.attributes)]


def to_phrase(document: Any) -> Phrase:
    """Raises `ValueError` or `TypeError` for what is no phrase."""
    subject, key, written, attributes = document
    return Phrase(text(subject), text(key), text(written), dict(attributes))


def text(value: Any) -> str:
    """The value, if it is a string. Raises `TypeError`."""
    if not isinstance(value, str):
        raise TypeError(f"a string was expected, not {type(value).__name__}")
    return value


def time(value: Any) -> datetime:
    """The aware time of an ISO 8601 string. Raises `TypeError` or `ValueError`."""
    moment = datetime.fromisoformat(text(value))
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment


def dump_extraction(extraction: Extraction, *, extractor: str) -> bytes:
    """The bytes for `load_extraction`: one JSON object. `extractor` names the version that made the extraction."""
    document = {
        "format": FORMAT,
        "extractor": extractor,
        "event_time": extraction.event_time.isoformat(),
        "title": extraction.title,
        "text": extraction.text,
        "chunks": extraction.chunks,
        "entities": [from_entity(entity) for entity in extraction.entities],
        "claims": [from_claim(claim) for claim in extraction.claims],
        "phrases": [from_phrase(phrase) for phrase in extraction.phrases],
    }
    return json.dumps(document, separators=(",", ":")).encode("ascii")


def load_extraction(data: bytes, *, extractor: str) -> Extraction | None:
    """The extraction given to `dump_extraction`, without its cost; tuples in attributes come back as lists.

    None when the bytes are damaged or another version made them: then the work is to be done again. The bytes come
    from a directory that others may have written to, so reading runs no code and checks everything.
    """
    try:
        document = json.loads(data)
        if (document["format"], document["extractor"]) != (FORMAT, extractor):
            return None
        return Extraction(
            event_time=time(document["event_time"]),
            title=text(document["title"]),
            text=text(document["text"]),
            chunks=tuple(text(chunk) for chunk in document["chunks"]),
            entities=tuple(to_entity(entity) for entity in document["entities"]),
            claims=tuple(to_claim(claim) for claim in document["claims"]),
            phrases=tuple(to_phrase(phrase) for phrase in document["phrases"]),
        )
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return None
