"""How times, evidence and claims are stored. Times are whole microseconds since 1970 in UTC."""

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
    """One claim of a record: `subject` and `object` are ids of entities, times are microseconds.

    `subject_mark` and `object_mark` are the digests of the signatures by which the record identifies the two.
    `attributes` is the JSON of the claim's attributes, "" where it has none: a fact shows those of its first claim.
    """

    subject: str
    predicate: str
    object: str
    valid_at: int
    invalid_at: int | None
    certain: bool = True
    subject_mark: str = ""
    object_mark: str = ""
    attributes: str = ""


def dump(value: Any) -> str:
    """Compact JSON with sorted keys: equal values give equal text."""
    return _json.encode(value)


def micros(moment: datetime) -> int:
    """Whole microseconds since the epoch."""
    return (moment - EPOCH) // _MICROSECOND


def moment(value: int) -> datetime:
    """The aware datetime of a number of microseconds."""
    return EPOCH + timedelta(microseconds=value)


def value_of(alias: str) -> str:
    """The value of a key, after its type and kind: `1XK` of `vehicle:vin:1XK`."""
    return alias.split(":", 2)[-1]


def labels_of(kind: str) -> list[str]:
    """Graphiti's labels of an entity of this type."""
    return [_ENTITY, kind]


def kind_of(labels: Iterable[str]) -> str:
    """The type of an entity from its labels, in any order."""
    return next(label for label in labels if label != _ENTITY)


def pack_evidence(piece: Evidence) -> str:
    """`valid|invalid|record|object`; an open end is empty: `1760877780000000||57c5…|b7e5…`."""
    end = "" if piece.invalid_at is None else piece.invalid_at
    return f"{piece.valid_at}|{end}|{piece.record_id}|{piece.object_id}"


def unpack_evidence(text: str) -> Evidence:
    valid, invalid, record_id, object_id = text.split("|")
    return Evidence(record_id, object_id, int(valid), int(invalid) if invalid else None)


def pack_claims(claims: Iterable[StoredClaim]) -> str:
    """A record's claims as a JSON list, each once, in a fixed order."""
    ordered = sorted(set(claims), key=lambda one: (*one[:4], one.invalid_at is None, one.invalid_at or 0, *one[5:]))
    return dump([one if one.attributes else one[:-1] for one in ordered])


def unpack_claims(text: str | None) -> list[StoredClaim]:
    return [StoredClaim(*one) for one in json.loads(text)] if text else []
