"""What pdfium knows of many characters, rectangles or objects of a page, each by one pass.

pdfium has no call that gives the boxes of several characters, and a call by ctypes takes longer than pdfium needs for
the answer. Nearly all of that time is spent on declared argument types and in the loop around the call. So the
functions here have no declared types, write into pointers that are made once, and are run by `map`: that takes a third.

Without declared types ctypes passes an int as a C int, and a pointer only as an instance of a ctypes type.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from itertools import compress, repeat
from operator import neg
from typing import Any

import pypdfium2.raw as pdfium  # type: ignore[import-untyped]  # it ships no types

Boxes = tuple[list[float], list[float], list[float], list[float]]
"""The places of many things as a reader sees the page: all `x0`, all `top`, all `x1`, all `bottom`."""
Matrix = tuple[float, float, float, float, float, float]
_AT_ONCE = 1024
"""How many answers the buffers hold."""


class Handle(ctypes.c_void_p):
    """A pointer from pdfium. ctypes turns a plain `c_void_p` into an int, which cannot be passed on."""


def _function(name: str, result: Any = ctypes.c_int) -> Any:
    """A function of pdfium without declared argument types. It keeps the lock of the interpreter."""
    address = ctypes.cast(getattr(pdfium, name), ctypes.c_void_p).value
    assert address is not None
    return ctypes.PYFUNCTYPE(result)(address)


_char_box = _function("FPDFText_GetLooseCharBox")
_char_index = _function("FPDFText_GetCharIndexFromTextIndex")
_count_rects = _function("FPDFText_CountRects")
_rect = _function("FPDFText_GetRect")
_object = _function("FPDFPage_GetObject", Handle)
_form_object = _function("FPDFFormObj_GetObject", Handle)
_count_form_objects = _function("FPDFFormObj_CountObjects")
_object_bounds = _function("FPDFPageObj_GetBounds")
_object_type = _function("FPDFPageObj_GetType")
_object_matrix = _function("FPDFPageObj_GetMatrix")
_count_segments = _function("FPDFPath_CountSegments")
_segment = _function("FPDFPath_GetPathSegment", Handle)
_segment_point = _function("FPDFPathSegment_GetPoint")
_segment_type = _function("FPDFPathSegment_GetType")
_segment_close = _function("FPDFPathSegment_GetClose")


class _Buffer:
    """Room for `_AT_ONCE` answers of some numbers each, and pointers to each of these numbers."""

    def __init__(self, number: Any, code: str, width: int) -> None:
        self._numbers = (number * (width * _AT_ONCE))()
        self._view = memoryview(self._numbers).cast("B").cast(code)  # type: ignore[call-overload]  # its codes are literals
        self._width = width
        begin, size = ctypes.addressof(self._numbers), ctypes.sizeof(number)
        addresses = range(begin, begin + size * width * _AT_ONCE, size)
        self.pointers = [ctypes.c_void_p(address) for address in addresses]
        self.each = self.pointers[::width]

    def values(self, found: Sequence[int]) -> list[float]:
        """The numbers of the first answers. `found` says for each whether pdfium gave it; else its numbers are 0."""
        values: list[float] = self._view[: self._width * len(found)].tolist()
        if not all(found):
            for number, is_found in enumerate(found):
                if not is_found:
                    values[self._width * number : self._width * (number + 1)] = [0.0] * self._width
        return values


_FLOATS = _Buffer(ctypes.c_float, "f", 4)
_DOUBLES = _Buffer(ctypes.c_double, "d", 4)
_POINTS = _Buffer(ctypes.c_float, "f", 2)
_MATRIX = (ctypes.c_float * 6)()
_MATRIX_POINTER = ctypes.byref(_MATRIX)
_RECT_POINTERS = [_DOUBLES.pointers[number::4] for number in range(4)]
_POINT_POINTERS = [_POINTS.pointers[number::2] for number in range(2)]


def char_boxes(textpage: Any, indexes: Sequence[int], rotation: int) -> Boxes:
    """The box of each character, as high as its font. `indexes` count the characters that pdfium keeps."""
    values: list[float] = []
    for begin in range(0, len(indexes), _AT_ONCE):
        asked = indexes[begin : begin + _AT_ONCE]
        values += _FLOATS.values(list(map(_char_box, repeat(textpage), asked, _FLOATS.each)))
    return _turned_boxes(values[0::4], values[3::4], values[2::4], values[1::4], rotation)


def char_indexes(textpage: Any, positions: Sequence[int]) -> list[int]:
    """Where pdfium keeps the characters at some positions of its text, of which it leaves some out."""
    return list(map(_char_index, repeat(textpage), positions))


def rect_counts(textpage: Any, begins: Sequence[int], lengths: Sequence[int]) -> list[int]:
    """How many rectangles there are for each range of characters. pdfium has one for all that is drawn in one go."""
    return list(map(_count_rects, repeat(textpage), begins, lengths))


def rects(textpage: Any, rotation: int) -> Boxes:
    """The rectangles around the ink of the page's text, in the order of its characters."""
    count = _count_rects(textpage, 0, -1)
    values: list[float] = []
    for begin in range(0, count, _AT_ONCE):
        asked = range(begin, min(begin + _AT_ONCE, count))
        values += _DOUBLES.values(list(map(_rect, repeat(textpage), asked, *_RECT_POINTERS)))
    return _turned_boxes(values[0::4], values[3::4], values[2::4], values[1::4], rotation)


