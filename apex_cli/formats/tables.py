"""How a table of a document becomes text: each row is one line, with the column heads beside its values.

    Load #: LD-1 | Origin: Chicago, IL | Rate: $1,200.00

So a value stands beside its label, for a search as for the rules that find identifiers, wherever the table is cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_BETWEEN_CELLS = " | "
_FEWEST_COLUMNS = 3
"""Columns from which a first row of words is taken for the heads; one of two columns is a list of labels and values."""
_HEADS_OF_VALUES = frozenset(
    (
        "amount", "total", "rate", "price", "cost", "charge", "charges", "value", "qty", "quantity", "count", "weight",
        "date", "time", "status", "description", "importe", "monto", "cantidad", "tarifa", "montant", "prix",
    )
)  # fmt: skip
_VALUE = re.compile(r"\d\D*\d|^\W*\d\W*$|[$€£]|@")
_LONGEST_HEAD = 60

Cell = str | None


def table_lines(heads: Sequence[Cell], rows: Iterable[Sequence[Cell]]) -> str:
    """The rows of a table, one line each, without those that are empty. `heads` is empty where the table has none."""
    return "\n".join(line for row in rows if (line := table_line(heads, row)))


def table_line(heads: Sequence[Cell], row: Sequence[Cell]) -> str:
    """One row: `Load #: LD-1 | Rate: $1,200.00`; empty for a row without a value.

    A row without heads is a line of its cells. There a cell that ends with a colon is the label of the next one, and
    of two cells the first one is the label of the second, unless it holds a value itself ("Load #: LD-1").
    """
    cells = [one_line(cell) for cell in row]
    named = [one_line(head).rstrip(": ") for head in heads]
    if any(named):
        named += [""] * (len(cells) - len(named))
        parts = [f"{head}: {cell}" if head else cell for head, cell in zip(named, cells, strict=False) if cell]
        return _BETWEEN_CELLS.join(parts)
    filled = [cell for cell in cells if cell]
    if len(cells) == 2 and len(filled) == 2 and is_label(filled[0]):
        return f"{filled[0].rstrip(': ')}: {filled[1]}"
    line = ""
    for cell in filled:
        line += f"{' ' if line.endswith(':') else _BETWEEN_CELLS}{cell}" if line else cell
    return line


def split_heads(rows: Sequence[Sequence[Cell]]) -> tuple[Sequence[Cell], Sequence[Sequence[Cell]]]:
    """The heads of a table that does not mark them, and its other rows; no heads where the first row holds values.

    The first row is heads where its cells are short words, all different. In a table of two columns
    (`Carrier | Lakeshore Haulage`) the second one must be a usual head of values too: "Amount".
    """
    if len(rows) < 2:
        return (), rows
    first = [one_line(cell) for cell in rows[0]]
    filled = [cell for cell in first if cell]
    is_heads = (
        len(filled) >= 2
        and len(filled) >= len(first) - 1
        and len(set(filled)) == len(filled)
        and all(is_label(cell) and not cell.endswith(":") for cell in filled)
    )
    if is_heads and len(first) < _FEWEST_COLUMNS:
        is_heads = not _HEADS_OF_VALUES.isdisjoint(first[-1].casefold().split())
    return (rows[0], rows[1:]) if is_heads else ((), rows)


def is_label(cell: str) -> bool:
    """Whether a cell can be the head of a column or the label of a value: a few words, and no value."""
    return len(cell) <= _LONGEST_HEAD and ":" not in cell[:-1] and not _VALUE.search(cell)


def one_line(cell: Cell) -> str:
    """A cell's text without line ends and double blanks."""
    return " ".join(cell.split()) if cell else ""
