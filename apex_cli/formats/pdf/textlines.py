"""The characters of a page as pieces of lines with their places.

pdfium gives the text of a page line by line. To ask for the box of every character costs three times as much as the
text. So a line is one piece, of which the first and the last character are looked up. Only in a line that may have a
wide gap inside, such as a row of a form or a line of two columns, the first characters of words are looked up too: it
is cut where the rectangles of what is drawn in one go, or the rules of a table, show that it ends.
"""

from __future__ import annotations

import ctypes
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice, pairwise
from operator import le
from statistics import median
from typing import Any

import pypdfium2.raw as pdfium  # type: ignore[import-untyped]  # it ships no types

from apex_cli.formats.pages.elements import HYPHEN, Element
from apex_cli.formats.pdf import calls
from apex_cli.formats.pdf.rules import Grid

GAP = 1.0
"""Height of a line times this: a wider gap between two words separates columns or cells."""
_WIDE = 1.2
"""Text whose characters are this much wider than those of its page on average may have a gap inside."""
_WIDEST = 0.62
"""The width of a character, by the height of its line, that none but capitals have on average."""
_LINE = re.compile(rf"[^\s{HYPHEN}](?:[^\r\n{HYPHEN}]*[^\s{HYPHEN}])?(?:[^\S\r\n]*{HYPHEN})?")
_WORD = re.compile(r"\S+")
_CONTROL = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f\xad]")
_Span = tuple[int, int]
"""A part of the page's text: from a position to one behind it."""
_Cuts = list[float] | None
"""Where a line may end and another one begin, from the left; None: before each of its words."""


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
        self.is_clean = _is_clean(self.text)
        self._has_all = len(self.text) == count

    def elements(self, grids: Sequence[Grid] = ()) -> list[Element]:
        """The pieces of all lines. A piece ends at a wide gap, and where a rule of a grid stands between two words."""
        spans = [match.span() for match in _LINE.finditer(self.text)]
        lines = [[line] for line in self._elements(spans)]
        cut = self._cut(spans, self._cuts([line for (line,) in lines], spans, grids))
        for number, pieces in cut.items():
            lines[number] = pieces
        wide = _wide(lines)
        alone = self._cut(spans, dict.fromkeys(wide))
        for number in cut.keys() | alone.keys():
            lines[number] = list(_joined(alone.get(number) or lines[number], grids))
        found = [piece for line in lines for piece in line]
        if not self.is_clean:
            for each in found:
                each.text = _CONTROL.sub("", each.text)
        return found

    def _elements(self, spans: Sequence[_Span]) -> list[Element]:
        """Each part of the text, of one line, with its place: that of its first and its last character."""
        text = self.text
        lasts = [end - (2 if text[end - 1] == HYPHEN and end - begin > 1 else 1) for begin, end in spans]
        count = len(spans)
        x0, top, x1, bottom = self._boxes([*(begin for begin, _ in spans), *lasts])
        return list(
            map(
                Element,
                map(min, x0[:count], x0[count:]),
                map(min, top[:count], top[count:]),
                map(max, x1[:count], x1[count:]),
                map(max, bottom[:count], bottom[count:]),
                [text[begin:end] for begin, end in spans],
            )
        )

    def _boxes(self, positions: list[int]) -> calls.Boxes:
        """The boxes of the characters at some positions of the text."""
        return calls.char_boxes(self._page, self._indexes(positions), self._rotation)

    def _indexes(self, positions: list[int]) -> list[int]:
        return positions if self._has_all else calls.char_indexes(self._page, positions)

    def _cuts(self, lines: list[Element], spans: list[_Span], grids: Sequence[Grid]) -> dict[int, _Cuts]:
        """The numbers of the lines that may be several pieces, and where they may end."""
        found = self._gaps(lines, spans)
        for grid in grids:
            for number, line in enumerate(lines):
                crossed = grid.crossed(line.x0, line.x1, line.middle)
                if crossed and (cuts := found.get(number, [])) is not None:
                    found[number] = sorted([*cuts, *crossed])
        return found

    def _gaps(self, lines: list[Element], spans: list[_Span]) -> dict[int, _Cuts]:
        """The middle of each wide gap between two parts of a line that are not drawn in one go, by its number."""
        x0, top, x1, bottom = calls.rects(self._page, self._rotation)
        if len(x0) <= len(lines):
            return {}
        begins = self._indexes([begin for begin, _ in spans])
        ends = self._indexes([end - 1 for _, end in spans])
        counts = calls.rect_counts(
            self._page, begins, [end - begin + 1 for begin, end in zip(begins, ends, strict=True)]
        )
        if sum(counts) != len(x0):
            return {number: None for number, count in enumerate(counts) if count > 1}
        found: dict[int, _Cuts] = {}
        at = 0
        for number, count in enumerate(counts):
            if count > 1 and max(top[at : at + count]) > min(bottom[at : at + count]):
                # pdfium takes a short table for one line: each of its rows stands below the one before.
                found[number] = None
            elif count > 1:
                limit = GAP * lines[number].size
                cuts = []
                parts = sorted(zip(x0[at : at + count], x1[at : at + count], strict=True))
                reached = parts[0][1]
                for left, right in parts:
                    if left - reached > limit:
                        cuts.append((left + reached) / 2)
                    reached = max(reached, right)
                if cuts:
                    found[number] = cuts
            at += count
        return found

    def _cut(self, spans: list[_Span], cuts: dict[int, _Cuts]) -> dict[int, list[Element]]:
        """The pieces of each line that has cuts."""
        if not cuts:
            return {}
        words = [self._words(spans[number]) for number in cuts]
        x0, _, _, _ = self._boxes([begin for each in words for begin, _ in each])
        pieces = []
        at = 0
        for each, where in zip(words, cuts.values(), strict=True):
            pieces.append(_at_cuts(each, x0[at : at + len(each)], where))
            at += len(each)
        made = iter(self._elements([span for each in pieces for span in each]))
        return {number: list(islice(made, len(each))) for number, each in zip(cuts, pieces, strict=True)}

    def _words(self, span: _Span) -> list[_Span]:
        begin, end = span
        text = self.text[begin:end]
        parts = text.split(" ")
        if len(parts) != len(text.split()):
            return [match.span() for match in _WORD.finditer(self.text, begin, end)]
        starts = list(accumulate([begin, *[len(part) + 1 for part in parts]]))
        return [(one, other - 1) for one, other in pairwise(starts)]


