"""What kind of paper a document is, by its heading: "RATE CONFIRMATION  LD-1" is a rate confirmation.

A heading is a line near the top, or a part of one that stands apart, which begins with the name of a kind and goes on
with nothing but a number, a date, or what stands apart. "Notes on invoices" and "Invoice handling procedure" are none.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from apex_cli.extract import clean, paper_words
from apex_cli.extract.common_words import NO_NAME, OF_PAPERS

_HEAD = 2_000
_LINES = 12
_LONGEST = 160
_MOST_LEFT = 2
_MARKS = "#*=_->~|•· \t"
# What may follow: nothing, what stands apart, a number beside a label, a number.
_AFTER = re.compile(
    r"$|  .*| ?[(–—-].*|(?P<label> ?[:#|]| (?:nos?|number|num|nº|n°|numero)(?!\w)).*"
    r"|(?P<words>(?: (?:for|para|pour|de|of|to|load|order|shipment|dated|the)){0,2}) [a-z]{0,6}[-/]?[a-z0-9-]*\d.*"
)
_BEFORE = re.compile(r"(?:\d{1,2}:\d{2}|amendment (?:no\.? )?\d{1,3} to the) ")
_CELL = re.compile(r"[ ]{3,}|\t+|[ ]\|[ ]")
_NAMES = [
    (kind, re.compile(paper_words.expression(phrases).join(("(?P<name>", r")(?!\w)"))))
    for kind, phrases in paper_words.KINDS.items()
]
_LABELS = frozenset(
    (
        *("bol", "b/l", "bo/l", "b/o/l", "master bol", "straight bol", "pod", "claim", "quote", "invoice", "factura"),
        *("facture", "purchase order", "orden de compra", "bon de commande", "freight bill", "sales order"),
        *("delivery appointment", "pickup appointment", "cita de entrega", "cita de recoleccion", "cita de carga"),
        "delivery confirmation",
    )
)
"""Names that are more often the label of a number or a time than a heading."""
_ORDER = {kind: place for place, kind in enumerate(paper_words.KINDS)}
# Below nothing but a letterhead, "INVOICE NO: 4410" in capitals is the heading of a form.
_FORM = re.compile(r"(?:invoice|factura|facture) (?:nos?\b|number|num\b|nº|n°|#)[ .:#]{0,4}(?P<rest>.*)")
_BOTH = re.compile(r" (?:/|&|and|y|et) ", re.IGNORECASE)
_TABLE = re.compile(r"[|\t]")
_IS_LABEL = re.compile(r"(?:nos?|number|num|nº|n°|numero)?[ .:#|]{0,3}[a-z0-9-]*\d")
_PAGE = re.compile(r"\bpage \d+(?: (?:of|/) \d+)?", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{2,}")


class Heading(NamedTuple):
    """The kind of a document, the line that says so, and what stands behind the name of the kind there."""

    kind: str
    line: str
    rest: str


def heading(text: str) -> Heading | None:
    """The first heading of a kind among the first lines of a text; None where there is none.

    A line that may be the label of a number as well counts where no other line is a heading.
    """
    shown = 0
    weak: Heading | None = None
    is_below_letterhead = True
    for raw in text[:_HEAD].splitlines():
        line = raw.strip(_MARKS)
        if not any(map(str.isalnum, line)):
            continue
        shown += 1
        if shown > _LINES:
            break
        if len(line) <= _LONGEST:
            for part in dict.fromkeys((line, *_CELL.split(line))):
                if part != line and shown > 1 and _TABLE.search(line) and clean.folded(part) in _LABELS:
                    continue
                if found := _of_line(part, first=shown == 1):
                    head = found._replace(line=line) if part == line else found
                    if shown == 1 or not _IS_LABEL.match(head.rest):
                        return head
                    weak = weak or head
            if weak is None and is_below_letterhead and (form := _FORM.match(clean.folded(line))) and line.isupper():
                weak = Heading("invoice", line, form["rest"])
            is_below_letterhead = is_below_letterhead and not any(char.isdecimal() or char in ":|" for char in line)
    return weak


def is_specific(title: str, head: Heading) -> bool:
    """Whether a title says more than the kind: a number, a date, or words of its own."""
    if any(map(str.isdecimal, _PAGE.sub("", title))):
        return True
    own = [word for word in _WORD.findall(head.rest) if word not in OF_PAPERS and word not in NO_NAME]
    return title == clean.line(head.line) and len(own) > _MOST_LEFT


def _of_line(line: str, *, first: bool) -> Heading | None:
    """The heading that a line is; of "LOAD TENDER / RATE CONFIRMATION" the kind that comes first in `KINDS`."""
    pieces = _BOTH.split(line)
    whole = _of_part(line, first=first)
    found = [one for piece in (pieces if len(pieces) > 1 else ()) if (one := _of_part(piece, first=first))]
    if whole is not None and " / " not in line:
        return whole
    if not found or (whole is None and _of_part(pieces[0], first=first) is None):
        return whole
    return min(found, key=lambda one: _ORDER[one.kind])._replace(line=line)


def _of_part(line: str, *, first: bool) -> Heading | None:
    """The heading that a line is. "BOL: 5521" is a number beside its label; so is "Invoice #77" below other lines."""
    plain = clean.folded(line).replace("’", "'")
    before = _BEFORE.match(plain)
    start = before.end() if before else 0
    for kind, pattern in _NAMES:
        name = pattern.match(plain, start)
        after = _AFTER.fullmatch(plain, name.end()) if name else None
        if name is None or after is None:
            continue
        labels = after["label"] is not None and name["name"] in _LABELS
        if after["words"] and not first:
            continue
        if not (labels and (not first or "|" in line or ":" in line)):
            return Heading(kind, line, plain[name.end() :].strip(f".:{_MARKS}"))
    return None
