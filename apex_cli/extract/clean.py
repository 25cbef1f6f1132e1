"""Text from payloads made fit to store and to show: no control characters, no lone surrogates, bounded length."""

from __future__ import annotations

import re
import unicodedata

from apex_cli.extract.identity import text_digest

NAME_LIMIT = 300
KEY_LIMIT = 200

# C0 and C1 controls but tab and newline; surrogates (not encodable as UTF-8, JSON may carry lone ones);
# zero-width marks and the bidirectional overrides that make one name look like another; line separators.
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")


def line(text: str, limit: int = NAME_LIMIT) -> str:
    """One line for people: NFC, white space collapsed, cut to `limit` characters. May be empty."""
    if text.isascii() and text.isprintable():
        if len(text) <= limit and "  " not in text and text[:1] != " " and text[-1:] != " ":
            return text
    else:
        # Cut before normalising: long runs of combining marks make normalisation slow.
        text = _UNFIT.sub("", unicodedata.normalize("NFC", _BREAKS.sub(" ", text[: 4 * limit])))
    collapsed = " ".join(text[: 4 * limit].split())
    return collapsed if len(collapsed) <= limit else collapsed[: limit - 1].rstrip() + "…"


def key_part(text: str) -> str:
    """A value inside of a key: as `line`, but a long value ends in its hash, so that two long values stay two."""
    if len(text) <= KEY_LIMIT:
        return line(text, KEY_LIMIT)
    return f"{line(text[:KEY_LIMIT], KEY_LIMIT - 20)}~{text_digest(text, 8)}"


def prose(text: str, limit: int) -> str:
    """Running text, at most `limit` characters: lines and paragraphs are kept, control characters and the like go."""
    cut = text[:limit]
    if cut.isascii() and cut.isprintable():
        return cut.strip()
    return _UNFIT.sub("", _BREAKS.sub("\n", cut)).strip()
