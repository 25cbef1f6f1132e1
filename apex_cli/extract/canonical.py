"""Canonical JSON: one byte string for equal values, whatever the order and spacing they arrived in.

Keys sorted by code point, no white space, UTF-8. Unlike RFC 8785 numbers keep Python's own shortest form, so `1` and
`1.0` are two values: records are compared with themselves, never with what another program hashed.
"""

from __future__ import annotations

import json
import re
from hashlib import blake2b
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def canonical_json(value: Any) -> bytes:
    """The canonical form of plain JSON data.

    Lone surrogates, which UTF-8 cannot hold, become U+FFFD. Raises `ValueError` for NaN and infinities, `TypeError`
    for what is not JSON data.
    """
    text = _encode(value)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text).encode()


def content_hash(value: Any) -> str:
    """BLAKE2b-256 (RFC 7693) of the canonical form, 64 hex digits. Raises as `canonical_json` does."""
    return blake2b(canonical_json(value), digest_size=32).hexdigest()
