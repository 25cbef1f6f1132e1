"""What OCR read is marked: the document says how sure it is of it, and each mention of a word of which it is not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from apex_cli.model import Claim, Entity, EntityType, Extraction, JsonObject

_SEPARATORS = re.compile(r"[\W_]+")
_SHORTEST = 3


def marked(extraction: Extraction, payload: JsonObject) -> Extraction:
    """The extraction of a document with `read_by` where its text was read by OCR: "OCR, confidence 0.71".

    The document has it for its whole text. A mention has it where its value has a word of which OCR is not sure.
    """
    ocr = payload.get("ocr")
    if not isinstance(ocr, dict):
        return extraction
    uncertain = {_bare(str(word)): float(sure) for word, sure in dict(ocr.get("uncertain") or {}).items()}
    entities = tuple(
        _with(entity, float(ocr["confidence"])) if entity.type is EntityType.DOCUMENT else entity
        for entity in extraction.entities
    )
    names = {entity.key: _bare(entity.name) for entity in extraction.entities}
    claims = tuple(_claim(claim, names.get(claim.object, ""), uncertain) for claim in extraction.claims)
    return replace(extraction, entities=entities, claims=claims)


def _with(entity: Entity, sure: float) -> Entity:
    return replace(entity, attributes={**entity.attributes, **_read_by(sure)})


def _claim(claim: Claim, name: str, uncertain: Mapping[str, float]) -> Claim:
    doubts = [
        sure
        for word, sure in uncertain.items()
        if min(len(word), len(name)) >= _SHORTEST and (word in name or name in word)
    ]
    return replace(claim, attributes={**claim.attributes, **_read_by(min(doubts))}) if doubts else claim


def _read_by(sure: float) -> Mapping[str, Any]:
    return {"read_by": f"OCR, confidence {sure:.2f}"}


def _bare(text: str) -> str:
    return _SEPARATORS.sub("", text).upper()
