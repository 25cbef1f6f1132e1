"""Customers and carriers named on a labelled line: "Carrier: Lakeshore Haulage Inc"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from apex_cli.extract.matches import IdentifierMatch

_LABELS: dict[str, Literal["customer", "carrier"]] = {
    "CUSTOMER": "customer",
    "SHIPPER": "customer",
    "CONSIGNEE": "customer",
    "BILL TO": "customer",
    "CARRIER": "carrier",
}
_LINE = re.compile(
    rf"^[ \t>*|#_-]{{0,8}}({'|'.join(_LABELS)})(?: NAME)?[ \t*_]{{0,4}}[:|][ \t*_|]{{0,4}}(?P<name>[^\n|:]{{2,80}})",
    re.MULTILINE,
)
_LEGAL_FORM = re.compile(r"(?P<name>[^,;(]{2,80}),[ ](?:LLC|L\.L\.C\.|Inc|Corp|Co|Ltd|LP|LLP)\b\.?", re.IGNORECASE)
_NAME_END = re.compile(r"[,;(]| - | – ")
_SMALL_WORDS = frozenset(("of", "and", "the", "de", "la", "du", "&"))
_MOST_WORDS = 8


def find(text: str, upper: str) -> Iterator[IdentifierMatch]:
    """Names beside their label; `upper` is `text` in capitals. A sentence after a label is not a name."""
    if not any(label in upper for label in _LABELS):
        return
    for match in _LINE.finditer(upper):
        written = text[match.start("name") : match.end("name")]
        legal = _LEGAL_FORM.match(written)
        name = (legal[0] if legal else _NAME_END.split(written, maxsplit=1)[0]).strip(" \t*_`")
        if _is_name(name):
            yield IdentifierMatch(_LABELS[match[1]], name, name, match.start(), match.start("name") + len(name))


def _is_name(name: str) -> bool:
    words = name.split()
    return (
        0 < len(words) <= _MOST_WORDS
        and sum(char.isalpha() for char in name) >= 3
        and "@" not in name
        and words[0][0].isupper()
        and all(word[0].isupper() or word[0].isdigit() or word in _SMALL_WORDS for word in words)
    )
