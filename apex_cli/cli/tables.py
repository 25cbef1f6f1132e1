"""Tables for people: fitted to a terminal, where no id is ever broken; whole elsewhere.

What does not fit is dropped by rank: first the column with the highest one. Columns of text are then clipped, so that
the rest has room. A column of rank 0 always stays, and an id is clipped only where it alone is longer than a line.

Such a long id is often one among many short ones. Then its row is shown without the other cells, and the others keep
their columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_GAP = 2
_ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `rank`: the highest is dropped first, 0 never. `right`: numbers, which stand at the right side.

    `least` is for texts, which may be cut: to this width, other columns are dropped for them.
    """

    heading: str
    rank: int = 0
    least: int | None = None
    right: bool = False


class Marked(NamedTuple):
    """A cell of a table in which some words stand out on a terminal."""

    text: str
    words: Sequence[str] = ()


Row = Sequence[Marked]
"""The cells of one row, each on one line and safe to show."""


def lines(
    columns: Sequence[Column], rows: Iterable[Row], width: int | None, bold: Callable[[str], str] = str
) -> Iterator[str]:
    """The heading and a line for each row. `width`: columns of the terminal; None where the output is none.

    `bold` makes a text stand out.
    """
    every = [tuple(row) for row in rows]
    firm = [position for position, column in enumerate(columns) if column.rank == 0]
    alone = [width is not None and _needed(columns, row, firm) > width for row in every]
    layout = _layout(columns, [row for row, is_alone in zip(every, alone, strict=True) if not is_alone], width)
    yield _line(columns, [Marked(column.heading) for column in columns], layout, bold=bold, stands_out=True)
    for row, is_alone in zip(every, alone, strict=True):
        own = _fitted([(position, cells(row[position].text)) for position in firm], width) if is_alone else layout
        yield _line(columns, row, own, bold=bold)


Layout = Sequence[tuple[int, int]]
"""The columns that are shown, by position, each with its width."""


def cells(text: str) -> int:
    """How many columns of a terminal a text takes: two for each wide character, such as those of Chinese."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def clipped(text: str, width: int) -> str:
    """The text, or its beginning and an ellipsis, in at most `width` columns of a terminal."""
    if cells(text) <= width:
        return text
    from rich.cells import set_cell_size

    return set_cell_size(text, max(0, width - 1)).rstrip() + _ELLIPSIS if width > 0 else ""


def _needed(columns: Sequence[Column], row: Row, positions: Sequence[int]) -> int:
    """The columns of a terminal that these cells of a row need at least."""
    widths = (_at_least(columns[position], cells(row[position].text)) for position in positions)
    return sum(widths) + _GAP * (len(positions) - 1)


def _at_least(column: Column, natural: int) -> int:
    return natural if column.least is None else min(natural, max(column.least, cells(column.heading)))


def _layout(columns: Sequence[Column], rows: Sequence[Row], width: int | None) -> Layout:
    natural = [
        max([cells(column.heading), *(cells(row[position].text) for row in rows)])
        for position, column in enumerate(columns)
    ]
    shown = list(range(len(columns)))
    if width is None:
        return [(position, natural[position]) for position in shown]
    least = [_at_least(column, each) for column, each in zip(columns, natural, strict=True)]
    while sum(least[position] + _GAP for position in shown) - _GAP > width:
        lowest = max(shown, key=lambda position: (columns[position].rank, position))
        if columns[lowest].rank == 0:
            break
        shown.remove(lowest)
    texts = [(position, natural[position]) for position in shown if columns[position].least is not None]
    others = [(position, natural[position]) for position in shown if columns[position].least is None]
    taken = sum(each + _GAP for _, each in others)
    room = width - taken
    if texts and room >= sum(least[position] + _GAP for position, _ in texts) - _GAP:
        return sorted([*others, *_fitted(texts, room)])
    return _fitted(sorted([*others, *texts]), width)


def _fitted(layout: Layout, width: int | None) -> Layout:
    """The columns as wide as they want to be, or the widest of them cut to one width so that all fit."""
    if width is None or not layout:
        return layout
    room = max(len(layout), width - _GAP * (len(layout) - 1))
    longest = max(each for _, each in layout)
    low, high = 1, longest
    while low < high:
        middle = (low + high + 1) // 2
        if sum(min(each, middle) for _, each in layout) <= room:
            low = middle
        else:
            high = middle - 1
    # What is left over by cutting them alike goes to the first that want more.
    left = room - sum(min(each, low) for _, each in layout)
    fitted = []
    for position, each in layout:
        more = min(left, max(0, each - low))
        left -= more
        fitted.append((position, min(each, low) + more))
    return fitted


def _line(
    columns: Sequence[Column],
    row: Row,
    layout: Layout,
    *,
    bold: Callable[[str], str],
    stands_out: bool = False,
) -> str:
    shown = []
    for place, (position, width) in enumerate(layout):
        text = clipped(row[position].text, width)
        blank = " " * (width - cells(text))
        is_last = place == len(layout) - 1
        marked = bold(text) if stands_out and text else _marked(text, row[position].words, bold)
        if columns[position].right:
            shown.append(blank + marked)
        else:
            shown.append(marked if is_last else marked + blank)
    return (" " * _GAP).join(shown).rstrip()


def _marked(text: str, words: Sequence[str], bold: Callable[[str], str]) -> str:
    if not words:
        return text
    return re.sub(rf"\b(?:{'|'.join(map(re.escape, words))})\b", lambda match: bold(match[0]), text)
