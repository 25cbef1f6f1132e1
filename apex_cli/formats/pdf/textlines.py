"""The characters of a page as pieces of lines with their places.

pdfium gives the text of a page line by line. To ask for the box of every character costs three times as much as the
text. So a line is one piece, of which the first and the last character are looked up. Only a line that may have a wide
gap inside, such as a row of a form or a line of two columns, is taken apart into words.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Collection, Iterator
from statistics import median
from typing import Any

import pypdfium2.raw as pdfium  # type: ignore[import-untyped]  # it ships no types

from apex_cli.formats.pages.elements import HYPHEN, Element

GAP = 1.0
"""Height of a line times this: a wider gap between two words separates columns or cells."""
_WIDE = 1.2
"""A line whose characters are this much wider than those of its page on average may have a gap inside."""
_LINE = re.compile(rf"[^\r\n{HYPHEN}]*[^\s{HYPHEN}][^\r\n{HYPHEN}]*{HYPHEN}?")
_WORD = re.compile(r"\S+")
_CONTROL = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f\xad]")

Separates = Callable[[float, float, float], bool]
"""Whether a rule stands between two places of a line: left x, right x, y."""


class PageText:
    """The text of one open page. `text` is as pdfium gives it; `elements` are its pieces, in the same order.

    `is_clean` is whether every character of it can be read: no controls, and no signs of a font that does not say what
    they mean. `rotation` is that of the page: 0, 90, 180 or 270 degrees clockwise.
    """

    def __init__(self, textpage: Any, rotation: int) -> None:
        self._page = textpage
        count = pdfium.FPDFText_CountChars(textpage)
        self.text = _text(textpage, count)
        self._rotation = rotation
        self._box = pdfium.FS_RECTF()
        self._box_address = ctypes.byref(self._box)
        self.is_clean = _is_clean(self.text)
        self._has_all = len(self.text) == count
        self._made = self._upright if self._has_all and not rotation else self._element

    def elements(self, separates: Separates | None = None) -> list[Element]:
        """The pieces of all lines. With `separates`, a piece ends also where a rule stands between two words."""
        lines: list[tuple[Element, int]] = []
        for match in _LINE.finditer(self.text):
            text = match[0].strip()
            begin = match.start() if match[0][0] == text[0] else self.text.index(text, match.start())
            last = begin + len(text) - (2 if text[-1] == HYPHEN and len(text) > 1 else 1)
            lines.append((self._made(begin, last, text), begin))
        whole = range(0) if separates else self._without_gaps(lines)
        found: list[Element] = []
        for number, (line, begin) in enumerate(lines):
            if number in whole:
                found.append(line)
            else:
                found.extend(self._pieces(begin, line.text, separates))
        if not self.is_clean:
            for each in found:
                each.text = _CONTROL.sub("", each.text)
        return found

    def _upright(self, first: int, last: int, text: str) -> Element:
        """As `_element` for nearly every page, in half of the time."""
        box, page, address, read = self._box, self._page, self._box_address, pdfium.FPDFText_GetLooseCharBox
        if not (read(page, last, address) and box.right > box.left):
            return self._element(first, last, text)
        right, top, bottom = box.right, box.top, box.bottom
        if not (read(page, first, address) and box.left <= right):
            return self._element(first, last, text)
        return Element(
            box.left,
            -box.top if box.top > top else -top,
            right,
            -box.bottom if box.bottom < bottom else -bottom,
            text,
        )

    def _element(self, first: int, last: int, text: str) -> Element:
        x0, top, x1, bottom = self._place(first)
        if last != first:
            left, above, right, below = self._place(last)
            # Here `min` and `max` would take a third of the time of a page.
            x0 = left if left < x0 else x0
            top = above if above < top else top
            x1 = right if right > x1 else x1
            bottom = below if below > bottom else bottom
        return Element(x0, top, x1, bottom, text)

    def _place(self, index: int) -> tuple[float, float, float, float]:
        """The box of a character, as the reader sees the page: x0, top, x1, bottom."""
        box = self._box
        index = index if self._has_all else self._character(index)
        if not pdfium.FPDFText_GetLooseCharBox(self._page, index, self._box_address):
            return (0.0, 0.0, 0.0, 0.0)
        if self._rotation:
            return turned((box.left, box.bottom, box.right, box.top), self._rotation)
        return (box.left, -box.top, box.right, -box.bottom)

    def _character(self, index: int) -> int:
        """Where pdfium keeps a character of the text, of which it leaves some out."""
        return int(pdfium.FPDFText_GetCharIndexFromTextIndex(self._page, index))

    def _without_gaps(self, lines: list[tuple[Element, int]]) -> Collection[int]:
        """The numbers of the lines that have no wide gap between two of their words."""
        advances = [(line.x1 - line.x0) / (len(line.text) * (line.bottom - line.top) or 1.0) for line, _ in lines]
        widest = _WIDE * median(advances) if advances else 0.0
        # pdfium has a box for all that is drawn in one go. As many as lines: no line is drawn in parts.
        in_parts = pdfium.FPDFText_CountRects(self._page, 0, -1) > len(lines)
        return {
            number
            for number, (line, begin) in enumerate(lines)
            if advances[number] <= widest and not (in_parts and self._has_gap(line, begin))
        }

    def _has_gap(self, line: Element, begin: int) -> bool:
        """Whether two parts of a line that are not drawn in one go stand far apart."""
        begin = begin if self._has_all else self._character(begin)
        count = pdfium.FPDFText_CountRects(self._page, begin, len(line.text))
        if count < 2:
            return False
        left, top, right, bottom = values = [ctypes.c_double() for _ in range(4)]
        addresses = [ctypes.byref(value) for value in values]
        parts = []
        for number in range(count):
            pdfium.FPDFText_GetRect(self._page, number, *addresses)
            box = turned((left.value, bottom.value, right.value, top.value), self._rotation)
            parts.append((box[0], box[2]))
        parts.sort()
        reached = parts[0][1]
        for x0, x1 in parts:
            if x0 - reached > GAP * line.size:
                return True
            reached = max(reached, x1)
        return False

    def _pieces(self, begin: int, text: str, separates: Separates | None) -> Iterator[Element]:
        """A line cut where two words stand far apart, or where a rule stands between them."""
        held: Element | None = None
        for match in _WORD.finditer(text):
            last = match.end() - (2 if match[0].endswith(HYPHEN) and len(match[0]) > 1 else 1)
            word = self._made(begin + match.start(), begin + last, match[0])
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


def _text(textpage: Any, count: int) -> str:
    """All characters of a page. One outside of the basic plane takes two places of UTF-16."""
    if count <= 0:
        return ""
    buffer = (ctypes.c_ushort * (2 * count + 2))()
    written = pdfium.FPDFText_GetText(textpage, 0, count, buffer)
    return memoryview(buffer)[: max(written - 1, 0)].tobytes().decode("utf-16-le", "ignore")


def _is_clean(text: str) -> bool:
    # For a page of plain text this is ten times faster than a regular expression.
    return text.replace("\r\n", "").replace(HYPHEN, "").isprintable() and "\ufffd" not in text


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
