"""The rules (drawn lines) of a page, and the tables whose cells they enclose.

A table is found in four steps: lines and sides of rectangles are edges; edges that touch belong to one grid; its edges
cut the grid into small boxes; boxes without an edge between them are one cell. So merged cells come out as they are.
"""

from __future__ import annotations

import ctypes
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pypdfium2.raw as pdfium  # type: ignore[import-untyped]  # it ships no types

from apex_cli.formats.pdf.textlines import turned

_MOST_OBJECTS = 20_000
_MOST_EDGES = 4_000
"""A page with more is a drawing: its text is read without its lines."""
_MOST_BOXES = 20_000
_THIN = 3.0
_SHORTEST = 4.0
_NEAR = 3.0
"""Points by which lines may miss each other and still touch."""
_DEEPEST_FORM = 3
_Box = tuple[float, float, float, float]
_Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: _Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


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
    if count > _MOST_OBJECTS:
        return found
    get, kind = pdfium.FPDFPage_GetObject, pdfium.FPDFPageObj_GetType
    for number in range(count):
        item = get(page, number)
        what = kind(item)
        if what != pdfium.FPDF_PAGEOBJ_TEXT:
            _add(found, item, what, _IDENTITY, rotation, 0)
        if len(found.edges) > _MOST_EDGES:
            found.edges.clear()
            return found
    return found


def _add(found: PageObjects, item: Any, kind: int, matrix: _Matrix, rotation: int, depth: int) -> None:
    if kind == pdfium.FPDF_PAGEOBJ_PATH:
        found.shapes += 1
        found.edges.extend(_edges(_path_boxes(item, matrix, rotation)))
    elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
        values = [ctypes.c_float() for _ in range(4)]
        if pdfium.FPDFPageObj_GetBounds(item, *map(ctypes.byref, values)):
            left, bottom, right, top = (value.value for value in values)
            found.images.append(_moved([(left, bottom), (right, top)], matrix, rotation))
    elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _DEEPEST_FORM:
        inner = _multiplied(_matrix(item), matrix)
        for number in range(min(pdfium.FPDFFormObj_CountObjects(item), _MOST_OBJECTS)):
            child = pdfium.FPDFFormObj_GetObject(item, number)
            if len(found.edges) <= _MOST_EDGES:
                _add(found, child, pdfium.FPDFPageObj_GetType(child), inner, rotation, depth + 1)


def _path_boxes(path: Any, matrix: _Matrix, rotation: int) -> Iterator[_Box]:
    """The box of each straight part of a path; of a curve nothing."""
    whole = _multiplied(_matrix(path), matrix)
    x, y = ctypes.c_float(), ctypes.c_float()
    addresses = ctypes.byref(x), ctypes.byref(y)
    begin = last = (0.0, 0.0)
    for number in range(min(pdfium.FPDFPath_CountSegments(path), _MOST_EDGES)):
        segment = pdfium.FPDFPath_GetPathSegment(path, number)
        if not pdfium.FPDFPathSegment_GetPoint(segment, *addresses):
            continue
        point = (x.value, y.value)
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            begin = point
        elif kind == pdfium.FPDF_SEGMENT_LINETO:
            yield _moved([last, point], whole, rotation)
        last = point
        if pdfium.FPDFPathSegment_GetClose(segment) and point != begin:
            yield _moved([point, begin], whole, rotation)
            last = begin


def _matrix(item: Any) -> _Matrix:
    read = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(item, ctypes.byref(read)):
        return _IDENTITY
    return (read.a, read.b, read.c, read.d, read.e, read.f)


def _multiplied(inner: _Matrix, outer: _Matrix) -> _Matrix:
    a, b, c, d, e, f = inner
    p, q, r, s, t, u = outer
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)


def _moved(points: Sequence[tuple[float, float]], matrix: _Matrix, rotation: int) -> _Box:
    """The box around points of a path or form, as the reader sees the page."""
    a, b, c, d, e, f = matrix
    xs = [a * x + c * y + e for x, y in points]
    ys = [b * x + d * y + f for x, y in points]
    return turned((min(xs), min(ys), max(xs), max(ys)), rotation)


def _edges(boxes: Iterator[_Box]) -> Iterator[_Box]:
    """Those that run along the page or down it, and are no dots."""
    for box in boxes:
        width, height = box[2] - box[0], box[3] - box[1]
        if min(width, height) <= _THIN and max(width, height) >= _SHORTEST:
            yield box


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

    def separates(self, left: float, right: float, y: float) -> bool:
        """Whether two places of one line are in two cells."""
        return self.cell_at(left, y) != self.cell_at(right, y)


def grids(edges: list[_Box]) -> list[Grid]:
    """The tables of two columns at least that edges enclose, from the top."""
    if len(edges) < 4:
        return []
    found = (_grid(group) for group in _touching(edges))
    return sorted((grid for grid in found if grid is not None), key=lambda grid: grid.box[1])


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
