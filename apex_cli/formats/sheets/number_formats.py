"""Numbers of a workbook as its cells show them, where that says more than the number.

    4711    in the format  000000           004711: an id
    42                     "LD-"0000        LD-0042
    0.125                  0.0%             12.5%
    1450                   [$€-407] #,##0   1450 EUR

calamine gives values without formats. Only where a workbook (.xlsx) has such a format the XML of its sheets is read for
the formats of its cells, as a stream beside the values (ECMA-376 part 1: 18.3.1.4 `c`, 18.8.30 `numFmt`).
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, BinaryIO
from xml.parsers import expat

Shown = Callable[[float], str]
"""A number as a cell with a format shows it."""
Row = tuple[int, Mapping[int, Shown]]
"""The number of a row, and what is shown in its columns; both from 0."""

_LITERAL = r"(?:\"[^\"]*\"|\\.|[-/ ])*"
_PADDED = re.compile(rf"(?P<before>{_LITERAL})(?P<digits>0{{2,}})(?P<after>{_LITERAL})")
_QUOTING = re.compile(r"\"([^\"]*)\"|\\(.)")
_PERCENT = re.compile(r"[#0,.? ]*0[#0,.? ]*%")
_CURRENCY = re.compile(r"\[\$(?P<sign>[^\]-]+)(?:-[^\]]*)?\]|\"(?P<quoted>[A-Z]{3}|[€£])\"|(?P<bare>[€£])")
_CODES = {"€": "EUR", "£": "GBP", "CA$": "CAD", "MX$": "MXN", "US$": "USD"}
_CODE = re.compile(r"[A-Z]{3}")
_CELL = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_BUILT_IN = {"9": "0%", "10": "0.00%"}
_LARGEST_PART = 16 * 1024**2
_CHUNK = 256 * 1024
_MOST_DIGITS = 15


@dataclass(slots=True)
class NumberFormats:
    """Which cells of a workbook have a format that says more. `styles` are these formats by the number of their style,
    `sheets` the members of the package by the names of the sheets."""

    styles: Mapping[str, Shown] = field(default_factory=dict)
    sheets: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, file: BinaryIO) -> NumberFormats:
        """Those of a workbook; none of one that is no .xlsx, or whose styles cannot be read. The file is at its
        beginning afterwards."""
        try:
            with zipfile.ZipFile(file) as package:
                styles = _styles(package)
                return cls(styles, _sheets(package)) if styles else cls()
        except (zipfile.BadZipFile, KeyError, OSError, ValueError, expat.ExpatError):
            return cls()
        finally:
            file.seek(0)

    def rows(self, file: BinaryIO, sheet: str) -> Iterator[Row]:
        """The rows of a sheet that have such cells, in their order. What is broken ends them."""
        if not self.styles or sheet not in self.sheets:
            return
        try:
            with zipfile.ZipFile(file) as package, package.open(self.sheets[sheet]) as part:
                yield from _rows(part, self.styles)
        except (zipfile.BadZipFile, KeyError, OSError, ValueError, EOFError, expat.ExpatError):
            return


def shown_by(code: str) -> Shown | None:
    """How a number is shown in this format; None for a format that says no more than the number."""
    positive = code.partition(";")[0]
    if padded := _PADDED.fullmatch(positive):
        before, after = (_QUOTING.sub(r"\1\2", padded[name]) for name in ("before", "after"))
        digits = len(padded["digits"])
        return lambda value: f"{before}{int(value):0{digits}d}{after}" if _is_whole(value) else repr(value)
    if _PERCENT.fullmatch(positive):
        return lambda value: f"{value * 100:.10g}%"
    found = _CURRENCY.search(positive)
    sign = next((part.strip() for part in found.groups() if part), "") if found else ""
    unit = _CODES.get(sign) or (sign if _CODE.fullmatch(sign) else None)
    if unit is None:
        return None
    return lambda value: f"{int(value) if _is_whole(value) else value!r} {unit}"


def _is_whole(value: float) -> bool:
    return value >= 0 and value.is_integer() and value < 10**_MOST_DIGITS


def _parser(start: Callable[[str, dict[str, str]], None]) -> expat.XMLParserType:
    """A parser that calls `start` with each element's name without its prefix, and takes no entities."""
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, attributes: start(name.rpartition(":")[2], attributes)

    def refuse(*_: object) -> None:
        raise ValueError("an entity is declared")

    parser.EntityDeclHandler = refuse
    return parser


def _read(package: zipfile.ZipFile, name: str, start: Callable[[str, dict[str, str]], None]) -> None:
    if package.getinfo(name).file_size > _LARGEST_PART:
        raise ValueError(f"{name} is too large")
    _parser(start).Parse(package.read(name), True)


def _styles(package: zipfile.ZipFile) -> dict[str, Shown]:
    codes = dict(_BUILT_IN)
    found: dict[str, Shown] = {}
    inside, number = False, 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal inside, number
        if name == "numFmt":
            codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name in ("cellXfs", "cellStyleXfs", "cellStyles"):
            inside = name == "cellXfs"
        elif name == "xf" and inside:
            shown = shown_by(codes.get(attributes.get("numFmtId", ""), ""))
            if shown is not None:
                found[str(number)] = shown
            number += 1

    _read(package, "xl/styles.xml", start)
    return found


def _sheets(package: zipfile.ZipFile) -> dict[str, str]:
    targets: dict[str, str] = {}
    names: dict[str, str] = {}

    def relation(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            targets[attributes.get("Id", "")] = posixpath.normpath(
                posixpath.join("/xl", attributes.get("Target", ""))
            ).lstrip("/")

    def sheet(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            own = next((value for key, value in attributes.items() if key.rpartition(":")[2] == "id"), "")
            names[attributes.get("name", "")] = own

    _read(package, "xl/_rels/workbook.xml.rels", relation)
    _read(package, "xl/workbook.xml", sheet)
    return {name: targets[own] for name, own in names.items() if own in targets}


def _rows(part: IO[bytes], styles: Mapping[str, Shown]) -> Iterator[Row]:
    rows: dict[int, dict[int, Shown]] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name != "c" or (shown := styles.get(attributes.get("s", ""))) is None:
            return
        if (cell := _CELL.fullmatch(attributes.get("r", ""))) is not None:
            column = 0
            for letter in cell[1]:
                column = column * 26 + ord(letter) - 64
            rows.setdefault(int(cell[2]) - 1, {})[column - 1] = shown

    parser = _parser(start)
    while chunk := part.read(_CHUNK):
        parser.Parse(chunk, False)
        # The last row may go on in the next chunk.
        for number in list(rows)[:-1]:
            yield number, rows.pop(number)
    yield from rows.items()
