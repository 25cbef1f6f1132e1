"""The date that a document gives itself near its top: "Date: 2025-10-19", "Load # 884213     Date 03/11/2026".

A label stands at the beginning of a line or of a cell in it. The date follows behind a colon or a bar, or right behind
the label, or in the next line below a label that stands alone. Dates of something else ("Due date", "Ship date") have
labels of their own and do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from apex_cli.extract import clean, single_rows, timestamps
from apex_cli.extract.amounts import DATE, is_in_english
from apex_cli.extract.time_values import assumptions

_HEAD = 4_000
_KINDS = "invoice|issue|report|document|letter|bill|billing|statement|order|dispatch|claim|tender|receipt|quote|print"
_LABEL = (
    rf"(?:(?:{_KINDS}) )?dated?(?: issued| of issue)?|issued(?: on| date)?|as of"
    r"|date (?:de (?:la )?(?:facture|commande|facturation)|d'emission)|emis le|fait le"
    r"|fecha(?: de (?:la )?(?:emision|factura|expedicion|carta))?|expedido el"
)
_FORMAT = r"(?: ?\((?:[mdy]{2,4}[/. -]?){3}\))?"
_LINE = re.compile(
    rf"(?:^[ \t>*#|_\"'-]{{0,8}}|(?<=[ ]{{2}})|(?<=\t)|(?<=\|)|(?<=\| ))(?:{_LABEL}){_FORMAT}"
    rf"(?:[ \t*_]{{0,4}}(?:[:|=]|\.{{2,}})[ \t*_|\"'.]{{0,40}}(?P<marked>[^\n|\t]{{6,60}})"
    rf"|(?:[ \t]{{1,40}}|[ \t:]{{0,4}}\n[ \t]{{0,40}})(?P<plain>{DATE})(?!\d))",
    re.MULTILINE,
)
_GAP = re.compile(r"[ ]{2,}")
_DATE = re.compile(rf"(?:{DATE})(?!\d)")


def find(text: str) -> Iterator[str]:
    """What stands beside the labels of a document's date in the first 4,000 characters, in order: dates, mostly."""
    for line in _LINE.finditer(clean.folded(single_rows.labelled(text[:_HEAD])).replace("’", "'")):
        written = _GAP.split((line["plain"] or line["marked"]).strip(" *_\"'."), maxsplit=1)[0]
        date = _DATE.match(written)
        yield date[0] if date is not None and timestamps.parse(written) is None else written


def is_ambiguous(written: str, text: str) -> bool:
    """Whether the month of a date may be its day: in a text that is not in English neither is sure to come first."""
    with assumptions() as assumed:
        timestamps.parse(written)
    return bool(assumed) and not is_in_english(clean.folded(text[:_HEAD]))
