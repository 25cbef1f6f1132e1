"""Lines of a text as cells: what stands between strokes, tabs or wide blanks, and the columns under a table's heads.

All text here is folded (`labels.fold`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from apex_cli.extract import labels
from apex_cli.extract.label_words import Need
from apex_cli.extract.labels import Label

_WIDE = re.compile(r"[ \t]{2,}", re.ASCII)
_RULE = re.compile(r"[\s|:+=*_~-]+", re.ASCII)
_EDGE = " \t*_`#>([•·-"
LONGEST_LINE = 4_000
_LONGEST_EDGE = 60
_LONGEST_HEAD = 80
_MOST_CELLS = 100
_GENERIC_HEADS = frozenset(
    ("", "NUMBER", "VALUE", "NO", "NO.", "ID", "DETAIL", "DETAILS", "INFORMATION", "VALOR", "NUMERO", "VALEUR")
)


class Cell(NamedTuple):
    """A piece of a line, without the blanks around it: from `start` to `end` in the text."""

    start: int
    end: int


class TextLine:
    """A line of a text and its cells. `joint` is what stands between them: "|", a tab, or wide blanks (" ").

    `heads` and `kinds` are what a reader has found out: the heads of its table, and the kinds of its values.
    """

    __slots__ = ("_above", "_cells", "_has_looked", "content", "end", "heads", "joint", "kinds", "start", "text")

    def __init__(self, text: str, start: int, end: int) -> None:
        self.text = text
        self.start = start
        self.end = end
        self.content = text[start:end]
        self.heads: Heads | None = None
        self.kinds: set[str] = set()
        self.joint = " "
        self._cells: list[Cell] | None = None
        self._above: TextLine | None = None
        self._has_looked = False
        if len(self.content) <= LONGEST_LINE:
            has_tabs = "\t" in self.content and "\t" in self.content.strip()
            self.joint = "|" if "|" in self.content else "\t" if has_tabs else " "

    @property
    def is_empty(self) -> bool:
        """Whether it is blank."""
        return not self.content or self.content.isspace()

    @property
    def is_rule(self) -> bool:
        """Whether it only draws: `|---|---|`, `+=====+`."""
        return _RULE.fullmatch(self.content) is not None

    @property
    def has_columns(self) -> bool:
        """Whether it has more than one cell."""
        return self.joint != " " or ("  " in self.content and "  " in self.content.strip())

    @property
    def cells(self) -> list[Cell]:
        """The pieces; a line that is too long for a table is one."""
        if self._cells is None:
            self._cells = self._cut()
        return self._cells

    def cell_of(self, position: int) -> int:
        """The index of the cell that holds a position of the text."""
        return next((index for index, cell in enumerate(self.cells) if position < cell.end), len(self.cells) - 1)

    def cell_text(self, index: int) -> str:
        """The text of a cell."""
        return self.text[self.cells[index].start : self.cells[index].end]

    def is_first(self, position: int) -> bool:
        """Whether nothing but marks of a list or of emphasis stands before the position."""
        return position - self.start <= _LONGEST_EDGE and not self.text[self.start : position].strip(_EDGE)

    def begins_cell(self, position: int) -> bool:
        """Whether nothing but marks of a list or of emphasis stands before the position in its cell."""
        before = self.text[max(self.start, position - 1) : position]
        if before.isalnum() or before in ("/", ":", "$", ","):
            return False
        start = self.cells[self.cell_of(position)].start
        return position - start <= _LONGEST_EDGE and not self.text[start:position].strip(_EDGE)

    def words_from(self, position: int) -> int:
        """How many words the cell has from the position on; of a long cell, of its next 100 characters."""
        return self.text.count(" ", position, min(position + 100, self.cells[self.cell_of(position)].end)) + 1

    def label_left_of(self, position: int) -> Label | None:
        """The label that is the whole cell to the left, in a row with strokes or tabs."""
        if self.joint == " ":
            return None
        index = self.cell_of(position)
        return labels.whole(self.cell_text(index - 1)) if index else None

    def above(self, most: int) -> Iterator[TextLine]:
        """The lines above, the nearest first, at most so many, up to one that is too long for a table."""
        line: TextLine | None = self
        for _ in range(most):
            line = line.nearest_above() if line is not None else None
            if line is None:
                return
            yield line

    def nearest_above(self) -> TextLine | None:
        """The line above; None at the beginning of the text, and where it is too long for a table."""
        if not self._has_looked:
            self._has_looked = True
            end = self.start - 1
            floor = max(0, end - LONGEST_LINE)
            start = self.text.rfind("\n", floor, max(0, end)) + 1
            if end >= 0 and (start > 0 or floor == 0):
                self._above = TextLine(self.text, start, end)
        return self._above

    def _cut(self) -> list[Cell]:
        content, start = self.content, self.start
        if self.joint != " ":
            pieces = _pieces(content, start, self.joint)
            bare = content.strip()
            if self.joint == "|":
                last = -1 if bare.endswith("|") and len(bare) > 1 else None
                pieces = pieces[1 if bare.startswith("|") else 0 : last]
            return pieces[:_MOST_CELLS] or [Cell(start, self.end)]
        done = start + len(content) - len(content.lstrip())
        end = start + len(content.rstrip())
        cells = []
        if "  " in content and len(content) <= LONGEST_LINE:
            for gap in _WIDE.finditer(self.text, done, end):
                cells.append(Cell(done, gap.start()))
                done = gap.end()
        return [*cells[: _MOST_CELLS - 1], Cell(done, end)]


@dataclass(slots=True)
class Heads:
    """The heads of a table's columns: where each stands in its line, its label, and whether it names something else."""

    joint: str
    columns: list[tuple[int, int, Label | None, bool]]

    def is_of(self, kinds: Collection[str]) -> bool:
        """Whether this is one column, and its values are among such kinds."""
        return len(self.columns) == 1 and self.columns[0][2] is not None and self.columns[0][2].kind in kinds

    def label_over(self, line: TextLine, index: int) -> tuple[Label | None, bool]:
        """The label of the column that a cell stands in, and whether that column's head names something else."""
        if self.joint != line.joint and len(line.cells) > 1:
            return None, False
        if self.joint != " " or len(line.cells) == len(self.columns):
            column = self.columns[index] if index < len(self.columns) else None
            return (column[2], column[3]) if column else (None, False)
        begin, end = (place - line.start for place in line.cells[index])
        overlaps = [(min(end, one[1]) - max(begin, one[0]), one) for one in self.columns]
        shared, best = max(overlaps, key=lambda each: each[0])
        return (best[2], best[3]) if shared > 0 else (None, False)


def heads_of(line: TextLine) -> Heads | None:
    """The heads that a line without values is; None if no cell of it is a label.

    A line of one cell is a head where its label cannot mean anything else: "Load Number", not "Pickup".
    """
    if not line.has_columns and len(line.content) > _LONGEST_HEAD:
        return None
    found = [labels.whole(line.cell_text(index)) for index in range(len(line.cells))]
    if not any(found):
        return None
    if len(line.cells) == 1 and found[0] is not None and found[0].need > Need.NOTHING and not found[0].marked:
        return None
    columns = []
    for index, (cell, label) in enumerate(zip(line.cells, found, strict=True)):
        other = label is None and line.cell_text(index).strip(" *_:#`") not in _GENERIC_HEADS
        columns.append((cell.start - line.start, cell.end - line.start, label, other))
    return Heads(line.joint, columns)


def _pieces(content: str, start: int, joint: str) -> list[Cell]:
    cells = []
    for piece in content.split(joint):
        begin = start + len(piece) - len(piece.lstrip())
        cells.append(Cell(min(begin, start + len(piece)), max(begin, start + len(piece.rstrip()))))
        start += len(piece) + 1
    return cells
