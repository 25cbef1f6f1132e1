"""Identifiers in running text that have a prefix, a label or a check digit.

The standards are cited in `checkdigits`; the labels are in `labels`, their places in `labelled`. What can stand alone
is found here: vehicle identification numbers and containers by their check digits, "SHIP-2025-10-19-002", "TRUCK-6520".

Codes that pay money (fleet checks, bank routing numbers) are masked: their last four characters are all that is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from apex_cli.extract import carrier_codes, checkdigits, keys, labelled, labels, number_shapes, timestamps
from apex_cli.extract.labelled import Labelled

Kind = (
    Literal["vin", "unit", "unit number", "shipment", "order", "email", "phone", "place", "customer", "carrier"]
    | keys.DocketKind
    | keys.ReferenceKind
)


@dataclass(frozen=True, slots=True)
class IdentifierMatch:
    """One identifier in a text.

    `value` is the identifier bare (what its key is made of), `text` as people write it, `start` and `end` its span,
    with its label where that stands right before it. `rule` names what found it: "bol by label", "vin by check digit".
    `checked`: a check digit confirms it. `dockets` are the numbers of a carrier, which stand beside its
    name or each other, as "Bluestem Transit LLC (MC 774421, DOT 2231901)": kind and value of each.
    """

    kind: Kind
    value: str
    text: str
    start: int
    end: int
    checked: bool = False
    dockets: tuple[tuple[keys.DocketKind, str], ...] = ()
    rule: str = ""


_SENSITIVE = frozenset(("check", "routing"))
_SHOWN_OF_SENSITIVE = 4
_LABEL_FIRST = frozenset(("pars", "paps", "entry", "bol", "booking"))
_VIN_LENGTH = 17
_CONTAINER = re.compile(r"[A-Z]{3}[UJZ][ -]?\d{3}[ ]?\d{3}[ -]?\d(?![A-Z0-9]|-\d)", re.ASCII)
_OWNER = re.compile(r"(?<![A-Z0-9])[A-Z]{3}[UJZ][ -]", re.ASCII)
_OWNER_LENGTH = 5
_SHIPMENT = re.compile(r"SHIP-\d{4}-\d{2}-\d{2}-\d{3}", re.ASCII)
_UNIT = re.compile(r"(?:TRUCK|TRACTOR|UNIT|VEHICLE|TRK|TRAILER)-[A-Z]?\d{2,6}[A-Z]?", re.ASCII)
_LOAD = re.compile(r"LD-\d{4,8}", re.ASCII)
_PREFIXED = frozenset("STUVL")
_CATEGORIES = frozenset("UJZ")
_SSCC = re.compile(r"\(00\)[ ]?(?P<value>\d{18})(?!\d)", re.ASCII)
_CUSTOMS = re.compile(
    r"(?<![A-Z0-9])(?P<label>PARS|PAPS|CCN|SCN|ACI|ACE)(?:[ ]?(?:#|NO\.?|NUMBER))?[ \t:#]{1,8}"
    r"(?P<value>[A-Z]{4}[ -]\d{4,14})(?![A-Z0-9-])",
    re.ASCII,
)
# As the customs of Mexico print it: year, customs office, broker, number, with one or two blanks between.
_PEDIMENTO = re.compile(r"(?<![\d-])\d{2}[ -]{1,2}\d{2}[ -]{1,2}[1-9]\d{3}[ -]{1,2}\d{7}(?![\d-])", re.ASCII)
_JOINTS = re.compile(r"[ -]")


def find(text: str, upper: str) -> Iterator[IdentifierMatch]:
    """Candidates, the most trusted first; they may overlap. `upper` is `text` in capitals, equally long."""
    folded = labels.fold(upper)
    tokens = number_shapes.tokens(folded)
    beside = [_match(found, text) for found in (*labelled.find(folded, tokens), *carrier_codes.find(folded))]
    # One of ten numbers with an owner's four letters passes for a container: a label says more than a check digit.
    yield from (match for match in beside if match.kind in _LABEL_FIRST)
    yield from _alone(text, folded, tokens)
    yield from (match for match in beside if match.kind not in _LABEL_FIRST)


def _alone(text: str, folded: str, tokens: Sequence[tuple[int, int]]) -> Iterator[IdentifierMatch]:
    """What needs no label. "SHIP-" numbers have a real date in them."""
    for start, end in tokens:
        word = folded[start:end]
        if (folded[start - 2 : start - 1] in _CATEGORIES or word[3:4] in _CATEGORIES) and (
            container := _container(folded, start)
        ):
            begin, stop, value = container
            yield IdentifierMatch(
                "container", value, text[begin:stop], begin, stop, True, rule="container by check digit"
            )
        elif len(word) == _VIN_LENGTH and checkdigits.vin(word):
            yield IdentifierMatch("vin", word, text[start:end], start, end, True, rule="vin by check digit")
        elif word[0] in _PREFIXED and (prefixed := _prefixed(word)) is not None:
            yield IdentifierMatch(prefixed, word, text[start:end], start, end, rule=f"{prefixed} by prefix")
    if "(00)" in folded:
        for match in _SSCC.finditer(folded):
            if checkdigits.gs1(match["value"]):
                yield _of(match, "sscc", match["value"], text, checked=True)
    if any(label in folded for label in ("PARS", "PAPS", "CCN", "SCN", "ACI", "ACE")):
        for match in _CUSTOMS.finditer(folded):
            kind: Kind = "paps" if match["label"] in ("PAPS", "SCN", "ACE") else "pars"
            yield _of(match, kind, _JOINTS.sub("", match["value"]), text)
    if "PEDIMENTO" in folded:
        for match in _PEDIMENTO.finditer(folded):
            bare = _JOINTS.sub("", match.group())
            yield IdentifierMatch("pedimento", bare, match.group(), *match.span(), rule="pedimento by form")


def _prefixed(word: str) -> Kind | None:
    """The kind that a word's own prefix says."""
    if _UNIT.fullmatch(word):
        return "unit"
    dated = _SHIPMENT.fullmatch(word) is not None and timestamps.is_date(word[5:15])
    return "shipment" if dated or _LOAD.fullmatch(word) else None


