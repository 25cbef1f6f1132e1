"""From the path of an input to its records: the one entry of this package."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from apex_cli.errors import ReadError, RecordError
from apex_cli.extract import collection_names
from apex_cli.files import NotRegularFile, open_regular
from apex_cli.formats import content
from apex_cli.formats import registry as formats
from apex_cli.formats.format import FileInfo, Format, read_all
from apex_cli.formats.isolation import Isolation
from apex_cli.formats.part import Document, Ignored, InnerFile, Object, Part, Unreadable
from apex_cli.input_rules import UNSAID, Naming, ReadLimits
from apex_cli.model import Record
from apex_cli.reading.files import Rejected, Skipped, readable_name
from apex_cli.reading.inputs import STREAM, InnerFiles, InnerFilesExhausted, Input
from apex_cli.reading.jsonstream import Value, values
from apex_cli.reading.kinds import SNIFFED_BYTES, UnsupportedFile, kind_of
from apex_cli.reading.opening import Opener
from apex_cli.reading.records import document_of, json_records, object_records
from apex_cli.sources.registry import AUTO, DOCUMENT, JSON, classify

UNKNOWN = "unknown"
_SNIFFED_DEPTH = 200
_LARGEST_KEPT = 32 * 1024**2
"""Bytes of a file inside of another that are kept where it fails; of a larger one the whole input is kept."""


def read_input(
    path: Path,
    *,
    name: str,
    origin: str,
    source: str,
    observed_at: datetime,
    limits: ReadLimits,
    namespace: str,
    naming: Naming = UNSAID,
    isolation: Isolation | None = None,
) -> Generator[Record | Rejected | Skipped, None, None]:
    """The records of one input, lazily; close the generator to close the file.

    How it is read follows from its content and from `name`, what it is called (`reading.kinds`), unless `source` says
    so. `origin` is the absolute path that it came from, or `-`. `source` is `auto` or the name of a source. `namespace`
    is the memory that the records go to. The collection of other JSON is what `naming` says, else that of the file's
    name (`collection_names.of_file`), `stdin` for a stream without a name. Files inside of it are read, too. Several
    inputs can share an `isolation`; without one the input has a worker process of its own, if it needs any.

    Locators: `name` for a document or a file as a whole, `name:LINE` for JSON, `name:LINE#N` for the Nth element of an
    array, and `#N` after it for the Nth record inside of an envelope; `name:PLACE` for a part of another format
    (`loads.csv:row 7`), `name/INNER` for a file inside. What holds nothing to ingest, such as the error answer of an
    API, is yielded as `Skipped`.

    What cannot be taken is yielded as `Rejected`, with the codes of `jsonstream`, of the formats, of `kinds`, of
    `isolation` and of `sources.registry.classify`, and `not_a_file`, `unreadable`.
    """
    shown = readable_name(name)
    worker = isolation or Isolation()
    try:
        with open_regular(path) as file:
            opened = Input(
                file,
                name=shown,
                origin=readable_name(origin),
                source=source,
                observed_at=observed_at,
                limits=limits,
                namespace=namespace,
                collection=collection_names.of_file(naming.name or ("stdin" if origin == STREAM else origin)),
                naming=naming,
                isolation=worker,
                inner_files=InnerFiles(limits.max_unpacked_bytes),
                dated=collection_names.file_date(shown),
            )
            yield from _records(opened)
    except NotRegularFile:
        yield Rejected(shown, ReadError(f"{path.name} is not a regular file", code="not_a_file"))
    except OSError as error:
        yield Rejected(shown, ReadError(f"{shown} cannot be read: {error.strerror or error}", code="unreadable"))
    finally:
        if isolation is None:
            worker.close()


def _records(opened: Input) -> Iterator[Record | Rejected | Skipped]:
    """The records of an open file. What ends the reading of the file is yielded last."""
    try:
        format = kind_of(opened.file, opened.name, opened.source, strict=opened.level > 0)
        if format is None:
            yield from json_records(opened)
        else:
            yield from _of_format(opened, format)
    except UnsupportedFile as error:
        yield error.skipped(opened.name) if opened.level else Rejected(opened.name, error)
    except RecordError as error:
        yield Rejected(opened.name, _as_read_error(error), _bytes_to_keep(opened), Path(opened.name).suffix)


def _of_format(opened: Input, format: Format) -> Iterator[Record | Rejected | Skipped]:
    opener = Opener(opened.limits)
    for part in format_parts(opened, format):
        if isinstance(part, Document):
            opened.file.seek(0)
            yield document_of(opened, format, part, read_all(opened.file, opened.limits))
        elif isinstance(part, Object):
            yield from object_records(opened, opener, part)
        elif isinstance(part, InnerFile):
            yield from _inner(opened, part, format)
        else:
            yield _left(opened, format, part)


def format_parts(opened: Input, format: Format) -> Iterator[Part]:
    """What a file of this format holds, read in this process or, where the format asks for it, in a worker."""
    left = max(opened.inner_files.bytes, 0)
    info = FileInfo(opened.name, replace(opened.limits, max_unpacked_bytes=left))
    if not format.isolated:
        return format.parts(opened.file, info)
    return opened.isolation.parts(format, opened.file, info)


def _inner(opened: Input, part: InnerFile, format: Format) -> Iterator[Record | Rejected | Skipped]:
    with part.data:
        try:
            inner = opened.inner(part, is_itself=format.holds_one_file)
        except InnerFilesExhausted:
            raise
        except ReadError as error:
            yield Rejected(f"{opened.name}/{part.name}", error)
            return
        yield from _records(inner)


def _left(opened: Input, format: Format, part: Unreadable | Ignored) -> Rejected | Skipped:
    locator = f"{opened.name}:{part.place}" if part.place else opened.name
    if isinstance(part, Ignored):
        return Skipped(locator, format.name, part.note, detail=part.detail)
    return Rejected(locator, part.error, part.raw, Path(opened.name).suffix)


def _bytes_to_keep(opened: Input) -> bytes | None:
    """The bytes of a file that failed, so that it can be tried again alone; None where its input has to be kept."""
    if opened.level == 0:
        return None
    opened.file.seek(0)
    data = opened.file.read(_LARGEST_KEPT + 1)
    return data if 0 < len(data) <= _LARGEST_KEPT else None


def _as_read_error(error: RecordError) -> ReadError:
    return error if isinstance(error, ReadError) else ReadError(error.message, hint=error.hint, code=error.code)


def sniff_source(path: Path, name: str, source: str) -> str:
    """The source that an input seems to belong to, from its first 64 KiB: the name of a source, or `unknown`.

    Good for sorting inputs only: records are classified one by one when they are read. Never raises for what a file
    holds or for one that cannot be opened.
    """
    try:
        with open_regular(path) as file:
            return sniff(file, name, source)
    except OSError:
        return UNKNOWN if source == AUTO else source


def sniff(file: BinaryIO, name: str, source: str) -> str:
    """The same of an open file. Its first 64 KiB are enough."""
    if source != AUTO:
        return source
    try:
        if kind_of(file, name, source) is not None:
            return DOCUMENT
        head = file.read(SNIFFED_BYTES)
    except (OSError, RecordError):
        return UNKNOWN
    for item in values(io.BytesIO(head), ReadLimits(SNIFFED_BYTES, SNIFFED_BYTES, _SNIFFED_DEPTH)):
        if isinstance(item, Value):
            return classify(item.value)[0]
    return JSON


def document_digest(path: Path, format: str, limits: ReadLimits) -> str | None:
    """The content hash of the document that a file holds; None where it holds none.

    Raises `OSError`, and `ReadError` as reading it does.
    """
    known = formats.by_name(format) or formats.DEFAULT
    isolation = Isolation()
    try:
        with open_regular(path) as file:
            data = read_all(file, limits)
            file.seek(0)
            info = FileInfo(path.name, limits)
            parts = isolation.parts(known, file, info) if known.isolated else known.parts(file, info)
            for part in parts:
                if isinstance(part, Document):
                    return content.hash_of(content.payload_of(part, format=known, path="", data=data))
            return None
    finally:
        isolation.close()
