"""Ids that no two things share wherever they were made: they identify a record without its collection.

    UUID      RFC 9562, with or without hyphens and braces      0195e2c4-…
    ULID      26 characters of Crockford's base 32              01JPZ8Y6…   (github.com/ulid/spec)
    KSUID     27 characters of base 62                          2tFv5g…     (github.com/segmentio/ksuid)
    hex       24 digits (an ObjectId) or more (a hash)          65f1c0de…
    URN, ARN  RFC 8141; Amazon's resource names                 urn:isbn:… arn:aws:…
    URL       with a host and more behind it                    https://api.example.com/loads/7

A counter in such a form (`00000000-0000-0000-0000-000000000001`) and a fill-in (`ffffffff-…`) are not unique: an id in
hex needs letters and six different digits.
"""

from __future__ import annotations

import re

_SHORTEST = 20
_FEWEST_DIGITS = 6
_UUID = re.compile(r"\{?(?:urn:uuid:)?([0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12})\}?", re.IGNORECASE)
_HEX = re.compile(r"(?:0x|sha(?:1|256|512)[:-]|md5[:-])?([0-9a-f]{24,128})", re.IGNORECASE)
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", re.IGNORECASE)
_KSUID = re.compile(r"[0-9A-Za-z]{27}")
_NAMED = re.compile(r"(?:urn:[a-z0-9][a-z0-9-]{1,31}|arn:[a-z0-9-]+:[^:\s]*:[^:\s]*:[^:\s]*):\S+", re.IGNORECASE)
_URL = re.compile(r"[a-z][a-z0-9+.-]{1,31}://[^\s/?#]+[/?#]\S*[^\s/?#]\S*", re.IGNORECASE)


def is_unique(text: str) -> bool:
    """Whether an id, blanks around it removed, is unique by construction."""
    if len(text) < _SHORTEST or text.isdecimal():
        return ":" in text and _NAMED.fullmatch(text) is not None
    in_hex = _UUID.fullmatch(text) or _HEX.fullmatch(text)
    if in_hex:
        digits = in_hex[1].replace("-", "").lower()
        return len(set(digits)) >= _FEWEST_DIGITS and not digits.isdecimal()
    if _ULID.fullmatch(text):
        return _is_mixed(text)
    if _KSUID.fullmatch(text):
        return _is_mixed(text) and not text.isupper() and not text.islower()
    return _NAMED.fullmatch(text) is not None or _URL.fullmatch(text) is not None


def _is_mixed(text: str) -> bool:
    """Letters and digits, and enough different ones: no word, and no counter with zeros before it."""
    digits = sum(char.isdigit() for char in text)
    return 0 < digits < len(text) and len(set(text.lower())) > _FEWEST_DIGITS
