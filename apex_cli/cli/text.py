"""Text from payloads, file names and error messages, made harmless for a terminal.

Terminals act on control characters (ECMA-48: C0, C1, escape sequences), and bidirectional overrides reorder what a
person reads (Unicode UAX #9, CVE-2021-42574). Neither ever passes; they are shown as Python would escape them.
"""

from __future__ import annotations

import unicodedata

_JOINERS = "\u200c\u200d"
"""ZWNJ and ZWJ shape letters and emoji in honest text and move nothing."""


def clean(text: str) -> str:
    """`text` on one line: control, format, surrogate and unassigned characters become `\\n`, `\\x1b`, `\\u202e`."""
    if text.isprintable():
        return text
    return "".join(map(_shown, text))


def clean_lines(text: str) -> str:
    """`text` with its line ends kept and tabs as four spaces; everything else as `clean` does it."""
    return "\n".join(clean(line.replace("\t", "    ")) for line in text.splitlines())


def clip(text: str, width: int) -> str:
    """At most `width` characters of the cleaned text, an ellipsis in place of the rest."""
    # Cleaning can lengthen a text sixfold and more, so a huge one is cut first.
    shown = clean(" ".join(text[: width * 2].split()))
    return shown if len(shown) <= width and len(text) <= width * 2 else shown[: width - 1] + "…"


def _shown(character: str) -> str:
    if character.isprintable() or character in _JOINERS or unicodedata.category(character) == "Zs":
        return character
    return character.encode("unicode_escape").decode("ascii")
