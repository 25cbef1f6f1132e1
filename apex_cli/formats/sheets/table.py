"""The rows of a table as objects: each cell under the head of its column. So CSV files and workbooks are read.

Rows that are none of the table are not taken, and said to be there: totals, heads that are repeated on each page, lines
of text. What stands above the heads is a note of the first row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from apex_cli.extract import clean
from apex_cli.formats.part import Ignored, Object, Part, Unreadable
from apex_cli.formats.sheets import heads as sheet_heads
from apex_cli.formats.sheets.heads import SheetHeads, filled
from apex_cli.formats.sheets.spelling import Spelling, spelling_of
from apex_cli.formats.sheets.totals import Totals

FIRST_ROWS = 200
"""Rows of a sheet that are looked at before the first one is read."""
_FEWEST_WORDS = 3
_NOTED = 200


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row with its number in the sheet, from 1. Its cells are texts without blanks around them."""

    number: int
    cells: list[str]


@dataclass(slots=True)
class SheetTable:
    """A table that is being read: its first rows, the others, and what they are called.

    `sheet` is the name of its sheet in a workbook, `collection` that of its records where it says something.
    """

    heads: SheetHeads
    first: list[SheetRow | Unreadable]
    others: Iterator[SheetRow | Unreadable]
    spelling: Spelling
    sheet: str = ""
    collection: str = ""
    notes: list[str] = field(default_factory=list)

    def parts(self) -> Iterator[Part]:
        """Its rows, and what is none."""
        yield from _Reader(self).parts()


def table_of(
    rows: Iterable[SheetRow | Unreadable],
    *,
    is_table: bool,
    sheet: str = "",
    collection: str = "",
    notes: Sequence[str] = (),
) -> SheetTable | None:
    """The table that these rows are; None where they are none. See `heads.find`."""
    every = iter(rows)
    first = list(islice(every, FIRST_ROWS))
    cells = [row.cells for row in first if isinstance(row, SheetRow) and any(row.cells)]
    heads = sheet_heads.find(cells, is_table=is_table)
    if heads is None:
        return None
    spelling = spelling_of(cells[heads.above + len(heads.lines) :])
    return SheetTable(heads, first, every, spelling, sheet, collection, [*notes, *spelling.notes()])


class _Reader:
    def __init__(self, table: SheetTable) -> None:
        self._table = table
        self._notes = list(table.notes)
        self._use(table.heads)

    def _use(self, heads: SheetHeads) -> None:
        self._heads = heads
        self._width = len(heads.names)
        self._totals = Totals(heads.names)

    def parts(self) -> Iterator[Part]:
        rows = chain(self._table.first, self._table.others)
        left = self._heads.above
        heads = len(self._heads.lines)
        blank_before = False
        for row in rows:
            if isinstance(row, Unreadable):
                yield row
                continue
            if not any(row.cells):
                blank_before = True
                continue
            if left:
                left -= 1
                self._notes.append(f"above the heads: {_shown(row.cells)}")
                continue
            if heads:
                heads -= 1
                continue
            if blank_before and (new := sheet_heads.is_new([row.cells], self._heads)):
                self._use(new)
                blank_before = False
                continue
            blank_before = False
            yield self._part(row)

    def _part(self, row: SheetRow) -> Part:
        why = self._no_row(row.cells)
        if why is not None:
            return Ignored(self._place(row), why, _shown(row.cells))
        self._totals.add(row.cells)
        payload: dict[str, str | None] = {}
        for column, cell in enumerate(row.cells):
            name = self._heads.names[column] if column < self._width else ""
            if name or cell:
                payload[name or self._unnamed(column)] = self._table.spelling.plain(cell) or None
        for name in self._heads.names[len(row.cells) :]:
            if name:
                payload[name] = None
        notes = self._notes
        self._notes = []
        if len(row.cells) != self._width:
            heads = f"{self._width} head{'s' if self._width != 1 else ''}"
            notes = [*notes, f"the row has {len(row.cells)} cells, and there are {heads}"]
        return Object(payload, self._place(row), self._table.collection, tuple(notes))

    def _unnamed(self, column: int) -> str:
        name = f"column {column + 1}"
        return name if name not in self._heads.names else f"{name} (no head)"

    def _place(self, row: SheetRow) -> str:
        return f"sheet {self._table.sheet}, row {row.number}" if self._table.sheet else f"row {row.number}"

    def _no_row(self, cells: Sequence[str]) -> str | None:
        """Why a row is none of the table; None for one that is."""
        found = filled(cells)
        if any(list(cells) == list(line) for line in self._heads.lines):
            return "the heads again"
        if self._totals.are(cells):
            return "totals"
        if len(set(found)) == 1 and self._width > 2 and not _may_be_id(found[0]):
            return "a line of text"
        return None


def _may_be_id(text: str) -> bool:
    """Whether a cell that stands alone in its row may be an id, and so a row with nothing else."""
    return any(map(str.isdigit, text)) and len(text.split()) < _FEWEST_WORDS


def _shown(cells: Sequence[str]) -> str:
    return clean.line(" | ".join(dict.fromkeys(filled(cells))), _NOTED)
