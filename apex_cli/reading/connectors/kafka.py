"""Messages of Kafka: a topic, a key and a value, as tools that copy them out write them; and Kafka Connect's schemas.

`{"topic", "partition", "offset", "key", "payload" or "value"}` is what `kcat -J`, the REST proxy and AWS Lambda write.
A message with a key and a null value is a tombstone: the thing of this key is gone. `{"schema", "payload"}` is what the
JSON converter of Kafka Connect writes with `schemas.enable`.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import replace
from typing import Any

from apex_cli.extract import timestamps
from apex_cli.extract.identity import external_id
from apex_cli.model import JsonObject
from apex_cli.reading.connectors.protocol import Opened, Protocol, Row, Streams, text_of
from apex_cli.reading.inner import Around

_VALUE_NAMES = ("value", "payload")
_PLACES = ("offset", "partition")
_SCHEMA_TYPES = frozenset(("struct", "map", "array", "string", "bytes", "boolean", "float", "double", "int32", "int64"))


class Kafka(Protocol):
    name = "kafka"

    def read(self, value: JsonObject, around: Around, streams: Streams) -> Opened | None:
        topic = text_of(value.get("topic"))
        held = next((name for name in _VALUE_NAMES if name in value), None)
        if not topic or held is None or not any(name in value for name in _PLACES):
            return None
        key = _unwrapped(_parsed(value.get("key")))
        inside = _unwrapped(_parsed(value[held]))
        collection = _collection(topic)
        time = timestamps.first(value.get("timestamp"), value.get("ts")) or around.as_of
        id_fields = _id_fields(key, inside, collection, streams)
        inner = replace(around, collection=collection, as_of=time, id_fields=id_fields)
        if isinstance(inside, dict) and inside:
            return Opened([Row(inside, inner)])
        if inside is not None:
            return None
        gone = key if isinstance(key, dict) else dict.fromkeys(inner.id_fields[:1], key)
        if not gone or key is None:
            return Opened(note=f"a tombstone of topic {topic} without a key that says which row is gone")
        return Opened([Row(gone, replace(inner, ended=True))])


class ConnectSchema(Protocol):
    name = "kafka-connect"

    def read(self, value: JsonObject, around: Around, streams: Streams) -> Opened | None:  # noqa: ARG002 - no state
        if value.keys() != {"schema", "payload"} or not _is_schema(value["schema"]):
            return None
        inside = value["payload"]
        if isinstance(inside, dict) and inside:
            return Opened([Row(inside, around)])
        return Opened(note="a tombstone without a key that says which row is gone") if inside is None else None


def _collection(topic: str) -> str:
    """What a topic holds: of `tms.public.loads`, as Debezium names topics, the `public.loads` of its rows: a tombstone
    has nothing but the topic. Else the last part.
    """
    parts = topic.split(".")
    return ".".join(parts[-2:]) if len(parts) > 2 else parts[-1]


def _is_schema(value: object) -> bool:
    return value is None or (isinstance(value, dict) and text_of(value.get("type")) in _SCHEMA_TYPES)


def _unwrapped(value: Any) -> Any:
    """The payload beside a Kafka Connect schema, else the value itself."""
    is_wrapped = isinstance(value, dict) and value.keys() == {"schema", "payload"} and _is_schema(value["schema"])
    return value["payload"] if is_wrapped else value


def _parsed(value: Any) -> Any:
    """The JSON value that a text holds, as it is or in Base64; a text that holds none stays a text."""
    if not isinstance(value, str):
        return value
    for text in (value, _from_base64(value)):
        try:
            return json.loads(text) if text else value
        except (ValueError, RecursionError):
            continue
    return value


def _from_base64(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def _id_fields(key: Any, row: Any, collection: str, streams: Streams) -> tuple[str, ...]:
    """The fields of the row that the message's key holds: by their names, or by the value where it is a plain one.

    A tombstone with a plain key has no row to compare with: what earlier messages of the topic showed counts.
    """
    if isinstance(key, dict):
        return tuple(key)
    plain = external_id(key)
    if plain is not None and isinstance(row, dict):
        found = next((name for name, value in row.items() if external_id(value) == plain), None)
        streams.keys[collection] = (found,) if found else ()
        return streams.keys[collection]
    return streams.keys.get(collection, ("id",))
