"""Which tokens of a text can be the value of a label, and which are something else: dates, counts, prices, telephones.

All text here is folded (`labels.fold`). Every expression is linear: repeats are possessive or short.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from apex_cli.extract import checkdigits, placeholders, timestamps
from apex_cli.extract.label_words import Need
from apex_cli.extract.labels import Label

TOKEN = re.compile(r"(?<![A-Z0-9_-])(?=[A-Z0-9_-]{3})[A-Z_-]*+\d[A-Z0-9_-]*+(?!:\d|\.\d)", re.ASCII)
"""A word of three characters and more with a digit, joints inside: 4410, TL-5501, BOL_88910. No time, no decimal."""
# The same of two digits, which only a truck has: right behind its label, or alone in a cell.
_TWO_DIGITS = re.compile(
    r"\b(?:(?:TRUCK|TRK|TRACTOR|TRACTEUR|CAMION|UNIDAD|TRACTO|VEHICLE|VEHICULE)\b"
    r"(?: ?(?:#|NO\.?|NUMBER|NUM|ID)(?![A-Z]))?[ \t]{0,3}"
    r"|UNIT(?: ?(?:#|NO\.?|NUMBER)|(?= ?:)))[:#.*=]{0,3}[ \t*]{0,12}(?P<behind>\d{2})"
    r"(?![\w:%°'\"/-]|[.,]\d| (?:OF|OR|MORE|OTHER|OUT|TO)\b)"
    r"|(?:(?<=\t)|(?<=\|)|(?<=\|[ ])|(?<=[ ]{2})|^)(?P<alone>\d{2})(?=\t|[ ]?\||[ ]{2}|$)",
    re.ASCII | re.MULTILINE,
)
_OF_TRUCKS = ("TRUCK", "TRK", "TRACT", "CAMION", "UNI", "VEHIC")
_LONG = 6
_MONTH = r"(?:JAN|ENE|FEB|FEV|MAR|APR|ABR|AVR|MAY|MAI|JUN|JUL|AUG|AGO|AOU|SEP|OCT|NOV|DEC|DIC)[A-Z]{0,6}"
_UNIT = (
    r"LBS?|KGS?|KILOS?|FT|FEET|INCH(?:ES)?|MI|MILES?|KM|HRS?|HOURS?|MINS?|MINUTES?|DAYS?|PLTS?|PALLETS?|PALETTES?"
    r"|TARIMAS|SKIDS?|PCS|PIECES?|PZAS?|PIEZAS|CASES?|CTNS?|CARTONS?|CAJAS|CAISSES|CRATES|BOXES|BAGS|DRUMS|ROLLS|TOTES|UNITS"
    r"|UNIDADES|UNITES|GAL|GALLONS|OZ|TONS?|CWT|AM|PM|PIES|DIAS|JOURS|HEURES|HORAS|WEEKS?|MONTHS?|PERCENT"
)
_NEVER = re.compile(
    rf"\d{{4}}-\d{{1,2}}-\d{{1,2}}|\d{{1,2}}-\d{{1,2}}-(?:\d{{4}}|\d{{2}})|\d{{1,2}}-?{_MONTH}(?:-?\d{{2,4}})?"
    rf"|{_MONTH}-?(?:\d{{1,2}}|\d{{4}})|(?:1-)?\d{{3}}-\d{{3}}-\d{{4}}|Q[1-4]-\d{{2,4}}"
    rf"|\d+(?:ST|ND|RD|TH|ER|[HK]|IN|EA|{_UNIT})|\d{{1,3}}[FC]|\d{{4}}Z",
    re.ASCII,
)
# A year, a measure, a local telephone number, hours, a day written as one number, a highway: values only beside a
# number sign.
_UNLIKELY = re.compile(
    r"(?:19[5-9]|20[0-4])\d|(?:\d{1,2}|10\d)X(?:\d{1,2}|10\d)|\d{3}-\d{4}|(?:[01]\d|2[0-4])[0-5]\d-(?:[01]\d|2[0-4])[0-5]\d"
    r"|20[0-4]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|(?:I|US|SR|HWY|RT|IH)-\d{1,3}",
    re.ASCII,
)
# Behind a value: the rest of a decimal, a time, a price, a date, a telephone number or an address; a unit of an amount.
_SPOILED = re.compile(
    rf"[.:]\d|,\d{{3}}(?![A-Z0-9-])|/\d{{1,2}}(?![A-Z0-9-])|[ \t]?(?:%|°)"
    rf"|[ \t]?(?:{_UNIT}|USD|CAD|MXN|EUR|DOLLARS|PESOS)(?![A-Z0-9])"
    r"|@|\)?[ .-]{1,2}\d{3}[ .-]\d{4}(?![A-Z0-9-])|'[ \t]",
    re.ASCII,
)
_MONEY_BEFORE = "$€£@"
_CONTAINER = re.compile(r"[A-Z]{3}[UJZ]\d{7}", re.ASCII)
_WITH_CONTAINERS = frozenset(("trailer", "unit number", "seal", "shipment", "reference", "pickup", "release"))
_DATED = re.compile(r"SHIP-\d{4}-\d{2}-\d{2}-\d{3}", re.ASCII)
_JOINTS = re.compile(r"[ _-]")


@dataclass(frozen=True, slots=True)
class NumberValue:
    """A value as it stands in a text: `bare` is without joints where they say nothing. `checked` by a check digit."""

    bare: str
    start: int
    end: int
    checked: bool = False


@dataclass(frozen=True, slots=True)
class _Shape:
    """What values of a kind look like. `strict`: the check digit must be right. `joints` are not part of the value."""

    expression: re.Pattern[str]
    check: Callable[[str], bool] | None = None
    strict: bool = True
    joints: bool = False


def _shape(
    expression: str, check: Callable[[str], bool] | None = None, *, strict: bool = True, joints: bool = True
) -> _Shape:
    return _Shape(re.compile(rf"{expression}(?![A-Z0-9]|-[A-Z0-9])", re.ASCII), check, strict, joints)


_SHAPES = {
    "mc": _shape(r"(?P<value>\d{4,7})(?:-[BCP])?"),
    "mx": _shape(r"\d{4,7}"),
    "ff": _shape(r"\d{4,7}"),
    "dot": _shape(r"\d{4,8}"),
    "imo": _shape(r"\d{7}", checkdigits.ship),
    "awb": _shape(r"\d{3}[ -]?\d{4}[ ]?\d{4}", checkdigits.air_waybill),
    "sscc": _shape(r"(?:\(?00\)?[ ]?)?(?P<value>\d{18})", checkdigits.gs1),
    "entry": _shape(r"[A-Z0-9]{3}[ -]?\d{7}[ -]?\d", checkdigits.customs_entry),
    "routing": _shape(r"\d{9}", checkdigits.bank_routing),
    "pedimento": _shape(r"(?:\d{2}[ -]{1,2}\d{2}[ -]{1,2}\d{4}[ -]{1,2}\d{7}|\d{15}|\d{7})"),
    "check": _shape(r"(?:\d{6,19}|\d{3,5}(?:[ -]\d{3,5}){1,4})(?![.,]\d)"),
    "pars": _shape(r"(?:(?=\d?[A-Z]{1,4})[A-Z0-9]{4}|\d{4}[ -]?PARS)[ -]?[A-Z0-9]{4,20}"),
    "paps": _shape(r"(?=\d?[A-Z]{1,4})[A-Z0-9]{4}[ -]?[A-Z0-9]{4,20}"),
}
_PRO = _shape(r"(?:\d{3}-?\d{6}-?[\dX]|\d{7,10})", checkdigits.pro, strict=False)
_LENGTHS = {"order": (3, 22), "invoice": (3, 22), "trailer": (3, 12), "unit number": (2, 15), "seal": (4, 15)}
_USUAL_LENGTHS = (4, 25)
_FEWEST_DIGITS_OF_PRO = 5
_VICS_LENGTH = 17
_SHORT = 4


def tokens(text: str) -> list[tuple[int, int]]:
    """The spans of all tokens of a folded text that can be values, in order."""
    found = [token.span() for token in TOKEN.finditer(text)]
    if any(label in text for label in _OF_TRUCKS):
        short = [match.span(match.lastgroup or 0) for match in _TWO_DIGITS.finditer(text)]
        found = sorted((*found, *short)) if short else found
    return found


def value_at(text: str, start: int, end: int, label: Label, kind: str, *, formed: bool = False) -> NumberValue | None:
    """The value of a kind that the token from `start` to `end` is, beside such a label; None if it is none.

    `formed`: the layout says that it is a value: it fills a cell, a column or a line of its own.
    """
    if _is_price(text, start):
        return None
    shape = _PRO if kind == "pro" else _SHAPES.get(kind)
    match = shape.expression.match(text, start) if shape is not None else None
    if shape is not None and match is not None:
        return _made(match, shape) if match.end() >= end else None
    token = text[start:end]
    if (
        (shape is not None and kind != "pro")
        or not _fits(token, kind)
        or _SPOILED.match(text, end)
        or not _suffices(token, label, kind, formed)
        or placeholders.is_id(token)
    ):
        return None
    return NumberValue(token, start, end, checked=kind == "bol" and _is_vics(token))


def _is_price(text: str, start: int) -> bool:
    """Whether what begins here is an amount, or the rest of one."""
    before = text[start - 1] if start else ""
    return bool(before) and (before in _MONEY_BEFORE or (before in ".," and text[start - 2 : start - 1].isdigit()))


def _is_vics(token: str) -> bool:
    """Whether a bill of lading has the form of VICS, which has a check digit."""
    return len(token) == _VICS_LENGTH and token.isdigit()


def _made(match: re.Match[str], shape: _Shape) -> NumberValue | None:
    group = "value" if "value" in match.re.groupindex else 0
    written = match[group]
    bare = _JOINTS.sub("", written) if shape.joints else written
    checked = shape.check is not None and shape.check(bare)
    if shape.check is not None and shape.strict and not checked:
        return None
    return NumberValue(bare, *match.span(group), checked)


def _fits(token: str, kind: str) -> bool:
    """Whether the token has the form of such a value, wherever it stands; what has a check digit has the right one."""
    shortest, longest = _LENGTHS.get(kind, _USUAL_LENGTHS)
    fewest = _FEWEST_DIGITS_OF_PRO if kind == "pro" else 2 if len(token) > _SHORT else 1
    return (
        shortest <= len(token) <= longest
        and sum(map(str.isdigit, token)) >= fewest
        and not _NEVER.fullmatch(token)
        and (kind != "bol" or not _is_vics(token) or checkdigits.gs1(token))
        and (kind not in _WITH_CONTAINERS or not _CONTAINER.fullmatch(token) or checkdigits.container(token))
        and (not _DATED.fullmatch(token) or timestamps.is_date(token[5:15]))
    )


def _suffices(token: str, label: Label, kind: str, formed: bool) -> bool:
    """Whether the label says enough for such a token."""
    if label.numbered or _UNLIKELY.fullmatch(token):
        return label.numbered
    is_mixed = not token.replace("-", "").isdigit()
    is_marked = label.marked or formed
    is_long = len(token) >= (_LONG - 1 if is_mixed or kind == "order" else _LONG)
    if (label.plural and not label.abbreviated and not is_mixed and len(token) <= _SHORT) or kind == "pro":
        return kind == "pro" and is_marked
    return {
        Need.NOTHING: True,
        Need.LONG_VALUE: is_marked or is_long,
        Need.MIXED: is_mixed and is_long,
        Need.MARK: is_marked,
        Need.NUMBER: is_marked and is_long and is_mixed,
    }[label.need]
