"""Rows of cells as tables of documents have them: cells that span columns or rows, heads that are marked or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from apex_cli.formats.tables import split_heads, table_line, table_lines

_MOST_SPANNED = 200


@dataclass(slots=True)
class TableRows:
    """The rows of one table while it is read. `heads` counts the first rows whose cells are all marked as heads."""

    rows: list[list[str]] = field(default_factory=list)
    heads: int = 0
    _below: dict[int, tuple[int, str]] = field(default_factory=dict)
    _marked: bool = True

    def begin_row(self) -> None:
        """A row begins. What an earlier row spans down is in it already."""
        if self.rows and self._marked and self.rows[-1] and self.heads == len(self.rows) - 1:
            self.heads += 1
        self._marked = True
        self.rows.append([])

    def add(self, text: str, *, columns: int = 1, rows: int = 1, is_head: bool = False) -> None:
        """A cell. One that spans columns has its text in the first of them, one that spans rows in each."""
        if not self.rows:
            self.begin_row()
        row = self.rows[-1]
        self._fill(row)
        if rows > 1:
            self._below[len(row)] = (len(self.rows) - 1 + min(rows, _MOST_SPANNED), text)
        row.extend([text, *[""] * (min(columns, _MOST_SPANNED) - 1)])
        self._marked = self._marked and is_head

    def _fill(self, row: list[str]) -> None:
        number = len(self.rows) - 1
        while (spanned := self._below.get(len(row))) is not None:
            until, text = spanned
            if number >= until:
                del self._below[len(row)]
                return
            row.append(text)

    def text(self) -> str:
        """The table as lines, values beside their heads."""
        self.begin_row()
        rows = [row for row in self.rows if any(row)]
        marked = rows[: self.heads] if self.heads < len(rows) else []
        if marked:
            return table_lines(_joined(marked), rows[len(marked) :])
        heads, others = split_heads(rows)
        if heads:
            return table_lines(heads, others)
        return "\n".join(table_line((), _pair(row)) for row in rows)


def _joined(rows: Sequence[Sequence[str]]) -> list[str]:
    """The heads of several rows as one: `Pickup` above `City` is `Pickup City`."""
    width = max(map(len, rows))
    heads: list[str] = []
    for column in range(width):
        labels = dict.fromkeys(row[column] for row in rows if column < len(row) and row[column])
        heads.append(" ".join(labels))
    return heads


def _pair(row: Sequence[str]) -> Sequence[str]:
    """A row with two cells that are filled as a label and its value."""
    filled = [cell for cell in row if cell]
    return filled if len(filled) == 2 else row
