"""An extraction as JSON, without its text and vectors: the part of the plan that the journal keeps."""

from __future__ import annotations

from typing import Any

from apex_cli.model import Extraction
from apex_cli.serialization import from_claim, from_entity


def as_json(extraction: Extraction) -> dict[str, Any]:
    """Entities and claims in plain JSON."""
    return {
        "entities": [from_entity(entity) for entity in extraction.entities],
        "claims": [from_claim(claim) for claim in extraction.claims],
        "llm_calls": extraction.llm_calls,
        "tokens": extraction.tokens,
    }
