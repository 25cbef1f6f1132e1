"""A record that this tool keeps for another try, with what its envelopes said of it.

A row of a page that fails is staged alone: its collection, key and time would be lost with the page. So the bytes that
are kept are `{"apex_kept": 1, "collection", "key", "as_of", "ended", "payload"}`. A document is kept as it was read:
`{"apex_kept": 1, "document": <its payload>}`. What comes out of an export is kept as its line.
"""

from __future__ import annotations

import json

from apex_cli.extract import timestamps
from apex_cli.model import JsonObject, Record
from apex_cli.reading import exported
from apex_cli.reading.connectors.protocol import Opened, Protocol, Row, Streams, text_of
from apex_cli.reading.inner import Around
from apex_cli.sources.registry import DOCUMENT

MARK = "apex_kept"


class Kept(Protocol):
    name = "apex"

    def read(self, value: JsonObject, around: Around, streams: Streams) -> Opened | None:  # noqa: ARG002 - no state
        payload = value.get("payload")
        if value.get(MARK) != 1 or not isinstance(payload, dict) or not payload:
            return None
        names = value.get("key")
        key = tuple(filter(None, map(text_of, names))) if isinstance(names, list) else ()
        time = timestamps.parse(value.get("as_of")) or around.as_of
        inside = Around(text_of(value.get("collection")), key, time, value.get("ended") is True)
        return Opened([Row(payload, inside)])


def document_of(value: JsonObject) -> JsonObject | None:
    """The payload of a document that was kept; None for all else."""
    document = value.get("document")
    if value.get(MARK) != 1 or not isinstance(document, dict):
        return None
    return document if isinstance(document.get("path"), str) and isinstance(document.get("content"), str) else None


def kept(record: Record) -> bytes:
    """A record as it is read again. Keys keep their order: ids are looked for in that order."""
    if record.exported is not None:
        return exported.line_of(record).encode()
    if record.source == DOCUMENT:
        return json.dumps({MARK: 1, "document": record.payload}, ensure_ascii=False).encode()
    if not (record.collection or record.id_fields or record.as_of or record.ended):
        return json.dumps(record.payload, ensure_ascii=False).encode()
    document = {
        MARK: 1,
        "collection": record.collection,
        "key": record.id_fields,
        "as_of": record.as_of and record.as_of.isoformat(),
        "ended": record.ended,
        "payload": record.payload,
    }
    return json.dumps(document, ensure_ascii=False).encode()
