"""Airbyte: sources write messages, one JSON object a line; destinations keep rows in raw tables.

https://docs.airbyte.com/understanding-airbyte/airbyte-protocol and
https://docs.airbyte.com/understanding-airbyte/airbyte-metadata-fields
"""

from __future__ import annotations

import json
from dataclasses import replace

from apex_cli.extract import timestamps
from apex_cli.model import JsonObject
from apex_cli.reading.connectors.protocol import Opened, Protocol, Row, Streams, fields_of, text_of
from apex_cli.reading.inner import Around

_BETWEEN = {
    "STATE": "state", "LOG": "log", "TRACE": "trace", "SPEC": "spec", "CATALOG": "catalog", "CONTROL": "control",
    "CONNECTION_STATUS": "connectionStatus", "DESTINATION_CATALOG": "destination_catalog",
}  # fmt: skip
_GRAVE = frozenset(("FATAL", "ERROR"))


class Airbyte(Protocol):
    name = "airbyte"

    def read(self, value: JsonObject, around: Around, streams: Streams) -> Opened | None:
        kind = text_of(value.get("type"))
        if kind == "RECORD":
            record = fields_of(value.get("record"))
            stream, data = text_of(record.get("stream")), record.get("data")
            if not stream or not isinstance(data, dict):
                return None
            name = ".".join(filter(None, (text_of(record.get("namespace")), stream)))
            time = timestamps.parse(record.get("emitted_at")) or around.as_of
            key = streams.keys.get(name, ())
            return Opened([Row(data, replace(around, collection=name, id_fields=key, as_of=time))])
        if kind in _BETWEEN and isinstance(value.get(_BETWEEN[kind]), dict):
            if kind == "CATALOG":
                _learn(value["catalog"], streams)
            return Opened(note=_grave(value))
        return _raw(value, around)


def _learn(catalog: JsonObject, streams: Streams) -> None:
    """Keep the primary keys of a catalog's streams: lists of paths, of which those at the top can be used."""
    listed = catalog.get("streams")
    for stream in listed if isinstance(listed, list) else []:
        described = fields_of(stream)
        paths = described.get("source_defined_primary_key")
        if isinstance(paths, list) and all(isinstance(path, list) and len(path) == 1 for path in paths):
            name = ".".join(filter(None, (text_of(described.get("namespace")), text_of(described.get("name")))))
            streams.keys[name] = tuple(filter(None, (text_of(path[0]) for path in paths)))


def _grave(value: JsonObject) -> str | None:
    """What a log or a trace says of a failure: the rows may not be all there are."""
    log, trace = fields_of(value.get("log")), fields_of(value.get("trace"))
    if (level := text_of(log.get("level"))) in _GRAVE:
        return f"the Airbyte source says {level}: {text_of(log.get('message'))}"
    if trace.get("type") == "ERROR":
        return f"the Airbyte source says ERROR: {text_of(fields_of(trace.get('error')).get('message'))}"
    return None


def _raw(value: JsonObject, around: Around) -> Opened | None:
    """A row of a raw table: `_airbyte_data` holds it, as an object or as text."""
    data = value.get("_airbyte_data")
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except (ValueError, RecursionError):
            return None
    if not isinstance(data, dict):
        return None
    time = timestamps.first(value.get("_airbyte_extracted_at"), value.get("_airbyte_emitted_at")) or around.as_of
    return Opened([Row(data, replace(around, as_of=time))])
