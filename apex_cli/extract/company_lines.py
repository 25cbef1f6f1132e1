"""Companies that a text names beside a label of their own: "Carrier: Lakeshore Haulage Inc", "SHIPPER HARROW & FINCH".

The name stands

- behind the label, with a colon, dots, a bar or a wide gap between them
- right behind it, where both are in capitals or the name has its legal form: "CONSIGNEE TALLGRASS MILLS"
- in the line below a label that fills its cell, and below that of a stop if a street follows

Whatever does not look like a name is none: a sentence, a list of words of papers ("SHIPPER LOAD AND COUNT").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from apex_cli.extract import clean, labels
from apex_cli.extract.common_words import COMMON, JOINTS, NO_NAME, OF_PAPERS

Kind = Literal["customer", "carrier"]


class CompanyMatch(NamedTuple):
    """A company: its name from `begin` to `end`, and where its label or the name begins. `how` it was found."""

    kind: Kind
    name: str
    start: int
    begin: int
    end: int
    how: str


_CUSTOMERS = (
    *("CUSTOMER", "SHIPPER", "CONSIGNEE", "BILL TO", "SHIP TO", "SHIP FROM", "RECEIVER", "SOLD TO", "DELIVER TO"),
    *("CLIENTE", "REMITENTE", "DESTINATARIO", "CONSIGNATARIO", "CLIENT", "EXPEDITEUR", "DESTINATAIRE"),
)
_CARRIERS = (
    *("CARRIER", "MOTOR CARRIER", "TRUCKING COMPANY", "TRANSPORTISTA", "LINEA TRANSPORTISTA", "TRANSPORTEUR"),
    "COMPAGNIE DE TRANSPORT",
)
_LABELS: dict[str, Kind] = {**dict.fromkeys(_CUSTOMERS, "customer"), **dict.fromkeys(_CARRIERS, "carrier")}
_ANY_LABEL = re.compile(
    "CUSTOM|SHIP|CONSIG|RECEIVER|CARRIER|TRUCKING COMPANY| TO|CLIENT|REMITENTE|DESTINATA|EXPEDITEUR|TRANSPORT"
    "|PICK|DROP|STOP|DELIVERY|ORIGIN"
)
_LABEL = "|".join(sorted(_LABELS, key=len, reverse=True))
_EDGE = r"(?:^[ \t>*|#_•·-]{0,8}|(?<=[ ]{2})|(?<=\t)|(?<=\|)|(?<=\| ))"
_GAP = r"(?:[ \t*_]{0,4}(?::|\||=|\.{2,})[ \t*_|.]{0,60}|[ ]{2,40}|[ ]{0,4}\t[ \t]{0,8})"
_BESIDE = re.compile(
    rf"{_EDGE}[*_]{{0,2}}(?P<label>{_LABEL})(?: (?:LEGAL )?NAME)?(?P<gap>{_GAP})(?=(?P<name>[^\n|:\t]{{2,90}}))",
    re.MULTILINE,
)
_BEHIND = re.compile(rf"^[ \t>*|#_•·-]{{0,8}}(?P<label>{_LABEL}) (?P<name>[A-Z0-9][^\n|:\t]{{2,80}})$", re.MULTILINE)
# A label that fills its cell, and the first line below that is not empty.
_ABOVE = re.compile(rf"{_EDGE}(?P<label>{_LABEL})(?: NAME)?[ ]?:?(?=[ ]{{2}}|[ ]*$|\t|[ ]*\|)", re.MULTILINE)
_STOP = re.compile(
    r"^[ \t>*|#_-]{0,8}(?:(?:STOP|PARADA|ARRET) ?#?\d{1,2}(?: OF \d{1,2})?)?[ :(-]{0,4}"
    r"(?:(?:PICK ?-?UP|PICK|PU|DROP|DELIVERY|DEL|ORIGIN|DESTINATION|SHIPPER|RECEIVER)(?: (?:LOCATION|FACILITY|AT))?)?"
    r" ?#?\d{0,2}\)?[ ]?:?[ \t]*$",
    re.MULTILINE,
)
_STREET = re.compile(r"[^\n]{0,12}?\b\d{1,6}[A-Z]? [A-Z]|[A-Z]{0,12}\.? ?[A-Z .]{2,30} \d{2,5}\b")
_ADDRESS_BEHIND = re.compile(r", \d{1,6} [A-Z]")
_OF_MEXICO = r"(?: DE C\.? ?V\.?)?"
_LEGAL = (
    r"(?:LLC|L\.L\.C\.|INC|CORP|CO|LTD|LP|LLP|LTEE|ULC"
    rf"|S\.? ?A\.?{_OF_MEXICO}|S\.? DE R\.? ?L\.?{_OF_MEXICO})(?![A-Z0-9])\.?"
)
_LEGAL_FORM = re.compile(rf"(?P<name>[^,;(]{{2,80}}),? {_LEGAL}")
_NAME_END = re.compile(r"[,;(]| - | – ")
_LEGAL_WORDS = frozenset(("inc", "corp", "co", "ltd", "ltee", "llc", "lp", "llp", "sa", "cv", "rl", "s", "c", "v", "r"))
_MOST_WORDS = 8
_MOST_BELOW = 2
_LONGEST_NAME = 80


def find(text: str, upper: str) -> Iterator[CompanyMatch]:
    """All of a text; some may overlap. `upper` is the text in capitals, equally long. Linear in its length."""
    if _ANY_LABEL.search(upper) is None:
        return
    folded = labels.fold(upper)
    for match in _BESIDE.finditer(folded):
        name = _name(text, folded, match)
        if name and (any(mark in match["gap"] for mark in ":|=.") or not _is_of_papers(name)):
            yield _beside(match, name)
    for match in _BEHIND.finditer(folded):
        name = _name(text, folded, match)
        if name and _is_surely_a_name(name, folded[match.start("name") : match.start("name") + len(name)]):
            yield _beside(match, name)
    for match in _ABOVE.finditer(folded):
        if (found := _below(text, folded, match.end(), match.start("label"))) and _is_plain(found[1]):
            begin, name = found
            yield CompanyMatch(_LABELS[match["label"]], name, begin, begin, begin + len(name), "line above")
    for match in _STOP.finditer(folded):
        if any(map(str.isalpha, match.group())) and (found := _below(text, folded, match.end(), None)):
            begin, name = found
            if _is_plain(name) and _has_street(folded, begin + len(name)):
                yield CompanyMatch("customer", name, begin, begin, begin + len(name), "line above")


def _beside(match: re.Match[str], name: str) -> CompanyMatch:
    begin = match.start("name")
    return CompanyMatch(_LABELS[match["label"]], name, match.start("label"), begin, begin + len(name), "label")


def _name(text: str, folded: str, match: re.Match[str]) -> str:
    return _name_at(text, folded, *match.span("name"))


def _name_at(text: str, folded: str, begin: int, end: int) -> str:
    """The name that begins here; "" for what is none."""
    gap = folded.find("  ", begin, end)
    end = gap if gap >= 0 else end
    legal = _LEGAL_FORM.match(folded, begin, end)
    written = text[begin : legal.end()] if legal else _NAME_END.split(text[begin:end], maxsplit=1)[0]
    name = written.strip(" \t*_`").rstrip(",")
    return name if _is_company_name(name) else ""


def _is_company_name(name: str) -> bool:
    """Whether a text beside a label may be a name: some words, each with a capital or a digit."""
    words = name.split()
    return (
        0 < len(words) <= _MOST_WORDS
        and sum(char.isalpha() for char in name) >= 3
        and "@" not in name
        and words[0][0].isupper()
        and words[0].casefold() not in NO_NAME
        and all(
            word[0].isupper()
            or word[0].isdigit()
            or word in JOINTS
            or clean.folded(word).strip(".,").replace(".", "") in _LEGAL_WORDS
            for word in words
        )
    )


def _is_surely_a_name(name: str, folded: str) -> bool:
    """Whether words right behind a label are a name: with a legal form, or in capitals and not of papers' words."""
    words = [word.strip("*.,&").casefold() for word in folded.split()]
    if any(word in NO_NAME or any(map(str.isdigit, word)) for word in words):
        return False
    if words[0] in OF_PAPERS:
        return False
    own = sum(word not in COMMON and word not in OF_PAPERS and word not in JOINTS and len(word) > 1 for word in words)
    return _LEGAL_FORM.fullmatch(folded) is not None or (name.isupper() and own > 1)


