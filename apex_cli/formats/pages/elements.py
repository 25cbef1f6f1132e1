"""What a page is made of once its text has places: pieces of lines, tables, and boxes of these.

Coordinates are points (1/72 inch) or pixels as a reader sees the page: `x` to the right, `top` and `bottom` downwards.
The origin is anywhere, so only differences count.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

HYPHEN = "\ufffe"
"""How pdfium ends a line whose last word goes on in the next one, in place of the hyphen."""
_CUT_WORD = re.compile(rf"(.?){HYPHEN} ?(.?)")


@dataclass(slots=True)
class Element:
    """A piece of text on one line, a table, or a box whose elements (`inner`) are in reading order already.

    `is_row`: a line of several cells.
    """

    x0: float
    top: float
    x1: float
    bottom: float
    text: str = ""
    table: PageTable | None = None
    inner: Sequence[Element] = ()
    is_row: bool = False

    @property
    def is_line(self) -> bool:
        return self.table is None and not self.inner

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def size(self) -> float:
        """The height of the line: about 1.2 times the size of its font."""
        return self.bottom - self.top


@dataclass(frozen=True, slots=True)
class PageTable:
    """Rows of cells, with the left edge of each column. `heads` is empty where the table has none."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    edges: tuple[float, ...]


def bounds(elements: Sequence[Element]) -> tuple[float, float, float, float]:
    """The box around elements: x0, top, x1, bottom."""
    return (
        min(element.x0 for element in elements),
        min(element.top for element in elements),
        max(element.x1 for element in elements),
        max(element.bottom for element in elements),
    )


def joined(first: str, second: str) -> str:
    """Two lines of one cell as one."""
    return whole_words(f"{first} {second}") if first and second else first or second


def whole_words(text: str) -> str:
    """Lines put together with a blank. A word that a hyphen cuts is whole again; the hyphen of an identifier stays.

    "appoint-" and "ment" are "appointment"; "LD-" and "1001" are "LD-1001".
    """
    return _CUT_WORD.sub(_joint, text) if HYPHEN in text else text


def _joint(match: re.Match[str]) -> str:
    before, after = match.groups()
    return f"{before}{after}" if before.islower() and after.islower() else f"{before}-{after}"
