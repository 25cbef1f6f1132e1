"""The shapes that the command line promises: keys that are always there, and the types of their values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any

Shape = Mapping[str, type | UnionType]
number = int | float

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

INGEST_RECORD: Shape = {
    "type": str,
    "run_id": str,
    "source": str,
    "data_type": str | NoneType,
    "external_id": str | NoneType,
    "record_id": str | NoneType,
    "status": str,
    "stage": str | NoneType,
    "error": dict | NoneType,
    "entities": int,
    "facts": int,
    "vectors": int,
    "llm_calls": int,
    "ms": number,
}
INGEST_SUMMARY: Shape = {
    "type": str,
    "run_id": str,
    **dict.fromkeys(("inputs", "records", "committed", "updated", "unchanged", "failed", "pending"), int),
    "seconds": number,
    "records_per_second": number,
    "llm_calls": int,
    "tokens": int,
    "cost_usd": number,
    "exit_code": int,
}
ERROR: Shape = {"code": str, "message": str, "hint": str | NoneType}
GET: Shape = {
    "type": str,
    "record_id": str,
    "source": str,
    "external_id": str,
    "revision": int,
    "stores": dict,
}
ENTITY: Shape = {"id": str, "name": str, "type": str}
GRAPH_FACT: Shape = {
    "subject": str,
    "predicate": str,
    "object": str,
    "valid_at": str,
    "invalid_at": str | NoneType,
}
POINT: Shape = {"id": str, "visible": bool, "text": str, "place": str}
FACT: Shape = {**GRAPH_FACT, "type": str, "current": bool, "records": list}
HIT: Shape = {
    "type": str,
    "rank": int,
    "score": number,
    "record_id": str,
    "source": str,
    "external_id": str,
    "text": str,
    "matched_by": list,
    "place": str,
}
PROBLEM: Shape = {"type": str, "record_id": str, "store": str, "kind": str, "detail": str}
VERIFY_SUMMARY: Shape = {"type": str, "records": int, "problems": int, "in_flight": int, "ok": bool}
ITEM: Shape = {
    "type": str,
    "source": str,
    "item_id": str,
    "status": str,
    "bytes": int,
    "attempts": int,
    "age_seconds": number,
    "error": dict | NoneType,
}


def has_shape(line: Mapping[str, Any], shape: Shape) -> None:
    """Assert that every promised key is there with a value of its type. More keys are welcome."""
    for key, kind in shape.items():
        assert key in line, f"{key} is not in {sorted(line)}"
        value: Any = line[key]
        # True is an int to Python, not to a reader of JSON.
        fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        assert fits, f"{key} is {value!r}"
        if key.endswith("_at"):
            assert value is None or is_time(value), f"{key} is {value!r}"


def is_time(text: str) -> bool:
    """Whether it is RFC 3339 in UTC, as the command writes it."""
    return _TIME.fullmatch(text) is not None


def is_uuid(text: str) -> bool:
    """Whether it is a UUID in its usual form."""
    return _UUID.fullmatch(text) is not None
