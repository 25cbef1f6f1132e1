"""Identifiers in running text that have a prefix, a label or a check digit.

The standards are cited in `checkdigits`; labels are the usual ones of bills of lading, rate confirmations and invoices.
All expressions are linear: every repeat is bounded and short.

A label may stand before a list: "PO#s: 4410-A, 4411-A / 4412-A", "orders 90001 and 90002". Each value is an identifier
of its own, with a span of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from apex_cli.extract import checkdigits, keys, timestamps

Kind = (
    Literal["vin", "unit", "unit number", "shipment", "order", "email", "phone", "place", "customer", "carrier"]
    | keys.DocketKind
    | keys.ReferenceKind
)


@dataclass(frozen=True, slots=True)
class IdentifierMatch:
    """One identifier in a text.

    `value` is the identifier bare (what its key is made of), `text` as people write it, `start` and `end` its span.
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


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One expression over the upper-cased text. `needles`: one of them must occur, a cheap test that saves the search.

    A failed `check` rejects the match only where `strict`; `joints` are taken out of the value before it is checked.
    `item` finds one more value of a list. `unmarked` matches only count where they begin a list: "orders 90001 and
    90002", but not "orders 500".
    """

    kind: Kind
    expression: re.Pattern[str]
    needles: tuple[str, ...] = ()
    check: Callable[[str], bool] | None = None
    strict: bool = True
    joints: bool = False
    item: re.Pattern[str] | None = None
    unmarked: bool = False


_MARK = r"(?:[ \t]{0,2}(?:#(?:'?S\b)?|NOS?\b\.?|NUMBERS?\b|NUMS?\b\.?|IDS?\b))"
_GAP = r"[ \t*_`]{0,4}[:|=#-]?[ \t*_`|]{0,4}"
_PLURAL = r"(?:'?S|\(S\))?(?![A-Z])"
_BESIDE = rf"{_PLURAL}{_MARK}?{_GAP}"
_MARKED = rf"{_PLURAL}{_MARK}{_GAP}"
_UNMARKED = rf"'?S(?![A-Z]){_GAP}"
# What ends a value: not a decimal, a time, a price of four digits and more, a date or a fraction, or an amount.
_WHOLE = (
    r"(?!-?[A-Z0-9]|[.:]\d|,\d{3}(?![A-Z0-9-])|/\d{1,2}(?![A-Z0-9])"
    r"|[ \t]?(?:%|LBS?\b|KGS?\b|PALLETS?\b|SKIDS?\b|PIECES\b|PCS\b|CASES\b|MILES?\b|MI\b|HOURS?\b"
    r"|HRS?\b|DAYS?\b|MIN\b|MINUTES\b|FT\b|FEET\b|AM\b|PM\b))"
)


_SEPARATOR = r"[ \t]{0,4}(?:[,;/|&+]|,?[ \t]{0,2}(?:AND|OR)\b)[ \t]{0,4}(?:(?:AND|OR)\b[ \t]{0,2})?"
_MOST_ITEMS = 1_000
_AFTER_LABEL = " \t*_`:|=#-.'"


def _value(shortest: int, longest: int) -> str:
    """An alphanumeric value with a digit in it; single hyphens inside."""
    return rf"(?P<value>(?=[A-Z-]{{0,{longest}}}\d)[A-Z0-9](?:-?[A-Z0-9]){{{shortest - 1},{longest - 1}}}){_WHOLE}"


def _labelled(label: str, value: str, beside: str = _BESIDE) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Z0-9])(?P<label>{label}){beside}{value}", re.ASCII)


def _listed(
    kind: Kind,
    label: str,
    value: str,
    needles: tuple[str, ...],
    check: Callable[[str], bool] | None = None,
    *,
    beside: str = _BESIDE,
    joints: bool = False,
    unmarked: bool = False,
) -> _Pattern:
    """A label before one value or a list of them. Before each value the label may stand again: "BOL 1, BOL 2".

    Where a mark must stand after the label, the letters before a hyphen are part of a value: "Pickup #s PU-1, PU-2".
    """
    joined = "-" if beside == _MARKED else ""
    again = rf"(?:(?P<label>{label})(?![0-9{joined}]){_PLURAL}{_MARK}?{_GAP}|#[ \t]?)?"
    item = re.compile(rf"(?P<separator>{_SEPARATOR}){again}{value}", re.ASCII)
    return _Pattern(
        kind, _labelled(label, value, beside), needles, check, strict=False, joints=joints, item=item, unmarked=unmarked
    )


def _bare(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.ASCII)


# The most trusted first: `mentions.find` leaves out a match that overlaps an earlier one.
_PATTERNS = (
    _Pattern("vin", _bare(r"(?<![A-Z0-9])(?P<value>[A-HJ-NPR-Z0-9]{17})(?![A-Z0-9])"), check=checkdigits.vin),
    _Pattern(
        "container",
        _bare(r"(?<![A-Z0-9])(?P<value>[A-Z]{3}[UJZ][ -]?\d{6}[ -]?\d)(?!\d)"),
        check=checkdigits.container,
        joints=True,
    ),
    _Pattern("shipment", _bare(r"(?<![A-Z0-9-])(?P<value>SHIP-\d{4}-\d{2}-\d{2}-\d{3})(?!-?[A-Z0-9])"), ("SHIP-",)),
    _Pattern(
        "unit",
        _bare(r"(?<![A-Z0-9-])(?P<value>(?:TRUCK|TRACTOR|UNIT|VEHICLE|TRK)-\d{2,6}[A-Z]?)(?!-?[A-Z0-9])"),
        ("TRUCK-", "TRACTOR-", "UNIT-", "VEHICLE-", "TRK-"),
    ),
    _listed("order", r"P\.?O\.?|PURCHASE ORDER", _value(3, 20), ("PO", "P.O", "PURCHASE")),
    _listed(
        "bol",
        r"B/?O/?L|BILLS? OF LADING|B/L",
        _value(4, 20),
        ("BOL", "B/", "BO/L", "LADING"),
        lambda value: len(value) == 17 and checkdigits.gs1(value),
    ),
    _listed(
        "pro", "PRO", rf"(?P<value>\d{{3}}-?\d{{6}}-?[\dX]|\d{{7,10}}){_WHOLE}", ("PRO",), checkdigits.pro, joints=True
    ),
    _listed("invoice", "INV(?:OICE)?", _value(3, 20), ("INV",)),
    _listed("seal", "SEAL", _value(4, 15), ("SEAL",)),
    _Pattern(
        "sscc",
        _bare(rf"(?:(?<![A-Z0-9])SSCC(?:-18)?{_MARK}?{_GAP}(?:\(?00\)?[ ]?)?|\(00\)[ ]?)(?P<value>\d{{18}})(?!\d)"),
        ("SSCC", "(00)"),
        checkdigits.gs1,
    ),
    _Pattern(
        "awb",
        _labelled("AWB|AIR WAYBILL", r"(?P<value>\d{3}-?\d{8})(?!\d)"),
        ("AWB", "WAYBILL"),
        checkdigits.air_waybill,
        joints=True,
    ),
    _Pattern("imo", _bare(r"\bIMO[ ]?(?P<value>\d{7})\b"), ("IMO",), checkdigits.ship),
    _Pattern("mc", _bare(r"\bMC[\s#:-]{0,3}(?P<value>\d{4,7})\b"), ("MC",)),
    _Pattern("mx", _bare(r"\bMX[#-]{1,2}(?P<value>\d{4,7})\b"), ("MX",)),
    _Pattern("ff", _bare(r"\bFF[#-]{1,2}(?P<value>\d{4,7})\b"), ("FF",)),
    _Pattern("dot", _bare(r"\b(?:US\s?)?DOT[\s#:.-]{0,3}(?:NO\.?\s{0,2})?(?P<value>\d{4,8})\b"), ("DOT",)),
    _Pattern("scac", _bare(rf"\bSCAC{_BESIDE}(?P<value>[A-Z]{{2,4}})(?![A-Z0-9])"), ("SCAC",)),
    _listed("shipment", "LOAD|SHIPMENT|TRIP", _value(4, 20), ("LOAD", "SHIPMENT", "TRIP")),
    _listed("order", "ORDER", _value(3, 20), ("ORDER",), beside=_MARKED),
    _listed("order", "ORDER", _value(3, 20), ("ORDERS",), beside=_UNMARKED, unmarked=True),
    _listed("reference", "REF(?:ERENCE)?", _value(4, 20), ("REF",), beside=rf"(?:{_MARKED}|{_PLURAL}[ ]?:{_GAP})"),
    _listed("pickup", "PICK[ -]?UP|P/U|PU", _value(4, 20), ("PICK", "P/U", "PU"), beside=_MARKED),
    _listed("pickup", "PICK[ -]?UP", _value(4, 20), ("PICK",), beside=_UNMARKED, unmarked=True),
    _listed("release", "RELEASE", _value(4, 20), ("RELEASE",), beside=_MARKED),
    _listed("confirmation", "CONFIRMATION", _value(4, 20), ("CONFIRMATION",), beside=_MARKED),
    # After a comma a unit is part of a postal address: "45 Main St, Unit 200". A year is that of a model: "Truck 2024".
    _listed(
        "unit number",
        "TRUCK|TRACTOR|VEHICLE|(?<!, )UNIT",
        rf"(?!(?:19|20)\d{{2}}(?![A-Z0-9-])){_value(3, 15)}",
        ("TRUCK", "TRACTOR", "VEHICLE", "UNIT"),
    ),
)
# No value of a list: a year, and a telephone number.
_NOT_LISTED = re.compile(r"(?:19|20)\d{2}|\d{3}-\d{3}-\d{4}", re.ASCII)
_WORD = re.compile(r"[ \t]{1,2}(?!(?:AND|OR)\b)[A-Z]")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_JOINTS = re.compile(r"[ -]")


def find(text: str, upper: str) -> Iterator[IdentifierMatch]:
    """Candidates, the most trusted pattern first; they may overlap. `upper` is `text` in capitals, equally long."""
    for pattern in _PATTERNS:
        if not pattern.needles or any(needle in upper for needle in pattern.needles):
            for match in pattern.expression.finditer(upper):
                values = [match, *_items(pattern, match, upper)]
                if len(values) > 1 or not pattern.unmarked:
                    yield from filter(None, (_identifier(pattern, each, text) for each in values))


def _items(pattern: _Pattern, first: re.Match[str], upper: str) -> Iterator[re.Match[str]]:
    """The further values of a list that begins with `first`.

    After a label in the singular and a comma, a number before a word is as likely something else: "PO 4410, 5501 Main
    Street", "load 55120, 2024 model".
    """
    if pattern.item is None:
        return
    plural = upper[first.start() : first.start("value")].rstrip(_AFTER_LABEL).endswith("S")
    end = first.end()
    for _ in range(_MOST_ITEMS):
        match = pattern.item.match(upper, end)
        if match is None or _NOT_LISTED.fullmatch(match["value"]):
            return
        if not plural and match["separator"].strip() == "," and not match["label"] and _WORD.match(upper, match.end()):
            return
        yield match
        end = match.end()


def _identifier(pattern: _Pattern, match: re.Match[str], text: str) -> IdentifierMatch | None:
    start, end = match.span("value")
    value = match["value"]
    if pattern.joints:
        value = _JOINTS.sub("", value)
    checked = pattern.check is not None and pattern.check(value)
    if pattern.check is not None and pattern.strict and not checked:
        return None
    is_dated = pattern.kind == "shipment" and value.startswith("SHIP-")
    if _DATE.fullmatch(value) or (is_dated and not timestamps.is_date(value[5:15])):
        return None
    labels = match.groupdict()
    begin = match.start() if "separator" not in labels else match.start("label") if labels["label"] else start
    # A label joined by a hyphen is part of how the thing is written: "PO-88412", "INV-778".
    joined = text[start - 1 : start] == "-" and text[begin : start - 1].isalpha()
    return IdentifierMatch(pattern.kind, value, text[begin if joined else start : end], begin, end, checked)
