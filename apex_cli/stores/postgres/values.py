"""JSON and text in the form that PostgreSQL can store.

`jsonb` and `text` have no NUL character and no lone surrogates, both legal in JSON (RFC 8259): they become U+FFFD.
The content hash is computed before this, so two payloads that differ only there still have different hashes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from apex_cli.model import Extraction
from apex_cli.serialization import from_claim, from_entity
from apex_cli.text_cleaning import is_encodable, replace_unencodable


def pg_json(value: Any) -> str:
    """`value` as JSON text for a `jsonb` column."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if "\\u0000" not in text and is_encodable(text):
        return text
    return json.dumps(_clean(value), ensure_ascii=False, separators=(",", ":"))


def extraction_json(extraction: Extraction) -> str:
    """An extraction without its text and vectors, as JSON text: the part of a plan that the journal keeps."""
    return pg_json(
        {
            "entities": [from_entity(entity) for entity in extraction.entities],
            "claims": [from_claim(claim) for claim in extraction.claims],
            "llm_calls": extraction.llm_calls,
            "tokens": extraction.tokens,
        }
    )


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return replace_unencodable(value)
    if isinstance(value, Mapping):
        return {replace_unencodable(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value
