"""From the path of an input to its records: the one entry of this package."""

from __future__ import annotations

import io
import json
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from apex_cli.documents import registry as formats
from apex_cli.documents.format import Format
from apex_cli.errors import ReadError, RecordError
from apex_cli.extract.identity import content_hash, external_id
from apex_cli.files import NotRegularFile, open_regular
from apex_cli.model import JsonObject, ReadLimits, Record
from apex_cli.reading.files import Rejected, Skipped, readable_name
from apex_cli.reading.jsonstream import Value, values
from apex_cli.sources.registry import AUTO, DOCUMENT, JSON, classify, is_known, skip_reason

UNKNOWN = "unknown"
JSON_EXTENSIONS = (".json", ".jsonl", ".ndjson")
SNIFFED_BYTES = 64 * 1024
_SNIFFED_DEPTH = 200
_BOM = b"\xef\xbb\xbf"
# Keys of the answers of APIs and the envelopes of webhooks.
_ROWS = ("data", "_results", "results", "records", "items", "payload", "body", "details", "record", "event", "message")
_AROUND_ROWS = frozenset(("pagination", "_pagination", "_links", "links", "meta", "paging", "Status", "status"))


@dataclass(frozen=True, slots=True)
class _Input:
    """An open file, and what every record of it takes over."""

    file: BinaryIO
    name: str
    observed_at: datetime
    limits: ReadLimits
    namespace: str


def read_input(
    path: Path, *, name: str, origin: str, source: str, observed_at: datetime, limits: ReadLimits, namespace: str
) -> Generator[Record | Rejected | Skipped, None, None]:
    """The records of one input, lazily; close the generator to close the file.

    `name` is what the input is called: its extension decides how it is read (without one its first bytes do), unless
    `source` does. `origin` is the absolute path that it came from: a document's external id. `source` is `auto` or the
    name of a source. `namespace` is the memory that the records go to.

    Locators: `name` for a document or a file as a whole, `name:LINE` for JSON, `name:LINE#N` for the Nth element of an
    array or envelope. What holds nothing to ingest, such as the error answer of an API, is yielded as `Skipped`.

    What cannot be taken is yielded as `Rejected`, with the codes of `jsonstream`, of the document formats and of
    `sources.registry.classify`, and `unknown_type`, `not_a_file`, `unreadable`. Raises `UsageError` for a source that
    does not exist.
    """
    shown = readable_name(name)
    try:
        with open_regular(path) as file:
            kind = _kind(name, source, file)
            opened = _Input(file, shown, observed_at, limits, namespace)
            if kind == JSON:
                yield from _json(opened, source)
            elif isinstance(kind, Format):
                yield _document(opened, kind, readable_name(origin))
            else:
                yield Rejected(shown, _unknown_type(name))
    except NotRegularFile:
        yield Rejected(shown, ReadError(f"{path.name} is not a regular file", code="not_a_file"))
    except OSError as error:
        yield Rejected(shown, ReadError(f"{shown} cannot be read: {error.strerror or error}", code="unreadable"))
    except RecordError as error:
        yield Rejected(shown, error)


def sniff_source(path: Path, name: str, source: str) -> str:
    """The source that an input seems to belong to, from its first 64 KiB: the name of a source, or `unknown`.

    Good for sorting inputs only: records are classified one by one when they are read. Never raises for what a file
    holds or for one that cannot be opened.
    """
    if source != AUTO:
        return source
    try:
        with open_regular(path) as file:
            kind = _kind(name, source, file)
            if kind != JSON:
                return DOCUMENT if isinstance(kind, Format) else UNKNOWN
            head = file.read(SNIFFED_BYTES)
    except (OSError, RecordError):
        return UNKNOWN
    for item in values(io.BytesIO(head), ReadLimits(SNIFFED_BYTES, SNIFFED_BYTES, _SNIFFED_DEPTH)):
        if isinstance(item, Value):
            return classify(item.value)[0]
    return JSON


