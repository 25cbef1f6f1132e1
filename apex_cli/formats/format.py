"""What a file format is: the one class that everything about a format hangs on.

To add a format, make a module `formats/<format>.py`, subclass `Format`, and add it to `registry.BUILT_IN`. The
extensions that `ingest` takes and the recognition by content follow from there. Import a library of the format where it
is used: every `apex --help` imports these modules.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from apex_cli.errors import ReadError
from apex_cli.formats.decoding import decode_text
from apex_cli.formats.part import Block, Document, Part
from apex_cli.input_rules import ReadLimits


@dataclass(frozen=True, slots=True)
class FileInfo:
    """What a format may know of the file that it reads.

    `name` is what the file is called, for messages. A format that works long on one part, such as a document of many
    pages, calls `alive` after each step: reading is ended where nothing was heard for `limits.parse_timeout` seconds.
    """

    name: str
    limits: ReadLimits
    alive: Callable[[], None] = lambda: None


class Format(ABC):
    """One format of files. Instances keep no state; every method is safe in any thread and process.

    Nothing in a file is executed, no link in it is followed, and no external entity is loaded.
    """

    name: str
    """Stands in the payloads of records: never change it."""
    extensions: tuple[str, ...] = ()
    """File name extensions in lower case, with the dot."""
    magic: tuple[bytes, ...] = ()
    """What a file of this format begins with, whatever its name; for formats that have such a beginning."""
    extra: str = ""
    """The extra (`extras.EXTRAS`) with the libraries that it needs; empty where it needs none."""
    is_text: bool = False
    """Whether its files are text that may as well be JSON: `--source json` reads them as that."""
    holds_one_file: bool = False
    """Whether what it holds is the file itself in another form: it is compressed."""
    isolated: bool = False
    """Whether it is read in a worker process: for parsers that foreign bytes may crash, exhaust or keep busy."""

    def recognises(self, head: bytes, file: BinaryIO) -> bool:  # noqa: ARG002 - for subclasses
        """Whether a file is surely of this format, whatever it is called. Must be quick, and must not raise.

        `head` are its first bytes (64 KiB, or all of it). `file` may be read where these do not decide, such as for the
        members of a ZIP; it may be left at any position.
        """
        return bool(self.magic) and head.startswith(self.magic)

    @abstractmethod
    def parts(self, file: BinaryIO, info: FileInfo) -> Iterator[Part]:
        """What the file holds, lazily and in its order. `file` is seekable and at its beginning.

        Memory is bounded by one part. Raises `ReadError` for a file that cannot be read on; what came before counts.
        """


class TextFormat(Format):
    """A format whose text holds its own structure: the text is stored, and its blocks are found again when needed."""

    is_text = True

    def parts(self, file: BinaryIO, info: FileInfo) -> Iterator[Part]:
        text = decode_text(read_all(file, info.limits))
        yield Document(content=text.content, notes=text.notes)

    @abstractmethod
    def blocks(self, content: str) -> Iterator[Block]:
        """A document's text, cut along its structure. No word is lost. Never fails. Pure."""


def read_all(file: BinaryIO, limits: ReadLimits) -> bytes:
    """All of a document; never reads more than it may have. Raises `ReadError` (`too_large`), `OSError`."""
    data = file.read(limits.max_document_bytes + 1)
    if len(data) > limits.max_document_bytes:
        raise ReadError(
            f"the document is larger than {limits.max_document_bytes:,} bytes",
            hint="set APEX_MAX_DOCUMENT_BYTES to take larger documents",
            code="too_large",
        )
    return data
