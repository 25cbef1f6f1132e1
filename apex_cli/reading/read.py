"""From the path of an input to its records: the one entry of this package."""

from __future__ import annotations

import io
import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from pathlib import Path, PurePath
from typing import BinaryIO

from apex_cli.documents import registry as formats
from apex_cli.documents.format import Format
from apex_cli.errors import ReadError, RecordError
from apex_cli.extract import collection_names
from apex_cli.extract.identity import document_hash
from apex_cli.files import NotRegularFile, open_regular
from apex_cli.model import UNSAID, Naming, ReadLimits, Record
from apex_cli.reading import raw_mail
from apex_cli.reading.files import Rejected, Skipped, readable_name
from apex_cli.reading.inner import Around, Nothing, Part
from apex_cli.reading.jsonstream import Broken, Value, values
from apex_cli.reading.opening import Opener
from apex_cli.sources.json.identity import has_ids
from apex_cli.sources.registry import (
    AUTO,
    DOCUMENT,
    JSON,
    classify,
    fingerprint,
    known_by_key,
    lone_record_id,
    looks_like,
)

UNKNOWN = "unknown"
STREAM = "-"
"""The origin of standard input."""
DOCUMENT_ID_DIGITS = 32
JSON_EXTENSIONS = (".json", ".jsonl", ".ndjson")
SNIFFED_BYTES = 64 * 1024
_SNIFFED_DEPTH = 200
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class _Input:
    """An open file, and what every record of it takes over.

    `origin` is where it came from, `collection` that of records that are in no list with a name, unless `naming` says
    another one for all. `dated` is the date that the file's name gives.
    """

    file: BinaryIO
    name: str
    origin: str
    observed_at: datetime
    limits: ReadLimits
    namespace: str
    collection: str
    naming: Naming
    dated: datetime | None


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
) -> Generator[Record | Rejected | Skipped, None, None]:
    """The records of one input, lazily; close the generator to close the file.

    `name` is what the input is called: its extension decides how it is read (without one its first bytes do), unless
    `source` does. `origin` is the absolute path that it came from, or `-`. `source` is `auto` or the name of a source.
    `namespace` is the memory that the records go to. The collection of other JSON is what `naming` says, else that of
    the file's name (`collection_names.of_file`), `stdin` for a stream without a name.

    Locators: `name` for a document or a file as a whole, `name:LINE` for JSON, `name:LINE#N` for the Nth element of an
    array, and `#N` after it for the Nth record inside of an envelope. What holds nothing to ingest, such as the error
    answer of an API, is yielded as `Skipped`.

    What cannot be taken is yielded as `Rejected`, with the codes of `jsonstream`, of the document formats and of
    `sources.registry.classify`, and `unknown_type`, `raw_mail`, `not_a_file`, `unreadable`.
    """
    shown = readable_name(name)
    try:
        with open_regular(path) as file:
            kind = _kind(name, source, file)
            collection = collection_names.of_file(naming.name or ("stdin" if origin == STREAM else origin))
            opened = _Input(
                file,
                shown,
                readable_name(origin),
                observed_at,
                limits,
                namespace,
                collection,
                naming,
                collection_names.file_date(shown),
            )
            if kind == JSON:
                yield from _json(opened, source)
            elif isinstance(kind, Format):
                yield _document(opened, kind)
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
    """How to read an open file: `json`, the format of a document, or None; leaves it at its beginning.

    Raises `ReadError` (`raw_mail`) for mail, also where it is to be read as a document.
    """
    extension = PurePath(name).suffix.lower()
    if source not in (AUTO, DOCUMENT) or (source == AUTO and extension in JSON_EXTENSIONS):
        return JSON
    head = file.read(SNIFFED_BYTES)
    file.seek(0)
    if raw_mail.is_mail(head) or (source == AUTO and extension in raw_mail.EXTENSIONS):
        raise raw_mail.refusal(name)
    format = formats.by_file(name, head)
    if format is not None or source == DOCUMENT:
        return format or formats.DEFAULT
    if extension:
        return None
    return JSON if head.removeprefix(_BOM).lstrip().startswith((b"{", b"[")) else formats.DEFAULT


