"""What a file holds, as its format reads it: a document, objects, files inside it, and what cannot be read of it.

Every format yields these parts and nothing else, so that reading, the worker process and `ingest` know no format:

    PDF, DOCX, HTML, text   one `Document`
    CSV, XLSX, X12          an `Object` for each row or transaction set
    EML, MBOX, MSG          an `Object` for each message, and an `InnerFile` for each attachment
    ZIP, TAR, GZ            an `InnerFile` for each member
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from apex_cli.errors import ReadError
from apex_cli.model import JsonObject


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list item, table or the like, and where it stands in its document.

    `heading_path` are the headings above it, outermost first. `place` is where a reader finds it: "page 2",
    "sheet Rates, row 7"; empty where the format has no such places. `by_line`: when it must be cut, it is cut between
    lines (tables, code) and not between sentences.
    """

    text: str
    heading_path: tuple[str, ...] = ()
    by_line: bool = False
    place: str = ""


@dataclass(frozen=True, slots=True)
class OcrResult:
    """How sure OCR is of a text that it read, from 0 to 1: of all of it, and of the words of which it is not sure."""

    confidence: float
    uncertain: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """The text of a file as a whole, in the order in which it is read.

    `content` is set by formats whose text holds its own structure (`TextFormat`): `blocks` are found in it again, and
    are not stored. `title` is what the file says of itself (the title of a web page); its first line counts where it
    says nothing. `notes` say what was left out or assumed ("read as Windows-1252"). `ocr` is set where text comes from
    images.
    """

    blocks: Sequence[Block] = ()
    content: str | None = None
    title: str = ""
    notes: tuple[str, ...] = ()
    ocr: OcrResult | None = None


@dataclass(frozen=True, slots=True)
class Object:
    """One object of fields: a row of a table, a message, a transaction set. It becomes a record as an object of JSON.

    `place` is where it stands in its file: "row 7", "sheet Loads, row 7", "message 3", "ISA 000000101 ST 0001".
    `collection` is the name of the sheet or table where it has one; that of the file counts where it has none. The
    source that takes it recognises the payload by its fields, as it does those of JSON.
    """

    payload: JsonObject
    place: str = ""
    collection: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InnerFile:
    """A file inside the file: an attachment, a member of an archive, a picture. It is read as a file of its own.

    `name` is what it is called there, and may hold folders; it is never used as a path on the disk. `data` is seekable
    and at its beginning; the reader closes it. `as_of` is the time from which it counts where it has none of its own:
    that of the message that it is attached to.
    """

    name: str
    data: BinaryIO
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A part that cannot be read, while others can: it fails alone. `raw` are its bytes, where they can be kept."""

    place: str
    error: ReadError
    raw: bytes | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """A part that is understood and holds nothing to ingest.

    `note` says why ("functional acknowledgement"), in words that are the same for all parts of this kind: they are
    counted by it. `detail` says what it is ("Grand Total | 5100.50").
    """

    place: str
    note: str
    detail: str = ""


Part = Document | Object | InnerFile | Unreadable | Ignored
