"""Workbooks of spreadsheet programs: .xlsx, .xlsm, .xlsb, .xls and .ods, by calamine.

The rows of a sheet that is a table are objects. Sheets that are none, such as a rate confirmation in the form of a
sheet, are together one document. Hidden sheets are read as well. Formulas are not computed: the values that were saved
with them count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from functools import singledispatch
from typing import TYPE_CHECKING, Any, BinaryIO

from apex_cli.errors import ReadError
from apex_cli.extract import collection_names
from apex_cli.formats.format import FileInfo, Format
from apex_cli.formats.office import compound, package
from apex_cli.formats.part import Block, Document, Ignored, Part
from apex_cli.formats.sheets import form
from apex_cli.formats.sheets.number_formats import NumberFormats, Row
from apex_cli.formats.sheets.table import SheetRow, table_of

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

_BOOK_STREAMS = frozenset(("Workbook", "Book", "WORKBOOK", "BOOK"))
_UNNAMED = re.compile(r"(?:sheet|hoja|feuil(?:le)?|tabelle|planilha|foglio|table|export)[ _-]*\d*", re.IGNORECASE)
_MIDNIGHT = time()
_ALIVE_ROWS = 1_000
_NO_MORE: Row = (2**31, {})


class _Workbook(Format):
    name = "workbook"
    extensions = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".xltx", ".xltm")
    extra = "documents"
    isolated = True

    def recognises(self, head: bytes, file: BinaryIO) -> bool:
        if head.startswith(compound.SIGNATURE):
            return not _BOOK_STREAMS.isdisjoint(compound.stream_names(file))
        return package.kind_of(head, file) in ("workbook", "opendocument")

    def parts(self, file: BinaryIO, info: FileInfo) -> Iterator[Part]:
        from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

        _check(file, info)
        try:
            workbook = CalamineWorkbook.from_filelike(file)
            formats = NumberFormats.of(file)
        except PasswordError as error:
            raise compound.encrypted(info.name) from error
        blocks: list[Block] = []
        for sheet in workbook.sheets_metadata:
            if sheet.typ is not SheetTypeEnum.WorkSheet:
                yield Ignored(f"sheet {sheet.name}", "it has no cells")
                continue
            notes = [] if sheet.visible is SheetVisibleEnum.Visible else [f"the sheet {sheet.name} is hidden"]
            cells = workbook.get_sheet_by_name(sheet.name)
            info.alive()
            found = table_of(
                _rows(cells, info, formats.rows(file, sheet.name)),
                is_table=False,
                sheet=sheet.name,
                collection=_collection(sheet.name),
                notes=notes,
            )
            if found is not None:
                yield from found.parts()
            else:
                blocks += form.blocks(
                    ((row.number, row.cells) for row in _rows(cells, info, formats.rows(file, sheet.name))), sheet.name
                )
        if blocks:
            yield Document(tuple(blocks))


FORMAT = _Workbook()


def _check(file: BinaryIO, info: FileInfo) -> None:
    """Raises `ReadError` for a file that calamine must not be given."""
    head = file.read(len(compound.SIGNATURE))
    file.seek(0)
    if not head:
        raise ReadError("the file is empty", code="empty_file")
    if head != compound.SIGNATURE:
        package.check(file, info.name, info.limits)
        return
    names = compound.stream_names(file)
    file.seek(0)
    if compound.ENCRYPTED in names:
        raise compound.encrypted(info.name)
    if _BOOK_STREAMS.isdisjoint(names):
        raise ReadError(f"{info.name} is an old Office file, and no workbook", code="unknown_type")


def _collection(sheet: str) -> str:
    """What the rows of a sheet are called by its name; empty where that says nothing: the name of the file counts."""
    says_nothing = _UNNAMED.fullmatch(sheet.strip()) or not collection_names.singular(collection_names.named(sheet))
    return "" if says_nothing else sheet


def _rows(sheet: CalamineSheet, info: FileInfo, formats: Iterator[Row]) -> Iterator[SheetRow]:
    """The rows with their numbers in the sheet. Of merged cells each row has the value in the first of its columns.

    `formats` are the rows with cells that show more than their number.
    """
    if sheet.start is None:
        return
    _, left = sheet.start
    merged = _Merged(sheet, left)
    at, shown = next(formats, _NO_MORE)
    # calamine begins with the first row of the sheet, and with the first column that is filled.
    for number, cells in enumerate(sheet.iter_rows()):
        if number % _ALIVE_ROWS == 0:
            info.alive()
        texts = [_text(cell) for cell in cells]
        while at < number:
            at, shown = next(formats, _NO_MORE)
        if at == number:
            for column, form in shown.items():
                cell = cells[column - left] if left <= column < left + len(cells) else None
                if isinstance(cell, float):
                    texts[column - left] = form(cell)
        yield SheetRow(number + 1, merged.filled(number, texts))


class _Merged:
    """Cells that are merged over several rows."""

    def __init__(self, sheet: CalamineSheet, left: int) -> None:
        self._left = left
        self._starts: dict[int, list[tuple[int, int]]] = {}
        self._open: dict[int, tuple[int, str]] = {}
        for (top, first), (bottom, _) in sheet.merged_cell_ranges or ():
            if bottom > top and first >= left:
                self._starts.setdefault(top, []).append((first - left, bottom))

    def filled(self, number: int, cells: list[str]) -> list[str]:
        """The cells of a row, those below the first one of a merged cell with its value. Rows come in their order."""
        for column, (bottom, text) in list(self._open.items()):
            if number > bottom:
                del self._open[column]
            elif column < len(cells):
                cells[column] = cells[column] or text
        for column, bottom in self._starts.get(number, ()):
            if column < len(cells) and cells[column]:
                self._open[column] = bottom, cells[column]
        return cells


@singledispatch
def _text(cell: Any) -> str:
    """A cell as text: dates in ISO 8601, a date without a time of day as a date, whole numbers without decimals."""
    return str(cell)


@_text.register
def _(cell: str) -> str:
    return cell.strip()


@_text.register
def _(cell: bool) -> str:
    return "true" if cell else "false"


@_text.register
def _(cell: float) -> str:
    return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)


@_text.register
def _(cell: datetime) -> str:
    return cell.date().isoformat() if cell.time() == _MIDNIGHT else cell.isoformat()


@_text.register
def _(cell: timedelta) -> str:
    minutes = int(cell.total_seconds() // 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
