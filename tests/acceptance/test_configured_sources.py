"""The worked example of docs/howto/map-a-source.md, ingested and explained; tables that are wrong."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest

from tests.acceptance.apex import run, verified

pytestmark = pytest.mark.any_engine

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "configured-sources"


def test_the_example_is_ingested_and_found(home: Path) -> None:
    place = Path(shutil.copytree(EXAMPLE, home.parent / "example"))
    summary = run(home, "ingest", "exports", "--json", cwd=place).expect(0).summary
    counted = {source: dict(counts) for source, counts in summary["by_source"].items()}
    assert counted == {
        "mcleod": {"committed": 2, "skipped": 1},
        "motive": {"committed": 2},
        "project44": {"committed": 1},
    }
    facts = run(home, "facts", "0774512", "--json", cwd=place).expect(0).of("fact")
    assert {(fact["predicate"], fact["object"]) for fact in facts if fact["current"]} >= {
        ("HAULED_BY", "Bluestem Transit LLC"),
        ("FOR_CUSTOMER", "Halcyon Paper Co"),
        ("HAS_STATUS", "out_for_delivery"),
        ("ORIGIN", "Fargo, ND"),
    }
    hits = run(home, "search", "roll paper", "--source", "mcleod", "--json", cwd=place).expect(0).of("hit")
    assert hits[0]["external_id"] == "0774512"
    again = run(home, "ingest", "exports", "--json", cwd=place).expect(0).summary
    assert (again["unchanged"], again["committed"]) == (5, 0)
    table = place / "apex.toml"
    table.write_text(table.read_text().replace("in_progress", "under_way"))
    changed = run(home, "ingest", "exports", "--json", cwd=place).expect(0).summary
    assert (changed["unchanged"], changed["updated"]) == (3, 2)
    assert verified(home) == 5
    assert "mcleod, described by apex.toml" in run(home, "doctor", cwd=place).expect(0).stdout


def test_explain_shows_why_and_writes_nothing(home: Path) -> None:
    lines = run(home, "ingest", "--explain", "exports", "--json", cwd=EXAMPLE).expect(0).of("explanation")
    order, quote = lines[:2]
    assert (order["source"], order["matched"], order["id_from"]) == (
        "mcleod",
        ["order_id", "order_status"],
        ["order_id"],
    )
    assert (order["kind"], order["whole"], order["as_of"], order["dated_by"]) == (
        *("state", True, "2026-03-04T12:12:00Z", "record"),
    )
    assert {"shipment:id:0774512"} <= {key for entity in order["entities"] for key in entity["keys"]}
    assert {"HAULED_BY", "HAS_STOP"} <= {fact["predicate"] for fact in order["facts"]}
    assert (quote["status"], quote["source"]) == ("skipped", "mcleod")
    shown = run(home, "ingest", "--explain", ROOT / "fixtures" / "turvo", "--limit", "1", cwd=EXAMPLE).expect(0).stdout
    assert "source    turvo, by shipment_id" in shown
    assert "These are the first 1 records" in shown
    assert not home.exists()


def test_explain_reads_stdin_and_names_what_fails(home: Path) -> None:
    stdin = b'{"order_id": "7", "order_status": "A", "last_changed": "soon"}\n{broken\n{"a": "\\u001b[2J\\u202e"}\n'
    result = run(home, "ingest", "--explain", "-", stdin=stdin, cwd=EXAMPLE).expect(3)
    assert "unreadable" in result.stdout or "no time that can be read" in result.stdout
    assert "not read" in result.stdout
    assert "no other source knows its shape" in result.stdout
    assert not home.exists()


def test_a_table_that_is_wrong_starts_nothing(home: Path) -> None:
    table = (EXAMPLE / "apex.toml").read_text().replace('"HAULED_BY"', '"HAULD_BY"')
    (home.parent / "apex.toml").write_text(table)
    for verb in (("ingest", "x"), ("runs",), ("doctor",)):
        result = run(home, *verb).expect(10)
        assert "apex.toml: source.mcleod.fact[3].predicate: 'HAULD_BY' is not known; did you mean HAULED_BY?" in (
            result.stderr
        )
        assert "allowed: LOCATED_AT" in result.stderr
    assert not home.exists()


def test_a_source_that_is_not_there(home: Path) -> None:
    result = run(home, "ingest", "exports", "--source", "mcloed", cwd=EXAMPLE).expect(2)
    assert "'mcloed' is not one of auto, mcleod" in result.stderr
    assert "did you mean mcleod?" in result.stderr


def test_what_is_staged_for_a_source_that_is_gone_fails_alone(home: Path) -> None:
    place = Path(shutil.copytree(EXAMPLE, home.parent / "example"))
    (place / "bad.json").write_text('{"order_id": "9", "order_status": "A", "last_changed": "soon"}')
    run(home, "ingest", "bad.json", "--source", "mcleod", cwd=place).expect(3)
    (place / "apex.toml").unlink()
    (place / "bad.json").unlink()
    result = run(home, "staging", "retry", "--json", cwd=place).expect(3)
    assert [line["error"]["code"] for line in result.of("record")] == ["unknown_source"]
    run(home, "ingest", "exports/motive_vehicles.json", cwd=place).expect(0)


def test_the_tables_of_the_page_are_sound() -> None:
    page = (ROOT / "docs" / "howto" / "map-a-source.md").read_text()
    text = "\n".join(re.findall(r"^ *```toml\n(.*?)^ *```", page, re.DOTALL | re.MULTILINE))
    described = tomllib.loads(text)["source"]["mcleod"]
    example = tomllib.loads((EXAMPLE / "apex.toml").read_text())["source"]["mcleod"]
    assert described["match"] == example["match"]
    names = {rule["as"] for rule in described["entity"]}
    assert {fact["subject"] for fact in described["fact"]} <= names
