"""Texts that name their charset, as mails and web pages do, and pieces of a file: never fails.

Charsets are known as programs name them, and one that is unknown or wrong gives way to another. The encoding of a whole
file that names none is found by `decoding`.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from functools import lru_cache

# What is read by a larger charset that holds it, as browsers do (https://encoding.spec.whatwg.org/#names-and-labels).
_READ_AS = {
    "ascii": "utf-8", "us-ascii": "utf-8", "iso-8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252",
    "gb2312": "gb18030", "gbk": "gb18030", "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "shift_jis": "cp932",
    "iso-8859-9": "cp1254", "iso-8859-8-i": "iso-8859-8", "tis-620": "cp874", "unicode-1-1-utf-7": "utf-7",
}  # fmt: skip
# Codecs of Python that are no charsets.
_NO_CHARSETS = frozenset(("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"))
_FALLBACKS = ("utf-8", "cp1252")


@dataclass(frozen=True, slots=True)
class Characters:
    """A decoded text. `assumed` is the charset that was taken in place of one that is unknown or wrong, else ""."""

    text: str
    assumed: str = ""


def decoded(data: bytes, charset: str) -> Characters:
    """The text of these bytes. Never fails: where no charset fits, Latin-1 does."""
    named = charset.strip().strip("'\"").lower()
    known = _codec(_READ_AS.get(named, named))
    for codec in dict.fromkeys((known, *_FALLBACKS) if known else _FALLBACKS):
        try:
            text = data.decode(codec)
        except (UnicodeError, ValueError):
            continue
        is_wrong = codec != known and not (known == "utf-8" and text.isascii())
        return Characters(text, codec if is_wrong and not text.isascii() else "")
    return Characters(data.decode("latin-1"), "latin-1")


@lru_cache(maxsize=256)
def _codec(name: str) -> str:
    """The name if Python has such a charset, else ""."""
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return ""
    # Not `zlib` and the like, which are codecs of bytes.
    is_charset = getattr(found, "_is_text_encoding", True) and found.name.replace("-", "_") not in _NO_CHARSETS
    return name if is_charset else ""
