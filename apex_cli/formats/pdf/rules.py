"""The rules (drawn lines) of a page, and the tables whose cells they enclose.

A table is found in four steps: lines and sides of rectangles are edges; edges that touch belong to one grid; its edges
cut the grid into small boxes; boxes without an edge between them are one cell. So merged cells come out as they are.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import pypdfium2.raw as pdfium  # type: ignore[import-untyped]  # it ships no types

from apex_cli.formats.pdf import calls
from apex_cli.formats.pdf.calls import Matrix

_MOST_OBJECTS = 20_000
_MOST_EDGES = 4_000
"""A page with more is a drawing: its text is read without its lines."""
_MOST_BOXES = 20_000
_THIN = 3.0
_SHORTEST = 4.0
_NEAR = 3.0
"""Points by which lines may miss each other and still touch."""
_DEEPEST_FORM = 3
_LEFT, _TOP = itemgetter(0), itemgetter(1)
_Box = tuple[float, float, float, float]
_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_AS_SEEN: dict[int, Matrix] = {
    0: (1.0, 0.0, 0.0, -1.0, 0.0, 0.0),
    90: (0.0, 1.0, 1.0, 0.0, 0.0, 0.0),
    180: (-1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
    270: (0.0, -1.0, -1.0, 0.0, 0.0, 0.0),
}
"""From the coordinates of a page of each rotation to those of its reader, as `calls.turned` does it."""
_LINE_TO, _MOVE_TO = pdfium.FPDF_SEGMENT_LINETO, pdfium.FPDF_SEGMENT_MOVETO


@dataclass(slots=True)
class PageObjects:
    """What a page draws beside text: boxes of its lines and of its images, and the number of all its shapes."""

    edges: list[_Box] = field(default_factory=list)
    images: list[_Box] = field(default_factory=list)
    shapes: int = 0


def page_objects(page: Any, rotation: int) -> PageObjects:
    """The lines and images of an open page, as a reader sees it."""
    found = PageObjects()
    count = pdfium.FPDFPage_CountObjects(page)
    if count <= _MOST_OBJECTS:
        _add(found, calls.other_objects(page, count), _AS_SEEN[rotation], 0)
    if len(found.edges) > _MOST_EDGES:
        found.edges.clear()
    return found


def _add(found: PageObjects, objects: Iterable[tuple[int, calls.Handle]], outer: Matrix, depth: int) -> None:
    """Add what objects draw. `outer` is how the page, or the form that they belong to, is moved and turned."""
    for kind, item in objects:
        if len(found.edges) > _MOST_EDGES:
            return
        if kind == pdfium.FPDF_PAGEOBJ_PATH:
            found.shapes += 1
            _add_edges(found.edges, item, _moved_by(item, outer))
        elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            if (bounds := calls.bounds(item)) is not None:
                left, bottom, right, top = bounds
                found.images.append(_box(_point(left, bottom, outer), _point(right, top, outer)))
        elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _DEEPEST_FORM:
            _add(found, calls.objects_of_form(item, _MOST_OBJECTS), _moved_by(item, outer), depth + 1)


def _add_edges(edges: list[_Box], path: calls.Handle, matrix: Matrix) -> None:
    """Add the straight parts of a path that run along the page or down it, and are no dots."""
    begin = last = (0.0, 0.0)
    for kind, x, y, closes in calls.segments(path, _MOST_EDGES):
        point = _point(x, y, matrix)
        if kind == _LINE_TO:
            _add_edge(edges, last, point)
        elif kind == _MOVE_TO:
            begin = point
        last = point
        if closes and point != begin:
            _add_edge(edges, point, begin)
            last = begin


def _add_edge(edges: list[_Box], one: tuple[float, float], other: tuple[float, float]) -> None:
    x0, top, x1, bottom = box = _box(one, other)
    width, height = x1 - x0, bottom - top
    if (height <= _THIN and width >= _SHORTEST) or (width <= _THIN and height >= _SHORTEST):
        edges.append(box)


def _box(one: tuple[float, float], other: tuple[float, float]) -> _Box:
    x0, top = one
    x1, bottom = other
    if x1 < x0:
        x0, x1 = x1, x0
    return (x0, top, x1, bottom) if top <= bottom else (x0, bottom, x1, top)


def _moved_by(item: calls.Handle, outer: Matrix) -> Matrix:
    inner = calls.matrix(item)
    return outer if inner is None or inner == _IDENTITY else _multiplied(inner, outer)


def _multiplied(inner: Matrix, outer: Matrix) -> Matrix:
    a, b, c, d, e, f = inner
    p, q, r, s, t, u = outer
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)


def _point(x: float, y: float, matrix: Matrix) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return (a * x + c * y + e, b * x + d * y + f)


@dataclass(slots=True)
class Grid:
    """A table of rules. `xs` and `ys` are the places of its lines; `cell` gives the cell of each of its boxes."""

    xs: list[float]
    ys: list[float]
    cell: list[list[int]]

    @property
    def box(self) -> _Box:
        return (self.xs[0], self.ys[0], self.xs[-1], self.ys[-1])

    def cell_at(self, x: float, y: float) -> int | None:
        """The number of the cell that a point is in; None outside."""
        column, row = bisect_right(self.xs, x) - 1, bisect_right(self.ys, y) - 1
        if 0 <= column < len(self.xs) - 1 and 0 <= row < len(self.ys) - 1:
            return self.cell[row][column]
        return None

    def crossed(self, left: float, right: float, y: float) -> list[float]:
        """The places of its lines down the page between two places of a line of text."""
        if not self.ys[0] <= y < self.ys[-1]:
            return []
        return self.xs[bisect_right(self.xs, left) : bisect_right(self.xs, right)]

    def separates(self, left: float, right: float, y: float) -> bool:
        """Whether two places of one line are in two cells."""
        return self.cell_at(left, y) != self.cell_at(right, y)


def grids(edges: list[_Box]) -> list[Grid]:
    """The tables of two columns at least that edges enclose, from the top."""
    if len(edges) < 4:
        return []
    found = (_grid(group) for group in _touching(_lines(edges)))
    return sorted((grid for grid in found if grid is not None), key=lambda grid: grid.box[1])


def _lines(edges: list[_Box]) -> list[_Box]:
    """Edges that go on in each other as one. Cells side by side have many such: each draws its own sides."""
    by_place: dict[tuple[bool, int], list[_Box]] = {}
    for edge in edges:
        x0, top, x1, bottom = edge
        is_across = x1 - x0 > bottom - top
        by_place.setdefault((is_across, round(top + bottom if is_across else x0 + x1)), []).append(edge)
    lines = []
    for (is_across, _), group in by_place.items():
        group.sort(key=_LEFT if is_across else _TOP)
        x0, top, x1, bottom = group[0]
        for left, above, right, below in group:
            if (left - x1 if is_across else above - bottom) > _NEAR:
                lines.append((x0, top, x1, bottom))
                x0, top, x1, bottom = left, above, right, below
                continue
            x0, top, x1, bottom = min(x0, left), min(top, above), max(x1, right), max(bottom, below)
        lines.append((x0, top, x1, bottom))
    return lines


def _touching(edges: list[_Box]) -> list[list[_Box]]:
    """Edges in groups of those that touch, directly or by others."""
    ordered = sorted(edges)
    parent = list(range(len(ordered)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    active: list[int] = []
    for number, (x0, top, _, bottom) in enumerate(ordered):
        active = [other for other in active if ordered[other][2] >= x0 - _NEAR]
        for other in active:
            if ordered[other][1] <= bottom + _NEAR and ordered[other][3] >= top - _NEAR:
                parent[root(other)] = root(number)
        active.append(number)
    groups: dict[int, list[_Box]] = {}
    for number, edge in enumerate(ordered):
        groups.setdefault(root(number), []).append(edge)
    return list(groups.values())


def _grid(edges: list[_Box]) -> Grid | None:
    across = [edge for edge in edges if edge[2] - edge[0] > edge[3] - edge[1]]
    down = [edge for edge in edges if edge[2] - edge[0] <= edge[3] - edge[1]]
    xs = _places([(edge[0] + edge[2]) / 2 for edge in down])
    ys = _places([(edge[1] + edge[3]) / 2 for edge in across])
    rows, columns = len(ys) - 1, len(xs) - 1
    if rows < 1 or columns < 2 or rows * columns > _MOST_BOXES:
        return None
    walls_right = [[False] * (columns + 1) for _ in range(rows)]
    for x0, top, x1, bottom in down:
        line = _nearest(xs, (x0 + x1) / 2)
        for row in range(rows):
            middle = (ys[row] + ys[row + 1]) / 2
            walls_right[row][line] |= top - _NEAR <= middle <= bottom + _NEAR
    walls_below = [[False] * columns for _ in range(rows + 1)]
    for x0, top, x1, bottom in across:
        line = _nearest(ys, (top + bottom) / 2)
        for column in range(columns):
            middle = (xs[column] + xs[column + 1]) / 2
            walls_below[line][column] |= x0 - _NEAR <= middle <= x1 + _NEAR
    cell = [[row * columns + column for column in range(columns)] for row in range(rows)]
    for row in range(rows):
        for column in range(columns):
            if column and not walls_right[row][column]:
                cell[row][column] = cell[row][column - 1]
            if row and not walls_below[row][column] and (not column or cell[row][column] == row * columns + column):
                cell[row][column] = cell[row - 1][column]
    return Grid(xs, ys, cell)


def _places(values: list[float]) -> list[float]:
    """The places of lines, those that are nearly the same as one."""
    places: list[list[float]] = []
    for value in sorted(values):
        if places and value - places[-1][-1] <= _NEAR:
            places[-1].append(value)
        else:
            places.append([value])
    return [sum(group) / len(group) for group in places]


def _nearest(places: list[float], value: float) -> int:
    after = bisect_left(places, value)
    return min(
        (place for place in (after - 1, after) if 0 <= place < len(places)), key=lambda i: abs(places[i] - value)
    )
