"""The characters of a page as pieces of lines with their places.

pdfium gives the text of a page line by line. To ask for the box of every character costs three times as much as the
text. So a line is one piece, of which the first and the last character are looked up. Only a line that may have a wide
gap inside, such as a row of a form or a line of two columns, is taken apart into words.
"""

from __future__ import annotations

import ctypes
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import pypdfium2.raw as pdfium  # type: ignore[import-untyped]  # it ships no types

from apex_cli.formats.pages.elements import HYPHEN, Element

GAP = 1.0
"""Height of a line times this: a wider gap between two words separates columns or cells."""
_WIDE = 1.12
"""A line whose characters are this much wider than those of its page on average may have a gap inside."""
_LINE = re.compile(rf"[^\r\n{HYPHEN}]*[^\s{HYPHEN}][^\r\n{HYPHEN}]*{HYPHEN}?")
_WORD = re.compile(r"\S+")
_CONTROL = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f\xad]")
_CONTROLS = {ord(char): None for char in map(chr, range(256)) if _CONTROL.match(char)}

Separates = Callable[[float, float, float], bool]
"""Whether a rule stands between two places of a line: left x, right x, y."""


class PageText:
    """The text of one open page. `text` is as pdfium gives it; `elements` are its pieces, in the same order.

    `rotation` is that of the page: 0, 90, 180 or 270 degrees clockwise.
    """

    def __init__(self, textpage: Any, rotation: int) -> None:
        self.text: str = textpage.get_text_range()
        self._page = textpage.raw
        self._rotation = rotation
        self._box = pdfium.FS_RECTF()
        self._box_address = ctypes.byref(self._box)
        self._has_controls = _CONTROL.search(self.text) is not None
        self._has_all = len(self.text) == textpage.count_chars()

    def elements(self, separates: Separates | None = None) -> list[Element]:
        """The pieces of all lines. With `separates`, a piece ends also where a rule stands between two words."""
        lines = list(self._lines())
        gaps = None if separates else self._lines_with_gaps([element for element, _, _ in lines])
        found: list[Element] = []
        for number, (element, begin, text) in enumerate(lines):
            if separates or (gaps and number in gaps):
                found.extend(self._pieces(begin, text, separates))
            else:
                found.append(element)
        return found

    def _lines(self) -> Iterator[tuple[Element, int, str]]:
        """Each line as one element, with the position of its text."""
        for match in _LINE.finditer(self.text):
            line = match[0]
            text = line.strip()
            begin = match.start() + (0 if text is line else len(line) - len(line.lstrip()))
            last = begin + len(text) - (2 if text[-1] == HYPHEN and len(text) > 1 else 1)
            yield self._element(begin, last, text), begin, text

    def _element(self, first: int, last: int, text: str) -> Element:
        x0, top, x1, bottom = self._place(first)
        if last != first:
            left, above, right, below = self._place(last)
            x0, x1 = min(x0, left), max(x1, right)
            top, bottom = min(top, above), max(bottom, below)
        return Element(x0, top, x1, bottom, text.translate(_CONTROLS) if self._has_controls else text)

    def _place(self, index: int) -> tuple[float, float, float, float]:
        """The box of a character, as the reader sees the page: x0, top, x1, bottom."""
        if not self._has_all:
            index = pdfium.FPDFText_GetCharIndexFromTextIndex(self._page, index)
        box = self._box
        if not pdfium.FPDFText_GetLooseCharBox(self._page, index, self._box_address):
            return (0.0, 0.0, 0.0, 0.0)
        if self._rotation:
            return turned((box.left, box.bottom, box.right, box.top), self._rotation)
        return (box.left, -box.top, box.right, -box.bottom)

    def _lines_with_gaps(self, lines: list[Element]) -> set[int]:
        """The numbers of the lines that may have a wide gap between two of their words."""
        if not lines:
            return set()
        advances = [(line.x1 - line.x0) / (len(line.text) or 1) / (line.size or 1) for line in lines]
        usual = median(advances)
        found = {
            number
            for number, advance in enumerate(advances)
            if advance > usual * _WIDE and " " in lines[number].text and lines[number].size > 0
        }
        runs = self._runs()
        middles = [run[0] for run in runs]
        for number, line in enumerate(lines):
            begin = bisect_left(middles, line.top)
            end = bisect_left(middles, line.bottom, begin)
            if end - begin < 2 or number in found:
                continue
            widest = GAP * line.size
            inside = sorted((x0, x1) for _, x0, x1 in runs[begin:end] if x0 >= line.x0 - 1 and x1 <= line.x1 + 1)
            reached = inside[0][1] if inside else 0.0
            for x0, x1 in inside:
                if x0 - reached > widest:
                    found.add(number)
                    break
                reached = max(reached, x1)
        return found

    def _runs(self) -> list[tuple[float, float, float]]:
        """Middle, left and right of the boxes around what the page draws in one go, from the top."""
        values = [ctypes.c_double() for _ in range(4)]
        left, top, right, bottom = values
        addresses = [ctypes.byref(value) for value in values]
        found = []
        for number in range(pdfium.FPDFText_CountRects(self._page, 0, -1)):
            if pdfium.FPDFText_GetRect(self._page, number, *addresses):
                x0, y0, x1, y1 = turned((left.value, bottom.value, right.value, top.value), self._rotation)
                found.append(((y0 + y1) / 2, x0, x1))
        found.sort()
        return found

    def _pieces(self, begin: int, text: str, separates: Separates | None) -> Iterator[Element]:
        """A line cut where two words stand far apart, or where a rule stands between them."""
        held: Element | None = None
        for match in _WORD.finditer(text):
            last = match.end() - (2 if match[0].endswith(HYPHEN) and len(match[0]) > 1 else 1)
            word = self._element(begin + match.start(), begin + last, match[0])
            if held is None:
                held = word
            elif (
                word.x0 - held.x1 > GAP * max(held.size, word.size)
                or word.x1 < held.x0
                or (separates and separates(held.x1, word.x0, word.middle))
            ):
                yield held
                held = word
            else:
                held.text += f" {word.text}"
                held.x1 = max(held.x1, word.x1)
                held.top, held.bottom = min(held.top, word.top), max(held.bottom, word.bottom)
        if held is not None:
            yield held


def turned(box: tuple[float, float, float, float], rotation: int) -> tuple[float, float, float, float]:
    """A box of the page's own coordinates (left, bottom, right, top; y upwards) as the reader sees it."""
    left, bottom, right, top = box
    if rotation == 90:
        return (bottom, left, top, right)
    if rotation == 180:
        return (-right, bottom, -left, top)
    if rotation == 270:
        return (-top, -right, -bottom, -left)
    return (left, -top, right, -bottom)
