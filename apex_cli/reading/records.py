"""Records out of what a file holds: of JSON values, of the objects of other formats, of documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain, islice

from apex_cli.errors import ReadError
from apex_cli.extract import collection_names
from apex_cli.formats import content
from apex_cli.formats.format import Format
from apex_cli.formats.part import Document, Object
from apex_cli.model import JsonObject, Record
from apex_cli.reading.connectors import kept
from apex_cli.reading.exported import ExportReader, NewerExport, is_export, limits_for
from apex_cli.reading.files import Rejected, Skipped
from apex_cli.reading.inner import Around, Nothing, Part
from apex_cli.reading.inputs import STREAM, Input
from apex_cli.reading.jsonstream import Broken, Value, values
from apex_cli.reading.opening import Opener
from apex_cli.sources.json.identity import has_ids
from apex_cli.sources.registry import (
    AUTO,
    DOCUMENT,
    JSON,
    classify,
    fingerprint,
    in_collection,
    known_by_key,
    lone_record_id,
    looks_like,
    named,
)

DOCUMENT_ID_DIGITS = 32


def json_records(opened: Input) -> Iterator[Record | Rejected | Skipped]:
    """The records of a file of JSON values."""
    opener, export = Opener(opened.limits), ExportReader(opened.namespace)
    file = Around(collection=opened.collection)
    for item, alone in _values(opened):
        locator = _locator(opened.name, item)
        if not isinstance(item, Value):
            yield Rejected(locator, item.error, item.raw)
            continue
        if is_export(item.value):
            yield from _exported(export, item, locator, opened)
            continue
        document = kept.document_of(item.value)
        if document is not None:
            yield document_record(opened, document, size=len(item.raw))
            continue
        if item.is_rest:
            parts = opener.open_rest(item.value, file)
        elif item.row is not None:
            parts = opener.open_row(item.value, file, item.around, item.names)
        else:
            parts = opener.open(item.value, file)
        yield from _records(opened, parts, locator, len(item.raw), alone=alone)
    export.check_end()


def _exported(export: ExportReader, item: Value, locator: str, opened: Input) -> Iterator[Record | Rejected]:
    try:
        if opened.is_enclosed:
            raise ReadError(
                "an export inside of a message or an archive is not taken: it may state anything of any record",
                hint="if you made it, take it out and ingest the file itself",
                code="enclosed_export",
            )
        record = export.record(item.value, locator=locator, size=len(item.raw))
    except NewerExport:
        raise
    except ReadError as error:
        yield Rejected(locator, error, item.raw, ".jsonl")
        return
    if record is not None:
        yield record


def object_records(opened: Input, opener: Opener, part: Object) -> Iterator[Record | Rejected | Skipped]:
    """The records of an object that another format holds: a row, a message, a transaction set."""
    around = Around(collection=part.collection or opened.collection, as_of=opened.as_of)
    locator = f"{opened.name}:{part.place}" if part.place else opened.name
    size = sum(len(str(value)) for value in part.payload.values())
    found = opener.open(part.payload, around)
    noted = [each if isinstance(each, Nothing) else each.noted(part.notes) for each in found]
    yield from _records(opened, noted, locator, size, alone=False)


def _locator(name: str, item: Value | Broken) -> str:
    row = item.row if isinstance(item, Value) else None
    return "#".join([f"{name}:{item.line}", *(str(place) for place in (item.element, row) if place is not None)])


def _values(opened: Input) -> Iterator[tuple[Value | Broken, bool]]:
    """What is in the file, and whether it is alone there and in no array."""
    found = values(opened.file, limits_for(opened.file, opened.limits))
    head = list(islice(found, 2))
    for item in chain(head, found):
        yield item, len(head) == 1 and isinstance(item, Value) and item.element is None and item.row is None


def _records(
    opened: Input, parts: list[Part], locator: str, size: int, *, alone: bool
) -> Iterator[Record | Rejected | Skipped]:
    for number, part in enumerate(parts, start=1):
        place = locator if len(parts) == 1 else f"{locator}#{number}"
        yield _record(opened, part, place, size // max(len(parts), 1), alone=alone and len(parts) == 1)


def _record(opened: Input, part: Part, locator: str, size: int, *, alone: bool) -> Record | Rejected | Skipped:
    if isinstance(part, Nothing):
        return Skipped(locator, part.source, part.note)
    # What is no document is what it is, also among those that are read as documents.
    source = AUTO if opened.source == DOCUMENT else opened.source
    around = part.around
    # A key of a connector counts where the row has it: a deleted row may arrive without.
    key = around.id_fields if has_ids(part.payload, around.id_fields) else ()
    identity = part.identity if source == AUTO else None
    if identity is None and around.ended and source == AUTO:
        identity = known_by_key(part.payload)
    # What is not known by now was looked at: it is other JSON.
    wanted = JSON if source == AUTO else source
    try:
        found, data_type, own_id = identity or classify(
            part.payload,
            wanted,
            collection=opened.naming.collection or around.collection,
            is_row=not alone or around.collection != opened.collection,
            id_fields=opened.naming.id_fields or key,
        )
    except ReadError as error:
        return Rejected(locator, error, json.dumps(part.payload).encode(), ".json")
    is_other = found == JSON
    known = named(found)
    if not is_other and known.counts_in_collection(data_type, part.payload):
        own_id = in_collection(own_id, opened.naming.collection or around.collection)
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
        as_of=around.as_of or (opened.dated if known.names_are_dates else None),
        ended=around.ended,
        notes=part.notes,
        looks_like=near,
        collection=around.collection if known.ids_by_hand else "",
        id_fields=key if is_other else (),
        stored_id=lone_record_id(found, own_id, opened.namespace),
    )


def document_of(opened: Input, format: Format, document: Document, data: bytes) -> Record:
    """The record of a document that a file of these bytes holds."""
    path = opened.name if opened.origin == STREAM else opened.origin
    payload = content.payload_of(document, format=format, path=path, data=data)
    return document_record(opened, payload, size=len(data), notes=document.notes)


def document_record(opened: Input, payload: JsonObject, *, size: int, notes: tuple[str, ...] = ()) -> Record:
    """A document: known by its content. Where the memory has it under another id, `pipeline.documents` finds that."""
    digest = content.hash_of(payload)
    return Record(
        source=DOCUMENT,
        data_type=DOCUMENT,
        external_id=digest[:DOCUMENT_ID_DIGITS],
        payload=payload,
        content_hash=digest,
        observed_at=opened.observed_at,
        locator=opened.name,
        size=size,
        namespace=opened.namespace,
        as_of=collection_names.file_date(str(payload["path"])) or opened.as_of,
        notes=notes,
    )
