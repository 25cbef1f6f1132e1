"""JSON values out of a file of any size, one in memory at a time, in any layout.

A file is a sequence of values: one document, JSON Lines (https://jsonlines.org), or values one after the other, pretty
printed or not; its name does not matter. An array that opens the file is streamed by element. Each value is tried in
this order:

1. The rest of the line is a value: the common case of JSON Lines, at the speed of the C parser.
2. Else `structure.measure` finds the value's end by its brackets, over as many lines as it takes, and it is parsed
   alone.
3. Else the structure is broken. In a file of lines (a line was a value, or the next ones are) the line fails alone; in
   any other file it is unknown where the next value begins, and the rest fails with it.

A value of sound structure that is refused (duplicate keys, too large, …) always fails alone; of an object that is too
large the long lists are read by row (`large`). Every byte is read once or
twice, so time is linear in the size of the file; memory stays within a few times `max_record_bytes`.

Example, with 24 bytes as the limit of a record:

    {"id": 1}                  1. a line that is a value: a record
    {"id": 2,                  2. no value, so the brackets are followed to the next line: a record
     "a": []}
    {"id": 3, "a": [           3. broken. A line was a value before, so only this line fails
    {"id": 4}                     and this one is a record again
    {"id": 5, "b": "xxxxxxx"}     25 bytes: the line fails, too large

Written here because no library does this. ijson can neither pass over a value that is too large nor go on after a
broken one, and names no line and column; it also takes duplicate keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO

from apex_cli.errors import ReadError
from apex_cli.extract.identity import canonical_json
from apex_cli.input_rules import ReadLimits
from apex_cli.reading.decode import SourcePosition, broken, decode, deep, large
from apex_cli.reading.envelope_names import is_record_of_its_own
from apex_cli.reading.large import LargeFlaw, LargeObject, LargeRest
from apex_cli.reading.structure import End, Extent, measure, pass_over
from apex_cli.reading.window import CHUNK, Window

_KINDS = {
    list: "an array",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}
_SPACE = re.compile(rb"[ \t\r\n]*+")
_AHEAD = 4096
_LINES_AHEAD = 50


@dataclass(frozen=True, slots=True)
class Value:
    """One record: a JSON object that is not empty.

    `line` is where it begins, from 1; `element` its place in the array that holds it, from 1, or None outside of one.
    `raw` are its bytes. `row` is its number in an array inside of the element. `row`, `names` and `around` are set for
    a row of an envelope that is too large to be held, too: its number there, the names that it stands under, and the
    fields of the envelope before it. `is_rest` marks what is left of such an envelope.
    """

    line: int
    element: int | None
    raw: bytes
    value: dict[str, Any]
    row: int | None = None
    names: tuple[str, ...] = ()
    around: dict[str, Any] = field(default_factory=dict)
    is_rest: bool = False


@dataclass(frozen=True, slots=True)
class Broken:
    """What is at `line` and cannot be taken; `raw` its bytes, None when there are too many."""

    line: int
    element: int | None
    raw: bytes | None
    error: ReadError


def values(file: BinaryIO, limits: ReadLimits) -> Iterator[Value | Broken]:
    """The records of a seekable binary file, in order. Raises `OSError` only; what is wrong with the data is yielded.

    An empty array gives nothing. Codes: those of `decode`, `too_large`, `empty_file`, `empty_record` (`{}`) and
    `not_an_object` (a scalar, or an array inside of an array that holds anything else than objects).
    """
    window = Window(file)
    try:
        yield from _Stream(window, limits).run()
    except UnicodeDecodeError:
        what = f"not UTF-16 or UTF-32, although it begins so, after line {window.line}"
        yield Broken(window.line, None, None, ReadError(what, hint="save the file as UTF-8", code="wrong_encoding"))


class _Stream:
    def __init__(self, window: Window, limits: ReadLimits) -> None:
        self.window = window
        self._limits = limits
        self._limit = limits.max_record_bytes
        self._lines = False
        """Whether this is JSON Lines: a line was a value by itself, or the lines after a broken one are."""
        self._looked_ahead = False
        self._across = True
        """Whether a value may go over several lines: no longer, once that has failed in a file of lines."""
        self._whole_line_from = 0
        """The offset up to which the rest of the line is known not to be one value."""
        self._done = False

    def run(self) -> Iterator[Value | Broken]:
        window = self.window
        if not window.skip_space():
            yield Broken(1, None, None, ReadError("the file is empty", code="empty_file"))
            return
        if window.data[window.pos] == ord("["):
            yield from self._array()
        while not self._done and window.skip_space():
            yield from self._value()

    def _value(self) -> Iterator[Value | Broken]:
        """The value, or the broken line, at the window's place."""
        window = self.window
        if window.offset >= self._whole_line_from:
            size = window.line_size(self._limit)
            self._whole_line_from = window.offset + (self._limit if size is None else size)
            if size is not None:
                place = self._place()
                raw = window.data[window.pos : window.pos + size]
                try:
                    value = decode(raw, place, self._limits.max_depth)
                except ReadError:
                    pass
                else:
                    window.skip_line()
                    self._lines = True
                    yield from self._taken(value, place.line, None, raw)
                    return
        yield from self._measured(self._limit if self._across else self._line_limit(), None)

    def _measured(self, limit: int, element: int | None) -> Iterator[Value | Broken]:
        """The value at the window's place, or what is wrong with it. `element` is its number in an array."""
        window, place = self.window, self._place()
        extent = measure(window, limit, self._limits.max_depth)
        if extent.end is End.LARGE and not self._is_line(element):
            yield from self._large(extent, place, element)
            return
        if extent.end is End.WHOLE:
            raw = window.data[window.pos : window.pos + extent.size]
            try:
                value = self._decode(raw, place, extent)
            except ReadError as error:
                if self._ends_there(error, raw, element):
                    window.skip(extent.size)
                    yield Broken(place.line, element, raw, error)
                    return
            else:
                window.skip(extent.size)
                yield from self._taken(value, place.line, element, raw)
                return
        if self._is_line(element):
            yield self._broken_line()
        else:
            yield self._rest(extent, element)

    def _ends_there(self, error: ReadError, raw: bytes, element: int | None) -> bool:
        """Whether a value that cannot be decoded surely ends where it was measured to."""
        if element is not None:
            return error.code != "bad_json"
        if error.code != "bad_json" and raw[0] in b'{["':
            return True
        return not self._is_line(element) and self._next_begins_a_line(len(raw))

    def _is_line(self, element: int | None) -> bool:
        return element is None and self._file_of_lines()

    def _array(self) -> Iterator[Value | Broken]:
        """The elements of the array at the window's place."""
        window = self.window
        window.skip(1)
        element = 0
        while window.skip_space():
            if element == 0 and window.data[window.pos] == ord("]"):
                window.skip(1)
                return
            element += 1
            yield from self._measured(self._limit, element)
            if self._done:
                return
            if not window.skip_space():
                break
            separator = window.data[window.pos]
            if separator not in b",]":
                yield self._no_more(element + 1, "expecting ',' or ']' after an element")
                return
            window.skip(1)
            if separator == ord("]"):
                return
        yield self._no_more(element + 1, "the array is not closed")

    def _large(self, extent: Extent, place: SourcePosition, element: int | None) -> Iterator[Value | Broken]:
        """A value that is too large: the rows of an envelope, else nothing of it."""
        if self.window.data[self.window.pos] != ord("{") or extent.deep:
            yield Broken(place.line, element, None, self._too_much(extent, place))
            self._pass_over(extent)
            return
        rows = 0
        refused = False
        for part in LargeObject(self.window, self._limits, is_record_of_its_own).parts():
            if isinstance(part, LargeFlaw):
                self._done = part.ends
                if rows:
                    yield Broken(part.line, element, part.raw, part.error)
                elif not refused:
                    refused = True
                    yield Broken(place.line, element, None, self._too_much(extent, place))
            elif refused:
                continue
            elif isinstance(part, LargeRest):
                yield Value(part.line, element, b"", part.value, is_rest=True)
            elif isinstance(part.value, dict) and part.value:
                rows += 1
                yield Value(part.line, element, part.raw, part.value, rows, part.names, part.around)
            else:
                yield from self._taken(part.value, part.line, element or 0, part.raw)

    def _taken(self, value: Any, line: int, element: int | None, raw: bytes) -> Iterator[Value | Broken]:
        """A parsed value as records: an object is one, a line that is an array holds some."""
        if isinstance(value, dict) and value:
            yield Value(line, element, raw, value)
        elif isinstance(value, list) and element is None:
            for index, item in enumerate(value, 1):
                yield from self._taken(item, line, index, canonical_json(item))
        elif inner := self._inside(value):
            many = len(inner) > 1 or isinstance(value, list)
            for row, item in enumerate(inner, 1):
                yield Value(line, element, canonical_json(item), item, row if many else None)
        elif isinstance(value, dict):
            yield Broken(line, element, raw, ReadError(f"the object at line {line} is empty", code="empty_record"))
        else:
            what = f"the value at line {line} is {_KINDS[type(value)]}, not an object"
            yield Broken(line, element, raw, ReadError(what, code="not_an_object"))

    def _inside(self, value: Any) -> list[dict[str, Any]]:
        """The objects in an array of an array, or in a text that is JSON itself; none where anything else is there."""
        if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
            try:
                value = decode(value.encode(), self._place(), self._limits.max_depth)
            except ReadError:
                return []
        found, rest = list[dict[str, Any]](), [value]
        while rest:
            item = rest.pop()
            if isinstance(item, list) and item:
                rest.extend(reversed(item))
            elif isinstance(item, dict) and item:
                found.append(item)
            else:
                return []
        return found

    def _broken_line(self) -> Broken:
        """Reject this line alone. From here on no value may go over several lines."""
        window, place = self.window, self._place()
        self._across = False
        size = window.line_size(self._limit)
        raw = None if size is None else window.data[window.pos : window.pos + size]
        error = large(place, self._limit) if raw is None else self._flaw(raw, place)
        window.skip_line()
        return Broken(place.line, None, raw, error)

    def _rest(self, extent: Extent, element: int | None) -> Broken:
        """Reject the rest of the file, for the flaw in the value that begins here."""
        window, place = self.window, self._place()
        self._done = True
        raw = window.data[window.pos : window.pos + max(extent.size, 1)]
        error = self._too_much(extent, place) if extent.deep else self._flaw(raw, place)
        return Broken(place.line, element, window.rest(self._limit), error)

    def _no_more(self, element: int, what: str) -> Broken:
        """Reject the rest of an array, whose next element never comes."""
        place = self._place()
        self._done = True
        return Broken(
            place.line, element, self.window.rest(self._limit) or None, broken(place.line, place.column, what)
        )

    def _decode(self, raw: bytes, place: SourcePosition, extent: Extent) -> Any:
        if extent.deep:
            raise self._too_much(extent, place)
        return decode(raw, place, self._limits.max_depth)

    def _flaw(self, raw: bytes, place: SourcePosition) -> ReadError:
        try:
            decode(raw, place, self._limits.max_depth)
        except ReadError as error:
            return error
        return broken(place.line, place.column, "more follows the value on its line")

    def _pass_over(self, extent: Extent) -> None:
        """Pass over a value that is too large. One that is too deep as well ends the file: it is an attack."""
        self._done = extent.deep or not pass_over(self.window, extent)

    def _too_much(self, extent: Extent, place: SourcePosition) -> ReadError:
        return deep(place, self._limits.max_depth) if extent.deep else large(place, self._limit)

    def _file_of_lines(self) -> bool:
        """Whether a line was a value, or, asked for the first time, the lines ahead are objects.

        The next two that are not blank are, or two of the next 50 without an indent; one of these is enough after what
        begins with no bracket: text that a program wrote between its lines.
        """
        if not self._lines and not self._looked_ahead:
            self._looked_ahead = True
            window = self.window
            window.reach(CHUNK)
            ahead = window.data[window.pos : window.pos + CHUNK]
            following = [line for line in ahead.split(b"\n")[1:] if line.strip()][:_LINES_AHEAD]
            wanted = 2 if ahead[:1] in (b"{", b"[") else 1
            objects = (line for line in following if line[:1] == b"{" and self._is_object(line))
            self._lines = (bool(following) and all(map(self._is_object, following[:2]))) or (
                len(list(islice(objects, wanted))) == wanted
            )
        return self._lines

    def _is_object(self, line: bytes) -> bool:
        try:
            return isinstance(decode(line, self._place(), self._limits.max_depth), dict)
        except ReadError:
            return False

    def _next_begins_a_line(self, size: int) -> bool:
        """Whether what follows the next `size` bytes is the end, or a bracket that opens on a later line."""
        window = self.window
        window.reach(size + _AHEAD)
        start = window.pos + size
        space = _SPACE.match(window.data, start)
        end = space.end() if space else start
        return end == len(window.data) or (window.data[end] in b"{[" and b"\n" in window.data[start:end])

    def _line_limit(self) -> int:
        size = self.window.line_size(self._limit)
        return self._limit if size is None else size

    def _place(self) -> SourcePosition:
        return SourcePosition(self.window.line, self.window.column, self.window.offset)