def _kind(name: str, source: str, file: BinaryIO) -> Format | str | None:
    """How to read an open file: `json`, the format of a document, or None; leaves it at its beginning."""
    extension = PurePath(name).suffix.lower()
    if source not in (AUTO, DOCUMENT) or (source == AUTO and extension in JSON_EXTENSIONS):
        return JSON
    head = file.read(SNIFFED_BYTES)
    file.seek(0)
    format = formats.by_file(name, head)
    if format is not None or source == DOCUMENT:
        return format or formats.DEFAULT
    if extension:
        return None
    return JSON if head.removeprefix(_BOM).lstrip().startswith((b"{", b"[")) else formats.DEFAULT


def _json(opened: _Input, source: str) -> Iterator[Record | Rejected | Skipped]:
    for item in values(opened.file, opened.limits):
        locator = f"{opened.name}:{item.line}" if item.element is None else f"{opened.name}:{item.line}#{item.element}"
        if not isinstance(item, Value):
            yield Rejected(locator, item.error, item.raw)
            continue
        nothing = skip_reason(item.value)
        if nothing is not None:
            yield Skipped(locator, *nothing)
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
            yield Record(
                source=found,
                data_type=data_type,
                external_id=identity,
                payload=row,
                content_hash=content_hash(row),
                observed_at=opened.observed_at,
                locator=place,
                size=len(item.raw) // len(rows),
                namespace=opened.namespace,
            )


def unwrap(payload: JsonObject) -> list[JsonObject] | None:
    """The records in an envelope, none for one that holds nothing to ingest; None where the payload is the record.

    An envelope is opened only where everything in it has the shape of a known source: anything else is a record as it
    stands, so that nothing of it is lost. Pages are those of Samsara (`data`, `pagination`), Turvo (`Status`,
    `details`) and Front (`_results`, `_pagination`).
    """
    if is_known(payload):
        return None
    if _is_empty_page(payload):
        return []
    for key in _ROWS:
        inside = payload.get(key)
        rows: list[Any] = inside if isinstance(inside, list) else [inside]
        if rows and all(isinstance(row, dict) and is_known(row) for row in rows):
            return rows
    return None


def _is_empty_page(payload: JsonObject) -> bool:
    details: Any = payload.get("details")
    page = details if payload.keys() == {"Status", "details"} and isinstance(details, Mapping) else payload
    lists = [key for key, value in page.items() if value == [] and key not in _AROUND_ROWS]
    around = page.keys() - set(lists)
    return len(lists) == 1 and bool(around) and around <= _AROUND_ROWS


def _document(opened: _Input, format: Format, path: str) -> Record | Rejected:
    data = read_bytes(opened.file, opened.limits)
    try:
        content = format.decode(data)
    except ReadError as error:
        return Rejected(opened.name, error, data if 0 < len(data) <= opened.limits.max_record_bytes else None)
    payload = {"path": path, "format": format.name, "content": content}
    return Record(
        source=DOCUMENT,
        data_type=DOCUMENT,
        external_id=external_id(path) or opened.name,
        payload=payload,
        content_hash=content_hash(payload),
        observed_at=opened.observed_at,
        locator=opened.name,
        size=len(data),
        namespace=opened.namespace,
    )


def read_bytes(file: BinaryIO, limits: ReadLimits) -> bytes:
    """All of a document; never reads more than it may have. Raises `ReadError` (`too_large`), `OSError`."""
    data = file.read(limits.max_document_bytes + 1)
    if len(data) > limits.max_document_bytes:
        raise ReadError(
            f"the document is larger than {limits.max_document_bytes:,} bytes",
            hint="set APEX_MAX_DOCUMENT_BYTES to take larger documents",
            code="too_large",
        )
    return data


def _unknown_type(name: str) -> ReadError:
    known = " ".join((*JSON_EXTENSIONS, *formats.extensions()))
    return ReadError(
        f"files of type {PurePath(name).suffix!r} are not supported; these are: {known}",
        hint="use --source document or --source json to read it as one of these",
        code="unknown_type",
    )
