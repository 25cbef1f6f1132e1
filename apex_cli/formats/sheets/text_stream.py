"""A text file as a stream of characters, in flat memory, whatever its encoding."""

from __future__ import annotations

import codecs
import io
import re
from typing import BinaryIO

from apex_cli.errors import ReadError

_BYTES = 1024 * 1024
_HEAD = 64 * 1024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BAD_BYTE = re.compile("[\udc80-\udcff]")
_NOT_ASCII = re.compile("[^\x00-\x7f\udc80-\udcff]")


def open_text(file: BinaryIO) -> tuple[io.TextIOWrapper, list[str]]:
    """The text of a file from its beginning, line ends as they are, and what was assumed to decode it.

    UTF-8, UTF-16 and UTF-32 are found by their mark, UTF-16 without one by its zero bytes. Other text that is not UTF-8
    is read as Windows-1252. All of it is looked at before. Detach the stream to keep the file open. Raises `ReadError`
    (`binary_file`) for zero bytes in anything else.
    """
    encoding, note = _encoding(file)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, errors="replace", newline="")
    return text, [note] if note else []


def decoded_head(head: bytes) -> str:
    """The first bytes of a file as text; empty for a file that is none. Never raises."""
    encoding = _marked(head)
    if encoding is None:
        if b"\0" in head:
            return ""
        encoding = "utf-8"
    return head.decode(encoding, "replace")


def _encoding(file: BinaryIO) -> tuple[str, str]:
    file.seek(0)
    marked = _marked(file.read(_HEAD))
    if marked is not None:
        return marked, ""
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    bad = good = offset = 0
    while data := file.read(_BYTES):
        if b"\0" in data:
            raise ReadError(f"not text: a NUL byte at offset {offset + data.index(0)}", code="binary_file")
        offset += len(data)
        if data.isascii() and not decoder.getstate()[0]:
            continue
        text = decoder.decode(data)
        bad += len(_BAD_BYTE.findall(text))
        good += len(_NOT_ASCII.findall(text))
    if not bad:
        return "utf-8", ""
    if good > bad:
        return "utf-8", f"{bad:,} bytes are not UTF-8: each is read as U+FFFD"
    return "cp1252", "not UTF-8: read as Windows-1252"


def _marked(head: bytes) -> str | None:
    """The encoding that the first bytes show; None where nothing does."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    even, odd = head[0:4096:2], head[1:4096:2]
    if len(even) > 1 and odd.count(0) > 0.7 * len(odd) and even.count(0) < 0.1 * len(even):
        return "utf-16-le"
    if len(odd) > 1 and even.count(0) > 0.7 * len(even) and odd.count(0) < 0.1 * len(odd):
        return "utf-16-be"
    return None
