"""Singer: taps write `SCHEMA`, `RECORD` and `STATE`, one JSON object a line.

https://github.com/singer-io/getting-started/blob/master/docs/SPEC.md
"""

from __future__ import annotations

from dataclasses import replace

from apex_cli.extract import timestamps
from apex_cli.model import JsonObject
from apex_cli.reading.connectors.protocol import Opened, Protocol, Row, Streams, text_of
from apex_cli.reading.inner import Around


class Singer(Protocol):
    name = "singer"

    def read(self, value: JsonObject, around: Around, streams: Streams) -> Opened | None:
        kind, stream = text_of(value.get("type")), text_of(value.get("stream"))
        if kind == "RECORD" and stream and isinstance(value.get("record"), dict):
            time = timestamps.parse(value.get("time_extracted")) or around.as_of
            key = streams.keys.get(stream, ())
            return Opened([Row(value["record"], replace(around, collection=stream, id_fields=key, as_of=time))])
        if kind == "SCHEMA" and stream and isinstance(value.get("schema"), dict):
            names = value.get("key_properties")
            streams.keys[stream] = tuple(filter(None, map(text_of, names))) if isinstance(names, list) else ()
            return Opened()
        if kind == "BATCH" and stream and "manifest" in value:
            return Opened(note=f"a Singer BATCH of stream {stream}: its files are not read; let the tap write RECORDs")
        is_state = kind == "STATE" and isinstance(value.get("value"), dict)
        return Opened() if is_state or (kind == "ACTIVATE_VERSION" and stream) else None
