"""How the bytes of a text become characters, for every format that is text."""

from __future__ import annotations

import codecs
import unicodedata
from dataclasses import dataclass

from apex_cli.errors import ReadError


@dataclass(frozen=True, slots=True)
class Text:
    r"""Decoded text, lines ending in `\n`, characters composed (Unicode NFC), and what was assumed to decode it."""

    content: str
    notes: tuple[str, ...] = ()


def decode_text(data: bytes) -> Text:
    r"""UTF-8 text, without byte order mark.

    Raises `ReadError`: `empty_file` for nothing but white space, `binary_file` for NUL bytes, `wrong_encoding`.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _wrong_encoding("it begins with a UTF-16 byte order mark")
    if b"\0" in data:
        raise ReadError(f"not text: a NUL byte at offset {data.index(0)}", code="binary_file")
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        where = f"byte 0x{data[error.start]:02x} at offset {error.start} (line {line})"
        raise _wrong_encoding(where) from error
    if not text.strip():
        raise ReadError("the file is empty", code="empty_file")
    return Text(unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")))


def _wrong_encoding(what: str) -> ReadError:
    return ReadError(f"not UTF-8: {what}", hint="save the file as UTF-8", code="wrong_encoding")
