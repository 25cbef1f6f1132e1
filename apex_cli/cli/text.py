"""Text from payloads, file names and errors, made safe to show: no control characters, no secrets.

Terminals act on control characters (ECMA-48: C0, C1, escape sequences). Bidirectional overrides reorder what a person
reads (Unicode UAX #9, CVE-2021-42574). Both are shown as Python would escape them.
"""

from __future__ import annotations

import re
import unicodedata

from apex_cli.addresses import MASK

_JOINERS = "\u200c\u200d"
"""ZWNJ and ZWJ: they shape letters and emoji in ordinary text and move nothing."""
_URL = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]{0,30}://)[^\s/?#'\"@]{0,256}:[^\s/'\"]{0,1024}@")
_NAMED = re.compile(
    r"(?P<name>[\w-]{0,64}(?:password|passwd|pwd|secret|token|api[_-]?key|authorization)['\"]?\s{0,4}[=:]\s{0,4})"
    r"(?:(?:bearer|basic)\s{1,4})?(?:'[^']{1,1024}'|\"[^\"]{1,1024}\"|[^\s,;&'\"]{1,1024})",
    re.IGNORECASE,
)
_KEY = re.compile(r"\bsk-[A-Za-z0-9_-]{8,256}")


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


def redact(text: str) -> str:
    """`text` without passwords of URLs (`scheme://user:***@host`), values named as secrets, and `sk-…` keys."""
    text = _URL.sub(lambda match: f"{match['scheme']}{MASK}@", text)
    text = _NAMED.sub(lambda match: match["name"] + MASK, text)
    return _KEY.sub(f"sk-{MASK}", text)


def _shown(character: str) -> str:
    if character.isprintable() or character in _JOINERS or unicodedata.category(character) == "Zs":
        return character
    return character.encode("unicode_escape").decode("ascii")
