"""The text of tables with rules: which element is in which cell, and what each row says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from apex_cli.formats.pages.elements import Element, PageTable, joined
from apex_cli.formats.pages.layout import arranged
from apex_cli.formats.pdf.rules import Grid
from apex_cli.formats.tables import is_label, split_heads, table_line

_FEWEST_COLUMNS = 3
"""Filled cells in each row from which a grid without heads is a table, and no form."""


class _Cell:
    """One cell of a row: its lines in reading order, and how many columns it spans."""

    def __init__(self, lines: Sequence[Element], span: int) -> None:
        self.lines = lines
        self.span = span

    @property
    def text(self) -> str:
        """All of it in one line. A label above a value stands before it: "Load #: LD-1"."""
        if len(self.lines) == 2 and is_label(self.lines[0].text) and not self.lines[0].is_row:
            return f"{self.lines[0].text.rstrip(': ')}: {self.lines[1].text}"
        return self.plain

    @property
    def plain(self) -> str:
        if len(self.lines) == 1:
            return self.lines[0].text
        text = ""
        for line in self.lines:
            text = joined(text, line.text)
        return text

    @property
    def is_short(self) -> bool:
        return len(self.lines) < 2 or self.text != self.plain


_NO_CELL = _Cell((), 1)


def with_tables(elements: list[Element], grids: Sequence[Grid]) -> list[Element]:
    """The elements of a page, those inside of a grid as one box for each grid. No text is lost."""
    if not grids:
        return elements
    inside: dict[int, dict[int, list[Element]]] = defaultdict(lambda: defaultdict(list))
    rest = []
    for element in elements:
        place = _place(element, grids)
        if place is None:
            rest.append(element)
        else:
            inside[place[0]][place[1]].append(element)
    for number, cells in inside.items():
        x0, top, x1, bottom = grids[number].box
        rest.append(Element(x0, top, x1, bottom, inner=list(_grid_elements(grids[number], cells))))
    return rest


def _place(element: Element, grids: Sequence[Grid]) -> tuple[int, int] | None:
    """The grid and the cell in which the middle of an element is; of grids inside of each other the smallest."""
    x = (element.x0 + element.x1) / 2
    found = [
        (_area(grid), number, cell)
        for number, grid in enumerate(grids)
        if (cell := grid.cell_at(x, element.middle)) is not None
    ]
    return min(found)[1:] if found else None


def _area(grid: Grid) -> float:
    x0, top, x1, bottom = grid.box
    return (x1 - x0) * (bottom - top)


def _grid_elements(grid: Grid, content: dict[int, list[Element]]) -> Iterator[Element]:
    """A grid as tables under their heads, and lines."""
    rows = [row for row in _rows(grid, content) if any(cell.lines for cell in row)]
    while rows and _title(rows[0]) is not None:
        yield from rows.pop(0)[0].lines
    heads, body = split_heads([[cell.plain for cell in row] for row in rows])
    if not heads or not body:
        if rows and all(len([cell for cell in row if cell.lines]) >= _FEWEST_COLUMNS for row in rows):
            # It may go on from the page before, whose heads it then takes.
            yield _table(grid, (), [[cell.text for cell in row] for row in rows])
            return
        for row in rows:
            yield from _free_row(row)
        return
    held: list[list[str]] = []
    for row in rows[1:]:
        title = _title(row)
        if title is None:
            held.extend(_table_rows(row))
            continue
        if held:
            yield _table(grid, heads, held)
            held = []
        yield from title.lines
    if held:
        yield _table(grid, heads, held)


def _table(grid: Grid, heads: Sequence[str | None], rows: list[list[str]]) -> Element:
    x0, top, x1, bottom = grid.box
    edges = tuple(grid.xs[:-1])
    return Element(x0, top, x1, bottom, table=PageTable([head or "" for head in heads], rows, edges))


def _rows(grid: Grid, content: dict[int, list[Element]]) -> Iterator[list[_Cell]]:
    """The cells of each row, one for each column. A cell over several rows counts in each, where it is one short line;
    else, as one over several columns, it is filled at its beginning and empty in the others."""
    lines = {cell: arranged(elements) for cell, elements in content.items()}
    seen: set[int] = set()
    for numbers in grid.cell:
        row: list[_Cell] = []
        for column, number in enumerate(numbers):
            found = lines.get(number, [])
            again = number in seen and (len(found) > 1 or numbers.index(number) < column)
            row.append(_NO_CELL if again else _Cell(found, numbers.count(number)))
            seen.add(number)
        yield row


def _title(row: list[_Cell]) -> _Cell | None:
    """The one cell of a row that stands for all of it, such as a title above the heads."""
    filled = [cell for cell in row if cell.lines]
    return filled[0] if len(filled) == 1 and filled[0] is row[0] and row[0].span > 1 else None


def _table_rows(row: list[_Cell]) -> Iterator[list[str]]:
    """One row; several where a table draws no rule between its rows, so that every cell holds a line of each."""
    filled = [cell for cell in row if cell.lines]
    most = max(filled, key=lambda cell: len(cell.lines))
    if len(filled) < 2 or any(len(cell.lines) < 2 for cell in filled):
        yield [cell.plain for cell in row]
        return
    split = [["" for _ in row] for _ in most.lines]
    for column, cell in enumerate(row):
        for line in cell.lines:
            near = min(range(len(most.lines)), key=lambda number: abs(most.lines[number].middle - line.middle))
            if abs(most.lines[near].middle - line.middle) > line.size / 2:
                yield [cell.plain for cell in row]
                return
            split[near][column] = line.text
    yield from split


def _free_row(row: list[_Cell]) -> Iterator[Element]:
    """A row of a form: one line where its cells are short, else the cells one after the other."""
    filled = [cell for cell in row if cell.lines]
    first, last = filled[0], filled[-1]
    is_value_of = len(filled) == 2 and len(first.lines) == 1 and is_label(first.plain)
    if not is_value_of and not all(cell.is_short for cell in filled):
        for cell in filled:
            yield from cell.lines
        return
    text = table_line((), [cell.text if cell.is_short else cell.plain for cell in filled])
    yield Element(first.lines[0].x0, first.lines[0].top, last.lines[-1].x1, last.lines[-1].bottom, text, is_row=True)
