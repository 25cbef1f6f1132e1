"""Codes of carriers (SCAC) in running text: two to four letters behind their label, in its cell, or in its column.

A code has no digit and no check: nothing but its label says that the letters are one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from apex_cli.extract import text_layout
from apex_cli.extract.label_words import Need
from apex_cli.extract.labelled import Labelled
from apex_cli.extract.labels import Label
from apex_cli.extract.number_shapes import TOKEN, NumberValue
from apex_cli.extract.text_layout import Heads, TextLine

_LABEL = "SCAC"
_DOTTED = "S.C.A.C"
_SCAC = Label("scac", Need.NOTHING)
_BESIDE = re.compile(
    r"(?<![A-Z0-9])(?:SCAC|S\.C\.A\.C\.?)(?: CODE)?[ \t]{0,2}#?(?:[ ]IS)?[ \t*_:=|.#-]{1,40}"
    r"(?P<code>[A-Z]{2,4})(?![A-Z0-9-])",
    re.ASCII,
)
_CODE = re.compile(r"[A-Z]{2,4}", re.ASCII)
_OTHER_WORDS = frozenset(
    (
        "CODE",
        "NO",
        "ID",
        "AND",
        "FOR",
        "THE",
        "IS",
        "NOT",
        "OR",
        "MC",
        "DOT",
        "TBD",
        "NONE",
        "IN",
        "OF",
        "PO",
        "BOL",
        "PRO",
    )
)


def find(text: str) -> Iterator[Labelled]:
    """All codes of a folded text. Linear in its length: a row is read under the nearest heads above it only."""
    if _LABEL not in text and _DOTTED not in text:
        return
    for match in _BESIDE.finditer(text):
        if match["code"] not in _OTHER_WORDS:
            yield _labelled(match["code"], *match.span("code"), match.start(), "label")
    end = -1
    while (place := text.find(_LABEL, end + 1)) >= 0:
        start = text.rfind("\n", end + 1, place) + 1 or end + 1
        line = _line(text, start)
        end = line.end
        heads = text_layout.heads_of(line) if TOKEN.search(text, start, end) is None else None
        while heads is not None and end < len(text):
            row = _line(text, end + 1)
            if _LABEL in row.content or (row.joint != heads.joint and not row.is_rule) or row.is_empty:
                break
            end = row.end
            yield from _in_columns(row, heads)


def _line(text: str, start: int) -> TextLine:
    end = text.find("\n", start)
    return TextLine(text, start, end if end >= 0 else len(text))


def _in_columns(row: TextLine, heads: Heads) -> Iterator[Labelled]:
    for index, cell in enumerate(row.cells):
        code = row.cell_text(index)
        head, _ = heads.label_over(row, index)
        if head is not None and head.kind == "scac" and _CODE.fullmatch(code) and code not in _OTHER_WORDS:
            yield _labelled(code, *cell, cell.start, "column")


def _labelled(code: str, start: int, end: int, begin: int, how: str) -> Labelled:
    return Labelled("scac", NumberValue(code, start, end), begin, how, _SCAC)