def _json(opened: _Input, source: str) -> Iterator[Record | Rejected | Skipped]:
    opener = Opener(opened.limits)
    file = Around(collection=opened.collection)
    for item, alone in _values(opened):
        locator = _locator(opened.name, item)
        if not isinstance(item, Value):
            yield Rejected(locator, item.error, item.raw)
            continue
        if item.is_rest:
            parts = opener.open_rest(item.value, file)
        elif item.row is not None:
            parts = opener.open_row(item.value, file, item.around, item.names)
        else:
            parts = opener.open(item.value, file)
        size = len(item.raw) // max(len(parts), 1)
        for number, part in enumerate(parts, start=1):
            place = locator if len(parts) == 1 else f"{locator}#{number}"
            yield _part(opened, part, source, place, size, alone=alone and len(parts) == 1)


def _locator(name: str, item: Value | Broken) -> str:
    row = item.row if isinstance(item, Value) else None
    return "#".join([f"{name}:{item.line}", *(str(place) for place in (item.element, row) if place is not None)])


def _values(opened: _Input) -> Iterator[tuple[Value | Broken, bool]]:
    """What is in the file, and whether it is alone there and in no array."""
    found = values(opened.file, opened.limits)
    head = list(islice(found, 2))
    for item in chain(head, found):
        yield item, len(head) == 1 and isinstance(item, Value) and item.element is None and item.row is None


def _part(
    opened: _Input, part: Part, source: str, locator: str, size: int, *, alone: bool
) -> Record | Rejected | Skipped:
    if isinstance(part, Nothing):
        return Skipped(locator, part.source, part.note)
    around = part.around
    # A key of a connector counts where the row has it: a deleted row may arrive without.
    key = around.id_fields if has_ids(part.payload, around.id_fields) else ()
    identity = part.identity if source == AUTO else None
    if identity is None and around.ended and source == AUTO:
        identity = known_by_key(part.payload)
    # What is not known by now was looked at: it is other JSON.
    named = JSON if source == AUTO else source
    try:
        found, data_type, own_id = identity or classify(
            part.payload,
            named,
            collection=opened.naming.collection or around.collection,
            is_row=not alone or around.collection != opened.collection,
            id_fields=opened.naming.id_fields or key,
        )
    except ReadError as error:
        return Rejected(locator, error, json.dumps(part.payload).encode())
    is_other = found == JSON
    near = (looks_like(part.payload) or "") if is_other and source == AUTO and not key else None
    return Record(
        source=found,
        data_type=data_type,
        external_id=own_id,
        payload=part.payload,
        content_hash=fingerprint(found, part.payload, own_id, ended=around.ended),
        observed_at=opened.observed_at,
        locator=locator,
        size=size,
        namespace=opened.namespace,
        as_of=around.as_of or (opened.dated if is_other else None),
        ended=around.ended,
        notes=part.notes,
        looks_like=near,
        collection=around.collection if is_other else "",
        id_fields=key if is_other else (),
        stored_id=lone_record_id(found, own_id, opened.namespace),
    )


def _document(opened: _Input, format: Format) -> Record | Rejected:
    """A document: known by its content. Where the memory has it under another id, `pipeline.documents` finds that."""
    data = read_bytes(opened.file, opened.limits)
    try:
        content = format.decode(data)
    except ReadError as error:
        return Rejected(opened.name, error, data if 0 < len(data) <= opened.limits.max_record_bytes else None)
    path = opened.name if opened.origin == STREAM else opened.origin
    digest = document_hash(content)
    return Record(
        source=DOCUMENT,
        data_type=DOCUMENT,
        external_id=digest[:DOCUMENT_ID_DIGITS],
        payload={"path": path, "format": format.name, "content": content},
        content_hash=digest,
        observed_at=opened.observed_at,
        locator=opened.name,
        size=len(data),
        namespace=opened.namespace,
        as_of=collection_names.file_date(path),
    )


def document_digest(path: Path, format: str, limits: ReadLimits) -> str:
    """The content hash of the document that a file holds. Raises `OSError`, and `ReadError` as reading it does."""
    known = formats.by_name(format) or formats.DEFAULT
    with open_regular(path) as file:
        return document_hash(known.decode(read_bytes(file, limits)))


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
