"""Numbers and dates of a sheet as they are written where it comes from: `1.250,50`, `13/02/2026`.

What is meant is decided once for a sheet, from its first rows: a comma before one or two digits at the end is that of
decimals, and a first part above 12 is a day. Where the rows say nothing, or both, nothing is changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_AROUND = r"(?P<before>[^\d\s.,;:/()#-]{0,3} ?-?)%s(?P<after> ?[^\W\d]{0,4}\.?[€$£]?)"
_DECIMAL_COMMA = re.compile(_AROUND % r"(?P<number>\d{1,3}(?:\.\d{3})+,\d{1,4}|\d+,\d{1,2})")
_DECIMAL_POINT = re.compile(_AROUND % r"(?:\d{1,3}(?:,\d{3})+\.\d{1,4}|\d+\.\d{1,2}|\d{1,3}(?:,\d{3})+)")
_CONTINENTAL = re.compile(_AROUND % r"(?P<number>\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+,\d+)")
_DATE = re.compile(r"(?P<first>\d{1,2})([/-])(?P<second>\d{1,2})\2(?P<year>\d{4}|\d{2})(?P<rest>(?:[ T,].{0,40})?)")
_LONGEST = 60
_DIGIT = re.compile(r"\d")
_LETTERS_FIRST = re.compile(r"[^\W\d_]{4}|[^\W\d_]+[\d-]")
_CENTURY = 50
_NUMBER = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
_AROUND_NUMBER = re.compile(r"^\W*?(?=[-\d])|(?<=\d)\s*[^\W\d]{0,4}\W*$")
_AMOUNT = re.compile(r"\W{0,3}\d[\d.,]*\s?\W?[^\W\d]{0,8}\W{0,2}")


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a sheet writes numbers and dates: whether a comma begins decimals, whether the day is first."""

    decimal_comma: bool = False
    day_first: bool = False

    def notes(self) -> list[str]:
        """What is read in another way than by itself."""
        found = ["numbers are read with a comma before their decimals"] if self.decimal_comma else []
        return [*found, "dates are read as day, month, year"] if self.day_first else found

    def plain(self, cell: str) -> str:
        """The cell with a number as `1250.50` and a date as `2026-02-13`; any other as it is."""
        if not (self.decimal_comma or self.day_first) or len(cell) > _LONGEST or not _DIGIT.search(cell):
            return cell
        if self.decimal_comma and (found := _CONTINENTAL.fullmatch(cell)):
            number = found["number"].replace(".", "").replace(",", ".")
            return f"{found['before']}{number}{found['after']}"
        if self.day_first and (found := _DATE.fullmatch(cell)) and 0 < int(found["second"]) <= 12:
            year = int(found["year"])
            if len(found["year"]) == 2:
                year += 2000 if year < _CENTURY else 1900
            return f"{year}-{int(found['second']):02d}-{int(found['first']):02d}{found['rest']}"
        return cell


def spelling_of(rows: Sequence[Sequence[str]]) -> Spelling:
    """How these rows write numbers and dates."""
    cells = [cell for row in rows for cell in row if cell and len(cell) <= _LONGEST]
    commas = any(_DECIMAL_COMMA.fullmatch(cell) for cell in cells)
    points = commas and any(_DECIMAL_POINT.fullmatch(cell) for cell in cells)
    dates = [(int(found["first"]), int(found["second"])) for cell in cells if (found := _DATE.fullmatch(cell))]
    day_first = any(first > 12 >= second for first, second in dates)
    month_first = any(second > 12 for _, second in dates)
    return Spelling(commas and not points, day_first and not month_first)


def number(cell: str) -> float | None:
    """The number in a cell, a currency or a unit beside it left out; None for any other text."""
    if len(cell) > _LONGEST or _LETTERS_FIRST.match(cell):
        return None
    text = _AROUND_NUMBER.sub("", cell)
    return float(text.replace(",", "")) if _NUMBER.fullmatch(text) else None


def is_amount(cell: str) -> bool:
    """Whether a cell holds a number and little else: `$1,200.00`, `12 loads`."""
    return len(cell) <= _LONGEST and _AMOUNT.fullmatch(cell) is not None
