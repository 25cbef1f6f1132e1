"""A text mentions what the memory knows by name, whichever of the two comes first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.acceptance.apex import run

pytestmark = pytest.mark.any_engine

SHIPMENT = {
    "shipmentId": "HX-40512",
    "updatedAt": "2025-12-01T00:00:00Z",
    "status": "in_transit",
    "customerName": "Acme Manufacturing Corp",
    "carrierName": "Lakeshore Haulage, Inc.",
}
MAIL = {
    "message_id": "MSG-1",
    "subject": "Update",
    "body": "lakeshore haulage says HX-40512 was delivered. ACME MANUFACTURING CORPORATION knows, Northgate Tools not.",
    "sender": "dispatch@acme-trucking.example",
    "sent_at": "2026-01-01T10:00:00Z",
}


@pytest.mark.parametrize("order", [(SHIPMENT, MAIL), (MAIL, SHIPMENT)], ids=["thing first", "text first"])
def test_a_mail_mentions_the_things_that_it_names(home: Path, order: tuple[dict[str, str], ...]) -> None:
    for number, payload in enumerate(order):
        drop = home.parent / f"{number}.json"
        drop.write_text(json.dumps(payload), encoding="utf-8")
        run(home, "ingest", drop, "-q").expect(0)
    for name in ("Lakeshore Haulage", "HX-40512", "Acme Manufacturing Corp"):
        lines = run(home, "facts", name, "--json").expect(0)
        mentions = [line for line in lines.of("fact") if line["predicate"] == "MENTIONS"]
        assert [(line["subject"], line["sources"]) for line in mentions] == [("MSG-1", ["frontapp:MSG-1"])]
        start, end = mentions[0]["attributes"]["span"]
        assert mentions[0]["attributes"]["rule"].startswith("known ")
        assert 0 <= start < end <= len(f"{MAIL['subject']}\n{MAIL['body']}")
    assert "Contradictions:" in run(home, "facts", "HX-40512").expect(0).stdout
    run(home, "facts", "Northgate Tools", "--json").expect(2)
    shown = run(home, "get", "frontapp:MSG-1", "--json").expect(0).of("record")[0]["stores"]["graph"]
    assert {one["name"] for one in shown["entities"]} >= {"Lakeshore Haulage, Inc.", "HX-40512"}
    assert not any("orthgate" in one["name"] for one in shown["entities"])
    run(home, "verify").expect(0)
    run(home, "forget", "turvo:HX-40512", "--yes").expect(0)
    run(home, "facts", "Lakeshore Haulage", "--json").expect(2)
    run(home, "verify").expect(0)
