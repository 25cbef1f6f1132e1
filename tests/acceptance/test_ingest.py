"""`apex ingest`: what it takes, what it says, and what its options do."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance import shapes
from tests.acceptance.apex import Line, engines, run, verified, write_lines
from tests.acceptance.seeds import MESSAGE, SEEDS, SHIPMENT, SHIPMENT_ID, SHIPMENT_KEY, shipment
from tests.acceptance.shapes import has_shape, is_uuid


def counts(line: Line) -> dict[str, int]:
    """The numbers of a summary that are not zero."""
    names = ("committed", "updated", "unchanged", "failed", "pending")
    return {name: line[name] for name in names if line[name]}


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_a_file_then_again_then_changed(home: Path) -> None:
    file = write_lines(home.parent / "seeds.jsonl", SEEDS)
    first = run(home, "ingest", file, "--json").expect(0)
    for line in first.of("record"):
        has_shape(line, shapes.INGEST_RECORD)
        assert (line["status"], line["stage"], line["error"], line["llm_calls"]) == ("committed", None, None, 0)
        assert is_uuid(line["record_id"])
    assert [line["type"] for line in first.lines] == ["record"] * 3 + ["summary"]
    assert [(line["source"], line["data_type"]) for line in first.of("record")] == [
        ("samsara", "location"),
        ("turvo", "shipment"),
        ("frontapp", "message"),
    ]
    [record] = [line for line in first.of("record") if line["external_id"] == SHIPMENT_ID]
    assert (record["entities"], record["facts"], record["vectors"]) == (4, 4, 1)
    has_shape(first.summary, shapes.INGEST_SUMMARY)
    assert counts(first.summary) == {"committed": 3}
    assert (first.summary["inputs"], first.summary["records"], first.summary["exit_code"]) == (1, 3, 0)
    assert {line["run_id"] for line in first.lines} == {first.summary["run_id"]}
    assert first.stderr == ""

    again = run(home, "ingest", file, "--json").expect(0)
    assert counts(again.summary) == {"unchanged": 3}
    assert [line["record_id"] for line in again.of("record")] == [line["record_id"] for line in first.of("record")]

    write_lines(file, [SEEDS[0], {**SHIPMENT, "status": "delivered"}, SEEDS[2]])
    assert counts(run(home, "ingest", file, "--json").expect(0).summary) == {"updated": 1, "unchanged": 2}
    # Back to the first content is a third version, not "unchanged": none of them has a time of its own.
    write_lines(file, SEEDS)
    assert counts(run(home, "ingest", file, "--json").expect(0).summary) == {"updated": 1, "unchanged": 2}
    [line] = run(home, "get", SHIPMENT_KEY, "--json").expect(0).lines
    assert line["revision"] == 3
    statuses = [fact for fact in line["stores"]["graph"]["facts"] if fact["predicate"] == "HAS_STATUS"]
    assert [fact["object"] for fact in statuses] == ["in_transit", "delivered", "in_transit"]
    assert [fact["invalid_at"] for fact in statuses] == [*(fact["valid_at"] for fact in statuses[1:]), None]
    assert not list((home / "staging").glob("*/*"))
    assert verified(home) == 3


def test_every_layout_of_input(home: Path) -> None:
    drop = home.parent / "drop"
    (drop / "deeper").mkdir(parents=True)
    (drop / "one.json").write_text(json.dumps(shipment(1), indent=2))
    (drop / "array.json").write_text(json.dumps([shipment(2), shipment(3)]))
    write_lines(drop / "lines.jsonl", [shipment(4), shipment(5)])
    (drop / "deeper" / "lines.ndjson").write_text(json.dumps(shipment(6)))
    (drop / "note.txt").write_text("Driver says SHIP-2025-10-20-001 waits at the dock in Gary, IN.\n")
    (drop / "rules.md").write_text("# Dock rules\n\nNo entry without a seal.\n\n## Hours\n\nSix to nine.\n")
    (drop / ".hidden.json").write_text("{broken")
    (drop / "other.json").write_text(json.dumps({"invoice_id": "INV-7", "total": 12.5, "city": "Gary", "state": "IN"}))

    result = run(home, "ingest", drop, "-", "--json", stdin=json.dumps(shipment(7)).encode() + b"\n").expect(0)
    assert counts(result.summary) == {"committed": 10}
    assert result.summary["inputs"] == 8
    by_source: dict[str, set[str]] = {}
    [note] = run(home, "get", f"document:{drop / 'note.txt'}", "--json").expect(0).lines
    [rules] = run(home, "get", "document:rules.md", "--json").expect(0).lines
    for line in result.of("record"):
        by_source.setdefault(line["source"], set()).add(line["external_id"])
    assert by_source == {
        "turvo": {f"SHIP-2025-10-20-{number:03d}" for number in range(1, 8)},
        "document": {note["external_id"], rules["external_id"]},
        "json": {"other#INV-7"},
    }
    mentioned = {each["name"] for each in note["stores"]["graph"]["entities"]}
    assert {"SHIP-2025-10-20-001", "Gary, IN"} <= mentioned
    assert note["stores"]["postgres"]["payload"]["format"] == "text"
    [hit, *_] = run(home, "search", "dock rules seal", "--source", "document", "--json").expect(0).lines
    assert hit["record_id"] == rules["record_id"]
    assert verified(home) == 10


def test_what_people_see(home: Path) -> None:
    file = write_lines(home.parent / "seeds.jsonl", SEEDS)
    said = run(home, "ingest", file).expect(0)
    assert said.stdout.startswith("3 records from 1 input: 3 committed")
    assert said.stderr == ""
    assert run(home, "ingest", file, "-q").expect(0) == run(home, "ingest", file, "--quiet").expect(0)
    quiet = run(home, "ingest", file, "-q").expect(0)
    assert (quiet.stdout, quiet.stderr) == ("", "")
    talkative = run(home, "ingest", file, "-v").expect(0)
    assert f"unchanged {SHIPMENT_KEY}" in talkative.stderr
    assert "3 unchanged" in talkative.stdout

    (home.parent / "bad.json").write_text("{")
    failed = run(home, "ingest", home.parent / "bad.json", "-q").expect(3)
    assert failed.stdout == ""
    assert "bad.json" in failed.stderr
    said = run(home, "ingest", home.parent / "bad.json").expect(3)
    assert "Failed:" in said.stdout
    assert "apex staging list" in said.stdout


def test_dry_run_writes_nothing(home: Path) -> None:
    drop = home.parent / "drop"
    drop.mkdir()
    write_lines(drop / "seeds.jsonl", SEEDS)
    (drop / "bad.json").write_text("{")
    before = tree(home.parent)
    result = run(home, "ingest", drop, "--dry-run", "--json").expect(3)
    assert counts(result.summary) == {"pending": 3, "failed": 1}
    assert [line["entities"] for line in result.of("record") if line["status"] == "pending"] == [2, 4, 3]
    assert tree(home.parent) == before
    (drop / "bad.json").unlink()
    assert "nothing was written" in run(home, "ingest", drop, "--dry-run").expect(0).stdout
    assert not home.exists()


def test_limit_leaves_the_rest_for_later(home: Path) -> None:
    file = write_lines(home.parent / "five.jsonl", [shipment(number) for number in range(5)])
    first = run(home, "ingest", file, "--limit", "2", "--json").expect(0)
    assert counts(first.summary) == {"committed": 2}
    assert file.exists()
    second = run(home, "ingest", file, "--json").expect(0)
    assert counts(second.summary) == {"committed": 3, "unchanged": 2}
    assert not list((home / "staging").glob("*/*"))


def test_consume_removes_what_is_committed_and_nothing_else(home: Path) -> None:
    drop = home.parent / "drop"
    drop.mkdir()
    write_lines(drop / "good.jsonl", SEEDS)
    (drop / "bad.json").write_text("{")
    (drop / "mixed.jsonl").write_text(json.dumps(shipment(1)) + "\n{\n")
    run(home, "ingest", drop, "--consume", "--json").expect(3)
    # What failed stays where it was, and is kept in the staging directory as well.
    assert sorted(path.name for path in drop.iterdir()) == ["bad.json", "mixed.jsonl"]
    kept = {line["origin"] for line in run(home, "staging", "list", "--json").expect(0).lines}
    assert kept == {str(drop / "bad.json"), str(drop / "mixed.jsonl")}
    for name in ("bad.json", "mixed.jsonl"):
        write_lines(drop / name, [shipment(1)])
    run(home, "ingest", drop, "--consume", "-q").expect(0)
    assert not list(drop.iterdir())
    assert run(home, "staging", "list", "--json").expect(0).lines == []


@pytest.mark.skipif(os.geteuid() != 0, reason="marking a file immutable takes root")
def test_an_original_that_cannot_be_removed_is_said(home: Path) -> None:
    file = write_lines(home.parent / "stays.jsonl", SEEDS)
    if subprocess.run(["chattr", "+i", file], capture_output=True, check=False).returncode:
        pytest.skip("this file system knows no immutable files")
    try:
        result = run(home, "ingest", file, "--consume", "--json").expect(3)
        assert (result.summary["committed"], result.summary["unremoved"]) == (3, 1)
        assert "not removed: 1 file" in run(home, "ingest", file, "--consume").expect(3).stdout
        assert "not removed" in run(home, "ingest", file, "--consume", "-q").expect(3).stderr
    finally:
        subprocess.run(["chattr", "-i", file], check=True)


def test_min_age_leaves_files_that_are_still_written(home: Path) -> None:
    drop = home.parent / "drop"
    drop.mkdir()
    write_lines(drop / "old.jsonl", [shipment(1)])
    write_lines(drop / "young.jsonl", [shipment(2)])
    an_hour_ago = time.time() - 3600
    os.utime(drop / "old.jsonl", (an_hour_ago, an_hour_ago))
    result = run(home, "ingest", drop, "--min-age", "30m", "--json").expect(0)
    assert [line["external_id"] for line in result.of("record")] == ["SHIP-2025-10-20-001"]
    assert result.summary["skipped_young"] == 1
    assert counts(run(home, "ingest", drop, "--json").expect(0).summary) == {"committed": 1, "unchanged": 1}


def test_a_source_can_be_forced(home: Path) -> None:
    file = home.parent / "message.json"
    file.write_text(json.dumps(MESSAGE))
    [line] = run(home, "ingest", file, "--source", "json", "--json").expect(0).of("record")
    assert line["source"] == "json"
    [line] = run(home, "ingest", file, "--source", "document", "--json").expect(0).of("record")
    assert (line["source"], line["data_type"]) == ("document", "document")
    [held] = run(home, "get", f"document:{file}", "--json").expect(0).lines
    assert held["record_id"] == line["record_id"]
    [line] = run(home, "ingest", file, "--source", "turvo", "--json").expect(3).of("record")
    assert (line["status"], line["stage"], line["error"]["code"]) == ("failed", "read", "missing_id")
    run(home, "ingest", file, "--source", "fax").expect(2)


def test_nothing_to_do(home: Path) -> None:
    empty = home.parent / "empty"
    empty.mkdir()
    assert "Nothing to do" in run(home, "ingest", empty).expect(0).stdout
    run(home, "ingest", empty, "--error-on-empty", "-q").expect(9)
    result = run(home, "ingest", "-", "--error-on-empty", "--json", stdin=b"[]\n").expect(9)
    assert result.summary["exit_code"] == 9


@pytest.mark.parametrize(
    "args", [("ingest",), ("ingest", "missing.json"), ("ingest", ".", "--limit", "0"), ("ingest", ".", "--no-such")]
)
def test_usage_errors_start_nothing(home: Path, args: tuple[str, ...]) -> None:
    result = run(home, *args).expect(2)
    assert result.stdout == ""
    assert result.stderr
    assert engines(home) == []


def test_a_duplicate_and_versions_in_one_file_keep_their_order(home: Path) -> None:
    versions: list[dict[str, Any]] = [shipment(1, status=status) for status in ("tendered", "covered", "covered")]
    file = write_lines(home.parent / "versions.jsonl", [*versions, shipment(2), shipment(2)])
    result = run(home, "ingest", file, "--json").expect(0)
    assert counts(result.summary) == {"committed": 2, "updated": 1, "unchanged": 2}
    [line] = run(home, "get", "turvo:SHIP-2025-10-20-001", "--json").expect(0).lines
    assert (line["revision"], line["stores"]["postgres"]["payload"]["status"]) == (2, "covered")
    assert verified(home) == 2