def _of(match: re.Match[str], kind: Kind, value: str, text: str, *, checked: bool = False) -> IdentifierMatch:
    written = text[match.start("value") : match.end("value")]
    return IdentifierMatch(kind, value, written, match.start(), match.end(), checked, rule=f"{kind} by label")


def _container(folded: str, start: int) -> tuple[int, int, str] | None:
    """The container number that begins with this token, or with the owner's letters before it: "MSKU 123456-5"."""
    before = _OWNER.match(folded, start - _OWNER_LENGTH) if start >= _OWNER_LENGTH else None
    begin = start - _OWNER_LENGTH if before is not None else start
    match = _CONTAINER.match(folded, begin)
    if match is None:
        return None
    value = _JOINTS.sub("", match.group())
    return (begin, match.end(), value) if checkdigits.container(value) else None


def _match(found: Labelled, text: str) -> IdentifierMatch:
    """The match of a labelled value. A label joined by a hyphen is part of how it is written: "PO-88412", "INV-778"."""
    kind, value = cast(Kind, found.kind), found.value
    rule = f"{kind} by {found.how}"
    written = text[value.start : value.end]
    bare = value.bare
    if kind in _SENSITIVE:
        masked = "****" + bare[-_SHOWN_OF_SENSITIVE:]
        return IdentifierMatch(kind, masked, masked, found.start, value.end, value.checked, rule=rule)
    if text[value.start - 1 : value.start] == "-" and text[found.start : value.start - 1].isalpha():
        written = text[found.start : value.end]
    return IdentifierMatch(kind, bare, written, found.start, value.end, value.checked, rule=rule)
