"""What comes around records: the answer of an API, the envelope of a webhook. Recognised by its keys, like the records.

An envelope is opened only where everything in it has the shape of a known source: anything else is a record as it
stands, so that nothing of it is lost. Pages are those of Samsara (`data`, `pagination`), Turvo (`Status`, `details`)
and Front (`_results`, `_pagination`); answers without a record are known to the sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apex_cli.model import JsonObject
from apex_cli.sources.registry import is_known, sources

_ROWS = ("data", "_results", "results", "records", "items", "payload", "body", "details", "record", "event", "message")
_AROUND_ROWS = frozenset(("pagination", "_pagination", "_links", "links", "meta", "paging", "Status", "status"))


def unwrap(payload: JsonObject) -> list[JsonObject] | None:
    """The records in an envelope, none for one that holds nothing to ingest; None where the payload is the record."""
    if is_known(payload):
        return None
    if any(source.is_empty_answer(payload) for source in sources()) or _is_empty_page(payload):
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
