"""What is kept of an extraction beside its text: entities, claims and phrases, as plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apex_cli.extract.key_forms import renewed
from apex_cli.model import Extraction, RecordKind
from apex_cli.serialization import from_claim, from_entity, from_phrase, to_claim, to_entity, to_phrase


def stated_of(extraction: Extraction) -> dict[str, Any]:
    """An extraction without its text and vectors: the part of a plan that the journal keeps, and an export has."""
    return {
        "entities": [from_entity(entity) for entity in extraction.entities],
        "claims": [from_claim(claim) for claim in extraction.claims],
        **({"phrases": [from_phrase(phrase) for phrase in extraction.phrases]} if extraction.phrases else {}),
        "llm_calls": extraction.llm_calls,
        "tokens": extraction.tokens,
        "ended": extraction.ended,
    }


def extraction_of(
    stated: Mapping[str, Any],
    *,
    event_time: datetime,
    kind: RecordKind,
    whole: bool,
    dated: bool,
    title: str = "",
    text: str = "",
) -> Extraction:
    """What `stated_of` gave, and what is kept beside it: keys in their present form, no chunks.

    Raises `ValueError`, `TypeError` or `KeyError` for what is no extraction.
    """
    entities, claims = renewed(tuple(map(to_entity, stated["entities"])), tuple(map(to_claim, stated["claims"])))
    return Extraction(
        event_time=event_time,
        title=title,
        text=text,
        chunks=(),
        entities=entities,
        claims=claims,
        kind=kind,
        whole=whole,
        dated=dated,
        ended=stated.get("ended", False),
        phrases=tuple(map(to_phrase, stated.get("phrases", ()))),
    )
