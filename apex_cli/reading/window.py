"""The part of a file that is in memory, and where in the file it is.

    file    {"id": 1}\n{"id": 2}\n{"id": 3}\n
             passed   | data: in memory       | not read yet
                      |consumed|pos

`skip` moves `pos` and counts lines; `fill` drops what is consumed and reads more, so `offset` stays the place in the
file: bytes passed plus `pos`.
"""

from __future__ import annotations

import codecs
import io
import re
from typing import BinaryIO

CHUNK = 1 << 18
_MOST = 1 << 24
_SPACE = re.compile(rb"[ \t\r\n]*+")
_CONTINUATION = bytes(range(0x80, 0xC0))
_WIDE = {
    "xx_0": "utf-16", "xx0_": "utf-16", "_0_0": "utf-16-le", "0_0_": "utf-16-be",
    "xx00": "utf-32", "00xx": "utf-32", "_000": "utf-32-le", "000_": "utf-32-be",
}  # fmt: skip
"""UTF-16 and UTF-32 by the first four bytes: `x` is one of a byte order mark, `0` zero, `_` of an ASCII character. JSON
begins with two ASCII characters (RFC 4627, section 3).
"""


class Window:
    """A forward view of a binary file: `data[pos:]` is what has been read and not yet consumed.

    `line` and `column` (1-based, in characters) and `offset` (bytes from the start) are the place of `pos`. A UTF-8
    byte order mark is passed over. A file that begins with ASCII characters in UTF-16 or UTF-32, with a byte order mark
    or without, is read as if it were UTF-8, and reading raises `UnicodeDecodeError` where it is not what it begins as.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.data = b""
        self.pos = 0
        self.line = 1
        self.column = 1
        self._passed = 0
        self._file: BinaryIO = file
        self._text: io.TextIOWrapper | None = None
        self._begin()

    @property
    def offset(self) -> int:
        return self._passed + self.pos

    @property
    def left(self) -> int:
        """How many bytes are in memory and not consumed."""
        return len(self.data) - self.pos

    def fill(self) -> bool:
        """Read more, as much as is there already: a large value is copied few times. False at the end of the file."""
        rest = self.data[self.pos :]
        more = self._read(min(max(CHUNK, len(rest)), _MOST))
        self._passed += self.pos
        self.data = rest + more
        self.pos = 0
        return bool(more)

    def reach(self, size: int) -> bool:
        """Read until `size` bytes are there; False when the file ends before."""
        while self.left < size:
            if not self.fill():
                return False
        return True

    def skip(self, size: int) -> None:
        """Consume `size` bytes, which have been read."""
        passed = self.data[self.pos : self.pos + size]
        newlines = passed.count(b"\n")
        if newlines:
            self.line += newlines
            self.column = 1
            passed = passed[passed.rfind(b"\n") + 1 :]
        self.column += len(passed) if passed.isascii() else len(passed.translate(None, _CONTINUATION))
        self.pos += size

    def skip_space(self) -> bool:
        """Consume white space; False when nothing else is left."""
        while True:
            match = _SPACE.match(self.data, self.pos)
            size = match.end() - self.pos if match else 0
            if size:
                self.skip(size)
            if self.pos < len(self.data):
                return True
            if not self.fill():
                return False

    def line_size(self, limit: int) -> int | None:
        """How many bytes are left on this line, without its end; None when there are more than `limit`."""
        searched = 0
        while True:
            end = self.data.find(b"\n", self.pos + searched, self.pos + limit + 1)
            if end >= 0:
                return end - self.pos
            searched = min(self.left, limit + 1)
            if searched > limit:
                return None
            if not self.fill():
                return self.left

    def skip_line(self) -> None:
        """Consume the rest of this line and its end, however long it is."""
        while (end := self.data.find(b"\n", self.pos)) < 0:
            self.skip(self.left)
            if not self.fill():
                return
        self.pos = end + 1
        self.line += 1
        self.column = 1

    def rest(self, limit: int) -> bytes | None:
        """All that is left of the file, without consuming it; None when that is more than `limit` bytes."""
        return None if self.reach(limit + 1) else self.data[self.pos :]

    def _begin(self) -> None:
        head = self._file.read(4)
        encoding = _WIDE.get("".join(map(_kind, head)))
        if encoding is not None:
            self._file.seek(0)
            self._text = io.TextIOWrapper(self._file, encoding=encoding, newline="")
        else:
            self.data = head.removeprefix(codecs.BOM_UTF8)
            self._passed = len(head) - len(self.data)

    def _read(self, size: int) -> bytes:
        return self._file.read(size) if self._text is None else self._text.read(size).encode()


def _kind(byte: int) -> str:
    if byte >= 0xFE:
        return "x"
    return "_" if ord("\t") <= byte < 0x80 else str(min(byte, 1))
