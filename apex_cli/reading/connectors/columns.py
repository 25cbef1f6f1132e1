"""Columns that connectors put into the rows they copy: when a row was deleted, when it was read.

`_sdc_deleted_at` (Singer, https://hub.meltano.com/singer/docs), `_ab_cdc_deleted_at` (Airbyte), `__deleted` (Debezium's
flattened messages, https://debezium.io/documentation/reference/stable/transformations/event-flattening.html) and
`_fivetran_deleted` (https://fivetran.com/docs/core-concepts/system-columns-and-tables) mark a row that is gone. These
columns are no part of the row: most of them change with each transfer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from apex_cli.extract import timestamps
from apex_cli.model import JsonObject
from apex_cli.reading.inner import Around

_PREFIXES = ("_sdc_", "_airbyte_", "_ab_cdc_", "_fivetran_")
# Debezium's flattening adds these beside the row's own fields; other names with two underscores are not its.
_FLATTENED = frozenset(
    ("__deleted", "__op", "__table", "__db", "__schema", "__lsn", "__ts_ms", "__source_ts_ms", "__source.ts_ms",
     "__source_table", "__source_db", "__source_schema", "__source_lsn")
)  # fmt: skip
_DELETED_AT = ("_sdc_deleted_at", "_ab_cdc_deleted_at")
_DELETED = ("__deleted", "_fivetran_deleted")
_READ_AT = (
    "_sdc_extracted_at", "_airbyte_extracted_at", "_airbyte_emitted_at", "_ab_cdc_updated_at", "_fivetran_synced",
    "__source_ts_ms", "__source.ts_ms", "__ts_ms", "_sdc_received_at", "_sdc_batched_at",
)  # fmt: skip


def are_in(row: JsonObject) -> bool:
    """Whether a row has any of these columns."""
    for name in row:  # noqa: SIM110 - of every object that is read: a generator takes three times as long
        if name[:1] == "_" and _is_one(name):
            return True
    return False


def taken_out(row: JsonObject, around: Around) -> tuple[JsonObject, Around]:
    """The row without these columns, and what they say of it; the row itself where nothing else would be left."""
    own = {name: value for name, value in row.items() if not _is_one(name)}
    deleted_at = next((row[name] for name in _DELETED_AT if row.get(name)), None)
    ended = around.ended or deleted_at is not None or any(str(row.get(name)).lower() == "true" for name in _DELETED)
    time = timestamps.parse(deleted_at) or around.as_of or _read_at(row)
    return own or row, replace(around, ended=ended, as_of=time)


def _is_one(name: str) -> bool:
    return name.startswith(_PREFIXES) or name in _FLATTENED


def _read_at(row: Mapping[str, object]) -> datetime | None:
    return timestamps.first(*(row.get(name) for name in _READ_AT))
