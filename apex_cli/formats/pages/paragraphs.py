"""The lines and tables of pages as blocks: paragraphs under the headings that font sizes show, and tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from apex_cli.formats.pages.elements import HYPHEN, Element, PageTable, whole_words
from apex_cli.formats.part import Block
from apex_cli.formats.tables import table_lines

PRINTED = 1.15
"""A line this much higher than the body of the document is a heading."""
SCANNED = 1.6
"""The same for a page read by OCR, where the height of a line is that of its letters: "aces" or "Apply"."""
_MEASURED = 50_000
"""Characters after which the size of the body is known."""
_SHORTEST_FULL = 25
_LONGEST_HEADING = 100
_MOST_LEVELS = 6
_SAME_EDGE = 4.0
"""Points by which the columns of a table may differ from those of the table that it continues."""


class Blocks:
    """Makes the blocks of a document, page by page. Headings and the heads of a table go on over the end of a page."""

    def __init__(self, heading: float = PRINTED) -> None:
        self._heading_size = heading
        self._sizes: Counter[float] = Counter()
        self._measured = 0
        self._headings: list[tuple[float, str]] = []
        self._open_table: PageTable | None = None

    def of_page(self, elements: Sequence[Element], place: str) -> Iterator[Block]:
        """The blocks of one page. `elements` are in reading order."""
        if self._measured < _MEASURED:
            for element in elements:
                if element.table is None:
                    self._sizes[round(element.size)] += len(element.text)
                    self._measured += len(element.text)
        body = self._sizes.most_common(1)[0][0] if self._sizes else 0.0
        usual_gap = _usual_gap(elements)
        paragraph: list[Element] = []
        for element in elements:
            heading = self._is_heading(element, body)
            if paragraph and (heading or element.table or _is_apart(paragraph[-1], element, usual_gap)):
                yield self._block(_text(paragraph), place)
                paragraph = []
            if element.table is not None:
                yield self._block(self._table_text(element.table), place, by_line=True)
            elif heading:
                yield self._heading(element, place)
            else:
                paragraph.append(element)
            if not (element.table is None and _is_small(element, body)):
                self._open_table = element.table
        if paragraph:
            yield self._block(_text(paragraph), place)

    def plain(self, text: str, place: str) -> Block:
        """A block of text that is no part of the page's flow, such as a note on it."""
        return self._block(text, place)

    def _block(self, text: str, place: str, *, by_line: bool = False) -> Block:
        return Block(text, tuple(heading for _, heading in self._headings), by_line, place)

    def _is_heading(self, element: Element, body: float) -> bool:
        return (
            element.table is None
            and not element.is_row
            and element.size >= self._heading_size * body > 0
            and len(element.text) <= _LONGEST_HEADING
            and any(char.isalpha() for char in element.text)
        )

    def _heading(self, element: Element, place: str) -> Block:
        """The block of a heading; what follows stands under it."""
        text = whole_words(element.text)
        while self._headings and self._headings[-1][0] <= element.size * 1.02:
            self._headings.pop()
        block = self._block(text, place)
        if len(self._headings) < _MOST_LEVELS:
            self._headings.append((element.size, text))
        return block

    def _table_text(self, table: PageTable) -> str:
        """The lines of a table. One without heads at the top of a page continues the last one of the page before."""
        before = self._open_table
        heads = table.heads
        if not heads and before is not None and before.heads and _same_columns(before, table):
            heads = before.heads
        return table_lines(heads, table.rows)


def _is_small(element: Element, body: float) -> bool:
    """Whether a line can be the header or the footer of a page: it does not end a table."""
    return element.size <= body and len(element.text) <= _LONGEST_HEADING


def _same_columns(one: PageTable, other: PageTable) -> bool:
    pairs = zip(one.edges, other.edges, strict=False)
    return len(one.edges) == len(other.edges) and all(abs(x - y) < _SAME_EDGE for x, y in pairs)


def _usual_gap(elements: Sequence[Element]) -> float:
    """The distance between the lines of a paragraph on this page."""
    gaps = [below.top - above.bottom for above, below in pairwise(elements)]
    return median([gap for gap in gaps if gap > -1] or [0.0])


def _is_apart(above: Element, below: Element, usual_gap: float) -> bool:
    """Whether a new paragraph begins."""
    gap = below.top - above.bottom
    size = max(above.size, below.size)
    differs = min(above.size, below.size) < 0.87 * size
    return gap > max(usual_gap, 0.0) + 0.35 * size or below.bottom < above.top or differs


def _text(paragraph: list[Element]) -> str:
    """The lines of a paragraph. Where a line is full, the next one goes on behind it; else it stands below."""
    if len(paragraph) == 1:
        return whole_words(paragraph[0].text)
    right = max([line.x1 for line in paragraph])
    pieces = []
    for above, below in pairwise(paragraph):
        pieces.append(above.text)
        pieces.append(" " if above.text[-1:] == HYPHEN or _goes_on(above, below, right) else "\n")
    pieces.append(paragraph[-1].text)
    return whole_words("".join(pieces))


def _goes_on(above: Element, below: Element, right: float) -> bool:
    """Whether a line ends only because the first word of the next one has no room on it."""
    length = len(above.text)
    if above.is_row or below.is_row or length < _SHORTEST_FULL:
        return False
    space = below.text.find(" ")
    word = space if space >= 0 else len(below.text)
    return above.x1 + (above.x1 - above.x0) / length * (word + 1) > right
