"""What comes around records: the answer of an API, the envelope of a webhook. Told by its keys, like the records.

An envelope is opened only where all that it holds is of a shape known here: anything else is a record as it stands, so
that nothing of it is lost. Answers without a record are known from the APIs of Samsara (`data`, `pagination`;
`message`, `requestId`), Turvo (`Status`, `details`) and Front (`_results`, `_pagination`; `_error`; `type: sync`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apex_cli.model import JsonObject
from apex_cli.sources.registry import is_known

_ROWS = ("data", "_results", "results", "records", "items", "payload", "body", "details", "record", "event", "message")
_AROUND_ROWS = frozenset(("pagination", "_pagination", "_links", "links", "meta", "paging", "Status", "status"))
_ERROR = frozenset(("message", "requestId"))
_TURVO_ERROR = frozenset(("errorMessage", "errorCode"))


def unwrap(payload: JsonObject) -> list[JsonObject] | None:
    """The records in an envelope, none for one that holds nothing to ingest; None where the payload is the record."""
    if is_known(payload):
        return None
    if _is_ping(payload) or _is_error(payload) or _is_empty_page(payload):
        return []
    for key in _ROWS:
        inside = payload.get(key)
        rows: list[Any] = inside if isinstance(inside, list) else [inside]
        if rows and all(isinstance(row, dict) and is_known(row) for row in rows):
            return rows
    return None


def _is_ping(payload: JsonObject) -> bool:
    return payload.get("type") == "sync" and payload.keys() <= {"type", "authorization"}


def _is_error(payload: JsonObject) -> bool:
    if payload.keys() == _ERROR or (payload.keys() == {"_error"} and isinstance(payload["_error"], Mapping)):
        return True
    details = payload.get("details")
    return payload.keys() == {"Status", "details"} and isinstance(details, Mapping) and _only(details, _TURVO_ERROR)


def _is_empty_page(payload: JsonObject) -> bool:
    details: Any = payload.get("details")
    page = details if payload.keys() == {"Status", "details"} and isinstance(details, Mapping) else payload
    lists = [key for key, value in page.items() if value == [] and key not in _AROUND_ROWS]
    around = page.keys() - set(lists)
    return len(lists) == 1 and bool(around) and around <= _AROUND_ROWS


def _only(told: Mapping[str, Any], names: frozenset[str]) -> bool:
    return bool(told) and told.keys() <= names
