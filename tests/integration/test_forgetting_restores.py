"""What records add, change, join and end is as it was before them when they are forgotten."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from apex_cli.config import Settings, load
from apex_cli.pipeline import maintenance
from apex_cli.pipeline.context import IngestRequest, Stop
from apex_cli.pipeline.ingest import ingest
from apex_cli.results import RecordResult, RecordStatus
from apex_cli.stores.factory import open_stores
from apex_cli.verify import verify

FIRST: list[dict[str, Any]] = [
    {
        "shipmentId": "SHIP-1",
        "customerName": "Acme Manufacturing Corp",
        "carrierName": "Star Line Transport",
        "carrierMc": "MC-611200",
        "status": "booked",
        "origin": {"city": "Fargo", "state": "ND"},
        "updatedAt": "2026-03-01T08:00:00Z",
    },
    {"shipmentId": "SHIP-2", "carrierName": "Lakeshore", "carrierDot": "2984410", "status": "booked",
     "updatedAt": "2026-03-01T09:00:00Z"},
    {"vehicle_id": "TR-1", "latitude": 41.1, "longitude": -95.1, "timestamp": "2026-03-01T10:00:00Z"},
    {"vehicle_id": "TR-1", "latitude": 41.1, "longitude": -95.1, "timestamp": "2026-03-01T16:00:00Z"},
    {"vehicle_id": "77", "vin": "1XKYD49X4PJ652014", "latitude": 33.1, "longitude": -112.1,
     "timestamp": "2026-03-01T10:00:00Z"},
]  # fmt: skip
# A position between two of one place; a VIN that joins two vehicles; a number that joins two carriers; another record's
# status of a shipment's carrier; a mention; a name of a company in other letters.
SECOND: list[dict[str, Any]] = [
    {"vehicle_id": "TR-1", "latitude": 39.7, "longitude": -105.0, "timestamp": "2026-03-01T12:00:00Z"},
    {"vehicle_id": "TR-1", "vin": "1XKYD49X4PJ652014", "latitude": 39.7, "longitude": -105.0,
     "timestamp": "2026-03-01T13:00:00Z"},
    {"shipmentId": "SHIP-3", "carrierName": "Star Line Transport", "carrierMc": "611200", "carrierDot": "2984410",
     "status": "en_route", "customerName": "ACME Manufacturing Corporation", "updatedAt": "2026-03-02T09:00:00Z"},
    {"message_id": "M-1", "subject": "SHIP-1", "body": "SHIP-1 was delivered by TR-1.", "sender": "a@b.example",
     "sent_at": "2026-03-02T10:00:00Z"},
]  # fmt: skip


class _Results:
    """Follows a run: the records that were committed."""

    def __init__(self) -> None:
        self.committed: list[str] = []

    def phase(self, text: str) -> None:
        """See `Observer`."""

    def outcome(self, outcome: RecordResult) -> None:
        assert outcome.status is RecordStatus.COMMITTED, outcome
        assert outcome.record_id is not None
        self.committed.append(outcome.record_id)


def _write(file: Path, payloads: list[dict[str, Any]]) -> str:
    file.write_text("".join(f"{json.dumps(payload)}\n" for payload in payloads), encoding="utf-8")
    return str(file)


async def _ingest(settings: Settings, path: str) -> list[str]:
    results = _Results()
    await ingest(settings, IngestRequest((path,)), results, Stop())
    return results.committed


async def _dump(settings: Settings, record_ids: list[str]) -> tuple[list[Any], list[Any]]:
    """The entities of these records and the facts about them, without the ids of nodes."""
    async with open_stores(settings) as stores:
        views = await stores.graph.read(record_ids)
        found = {entity.id: entity for view in views.values() for entity in view.entities}
        facts = {fact.id: fact for id in found for fact in await stores.graph.facts(id)}
        assert (await verify(stores)).problems == []
    entities = [(one.type, one.name, sorted(one.aliases), dict(one.attributes)) for one in found.values()]
    stated = [
        (one.subject, one.predicate, one.object, one.valid_at, one.invalid_at, sorted(one.records), one.sentence,
         dict(one.attributes))
        for one in facts.values()
    ]  # fmt: skip
    return sorted(entities, key=repr), sorted(stated, key=repr)


@pytest.mark.embedded
async def test_forgetting_restores_what_was_before(short_tmp: Path, tmp_path: Path) -> None:
    settings = load({"home": short_tmp / tmp_path.name[-20:]}, cwd=tmp_path, environ={})
    first = await _ingest(settings, _write(tmp_path / "first.jsonl", FIRST))
    before = await _dump(settings, first)
    second = await _ingest(settings, _write(tmp_path / "second.jsonl", SECOND))
    during = await _dump(settings, first)
    assert during != before
    for record_id in second:
        assert (await maintenance.forget(settings, record_id)).status is RecordStatus.FORGOTTEN
    assert await _dump(settings, first) == before
