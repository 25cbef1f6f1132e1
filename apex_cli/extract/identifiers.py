"""Identifiers in running text that have a prefix, a label or a check digit.

The standards are cited in `checkdigits`; labels are the usual ones of bills of lading, rate confirmations and invoices.
All expressions are linear: every repeat is bounded and short.
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
    `checked`: a check digit confirms it.
    """

    kind: Kind
    value: str
    text: str
    start: int
    end: int
    checked: bool = False


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One expression over the upper-cased text. `needles`: one of them must occur, a cheap test that saves the search.

    A failed `check` rejects the match only where `strict`; `joints` are taken out of the value before it is checked.
    """

    kind: Kind
    expression: re.Pattern[str]
    needles: tuple[str, ...] = ()
    check: Callable[[str], bool] | None = None
    strict: bool = True
    joints: bool = False


_MARK = r"(?:[ \t]{0,2}(?:#|NO\b\.?|NUMBERS?\b|NUM\b\.?|ID\b))"
_GAP = r"[ \t*_`]{0,4}[:|=#-]?[ \t*_`|]{0,4}"
_BESIDE = rf"(?![A-Z]){_MARK}?{_GAP}"
_MARKED = rf"(?![A-Z]){_MARK}{_GAP}"
_WHOLE = (
    r"(?!-?[A-Z0-9]|[.,:/]\d|[ \t]?(?:%|LBS?\b|KGS?\b|PALLETS?\b|SKIDS?\b|PIECES\b|PCS\b|CASES\b|MILES?\b|MI\b|HOURS?\b"
    r"|HRS?\b|DAYS?\b|MIN\b|MINUTES\b|FT\b|FEET\b|AM\b|PM\b))"
)


def _value(shortest: int, longest: int) -> str:
    """An alphanumeric value with a digit in it; single hyphens inside."""
    return rf"(?P<value>(?=[A-Z-]{{0,{longest}}}\d)[A-Z0-9](?:-?[A-Z0-9]){{{shortest - 1},{longest - 1}}}){_WHOLE}"


def _labelled(label: str, value: str, beside: str = _BESIDE) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Z0-9])(?:{label}){beside}{value}", re.ASCII)


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
    _Pattern("order", _labelled(r"P\.?O\.?|PURCHASE ORDER", _value(3, 20)), ("PO", "P.O", "PURCHASE")),
    _Pattern(
        "bol",
        _labelled(r"B/?O/?L|BILL OF LADING|B/L", _value(4, 20)),
        ("BOL", "B/", "BO/L", "LADING"),
        lambda value: len(value) == 17 and checkdigits.gs1(value),
        strict=False,
    ),
    _Pattern(
        "pro",
        _labelled("PRO", rf"(?P<value>\d{{3}}-?\d{{6}}-?[\dX]|\d{{7,10}}){_WHOLE}"),
        ("PRO",),
        checkdigits.pro,
        strict=False,
        joints=True,
    ),
    _Pattern("invoice", _labelled("INV(?:OICE)?", _value(3, 20)), ("INV",)),
    _Pattern("seal", _labelled("SEAL", _value(4, 15)), ("SEAL",)),
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
    _Pattern("shipment", _labelled("LOAD|SHIPMENT|TRIP", _value(4, 20)), ("LOAD", "SHIPMENT", "TRIP")),
    _Pattern("order", _labelled("ORDER", _value(3, 20), _MARKED), ("ORDER",)),
    _Pattern("reference", _labelled("REF(?:ERENCE)?", _value(4, 20), rf"(?:{_MARKED}|[ ]?:{_GAP})"), ("REF",)),
    _Pattern("pickup", _labelled("PICK-?UP", _value(4, 20), _MARKED), ("PICKUP", "PICK-UP")),
    _Pattern("release", _labelled("RELEASE", _value(4, 20), _MARKED), ("RELEASE",)),
    _Pattern("confirmation", _labelled("CONFIRMATION", _value(4, 20), _MARKED), ("CONFIRMATION",)),
    _Pattern(
        "unit number",
        # After a comma a unit is part of a postal address: "45 Main St, Unit 200".
        _labelled("TRUCK|TRACTOR|VEHICLE|(?<!, )UNIT", _value(3, 15)),
        ("TRUCK", "TRACTOR", "VEHICLE", "UNIT"),
    ),
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_JOINTS = re.compile(r"[ -]")


def find(text: str, upper: str) -> Iterator[IdentifierMatch]:
    """Candidates, the most trusted pattern first; they may overlap. `upper` is `text` in capitals, equally long."""
    for pattern in _PATTERNS:
        if not pattern.needles or any(needle in upper for needle in pattern.needles):
            for match in pattern.expression.finditer(upper):
                found = _identifier(pattern, match, text)
                if found is not None:
                    yield found


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
    # A label joined by a hyphen is part of how the thing is written: "PO-88412", "INV-778".
    joined = text[start - 1 : start] == "-" and text[match.start() : start - 1].isalpha()
    return IdentifierMatch(
        pattern.kind, value, text[match.start() if joined else start : end], match.start(), end, checked
    )
