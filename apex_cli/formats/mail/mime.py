"""The tree of parts of a message (RFC 2045, 2046), as spans of its bytes.

Written here because the standard library's parser is a generator for each level, which overflows the stack on 1,000
nested parts, holds a whole message several times, and keeps no bytes of an attached message. What a part holds is
decoded by the standard library.

The boundaries of an outer part count before those inside of it: so a part that never ends takes no other with it.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from apex_cli.errors import ReadError
from apex_cli.formats.mail.headers import Headers

MOST_LEVELS = 30
"""How deep parts are nested; what is deeper is left out."""
MOST_PARTS = 2_000
"""How many parts of one message are read."""
LONGEST_HEADERS = 1024 * 1024
_BLANK_LINE = re.compile(rb"(?:\A|\n)\r?\n")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


@dataclass(frozen=True)
class MimePart:
    """One part: its headers, its content as it was sent, and the parts inside of it.

    `kind` is its type in lower case ("text/plain"). `left_out` says what inside of it is not read.
    """

    headers: Headers
    raw: bytes = field(repr=False)
    parts: tuple[MimePart, ...] = ()
    left_out: tuple[str, ...] = ()

    @cached_property
    def kind(self) -> str:
        return self.headers.content_type()

    @cached_property
    def is_encoded(self) -> bool:
        """Whether the content is in an encoding that keeps its line ends."""
        return self._encoding in ("base64", "quoted-printable", "binary")

    @property
    def _encoding(self) -> str:
        words = self.headers.text("content-transfer-encoding").lower().split()
        return words[0] if words else ""

    def content(self) -> tuple[bytes, str]:
        r"""The decoded content, and what is wrong with it ("" for nothing).

        Text that is sent as it is has `\n` at its line ends, so that a message is the same in a mailbox and alone.
        """
        if self._encoding == "base64":
            return _from_base64(self.raw)
        if self._encoding == "quoted-printable":
            return binascii.a2b_qp(self.raw), ""
        return (self.raw if self.is_encoded else self.raw.replace(b"\r\n", b"\n")), ""

    def walk(self) -> Iterator[MimePart]:
        """This part and all inside of it, in order."""
        yield self
        for part in self.parts:
            yield from part.walk()


def parse(data: bytes) -> MimePart:
    """The tree of a message. Raises `ReadError` (`broken_file`) for one without headers or with too many.

    The time is linear in the size, for each of at most `MOST_LEVELS` levels.
    """
    head, begin = _head(data, 0, len(data))
    headers = Headers.read(head)
    if not headers:
        raise ReadError("no mail: it does not begin with headers", code="broken_file")
    return _PartReader(data).part(headers, begin, len(data), 0)


def head_of(data: bytes) -> Headers:
    """The headers of a message. Raises `ReadError` where they are too long."""
    return Headers.read(_head(data, 0, len(data))[0])


class _PartReader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = MOST_PARTS

    def part(self, headers: Headers, begin: int, end: int, level: int) -> MimePart:
        boundary = headers.parameter("content-type", "boundary").rstrip() if headers.is_multipart() else ""
        spans = list(self._spans(boundary.encode("utf-8", "surrogateescape"), begin, end)) if boundary else []
        if not spans:
            return MimePart(headers, self._data[begin:end])
        if level == MOST_LEVELS:
            return MimePart(headers, b"", left_out=(f"parts nested deeper than {MOST_LEVELS} levels",))
        found: list[MimePart] = []
        for first, last in spans:
            if self._left == 0:
                return MimePart(headers, b"", tuple(found), (f"parts after the first {MOST_PARTS:,}",))
            self._left -= 1
            head, body = _head(self._data, first, last)
            default = "message/rfc822" if headers.content_type() == "multipart/digest" else "text/plain"
            found.append(self.part(Headers.read(head, default), body, last, level + 1))
        return MimePart(headers, b"", tuple(found))

    def _spans(self, boundary: bytes, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """The spans between the boundary's lines. The line end before such a line belongs to it.

        One more than may be read at most, for a note.
        """
        line = re.compile(rb"(?:\r?\n|^)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|\Z)", re.MULTILINE)
        start = -1
        found = 0
        for match in line.finditer(self._data, begin, end):
            if start >= 0:
                yield start, max(start, match.start())
                found += 1
            if match[1] or found > MOST_PARTS:
                return
            start = _after_line(self._data, match.end(), end)
        if 0 <= start < end:
            yield start, end


def _after_line(data: bytes, at: int, end: int) -> int:
    after = data.find(b"\n", at, end)
    return end if after < 0 else after + 1


def _head(data: bytes, begin: int, end: int) -> tuple[bytes, int]:
    """The headers of a part, and where its content begins. Raises `ReadError` where they are too long."""
    if data.startswith((b"\n", b"\r\n"), begin, end):
        return b"", _after_line(data, begin, end)
    limit = min(end, begin + LONGEST_HEADERS)
    found = _BLANK_LINE.search(data, begin, limit)
    if found is not None:
        return data[begin : found.start()], found.end()
    if limit < end:
        raise ReadError(f"its headers are longer than {LONGEST_HEADERS:,} bytes", code="broken_file")
    return data[begin:end], end


def _from_base64(data: bytes) -> tuple[bytes, str]:
    """As much as can be read. Some programs write lines after the end, or leave the last bytes out."""
    sent, end, _ = data.partition(b"=")
    bare = sent.translate(None, b" \t\r\n")
    digits = _NOT_BASE64.sub(b"", bare)
    odd = len(digits) % 4
    decoded = binascii.a2b_base64(digits[: len(digits) - (odd == 1)] + b"=" * (-odd % 4 if odd != 1 else 0))
    is_damaged = len(digits) != len(bare) or odd == 1 or (odd and not end)
    return decoded, "its Base64 is damaged" if is_damaged else ""
