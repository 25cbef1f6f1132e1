"""How the bytes of a text become characters, for every format that is text: whole (`decode_text`) or as a stream.

One detection serves both, so a file has the same characters and the same notes whatever reads it. What names its own
charset, such as a mail or a web page, is read by `charsets`. JSON is Unicode by its standard: see `reading.window`.
"""

from __future__ import annotations

import codecs
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from apex_cli.errors import ReadError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Which bytes of a unit are zero in text of Latin letters: `0` is one that is, `x` one that is not.
_ZEROS = (("x000", "utf-32-le"), ("000x", "utf-32-be"), ("x0", "utf-16-le"), ("0x", "utf-16-be"))
_BLOCK = 1024 * 1024
_HEAD = 4_096
_SHORTEST_UNMARKED = 8
_MOST_ZERO = 0.7
_FEW_ZERO = 0.1
_BLANK = "\ufeff\x1a\0 \t\r\n\f\v"
# Control characters but tab, line ends, form feed, and the mark with which DOS ends a file.
_CONTROL = bytes((*range(0x09), 0x0B, *range(0x0E, 0x1A), *range(0x1B, 0x20), 0x7F))
_MOST_CONTROLS = 0.02
_UNDEFINED = b"\x81\x8d\x8f\x90\x9d"
_HIGH = bytes(range(0x80, 0x100))
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BAD = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Text:
    r"""Decoded text, lines ending in `\n`, characters composed (Unicode NFC), and what was assumed to decode it."""

    content: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a file is to be decoded, its byte order mark left out by the codec itself, and what is assumed."""

    codec: str
    notes: tuple[str, ...] = ()


def encoding_of(file: BinaryIO) -> Encoding:
    """The encoding of a text, by all of it, in flat memory. Leaves the file at any position.

    UTF-8, UTF-16 and UTF-32 are known by their mark, UTF-16 and UTF-32 also by the zero bytes that Latin letters have
    in them. Text in UTF-8 with a few bad bytes stays that. Other text in Latin letters is read as Windows-1252, the
    encoding of old exports. What is not certain is noted.

    Raises `ReadError`: `binary_file` for what is no text, `wrong_encoding`.
    """
    file.seek(0)
    marked = _marked(file.read(_HEAD))
    codec, mark = marked or ("utf-8", 0)
    found = _checked(file, codec, mark)
    if isinstance(found, Encoding):
        return found
    if marked is None:
        return _as_windows(file, found)
    raise _wrong_encoding(file, found, codec.removesuffix("-le").removesuffix("-be").upper())


def decode_text(data: bytes) -> Text:
    r"""The characters of a text, without byte order mark. Raises `ReadError`: `empty_file`, and as `encoding_of`."""
    encoding = encoding_of(io.BytesIO(data))
    text = data.decode(encoding.codec, "replace")
    refuse_empty(text)
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return Text(text, encoding.notes)


def open_text(file: BinaryIO) -> tuple[io.TextIOWrapper, tuple[str, ...]]:
    """The text of a file from its beginning, line ends as they are, and what was assumed to decode it.

    Detach the stream to keep the file open. Raises as `encoding_of`.
    """
    encoding = encoding_of(file)
    file.seek(0)
    return io.TextIOWrapper(file, encoding=encoding.codec, errors="replace", newline=""), encoding.notes


def decoded_head(head: bytes) -> str:
    """The first bytes of a file as text, without mark; empty for a file that is none. Never raises."""
    codec, mark = _marked(head) or ("utf-8", 0)
    return "" if b"\0" in head and codec == "utf-8" else head[mark:].decode(codec, "replace")


def is_marked(data: bytes) -> bool:
    """Whether a text begins with a byte order mark."""
    return any(data.startswith(mark) for mark, _ in _MARKS)


def refuse_empty(text: str) -> None:
    """Raises `ReadError` (`empty_file`) for nothing but white space."""
    if not text.strip(_BLANK):
        raise ReadError("the file is empty", code="empty_file")


def _marked(head: bytes) -> tuple[str, int] | None:
    """The encoding that the beginning shows, and the length of its mark; None where nothing shows one."""
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return codec, len(mark)
    if len(head) < _SHORTEST_UNMARKED:
        return None
    for pattern, codec in _ZEROS:
        columns = [head[at : _HEAD : len(pattern)] for at in range(len(pattern))]
        shares = [column.count(0) / len(column) for column in columns]
        if all(
            share > _MOST_ZERO if kind == "0" else share <= _FEW_ZERO
            for kind, share in zip(pattern, shares, strict=True)
        ):
            return codec, 0
    return None


def _checked(file: BinaryIO, codec: str, mark: int) -> Encoding | int:
    """The encoding with what is wrong in the file, or the offset of the first byte that says that it is another."""
    # Each handler lets bad bytes pass as surrogates, which no valid text has.
    is_utf_8 = codec == "utf-8"
    handler = "surrogateescape" if is_utf_8 else "surrogatepass"
    decoder = codecs.getincrementaldecoder(codec)(handler)
    bad = good = first = 0
    offset = mark
    file.seek(mark)
    for data in _blocks(file):
        if is_utf_8 and (zero := data.find(0)) >= 0:
            raise ReadError(f"not text: a NUL byte at offset {offset + zero}", code="binary_file")
        rest = decoder.getstate()[0]
        begin = offset - len(rest)
        offset += len(data)
        if is_utf_8 and data.isascii() and not rest:
            continue
        try:
            text = decoder.decode(data, not data)
        except UnicodeDecodeError as error:
            return begin + error.start
        found = _BAD.search(text)
        if found is not None:
            first = first if bad else begin + len(text[: found.start()].encode(codec))
            bad += len(_BAD.findall(text))
        # ASCII is the same in every encoding: only other characters speak for UTF-8.
        good += len(text) - (len(text.encode("ascii", "ignore")) if is_utf_8 else 0)
    if good - bad <= bad and bad:
        return first
    unit = "bytes are not UTF-8" if is_utf_8 else "characters are broken"
    notes = (f"{bad:,} {unit}: each is read as U+FFFD",) if bad else ()
    marked = "utf-8-sig" if is_utf_8 else codec.removesuffix("-le").removesuffix("-be")
    return Encoding(marked if mark else codec, notes)


def _as_windows(file: BinaryIO, offset: int) -> Encoding:
    """Windows-1252, where the text may be that. `offset` is the first byte that is no UTF-8."""
    total = controls = undefined = high = letters = 0
    file.seek(0)
    for data in _blocks(file):
        total += len(data)
        controls += _count(data, _CONTROL)
        undefined += _count(data, _UNDEFINED)
        high += _count(data, _HIGH)
        letters += _count(data, _LETTERS)
    if controls > _MOST_CONTROLS * total:
        raise ReadError("not text: it is full of control characters", code="binary_file")
    # Most letters of a western language are ASCII. Cyrillic or Japanese text would become one of accents: "Ïðèâåò".
    if undefined or high > letters:
        raise _wrong_encoding(file, offset, "UTF-8")
    return Encoding("cp1252", ("not UTF-8: read as Windows-1252",))


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """The rest of a file, and an empty block at its end."""
    while data := file.read(_BLOCK):
        yield data
    yield b""


def _count(data: bytes, characters: bytes) -> int:
    return len(data) - len(data.translate(None, characters))


def _wrong_encoding(file: BinaryIO, offset: int, expected: str) -> ReadError:
    file.seek(0)
    line = 1
    left = offset
    while left and (data := file.read(min(left, _BLOCK))):
        line += data.count(b"\n")
        left -= len(data)
    byte = file.read(1)
    what = f"byte 0x{byte.hex()}" if byte else "the end"
    return ReadError(
        f"not {expected}: {what} at offset {offset} (line {line})",
        hint="save the file as UTF-8",
        code="wrong_encoding",
    )
