"""`apex facts` answers: what holds and since when, what contradicts it, what held before, and where it is written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.acceptance.apex import run
from tests.acceptance.seeds import MESSAGE, WANDERER, WANDERING, ping, shipment
from tests.turvo_helpers import CASES

SHIPMENT = "SHIP-2025-10-20-001"


def ingest(home: Path, *payloads: Mapping[str, Any]) -> None:
    lines = "".join(json.dumps(payload) + "\n" for payload in payloads)
    run(home, "ingest", "-", "-q", stdin=lines.encode()).expect(0)


def message(name: str, time: str, body: str) -> dict[str, Any]:
    return {**MESSAGE, "message_id": name, "sent_at": time, "body": body}


def test_a_shipment_and_the_message_that_contradicts_it(home: Path) -> None:
    ingest(
        home,
        shipment(1, statusTime="2025-10-19T08:00:00Z", updatedAt="2025-10-19T09:00:00Z", weight="38,000 lb"),
        message("MSG-early", "2025-10-19T07:00:00Z", f"{SHIPMENT} was delivered."),
        message("MSG-plan", "2025-10-19T20:00:00Z", f"{SHIPMENT} will be delivered tomorrow."),
        message("MSG-\x1b[31mlate", "2025-10-19T21:15:00Z", f"Shipment {SHIPMENT} was delivered at the dock."),
    )
    lines = run(home, "facts", SHIPMENT, "--json").expect(0).lines
    types = [line["type"] for line in lines]
    assert types == ["fact"] * (len(lines) - 2) + ["contradiction", "entity"]
    found, entity = lines[-2:]
    assert (found["predicate"], found["object"], found["states"]) == ("HAS_STATUS", "in_transit", "delivered")
    assert (found["since"], found["sources"]) == ("2025-10-19T08:00:00Z", [f"turvo:{SHIPMENT}"])
    assert found["stated_at"] == "2025-10-19T21:15:00Z"
    assert (entity["name"], entity["entity_type"]) == (SHIPMENT, "Shipment")
    assert (entity["attributes"]["weight"], entity["attributes"]["weight_unit"]) == (38000, "lb")
    [status] = [line for line in lines if line.get("predicate") == "HAS_STATUS" and line["type"] == "fact"]
    assert (status["last_seen"], status["sources"]) == ("2025-10-19T09:00:00Z", [f"turvo:{SHIPMENT}"])

    # Nothing contradicted it at noon.
    at = ("--at", "2025-10-19T12:00:00Z")
    assert run(home, "facts", SHIPMENT, "--json", *at).expect(0).of("contradiction") == []

    shown = run(home, "facts", SHIPMENT).expect(0).stdout.splitlines()
    assert shown[0].startswith(f"Shipment {SHIPMENT} (")
    assert "weight 38000 lb" in shown[0]
    [sentence] = [line for line in shown if line.startswith("  Turvo says in_transit (since 2025-10-19T08:00:00Z")]
    assert sentence.endswith(" of 2025-10-19T21:15:00Z says delivered (frontapp:MSG-\\x1b[31mlate)")
    titles = [line for line in shown if line.endswith(":") and not line.startswith(" ")]
    assert titles == ["Holds:", "Contradictions:", "Mentions (3):"]


def test_a_truck_was_last_seen_with_its_newest_position(home: Path) -> None:
    ingest(home, *WANDERING, ping(WANDERER, "2025-10-19T12:30:00Z", 41.5934, -87.3464, address="Gary, IN"))
    first, second = run(home, "facts", WANDERER, "--predicate", "LOCATED_AT", "--json").expect(0).of("fact")
    assert (first["object"], first["last_seen"]) == ("Chicago, IL", "2025-10-19T10:00:00Z")
    assert (second["object"], second["valid_at"]) == ("Gary, IN", "2025-10-19T12:00:00Z")
    assert second["last_seen"] == "2025-10-19T12:30:00Z"
    newest = f"samsara:{WANDERER}@2025-10-19T12:30:00Z"
    assert second["sources"] == [newest, f"samsara:{WANDERER}@2025-10-19T12:00:00Z"]
    run(home, "get", newest).expect(0)

    shown = run(home, "facts", WANDERER).expect(0).stdout.splitlines()
    [here] = [line for line in shown if f"{WANDERER} LOCATED_AT Gary, IN" in line]
    assert here.endswith(
        f": since 2025-10-19T12:00:00Z, last seen 2025-10-19T12:30:00Z [{newest} +1 more]",
    )
    assert shown.index(here) < shown.index("Held before:")
    [at_noon] = run(home, "facts", WANDERER, "--at", "2025-10-19T12:10:00Z", "--json").expect(0).of("fact")
    assert at_noon["last_seen"] == "2025-10-19T12:00:00Z"


def test_a_partial_version_is_no_sight_of_what_it_does_not_say(home: Path) -> None:
    folder = home.parent / "in"
    folder.mkdir()
    for name in ("shipment_detail", "webhook_shipment_status_update"):
        shutil.copy(CASES / "turvo" / f"{name}.json", folder)
    run(home, "ingest", folder, "-q").expect(0)
    current = [line for line in run(home, "facts", "SHIP-2025-10-19-002", "--json").of("fact") if line["current"]]
    last_seen = {line["predicate"]: line["last_seen"][:16] for line in current}
    assert last_seen["HAS_STATUS"] == "2025-10-19T18:46"
    assert last_seen["FOR_CUSTOMER"] == "2025-10-19T13:05"
