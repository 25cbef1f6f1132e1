"""How times, evidence and claims are stored: exact to the microsecond, as whole microseconds since 1970 in UTC."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from apex_cli.timeline import Evidence

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ENTITY = "Entity"

_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, sort_keys=True)


class StoredClaim(NamedTuple):
    """One claim of a record: `subject` and `object` are ids of entities, times are microseconds."""

    subject: str
    predicate: str
    object: str
    valid_at: int
    invalid_at: int | None
    certain: bool = True


def dump(value: Any) -> str:
    """Compact JSON, keys in order, so that equal values are equal text."""
    return _json.encode(value)


def micros(moment: datetime) -> int:
    """Whole microseconds since the epoch."""
    return (moment - EPOCH) // _MICROSECOND


def moment(value: int) -> datetime:
    """The aware datetime of a number of microseconds."""
    return EPOCH + timedelta(microseconds=value)


def value_of(alias: str) -> str:
    """What stands behind type and kind in an entity's key."""
    return alias.split(":", 2)[-1]


def labels_of(kind: str) -> list[str]:
    """Graphiti's labels of an entity of this type."""
    return [_ENTITY, kind]


def kind_of(labels: Iterable[str]) -> str:
    """The type of an entity by its labels, in whatever order an engine gives them."""
    return next(label for label in labels if label != _ENTITY)


def pack_evidence(piece: Evidence) -> str:
    """`valid|invalid|record|object`; an open end is empty."""
    end = "" if piece.invalid_at is None else str(micros(piece.invalid_at))
    return f"{micros(piece.valid_at)}|{end}|{piece.record_id}|{piece.object_id}"


def unpack_evidence(text: str) -> Evidence:
    valid, invalid, record_id, object_id = text.split("|")
    return Evidence(record_id, object_id, moment(int(valid)), moment(int(invalid)) if invalid else None)


def pack_claims(claims: Iterable[StoredClaim]) -> str:
    """A record's claims as JSON, each once, in a fixed order. Only uncertain ones say what they are."""
    ordered = sorted(set(claims), key=lambda one: (*one[:4], one.invalid_at is None, one.invalid_at or 0, one.certain))
    return dump([one[:5] if one.certain else one for one in ordered])


def unpack_claims(text: str | None) -> list[StoredClaim]:
    return [StoredClaim(*one) for one in json.loads(text)] if text else []
