"""What Turvo's payloads become: their records, and what each states, by the names of things."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from apex_cli.extract.field_names import snake_keys
from apex_cli.model import Extraction, Record
from apex_cli.sources.registry import classify, extract
from apex_cli.sources.turvo import SOURCE

CASES = Path(__file__).parent / "cases"
OBSERVED = datetime(2026, 7, 1, tzinfo=UTC)
UPDATED = "2026-03-04T09:00:00Z"
FLAT: dict[str, Any] = {"shipmentId": "S-1", "customerName": "Acme", "status": "booked", "updatedAt": UPDATED}
PICKUP, DELIVERY = {"key": "1500", "value": "Pickup"}, {"key": "1501", "value": "Delivery"}


class Stated(NamedTuple):
    """One claim; times in RFC 3339, `since` None for a claim without a time of its own."""

    subject: str
    predicate: str
    object: str
    since: str | None = None
    until: str | None = None


def case(name: str) -> Any:
    """A payload of `tests/cases`; JSON Lines as a list."""
    text = (CASES / name).read_text()
    return [json.loads(line) for line in text.splitlines()] if name.endswith(".jsonl") else json.loads(text)


def detail() -> dict[str, Any]:
    """The shipment of the example of an answer, to be changed."""
    return deepcopy(case("turvo/shipment_detail.json")["details"])


def stop(**changes: Any) -> dict[str, Any]:
    return {"id": 5, "stopType": PICKUP, "address": {"city": "Gary", "state": "IN"}, **changes}


def payloads(payload: Any) -> Iterator[dict[str, Any]]:
    """The records in a payload, however deep they are packed."""
    rows = SOURCE.unpack(snake_keys(payload))
    if rows is None:
        yield payload
    else:
        for row in rows:
            yield from payloads(row)


def record(payload: dict[str, Any], **changes: Any) -> Record:
    return Record(*classify(payload), payload, "", OBSERVED, "turvo.json:1", **changes)


def stated(found: Extraction) -> list[Stated]:
    names = {entity.key: entity.name for entity in found.entities}
    return [
        Stated(
            names[claim.subject],
            claim.predicate.value,
            names[claim.object],
            _shown(claim.valid_at) if claim.valid_at != found.event_time else None,
            _shown(claim.invalid_at) if claim.invalid_at else None,
        )
        for claim in found.claims
    ]


def facts(payload: dict[str, Any], predicate: str) -> list[tuple[str, str | None, str | None]]:
    """Object, since and until of all claims of one predicate."""
    found = stated(extract(record(payload)))
    return [(one.object, one.since, one.until) for one in found if one.predicate == predicate]


def attributes(payload: dict[str, Any], kind: str = "Shipment") -> dict[str, Any]:
    """The attributes of the first entity of a type."""
    found = extract(record(payload))
    return dict(next(entity for entity in found.entities if entity.type == kind).attributes)


def aliases(payload: dict[str, Any]) -> set[str]:
    """All keys and names of all entities."""
    return {alias for entity in extract(record(payload)).entities for alias in (*entity.keys, *entity.names)}


def _shown(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
