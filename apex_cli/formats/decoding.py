"""How the bytes of a text become characters, for every format that is text."""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass

from apex_cli.errors import ReadError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HEAD = 4_096
_SHORTEST_UNMARKED = 8
_MOST_ZERO = 0.7
_FEW_ZERO = 0.1
# Control characters but tab, line ends, form feed, and the mark with which DOS ends a file.
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x19\x1b-\x1f\x7f]")
_MOST_CONTROLS = 0.02
_UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_HIGH = re.compile(rb"[\x80-\xff]")
_LETTER = re.compile(rb"[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Text:
    r"""Decoded text, lines ending in `\n`, characters composed (Unicode NFC), and what was assumed to decode it."""

    content: str
    notes: tuple[str, ...] = ()


def decode_text(data: bytes) -> Text:
    r"""The characters of a text, without byte order mark.

    UTF-8, UTF-16 and UTF-32 are known by their mark, UTF-16 also by the zero bytes that Latin letters have in it. Other
    text in Latin letters is read as Windows-1252, the encoding of old exports, and a note says so.

    Raises `ReadError`: `empty_file` for nothing but white space, `binary_file` for what is no text, `wrong_encoding`.
    """
    text, notes = _decoded(data)
    if not text.strip("\ufeff\x1a \t\r\n\f\v"):
        raise ReadError("the file is empty", code="empty_file")
    return Text(unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")), notes)


def _decoded(data: bytes) -> tuple[str, tuple[str, ...]]:
    marked = _marked(data)
    if marked is not None:
        mark, encoding = marked
        try:
            return data[len(mark) :].decode(encoding), ()
        except UnicodeDecodeError as error:
            raise _wrong_encoding(data, error.start + len(mark), encoding.upper()) from error
    if b"\0" in data:
        raise ReadError(f"not text: a NUL byte at offset {data.index(0)}", code="binary_file")
    try:
        return data.decode(), ()
    except UnicodeDecodeError as error:
        return _as_windows(data, error.start), ("not UTF-8: read as Windows-1252",)


def _marked(data: bytes) -> tuple[bytes, str] | None:
    """The mark and the encoding that the beginning shows; None where nothing does."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return mark, encoding
    if len(data) < _SHORTEST_UNMARKED:
        return None
    even, odd = data[0:_HEAD:2], data[1:_HEAD:2]
    for zeros, letters, encoding in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if zeros.count(0) > _MOST_ZERO * len(zeros) and letters.count(0) <= _FEW_ZERO * len(letters):
            return b"", encoding
    return None


def _as_windows(data: bytes, offset: int) -> str:
    """Text in Windows-1252. `offset` is the first byte that is no UTF-8."""
    if len(_CONTROL.findall(data)) > _MOST_CONTROLS * len(data):
        raise ReadError("not text: it is full of control characters", code="binary_file")
    # Most letters of a western language are ASCII. Cyrillic or Japanese text would become one of accents: "Ïðèâåò".
    if _UNDEFINED.search(data) or len(_HIGH.findall(data)) > len(_LETTER.findall(data)):
        raise _wrong_encoding(data, offset, "UTF-8")
    return data.decode("cp1252")


def _wrong_encoding(data: bytes, offset: int, expected: str) -> ReadError:
    line = data.count(b"\n", 0, offset) + 1
    return ReadError(
        f"not {expected}: byte 0x{data[offset]:02x} at offset {offset} (line {line})",
        hint="save the file as UTF-8",
        code="wrong_encoding",
    )
