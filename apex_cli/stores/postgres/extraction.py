"""An extraction as JSON, without its text and vectors: the part of the plan that the journal keeps."""

from __future__ import annotations

from typing import Any

from apex_cli.model import Claim, Entity, Extraction


def as_json(extraction: Extraction) -> dict[str, Any]:
    """Entities and claims in plain JSON."""
    return {
        "entities": [_entity(entity) for entity in extraction.entities],
        "claims": [_claim(claim) for claim in extraction.claims],
        "llm_calls": extraction.llm_calls,
        "tokens": extraction.tokens,
    }


def _entity(entity: Entity) -> dict[str, Any]:
    return {
        "type": entity.type.value,
        "name": entity.name,
        "keys": list(entity.keys),
        "names": list(entity.names),
        "hints": list(entity.hints),
        "attributes": dict(entity.attributes),
        "certain": entity.certain,
    }


def _claim(claim: Claim) -> dict[str, Any]:
    return {
        "subject": claim.subject,
        "predicate": claim.predicate.value,
        "object": claim.object,
        "sentence": claim.sentence,
        "valid_at": claim.valid_at.isoformat(),
        "invalid_at": claim.invalid_at.isoformat() if claim.invalid_at else None,
        "attributes": dict(claim.attributes),
    }
