"""JSON and text in the form that PostgreSQL can hold.

`jsonb` and `text` have no NUL character and no lone surrogates, both legal in JSON (RFC 8259): they become U+FFFD.
The content hash is taken before this, so it still tells such payloads apart.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from apex_cli.text_cleaning import is_encodable, replace_unencodable


def pg_json(value: Any) -> str:
    """`value` as JSON text for a `jsonb` column."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if "\\u0000" not in text and is_encodable(text):
        return text
    return json.dumps(_clean(value), ensure_ascii=False, separators=(",", ":"))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return replace_unencodable(value)
    if isinstance(value, Mapping):
        return {replace_unencodable(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value
