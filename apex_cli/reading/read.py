"""From the path of an input to its records: the one entry of this room."""

from __future__ import annotations

import io
import json
from collections.abc import Generator, Iterator
from datetime import datetime
from pathlib import Path, PurePath
from typing import BinaryIO

from apex_cli.documents import markdown, text
from apex_cli.documents.content import decode, read_bytes
from apex_cli.errors import ReadError, RecordError
from apex_cli.extract.identity import content_hash, external_id
from apex_cli.files import NotRegularFile, open_regular
from apex_cli.limits import ReadLimits
from apex_cli.model import Record
from apex_cli.reading.envelopes import unwrap
from apex_cli.reading.files import Rejected, readable_name
from apex_cli.reading.jsonstream import Value, values
from apex_cli.sources.registry import AUTO, JSON, classify

DOCUMENT = "document"
UNKNOWN = "unknown"
JSON_EXTENSIONS = (".json", ".jsonl", ".ndjson")
EXTENSIONS = (*JSON_EXTENSIONS, *text.EXTENSIONS, *markdown.EXTENSIONS)
SNIFFED_BYTES = 64 * 1024
_SNIFFED_DEPTH = 200
_BOM = b"\xef\xbb\xbf"


def read_input(
    path: Path, *, name: str, origin: str, source: str, observed_at: datetime, limits: ReadLimits, namespace: str
) -> Generator[Record | Rejected, None, None]:
    """The records of one input, lazily; close the generator to close the file.

    `name` is what the input is called: its extension tells the kind (without one the first character does), unless
    `source` does. `origin` is the absolute path that it came from: a document's external id. `source` is `auto`,
    `document` or one of `detect.SOURCES`. `namespace` is the memory that the records go to.

    Locators: `name` for a document or a file as a whole, `name:LINE` for JSON, `name:LINE#N` for the Nth element of an
    array or envelope. The answer of an API that holds no record gives none.

    What cannot be taken is yielded as `Rejected`, with the codes of `jsonstream`, `documents.content` and `detect`,
    and `unknown_type`, `not_a_file`, `unreadable`. Raises `UsageError` for a source that does not exist.
    """
    shown = readable_name(name)
    try:
        with open_regular(path) as file:
            kind = _kind(name, source, file)
            if kind is JSON:
                yield from _json(file, shown, source, observed_at, limits, namespace)
            elif kind is DOCUMENT:
                yield _document(file, shown, origin, observed_at, limits, namespace)
            else:
                yield Rejected(shown, _unknown_type(name))
    except NotRegularFile:
        yield Rejected(shown, ReadError(f"{path.name} is not a regular file", code="not_a_file"))
    except OSError as error:
        yield Rejected(shown, ReadError(f"{shown} cannot be read: {error.strerror or error}", code="unreadable"))
    except RecordError as error:
        yield Rejected(shown, error)


def sniff_source(path: Path, name: str, source: str) -> str:
    """The source that an input seems to belong to, from its first 64 KiB: one of `detect.SOURCES`, `document` or
    `unknown`. Good for sorting inputs only: records are classified one by one when they are read. Never raises for
    what a file holds or for one that cannot be opened.
    """
    if source != AUTO:
        return source
    try:
        with open_regular(path) as file:
            kind = _kind(name, source, file)
            if kind is not JSON:
                return kind
            head = file.read(SNIFFED_BYTES)
    except (OSError, RecordError):
        return UNKNOWN
    for item in values(io.BytesIO(head), ReadLimits(SNIFFED_BYTES, SNIFFED_BYTES, _SNIFFED_DEPTH)):
        if isinstance(item, Value):
            return classify(item.value)[0]
    return JSON


def _kind(name: str, source: str, file: BinaryIO) -> str:
    """What to read an open file as: `json`, `document` or `unknown`; leaves it at its beginning."""
    if source != AUTO:
        return DOCUMENT if source == DOCUMENT else JSON
    extension = PurePath(name).suffix.lower()
    if extension in JSON_EXTENSIONS:
        return JSON
    if extension in EXTENSIONS:
        return DOCUMENT
    if extension:
        return UNKNOWN
    head = file.read(SNIFFED_BYTES)
    file.seek(0)
    return JSON if head.removeprefix(_BOM).lstrip().startswith((b"{", b"[")) else DOCUMENT


def _json(
    file: BinaryIO, name: str, source: str, observed_at: datetime, limits: ReadLimits, namespace: str
) -> Iterator[Record | Rejected]:
    for item in values(file, limits):
        locator = f"{name}:{item.line}" if item.element is None else f"{name}:{item.line}#{item.element}"
        if not isinstance(item, Value):
            yield Rejected(locator, item.error, item.raw)
            continue
        inside = unwrap(item.value)
        rows = [item.value] if inside is None else inside
        for number, row in enumerate(rows, start=1):
            place = locator if inside is None else f"{locator}#{number}"
            try:
                found, data_type, identity = classify(row, source)
            except ReadError as error:
                yield Rejected(place, error, item.raw if inside is None else json.dumps(row).encode())
                continue
            size = len(item.raw) // len(rows)
            yield Record(found, data_type, identity, row, content_hash(row), observed_at, place, size, namespace)


def _document(
    file: BinaryIO, name: str, origin: str, observed_at: datetime, limits: ReadLimits, namespace: str
) -> Record | Rejected:
    data = read_bytes(file, limits)
    try:
        content = decode(data)
    except ReadError as error:
        return Rejected(name, error, data if 0 < len(data) <= limits.max_record_bytes else None)
    path = readable_name(origin)
    format = markdown.FORMAT if PurePath(name).suffix.lower() in markdown.EXTENSIONS else text.FORMAT
    payload = {"path": path, "format": format, "content": content}
    identity = external_id(path) or name
    digest = content_hash(payload)
    return Record(DOCUMENT, DOCUMENT, identity, payload, digest, observed_at, name, len(data), namespace)


def _unknown_type(name: str) -> ReadError:
    return ReadError(
        f"files of type {PurePath(name).suffix!r} are not supported; these are: {' '.join(EXTENSIONS)}",
        hint="use --source document or --source json to read it as one of these",
        code="unknown_type",
    )
