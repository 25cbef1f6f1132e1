"""All protocols of connectors, and which of them an object is a message of."""

from __future__ import annotations

from apex_cli.model import JsonObject
from apex_cli.reading.connectors.airbyte import Airbyte
from apex_cli.reading.connectors.debezium import Debezium
from apex_cli.reading.connectors.kafka import ConnectSchema, Kafka
from apex_cli.reading.connectors.kept import MARK, Kept
from apex_cli.reading.connectors.protocol import Opened, Protocol, Streams
from apex_cli.reading.connectors.singer import Singer
from apex_cli.reading.inner import Around

PROTOCOLS: tuple[Protocol, ...] = (Singer(), Airbyte(), Debezium(), Kafka(), ConnectSchema(), Kept())
# Every message has one of these fields.
_SIGNS = frozenset(("type", "_airbyte_data", "op", "topic", "schema", MARK))


def read(value: JsonObject, around: Around, streams: Streams) -> Opened | None:
    """The message of a connector that an object is; None where it is none."""
    if _SIGNS.isdisjoint(value):
        return None
    for protocol in PROTOCOLS:
        message = protocol.read(value, around, streams)
        if message is not None:
            return message
    return None
