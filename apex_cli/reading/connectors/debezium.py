"""Debezium: one message for each change of a row, with the row before and after it.

`op` is c (created), r (read by a snapshot), u (updated), d (deleted), t (table truncated), m (a message, no row).
https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-events
"""

from __future__ import annotations

import json
from dataclasses import replace

from apex_cli.extract import timestamps
from apex_cli.model import JsonObject
from apex_cli.reading.connectors.protocol import Opened, Protocol, Row, Streams, fields_of, text_of
from apex_cli.reading.inner import Around

_WRITTEN = frozenset("cru")


class Debezium(Protocol):
    name = "debezium"

    def read(self, value: JsonObject, around: Around, streams: Streams) -> Opened | None:  # noqa: ARG002 - no state
        op, source = value.get("op"), value.get("source")
        if not isinstance(op, str) or not ("before" in value or "after" in value or isinstance(source, dict)):
            return None
        origin = fields_of(source)
        table = text_of(origin.get("table")) or text_of(origin.get("collection"))
        time = timestamps.first(origin.get("ts_ms"), value.get("ts_ms")) or around.as_of
        inside = replace(around, collection=_name(origin, table) or around.collection, as_of=time)
        if op in _WRITTEN and (row := _row(value.get("after"))):
            return Opened([Row(row, inside)])
        if op == "d" and (row := _row(value.get("before"))):
            return Opened([Row(row, replace(inside, ended=True))])
        if op == "d":
            return Opened(note=f"a deletion in {table or 'a table'} that does not say of which row")
        if op == "t":
            return Opened(note=f"the table {table} was truncated: its records stay; `apex forget` removes them")
        return Opened() if op == "m" else None


def _name(origin: JsonObject, table: str) -> str:
    """`schema.table` as PostgreSQL has it, `db.table` elsewhere."""
    return ".".join(filter(None, (text_of(origin.get("schema")) or text_of(origin.get("db")), table))) if table else ""


def _row(value: object) -> JsonObject | None:
    """A row; MongoDB's arrives as text."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) and value else None
