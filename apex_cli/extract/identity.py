"""What identifies a record: its external id, its data type, and the hash of its canonical JSON.

Canonical JSON is one byte string for equal values, whatever the order and spacing they arrived in: keys sorted by code
point, no white space, UTF-8. Unlike RFC 8785 numbers keep Python's own shortest form, so `1` and `1.0` are two values:
records are compared with themselves, never with what another program hashed.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from hashlib import blake2b, sha256
from typing import Any

from apex_cli.text_cleaning import replace_unencodable

LONGEST_ID = 500
_DIGEST_BYTES = 16
_LONGEST_SLUG = 60
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ACRONYM_HUMP = re.compile(rf"{_HUMP.pattern}|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_WORD = re.compile(r"[\W_]+")
_ID_FIELD = re.compile(r"(?:id|key|num|number|no)$", re.IGNORECASE)
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def canonical_json(value: Any) -> bytes:
    """The canonical form of plain JSON data.

    Lone surrogates, which UTF-8 cannot hold, become U+FFFD. Raises `ValueError` for NaN and infinities, `TypeError`
    for what is not JSON data.
    """
    return replace_unencodable(_encode(value)).encode()


def content_hash(value: Any) -> str:
    """BLAKE2b-256 (RFC 7693) of the canonical form, 64 hex digits. Raises as `canonical_json` does."""
    return blake2b(canonical_json(value), digest_size=32).hexdigest()


def with_plain_id(payload: Mapping[str, Any], own: str) -> Mapping[str, Any]:
    """A record's payload with its external id spelled as `external_id` gives it; the payload itself where it is.

    `own` is that id, with a collection before it or without: `7`, or `customers#7`.
    """
    spelled: dict[str, str] = {}
    for name, value in payload.items():
        if isinstance(value, str | int | float) and _ID_FIELD.search(name):
            found = external_id(value)
            if found is not None and found != value and (own == found or own.endswith(f"#{found}")):
                spelled[name] = found
    return {**payload, **spelled} if spelled else payload


def text_digest(text: str, size: int) -> str:
    """BLAKE2b of a text in `size` bytes, as hex digits. Texts with different lone surrogates have different digests."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()


def document_hash(content: str) -> str:
    """The content hash of a document: SHA-256 of its text in UTF-8, 64 hex digits.

    Neither its name nor its place are part of it. PostgreSQL computes the same hash of older documents
    (`sql/0006_document_places.sql`).
    """
    return sha256(replace_unencodable(content).encode()).hexdigest()


def file_digest(data: bytes) -> str:
    """What a message knows its attachment by: SHA-256 of its bytes, 64 hex digits."""
    return sha256(data).hexdigest()


def external_id(value: Any) -> str | None:
    """An id from a string or a number; None from anything else and from a blank.

    `7`, `7.0` and `"7"` are one id, as are the Unicode forms of one text (NFC counts); blanks, invisible and control
    characters around it are not part of it. Letter case is. Ids are data: `../../x` stays as it is. One longer than
    500 characters keeps its beginning, followed by `#` and 32 hex digits of the BLAKE2b-128 of the whole.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    return bounded(trimmed(text), LONGEST_ID) or None


def trimmed(text: str) -> str:
    """The text in NFC, without the blanks, the invisible and the control characters around it."""
    if text.isascii() and text.isprintable():
        return text.strip()
    normal = unicodedata.normalize("NFC", text)
    inside = [index for index, char in enumerate(normal) if not _is_blank(char)]
    return normal[inside[0] : inside[-1] + 1] if inside else ""


def bounded(text: str, limit: int) -> str:
    """The text, or, of one longer than `limit`, its beginning, `#` and 32 hex digits of the BLAKE2b-128 of it."""
    if len(text) <= limit:
        return text
    digest = text_digest(text, _DIGEST_BYTES)
    return f"{text[: limit - len(digest) - 1]}#{digest}"


def _is_blank(char: str) -> bool:
    # Z*: spaces, also the no-break space. Cc: control. Cf: zero width and direction marks.
    return char.isspace() or unicodedata.category(char)[0] == "Z" or unicodedata.category(char) in ("Cc", "Cf")


def slug(text: str, limit: int = _LONGEST_SLUG, *, split_acronyms: bool = False) -> str:
    """A name in snake case, at most `limit` characters: `ShipmentUpdate` and `Shipment update` are `shipment_update`.

    `USDOTNumber` is `usdotnumber`, or `usdot_number` where acronyms are split. Empty without a letter or digit.
    """
    hump = _ACRONYM_HUMP if split_acronyms else _HUMP
    return _NOT_WORD.sub("_", hump.sub("_", text)).strip("_").lower()[:limit]
