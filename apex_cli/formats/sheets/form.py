"""Sheets that are no tables: forms, such as a rate confirmation. Their text, with labels beside their values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from apex_cli.extract import column_heads
from apex_cli.formats.part import Block
from apex_cli.formats.tables import split_heads, table_line, table_lines

_MOST_ROWS = 30
"""Rows of one block, so that its place is near."""
_FEWEST_COLUMNS = 3

_Row = tuple[int, Sequence[str]]


def blocks(rows: Iterable[_Row], sheet: str) -> Iterator[Block]:
    """The rows between blank ones as a block each, with the place of the first: "sheet Rates, row 7"."""
    held: list[_Row] = []
    for row in rows:
        if held and (not any(row[1]) or len(held) == _MOST_ROWS):
            yield _block(held, sheet)
            held = []
        if any(row[1]):
            held.append(row)
    if held:
        yield _block(held, sheet)


def _block(rows: Sequence[_Row], sheet: str) -> Block:
    return Block(
        "\n".join(_lines([cells for _, cells in rows])), by_line=True, place=f"sheet {sheet}, row {rows[0][0]}"
    )


def _lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Labels and values, line by line; from a row of heads on a table."""
    for place, cells in enumerate(rows):
        table = _table(rows[place:])
        if table is not None:
            yield table
            return
        filled = [cell for cell in cells if cell]
        yield table_line((), filled if len(filled) == 2 else _labelled(filled))


def _table(rows: Sequence[Sequence[str]]) -> str | None:
    """The lines of a table, where the rows begin with its heads."""
    columns = [column for column, cell in enumerate(rows[0]) if cell]
    if len(columns) < _FEWEST_COLUMNS or len(rows) < 2:
        return None
    inside = [[row[column] if column < len(row) else "" for column in columns] for row in rows]
    heads, below = split_heads(inside)
    if not heads or sum(column_heads.meaning(cell) is not None for cell in below[0] if cell) > len(columns) / 2:
        return None
    return table_lines(heads, below)


def _labelled(cells: Sequence[str]) -> list[str]:
    """The cells, one that is a known label with a colon: `Carrier`, `Lakeshore Haulage`, `MC #`, `774120`."""
    labels = [
        place + 1 < len(cells)
        and column_heads.meaning(cell) is not None
        and column_heads.meaning(cells[place + 1]) is None
        for place, cell in enumerate(cells)
    ]
    return [f"{cell.rstrip(':')}:" if label else cell for cell, label in zip(cells, labels, strict=True)]
