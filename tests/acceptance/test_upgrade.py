"""A home that an older version made opens, upgrades its graph by itself, and loses nothing."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import ladybug
import pytest

from apex_cli.extract.identity import document_hash
from tests.acceptance.apex import Line, killed, run, verified, write_lines

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
    return [line for entity in ENTITIES for line in run(home, "facts", entity, "--json").expect(0).of("fact")]


def assert_known_facts(home: Path) -> None:
    """Everything that version 0.1.0 knew is known. A fact may begin earlier: older versions of a record count now."""
    known = {(line["subject"], line["predicate"], line["object"]): line for line in facts(home)}
    for line in snapshot("facts.jsonl"):
        found = known[line["subject"], line["predicate"], line["object"]]
        assert found["valid_at"] <= line["valid_at"]
        for name in ("invalid_at", "current", "certain", "sentence", "attributes", "records"):
            assert found[name] == line[name], (name, found, line)


def assert_known_records(home: Path) -> None:
    """Each record has its id, its content, its entities and its points."""
    for line in snapshot("records.jsonl"):
        (found,) = run(home, "get", line["record_id"], "--json").expect(0).lines
        old, new = line["stores"], found["stores"]
        if line["source"] == "document":
            # It was known by its path: now that is its place, and its content is what it is known by.
            assert [place["shown"] for place in found["places"]] == [line["external_id"]]
            old["postgres"]["content_hash"] = document_hash(old["postgres"]["payload"]["content"])
            assert found["external_id"] == old["postgres"]["content_hash"][:32]
        for name, value in old["postgres"].items():
            assert new["postgres"][name] == value, name
        assert new["vectors"] == [{**point, "place": ""} for point in old["vectors"]]
        assert new["cache"]["saga_id"] == old["cache"]["saga_id"]
        # Version 0.1.0 showed no attributes.
        known = [{name: one[name] for name in ("id", "name", "type")} for one in new["graph"]["entities"]]
        assert known == old["graph"]["entities"]


def vectors_in(file: Path) -> int:
    """How many names and facts of a graph have a vector."""
    queries = (
        "MATCH (n:Entity) WHERE n.name_embedding IS NOT NULL RETURN count(*) AS n",
        "MATCH (f:RelatesToNode_) WHERE f.fact_embedding IS NOT NULL RETURN count(*) AS n",
    )
    with ladybug.Database(file, read_only=True) as database, ladybug.Connection(database) as connection:
        results = [connection.execute(query) for query in queries]
        found = [result.get_as_arrow().to_pylist() for result in results if isinstance(result, ladybug.QueryResult)]
        return sum(row["n"] for rows in found for row in rows)


def test_an_old_home_upgrades_and_answers_as_before(old: Path) -> None:
    first = run(old, "verify", "--json").expect(0)
    assert first.stderr.count(NOTE) == 1
    assert first.stderr.strip().endswith(f"from PostgreSQL: {RECORDS} records")
    assert first.summary["records"] == RECORDS
    again = run(old, "verify", "--json").expect(0)
    assert again.stderr == ""
    assert_known_facts(old)
    assert_known_records(old)
    assert sorted(path.name for path in (old / "graph").iterdir()) == ["apex.graph.lbug"]
    assert vectors_in(old / "graph" / "apex.graph.lbug") == 0


def test_a_read_verb_upgrades_too(old: Path) -> None:
    assert NOTE in run(old, "facts", ENTITIES[0], "--json").expect(0).stderr
    assert_known_facts(old)


def test_what_an_update_had_erased_is_history_after_the_upgrade(old: Path) -> None:
    status = ("facts", ENTITIES[0], "--predicate", "HAS_STATUS", "--json")
    assert [line["object"] for line in run(old, *status).expect(0).of("fact")] == ["tendered", "in_transit"]
    assert [line["object"] for line in run(old, *status, "--at", "2025-10-19T09:00:00Z").expect(0).of("fact")] == [
        "tendered"
    ]
    versions = run(old, "history", "turvo:SHIP-2025-10-19-002", "--json").expect(0).lines
    assert [line["current"] for line in versions] == [False, True]


def test_an_upgraded_home_takes_new_versions_and_old_forgotten_records(old: Path) -> None:
    lines = write_lines(old.parent / "new.jsonl", [SHIPMENT, FORGOTTEN])
    summary = run(old, "ingest", lines, "--json").expect(0).summary
    assert (summary["updated"], summary["committed"]) == (1, 1)
    shown = run(old, "facts", ENTITIES[0], "--predicate", "HAS_STATUS", "--json").expect(0).of("fact")
    assert [line["object"] for line in shown] == ["tendered", "in_transit", "delivered"]
    assert verified(old) == RECORDS + 1


def test_a_forgotten_record_stays_forgotten(old: Path) -> None:
    run(old, "facts", "MSG-2025-10-19-004").expect(2)
    run(old, "get", "frontapp:MSG-2025-10-19-004").expect(2)
    run(old, "facts", "SHIP-2025-10-19-009").expect(2)


@pytest.mark.parametrize("point", ["graph.rebuild.before", "graph.rebuild.after"])
def test_a_killed_upgrade_goes_on_with_the_next_command(old: Path, point: str) -> None:
    lines = write_lines(old.parent / "new.jsonl", [SHIPMENT])
    killed(old, f"{point}:kill", "ingest", lines)
    assert NOTE in run(old, "verify", "--json").expect(0).stderr
    assert verified(old) == RECORDS
    assert_known_facts(old)
    assert_known_records(old)