def _is_plain(name: str) -> bool:
    """Whether a name below a label is no other label or heading: it has two words, and not only those of papers."""
    return " " in name and not name[0].isdigit() and not _is_of_papers(name)


def _is_of_papers(name: str) -> bool:
    words = [word.strip(".,&:") for word in clean.folded(name).split()]
    return all(word in OF_PAPERS or word in COMMON or not word for word in words)


def _below(text: str, folded: str, end: int, column: int | None) -> tuple[int, str] | None:
    """Where the name below a label begins, and the name; in a table, that of the label's column."""
    line_start = text.rfind("\n", 0, end) + 1
    offset = (column if column is not None else end) - line_start
    line_end = text.find("\n", end)
    rest = text[end : line_end if line_end >= 0 else len(text)]
    is_alone = not rest.strip() and not text[line_start : column or line_start].strip(" \t>*#_-")
    for _ in range(_MOST_BELOW):
        if line_end < 0:
            return None
        start, line_end = line_end + 1, text.find("\n", line_end + 1)
        line = text[start : line_end if line_end >= 0 else len(text)]
        if not line.strip():
            continue
        if len(line) > 2 * _LONGEST_NAME or "|" in line or "\t" in line.strip():
            return None
        begin = start + len(line) - len(line.lstrip())
        if not is_alone:
            # The cell that begins where the label does.
            begin = start + offset
            before = text[max(start, begin - 2) : begin]
            if begin >= start + len(line) or text[begin].isspace() or before.strip():
                return None
        name = _name_at(text, folded, begin, min(start + len(line), begin + _LONGEST_NAME))
        return (begin, name) if name and ":" not in line[begin - start : begin - start + len(name) + 1] else None
    return None


def _has_street(folded: str, end: int) -> bool:
    """Whether a postal address follows a name, in its line or the next one."""
    line_end = folded.find("\n", end)
    if line_end < 0:
        return _ADDRESS_BEHIND.match(folded, end) is not None
    return _ADDRESS_BEHIND.match(folded, end) is not None or _STREET.match(folded, line_end + 1) is not None
