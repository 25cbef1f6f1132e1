"""Where a JSON value ends, by its brackets and strings only; the value is not built.

For `{"a": ["}"]} {` the scan sees `{`, the string `"a"`, `[`, the string `"}"` (no bracket: it is in a string), `]`,
and `}`. The stack of closers it waits for is `}`, `}]`, `}`, empty: here the value ends, at 12 bytes.

The scan needs no recursion and a stack of at most `max_depth` bytes, and can stop and go on between any two blocks,
so a value that is too large or too deep can be passed over without being held.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from apex_cli.reading.window import Window

_TOKEN = re.compile(rb'[^"\[\]{}]*+([\[\]{}]|"[^"\\\n]*+"?)')
_INSIDE = re.compile(rb'[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+')
_SCALAR = re.compile(rb'[^\s,:\[\]{}"]*+')
_BLOCK = 1 << 16
_QUOTE, _BACKSLASH = ord('"'), ord("\\")
_CLOSER = {ord("{"): ord("}"), ord("["): ord("]")}


class End(Enum):
    """How a scan came to its end."""

    WHOLE = "the value is complete"
    BROKEN = "its structure breaks: a bracket that does not fit, a line end inside a string, no value at all"
    CUT = "the file ends inside it"
    LARGE = "it goes on beyond the limit"


@dataclass(frozen=True, slots=True)
class Extent:
    """What a scan found: the value's bytes up to its end or to where the scan stopped."""

    end: End
    size: int
    scanner: Scanner

    @property
    def deep(self) -> bool:
        """Whether the value nests deeper than it may."""
        return self.scanner.deep


class Scanner:
    """The state of a scan between blocks. `deep` once the value has nested beyond `max_depth`."""

    def __init__(self, max_depth: int) -> None:
        self.deep = False
        self._max_depth = max_depth
        self._open = bytearray()
        self._deeper = 0
        self._in_string = False

    def scan(self, data: bytes, pos: int, stop: int) -> tuple[End | None, int]:
        """Scan `data[pos:stop]`: how the value ended and where, or None and the place to go on from with more data."""
        while pos < stop:
            if self._in_string:
                found = _INSIDE.match(data, pos, stop)
                pos = found.end() if found else pos
                if pos == stop or (data[pos] == _BACKSLASH and pos + 1 == stop):
                    return None, pos
                if data[pos] != _QUOTE:
                    return End.BROKEN, pos
                self._in_string = False
                pos += 1
            else:
                found = _TOKEN.match(data, pos, stop)
                if found is None:
                    return None, stop
                start, pos = found.span(1)
                first = data[start]
                if first == _QUOTE:
                    self._in_string = pos - start == 1 or data[pos - 1] != _QUOTE
                elif not self._bracket(first):
                    return End.BROKEN, pos
            if not self._open and not self._in_string:
                return End.WHOLE, pos
        return None, pos

    def _bracket(self, bracket: int) -> bool:
        """Open or close a level; False when the bracket does not fit. Beyond `max_depth` levels are only counted."""
        closer = _CLOSER.get(bracket)
        if closer is not None:
            if len(self._open) < self._max_depth:
                self._open.append(closer)
            else:
                self.deep = True
                self._deeper += 1
        elif self._deeper:
            self._deeper -= 1
        elif not self._open or self._open.pop() != bracket:
            return False
        return True


def measure(window: Window, limit: int, max_depth: int) -> Extent:
    """Find the end of the value that begins at the window's place, within `limit` bytes. Consumes nothing."""
    scanner = Scanner(max_depth)
    if window.data[window.pos] not in b'{["':
        return _scalar(window, limit, scanner)
    size = 0
    while True:
        stop = min(len(window.data), window.pos + limit + 1)
        end, pos = scanner.scan(window.data, window.pos + size, stop)
        size = pos - window.pos
        if size > limit or (end is None and window.left > limit):
            return Extent(End.LARGE, size, scanner)
        if end is not None:
            return Extent(end, size, scanner)
        if not window.fill():
            return Extent(End.CUT, window.left, scanner)


def pass_over(window: Window, extent: Extent) -> bool:
    """Consume a value that `measure` found too large, to its end; False when its structure breaks before that."""
    window.skip(extent.size)
    while True:
        end, pos = extent.scanner.scan(window.data, window.pos, len(window.data))
        window.skip(pos - window.pos)
        if end is not None:
            return end is End.WHOLE
        if not window.fill():
            return False


def too_deep(data: bytes, max_depth: int) -> bool:
    """Whether the value in `data` nests deeper than `max_depth`; nearly free for values with few brackets."""
    if data.count(b"{") + data.count(b"[") <= max_depth:
        return False
    scanner = Scanner(max_depth)
    end, pos = None, 0
    while end is None and pos < len(data) and not scanner.deep:
        block = min(pos + _BLOCK, len(data))
        end, pos = scanner.scan(data, pos, block)
    return scanner.deep


def _scalar(window: Window, limit: int, scanner: Scanner) -> Extent:
    while True:
        found = _SCALAR.match(window.data, window.pos, window.pos + limit + 1)
        size = found.end() - window.pos if found else 0
        if size > limit:
            return Extent(End.LARGE, size, scanner)
        if size < window.left or not window.fill():
            return Extent(End.WHOLE if size else End.BROKEN, size, scanner)