def _at_cuts(words: list[_Span], lefts: list[float], cuts: _Cuts) -> list[_Span]:
    """The words of a line as pieces that end at the cuts."""
    if cuts is None or not all(map(le, lefts, lefts[1:])):
        return words
    places = sorted({bisect_left(lefts, cut) for cut in cuts} - {0, len(words)})
    return [(words[first][0], words[last - 1][1]) for first, last in pairwise([0, *places, len(words)])]


def _joined(pieces: list[Element], grids: Sequence[Grid]) -> Iterator[Element]:
    """The pieces of a line, those as one that neither a wide gap nor a rule separates. It may run to the left."""
    held = pieces[0]
    for piece in pieces[1:]:
        is_beside = piece.x0 >= held.x1 or piece.x1 <= held.x0
        if (
            max(piece.x0 - held.x1, held.x0 - piece.x1) > GAP * max(held.size, piece.size)
            or (is_beside and (piece.top >= held.bottom or piece.bottom <= held.top))
            or any(grid.separates(held.x1, piece.x0, piece.middle) for grid in grids)
        ):
            yield held
            held = piece
        else:
            held.text += f" {piece.text}"
            held.x0, held.x1 = min(held.x0, piece.x0), max(held.x1, piece.x1)
            held.top, held.bottom = min(held.top, piece.top), max(held.bottom, piece.bottom)
    yield held


def _wide(lines: list[list[Element]]) -> list[int]:
    """The numbers of the lines that may have a gap inside of what is drawn in one go, which has no rectangles."""
    advances = [
        (number, (piece.x1 - piece.x0) / (len(piece.text) * (piece.bottom - piece.top) or 1.0))
        for number, line in enumerate(lines)
        for piece in line
        if " " in piece.text
    ]
    if not advances:
        return []
    widest = min(_WIDE * median([advance for _, advance in advances]), _WIDEST)
    return [number for number, advance in advances if advance > widest]


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