def other_objects(page: Any, count: int) -> list[tuple[int, Handle]]:
    """The objects of a page that are no text, of the first `count`, each with its type."""
    return _without_text(list(map(_object, repeat(page), range(count))))


def objects_of_form(form: Handle, most: int) -> list[tuple[int, Handle]]:
    """The same for the objects of a form, `most` at most."""
    count = min(_count_form_objects(form), most)
    return _without_text(list(map(_form_object, repeat(form), range(count))))


def _without_text(handles: list[Handle]) -> list[tuple[int, Handle]]:
    text = pdfium.FPDF_PAGEOBJ_TEXT
    return [(kind, handle) for kind, handle in zip(map(_object_type, handles), handles, strict=True) if kind != text]


def bounds(item: Handle) -> tuple[float, float, float, float] | None:
    """The box of an object: left, bottom, right, top."""
    left, bottom, right, top = _FLOATS.pointers[:4]
    if not _object_bounds(item, left, bottom, right, top):
        return None
    x0, y0, x1, y1 = _FLOATS.values((1,))
    return (x0, y0, x1, y1)


def matrix(item: Handle) -> Matrix | None:
    """How an object is moved and turned."""
    if not _object_matrix(item, _MATRIX_POINTER):
        return None
    a, b, c, d, e, f = _MATRIX
    return (a, b, c, d, e, f)


def segments(path: Handle, most: int) -> Iterator[tuple[int, float, float, int]]:
    """The segments of a path, `most` at most: type, x and y where it ends, whether it closes the path."""
    handles = list(map(_segment, repeat(path), range(min(_count_segments(path), most))))
    for begin in range(0, len(handles), _AT_ONCE):
        asked = handles[begin : begin + _AT_ONCE]
        found = list(map(_segment_point, asked, *_POINT_POINTERS))
        values = _POINTS.values(found)
        kinds, closes = map(_segment_type, asked), map(_segment_close, asked)
        yield from compress(zip(kinds, values[0::2], values[1::2], closes, strict=True), found)


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


def _turned_boxes(left: list[float], bottom: list[float], right: list[float], top: list[float], rotation: int) -> Boxes:
    """The same for many boxes."""
    if rotation == 90:
        return bottom, left, top, right
    if rotation == 180:
        return list(map(neg, right)), bottom, list(map(neg, left)), top
    if rotation == 270:
        return list(map(neg, top)), list(map(neg, right)), list(map(neg, bottom)), list(map(neg, left))
    return left, list(map(neg, top)), right, list(map(neg, bottom))
