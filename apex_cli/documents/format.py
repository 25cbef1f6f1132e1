"""What a document format is, how text formats decode bytes, and the format of plain text.

To add a format, make a module `documents/<format>.py`, subclass `Format`, and add it to `registry.BUILT_IN`. The
extensions that `ingest` takes and the reading of files without one follow from there. Import a library of the format
where it is used: every ingest imports these modules.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from apex_cli.errors import ReadError

_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list item, table or the like, and the headings above it, outermost first.

    `by_line`: when it must be cut, it is cut between lines (tables, code) and not between sentences.
    """

    text: str
    heading_path: tuple[str, ...] = ()
    by_line: bool = False


class Format(ABC):
    """One format of documents. Instances keep no state; every method is pure and safe in any thread and process."""

    name: str
    """Stands in the payloads of records: never change it."""
    extensions: tuple[str, ...]
    """File name extensions in lower case, with the dot."""
    magic: tuple[bytes, ...] = ()
    """What a file of this format begins with, whatever its name; for formats that have such a beginning."""

    def decode(self, data: bytes) -> str:
        """The text of a document, as it is kept and hashed. Raises `ReadError`."""
        return decode_text(data)

    @abstractmethod
    def blocks(self, content: str) -> Iterator[Block]:
        """What `decode` returned, cut along its structure. No word is lost. Never fails."""


def decode_text(data: bytes) -> str:
    r"""UTF-8 text, without byte order mark, lines ending in `\n`, characters composed (Unicode NFC).

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
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def _wrong_encoding(what: str) -> ReadError:
    return ReadError(f"not UTF-8: {what}", hint="save the file as UTF-8", code="wrong_encoding")


class _Text(Format):
    name = "text"
    extensions = (".txt", ".text")

    def blocks(self, content: str) -> Iterator[Block]:
        """The paragraphs between blank lines."""
        for paragraph in _BLANK_LINES.split(content):
            if text := paragraph.strip():
                yield Block(text)


TEXT = _Text()
