"""A home that an older version made opens, upgrades its graph by itself, and loses nothing."""

from __future__ import annotations

import json
import shutil
import signal
import tarfile
from pathlib import Path

import pytest

from tests.acceptance.apex import Line, run, verified, wait_gone, write_lines

pytestmark = pytest.mark.embedded

OLD = Path(__file__).parents[1] / "fixtures" / "home-0.1.0"
ENTITIES = ("SHIP-2025-10-19-002", "TRUCK-6520", "Acme Manufacturing Corp", "MSG-2025-10-19-003")
RECORDS = 6
NOTE = "rebuilding the graph of this home"
SHIPMENT = {
    "shipmentId": "SHIP-2025-10-19-002",
    "customerName": "Acme Manufacturing Corp",
    "carrierName": "Lakeshore Haulage",
    "status": "delivered",
    "origin": {"city": "Chicago", "state": "IL"},
    "destination": {"city": "Indianapolis", "state": "IN"},
    "updatedAt": "2025-10-19T18:00:00Z",
}
FORGOTTEN = {
    "message_id": "MSG-2025-10-19-004",
    "subject": "Forget me",
    "body": "Nothing of SHIP-2025-10-19-009 stays.",
    "sender": "dispatch@acme-trucking.com",
    "sent_at": "2025-10-19T18:10:00Z",
}


@pytest.fixture
def old(home: Path) -> Path:
    """A home as version 0.1.0 left it."""
    with tarfile.open(OLD / "home.tar.xz") as archive:
        # PostgreSQL wants the owner and the mode of its data unchanged.
        archive.extractall(home.parent, filter="tar")
    shutil.move(home.parent / "oldhome", home)
    return home


def snapshot(name: str) -> list[Line]:
    """What version 0.1.0 answered."""
    return [json.loads(line) for line in (OLD / name).read_text(encoding="utf-8").splitlines()]


def facts(home: Path) -> list[Line]:
    return [line for entity in ENTITIES for line in run(home, "facts", entity, "--json").expect(0).lines]


def records(home: Path) -> list[Line]:
    ids = [line["record_id"] for line in snapshot("records.jsonl")]
    return [run(home, "get", record_id, "--json").expect(0).lines[0] for record_id in ids]


def test_an_old_home_upgrades_and_answers_as_before(old: Path) -> None:
    first = run(old, "verify", "--json").expect(0)
    assert first.stderr.count(NOTE) == 1
    assert first.stderr.strip().endswith(f"from PostgreSQL: {RECORDS} records")
    assert first.summary["records"] == RECORDS
    again = run(old, "verify", "--json").expect(0)
    assert again.stderr == ""
    assert facts(old) == snapshot("facts.jsonl")
    assert records(old) == snapshot("records.jsonl")
    assert sorted(path.name for path in (old / "graph").iterdir()) == ["apex.graph.lbug"]


def test_a_read_verb_upgrades_too(old: Path) -> None:
    assert NOTE in run(old, "facts", ENTITIES[0], "--json").expect(0).stderr
    assert facts(old) == snapshot("facts.jsonl")


def test_an_upgraded_home_takes_new_versions_and_old_forgotten_records(old: Path) -> None:
    lines = write_lines(old.parent / "new.jsonl", [SHIPMENT, FORGOTTEN])
    summary = run(old, "ingest", lines, "--json").expect(0).summary
    assert (summary["updated"], summary["committed"]) == (1, 1)
    shown = run(old, "facts", ENTITIES[0], "--predicate", "HAS_STATUS", "--json").expect(0).of("fact")
    # An update replaces the claims of the version before it.
    assert [line["object"] for line in shown] == ["delivered"]
    assert verified(old) == RECORDS + 1


def test_a_forgotten_record_stays_forgotten(old: Path) -> None:
    run(old, "facts", "MSG-2025-10-19-004").expect(2)
    run(old, "get", "frontapp:MSG-2025-10-19-004").expect(2)
    run(old, "facts", "SHIP-2025-10-19-009").expect(2)


@pytest.mark.parametrize("point", ["graph.rebuild.before", "graph.rebuild.after"])
def test_a_killed_upgrade_goes_on_with_the_next_command(old: Path, point: str) -> None:
    lines = write_lines(old.parent / "new.jsonl", [SHIPMENT])
    killed = run(old, "ingest", lines, env={"APEX_FAULT": f"{point}:kill"})
    assert killed.exit == -signal.SIGKILL
    wait_gone(old)
    assert NOTE in run(old, "verify", "--json").expect(0).stderr
    assert verified(old) == RECORDS
    assert facts(old) == snapshot("facts.jsonl")
    assert records(old) == snapshot("records.jsonl")
