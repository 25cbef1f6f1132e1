"""The reading order of a page: columns one after the other, the rows of forms and tables as rows.

A page in two columns and a form may look the same to a machine: pieces of text side by side. Here they are columns
where each side is prose that fills its width, or where the lines of both do not stand at the same heights, or where
each is the block of an address. Everything else is rows.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import median

from apex_cli.formats.pages.elements import Element, PageTable, bounds, joined
from apex_cli.formats.tables import split_heads, table_line

_FEWEST_LINES = 3
"""Lines with text on both sides from which the page can have columns there."""
_FEWEST_WORDS = 3.5
_FILLED = 0.7
_WHITE = 0.8
"""Height of a line times this: white space that is higher separates parts of a page."""
_MOST_LEVELS = 4
"""How deep columns are looked for inside of columns."""
_LARGEST_ROW_GAP = 1.5
"""Heights of a line between the first two rows of a table."""
_LARGEST_CHANGE = 2.2
"""How much more than between the rows above may be between two rows of a table."""
_LONGEST_WRAPPED_GAP = 0.6
# "Chicago, IL 60601", "Brampton, ON L6T 4M5": the last line of an address.
_ADDRESS_END = re.compile(r",\s*[A-Z]{2}\.?\s+(?:\d{5}|[A-Z]\d[A-Z])")
_Interval = tuple[float, float]


def arranged(elements: list[Element]) -> list[Element]:
    """The lines and tables of a page in the order in which they are read."""
    if len(elements) == 1 and elements[0].is_line:
        return elements
    ordered = sorted(elements, key=lambda element: element.top)
    if any(below.top < above.bottom and _shared(above, below) for above, below in pairwise(ordered)):
        ordered = _in_parts(elements)
    return [line for element in ordered for line in (element.inner or (element,))]


def _in_parts(elements: list[Element]) -> list[Element]:
    turned = [element for element in elements if _is_turned(element)]
    upright = [element for element in elements if not _is_turned(element)] if turned else elements
    return [*(line for region in _regions(upright, 0) for line in _lines(region)), *turned]


def _is_turned(element: Element) -> bool:
    """Whether a text runs up or down the page."""
    is_high = element.bottom - element.top > 3 * (element.x1 - element.x0)
    return is_high and element.is_line and len(element.text) > 3


@dataclass(slots=True)
class _Band:
    """Elements between two heights. `is_columns`: whether left and right of `gutter` are columns, None if unclear."""

    elements: list[Element]
    gutter: float
    is_columns: bool | None


def _regions(elements: list[Element], level: int) -> list[list[Element]]:
    """The elements in parts that are read one after the other; each part is read row by row."""
    bands = _merged_bands(_bands(elements)) if level < _MOST_LEVELS else []
    if not any(band.is_columns for band in bands):
        return [elements]
    regions: list[list[Element]] = []
    for band in bands:
        if band.is_columns:
            for side in _sides(band.elements, band.gutter):
                regions.extend(_regions(side, level + 1))
        else:
            regions.append(band.elements)
    return regions


def _gutter(elements: list[Element]) -> float | None:
    """The x with the most lines that end left of it while another begins right of it; None without columns."""
    events: list[tuple[float, int]] = []
    for left, right in _neighbours(elements):
        events.append((left, 1))
        events.append((right, -1))
    if len(events) < 2 * _FEWEST_LINES:
        return None
    events.sort(key=lambda event: (event[0], -event[1]))
    depths = list(accumulate(step for _, step in events))
    most = max(depths)
    at = depths.index(most)
    return (events[at][0] + events[at + 1][0]) / 2 if most >= _FEWEST_LINES else None


def _neighbours(elements: list[Element]) -> Iterable[tuple[float, float]]:
    """Where each element ends, and where the next one to its right on the same height begins."""
    places = sorted([(one.top, one.bottom, one.x0, one.x1) for one in elements])
    nearest: dict[int, float] = {}
    for index, (top, bottom, x0, x1) in enumerate(places):
        for position in range(index + 1, len(places)):
            other_top, other_bottom, other_x0, other_x1 = places[position]
            if other_top >= bottom:
                break
            # The same as `_shared`, which would take half of the time here.
            lowest = min(bottom, other_bottom)
            if (lowest - other_top) * 3 <= min(bottom - top, other_bottom - other_top):
                continue
            at, end, begin = (index, x1, other_x0) if x0 <= other_x0 else (position, other_x1, x0)
            if begin >= end and (at not in nearest or begin < nearest[at]):
                nearest[at] = begin
    return ((places[index][3], begin) for index, begin in nearest.items())


def _shared(one: Element, other: Element) -> bool:
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    return height > min(one.size, other.size) / 3


def _bands(elements: list[Element]) -> list[_Band]:
    """The elements cut where white space runs across, and before and after those that stand across the gutter."""
    of_page = _gutter(elements)
    bands: list[_Band] = []
    for group in _groups(elements):
        gutter = of_page if len(group) == len(elements) else _gutter(group) or of_page
        if gutter is None:
            bands.append(_Band(group, 0.0, False))
            continue
        was_across: bool | None = None
        for element in group:
            across = element.x0 < gutter < element.x1
            if across or was_across is not False:
                bands.append(_Band([], gutter, None))
            bands[-1].elements.append(element)
            was_across = across
    for band in bands:
        if band.is_columns is None:
            band.is_columns = _is_columns(band.elements, band.gutter)
    return bands


def _groups(elements: list[Element]) -> list[list[Element]]:
    """The elements from the top, cut where white space runs across the page."""
    groups: list[list[Element]] = []
    reached = 0.0
    for element in sorted(elements, key=lambda element: element.top):
        if not groups or element.top - reached > _WHITE * element.size:
            groups.append([])
            reached = element.bottom
        groups[-1].append(element)
        reached = max(reached, element.bottom)
    return groups


def _merged_bands(bands: list[_Band]) -> list[_Band]:
    """Bands below each other as one, where they are the same columns or no columns. An unclear one, such as a line on
    one side only, goes with the columns above, else with those below."""
    merged: list[_Band] = []
    for index, band in enumerate(bands):
        above = merged[-1] if merged else None
        if above is not None and above.is_columns and band.is_columns is not False and _goes_on(above, band):
            above.elements.extend(band.elements)
            continue
        if band.is_columns is None:
            below = next((each for each in bands[index + 1 :] if each.is_columns is not None), None)
            band.is_columns = False
            if below is not None and below.is_columns and not _is_across(band.elements, below.gutter):
                band.is_columns, band.gutter = True, below.gutter
        if above is not None and not above.is_columns and not band.is_columns:
            above.elements.extend(band.elements)
        else:
            merged.append(band)
    return merged


def _goes_on(columns: _Band, band: _Band) -> bool:
    """Whether a band goes on in the columns above it: none of its lines crosses their gutter, and it is not far."""
    is_near = band.is_columns or not _is_below(columns.elements, band.elements)
    return is_near and not _is_across(band.elements, columns.gutter)


def _is_across(elements: list[Element], gutter: float) -> bool:
    return any(element.x0 < gutter < element.x1 for element in elements)


def _is_columns(band: list[Element], gutter: float) -> bool | None:
    """Whether a band is in columns; None where it does not show: one side only, or tables."""
    if _is_across(band, gutter):
        return False
    left, right = _sides(band, gutter)
    if not left or not right or not all(element.is_line for element in band):
        return None
    return _are_columns(left, right)


def _are_columns(left: list[Element], right: list[Element]) -> bool | None:
    """Whether lines side by side are two columns; None for two lines of prose, which may be anything."""
    others = sorted(right, key=_middle)
    middles = [other.middle for other in others]
    aligned = 0
    for one in left:
        middle, near = one.middle, one.size / 4
        first, end = bisect_right(middles, middle - near), bisect_left(middles, middle + near)
        aligned += max(end - first, 0)
        if one.text.endswith(":") and not all(other.text.endswith(":") for other in others[first:end]):
            return False
    fewer = min(len(left), len(right))
    if fewer >= 2 and aligned < fewer / 2:
        return True
    if all(_is_prose(side) for side in (left, right)):
        return True if fewer >= 2 else None
    return fewer >= _FEWEST_LINES and all(_is_address(side) for side in (left, right))


def _middle(element: Element) -> float:
    return (element.top + element.bottom) / 2


def _is_below(columns: list[Element], band: list[Element]) -> bool:
    """Whether a band begins so far below columns that it does not go on in them."""
    return band[0].top - max(element.bottom for element in columns) > 2 * band[0].size


def _sides(band: list[Element], gutter: float) -> tuple[list[Element], list[Element]]:
    return [one for one in band if one.x1 <= gutter], [one for one in band if one.x1 > gutter]


def _is_prose(lines: list[Element]) -> bool:
    """Whether lines of one column are words that fill its width."""
    x0, _, x1, _ = bounds(lines)
    words = sum(line.text.count(" ") + 1 for line in lines) / len(lines)
    return words >= _FEWEST_WORDS and median(line.x1 - line.x0 for line in lines) >= _FILLED * (x1 - x0)


def _is_address(lines: list[Element]) -> bool:
    return sum(bool(_ADDRESS_END.search(line.text)) for line in lines) == 1


def _lines(region: list[Element]) -> list[Element]:
    """A region row by row. Rows whose cells stand below each other are a table."""
    found: list[Element] = []
    run: _Run | None = None
    for row in _rows(region):
        if run is not None and run.take(row):
            continue
        if run is not None:
            found.extend(run.lines())
        run = _Run(row) if len(row) > 1 and all(element.is_line for element in row) else None
        if run is None:
            found.extend(row)
    if run is not None:
        found.extend(run.lines())
    return found


def _rows(region: list[Element]) -> list[list[Element]]:
    """The elements of each height, from left to right."""
    rows: list[list[Element]] = []
    middle_of_first = size_of_first = 0.0
    for element in sorted(region, key=_middle):
        middle, size = element.middle, element.size
        if rows and middle - middle_of_first < min(size, size_of_first) / 2:
            rows[-1].append(element)
        else:
            rows.append([element])
            middle_of_first, size_of_first = middle, size
    for row in rows:
        if len(row) > 1:
            row.sort(key=_left)
    return rows


def _left(element: Element) -> float:
    return element.x0


class _Run:
    """Rows below each other whose cells stand in the same columns."""

    def __init__(self, row: list[Element]) -> None:
        self._rows = [row]
        self._columns: list[_Interval] = [(element.x0, element.x1) for element in row]
        self._bottom = max(element.bottom for element in row)
        self._gap: float | None = None
        # Whether each row has one cell in each column.
        self._is_full = all(left.x1 <= right.x0 for left, right in pairwise(row))

    def take(self, row: list[Element]) -> bool:
        """Add a row, if it fits."""
        size = row[0].size
        gap = row[0].top - self._bottom
        usual = _LARGEST_ROW_GAP * size if self._gap is None else _LARGEST_CHANGE * max(self._gap, 0) + 0.2 * size
        if gap > usual or not all(element.is_line for element in row):
            return False
        if len(row) == 1:
            return gap < _LONGEST_WRAPPED_GAP * size and self._take_rest(row[0])
        merged = self._widened(row)
        if merged is None:
            self._is_full = False
            merged = _merged([*self._columns, *((element.x0, element.x1) for element in row)])
            hit = {_column(merged, element) for element in row}
            if len(merged) < len(self._columns) or len(hit) < len(row):
                return False
        self._rows.append(row)
        self._columns = merged
        self._gap = gap if self._gap is None else min(gap, self._gap)
        self._bottom = max(element.bottom for element in row)
        return True

    def _widened(self, row: list[Element]) -> list[_Interval] | None:
        """The columns, each as wide as the cell of a row in it needs; None where the cells are not just one in each.

        Most rows are like this, and `_merged` comes to the same.
        """
        if len(row) != len(self._columns):
            return None
        widened = []
        reached = float("-inf")
        for (x0, x1), cell in zip(self._columns, row, strict=True):
            if cell.x0 >= x1 or cell.x1 <= x0:
                return None
            if min(x0, cell.x0) < reached:
                return None
            reached = max(x1, cell.x1)
            widened.append((min(x0, cell.x0), reached))
        return widened

    def _take_rest(self, rest: Element) -> bool:
        """Take a line that goes on in a cell of the row above: below it, and at its left edge."""
        if len(self._rows) < 2 or len(self._columns) < 3:
            return False
        for cell in self._rows[-1][1:]:
            if abs(cell.x0 - rest.x0) < 2 and _fits(self._columns, rest):
                cell.text = joined(cell.text, rest.text)
                self._bottom = rest.bottom
                return True
        return False

    def lines(self) -> list[Element]:
        """A table where the rows have heads; else each row as a line."""
        rows = []
        for row in self._rows:
            if self._is_full:
                rows.append([element.text for element in row])
                continue
            cells = [""] * len(self._columns)
            for element in row:
                column = _column(self._columns, element)
                cells[column] = joined(cells[column], element.text)
            rows.append(cells)
        x0, top, x1, bottom = bounds([element for row in self._rows for element in row])
        edges = tuple(column[0] for column in self._columns)
        heads, values = split_heads(rows)
        if len(rows) > 1 and (heads or len(edges) > 2):
            table = PageTable([str(head) for head in heads], [[str(cell) for cell in row] for row in values], edges)
            return [Element(x0, top, x1, bottom, table=table)]
        return [_row_line(cells, row) for cells, row in zip(rows, self._rows, strict=True)]


def _row_line(cells: Sequence[str], row: list[Element]) -> Element:
    x0, top, x1, bottom = bounds(row)
    return Element(x0, top, x1, bottom, table_line((), cells), is_row=True)


def _merged(intervals: list[_Interval]) -> list[_Interval]:
    """Intervals of x, those that overlap as one."""
    merged: list[_Interval] = []
    for x0, x1 in sorted(intervals):
        if merged and x0 < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], x1))
        else:
            merged.append((x0, x1))
    return merged


def _column(columns: list[_Interval], element: Element) -> int:
    """The column in which an element stands."""
    return next(
        (number for number, (x0, x1) in enumerate(columns) if x0 <= element.x0 and element.x1 <= x1), len(columns) - 1
    )


def _fits(columns: list[_Interval], element: Element) -> bool:
    """Whether an element, made as wide as it is, touches no second column."""
    return sum(element.x0 < x1 and x0 < element.x1 for x0, x1 in columns) == 1
