"""`apex staging`: failed items stay, with their errors, until they are retried or removed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.acceptance import shapes
from tests.acceptance.apex import Line, run, verified, write_lines
from tests.acceptance.seeds import shipment
from tests.acceptance.shapes import has_shape

pytestmark = pytest.mark.any_engine

BROKEN = b'{"shipmentId": "SHIP-2025-10-20-009",\n "status": }\n'


def listed(home: Path) -> list[Line]:
    return run(home, "staging", "list", "--json").expect(0).lines


def drop_of_two(home: Path) -> Path:
    """A folder with one broken file, and one file of lines of which one is broken."""
    drop = home.parent / "drop"
    drop.mkdir()
    (drop / "whole.json").write_bytes(BROKEN)
    lines = [json.dumps(shipment(1)), '{"shipmentId": nope}', json.dumps(shipment(2))]
    (drop / "lines.jsonl").write_text("\n".join(lines) + "\n")
    return drop


def test_failed_inputs_are_kept_and_listed(home: Path) -> None:
    assert listed(home) == []
    assert run(home, "staging", "list").expect(0).stdout == "Nothing is staged.\n"
    assert not home.exists()
    result = run(home, "ingest", drop_of_two(home), "--json").expect(3)
    assert (result.summary["committed"], result.summary["failed"]) == (2, 2)
    for line in result.of("record"):
        if line["status"] == "failed":
            has_shape(line["error"], shapes.ERROR)
            assert (line["stage"], line["error"]["code"]) == ("read", "bad_json")
    items = listed(home)
    for item in items:
        has_shape(item, shapes.ITEM)
        assert (item["type"], item["status"], item["attempts"]) == ("item", "failed", 1)
        assert item["error"]["code"] == "bad_json"
    messages = sorted(item["error"]["message"] for item in items)
    assert any("line 2, column 12" in message for message in messages)
    assert sorted(item["name"] for item in items) == ["lines.jsonl:2", "whole.json:1"]
    assert "broken JSON" in run(home, "staging", "list").expect(0).stdout
    assert run(home, "staging", "list", "--status", "staged", "--json").expect(0).lines == []

    [stats] = run(home, "staging", "stats", "--json").expect(0).lines
    assert (stats["total"]["count"], stats["by_status"]["failed"]["count"]) == (2, 2)
    assert stats["total"]["bytes"] == sum(item["bytes"] for item in items)
    assert "limit: 10.0 GiB" in run(home, "staging", "stats").expect(0).stdout
    assert verified(home) == 2


def test_a_file_that_was_repaired_is_taken_up(home: Path) -> None:
    drop = drop_of_two(home)
    run(home, "ingest", drop, "-q").expect(3)
    (drop / "whole.json").write_text(json.dumps(shipment(9)))
    write_lines(drop / "lines.jsonl", [shipment(1), shipment(3), shipment(2)])
    result = run(home, "ingest", drop, "--json").expect(0)
    assert (result.summary["committed"], result.summary["unchanged"]) == (2, 2)
    assert listed(home) == []
    assert verified(home) == 4


def test_retry_tries_what_failed_again(home: Path) -> None:
    drop = drop_of_two(home)
    run(home, "ingest", drop, "-q").expect(3)
    # An item that is not retriable is not retried by itself ...
    empty = home.parent / "empty"
    empty.mkdir()
    assert run(home, "ingest", empty, "--json").expect(0).summary["records"] == 0
    assert [item["attempts"] for item in listed(home)] == [1, 1]
    # ... but it is when asked.
    assert run(home, "ingest", empty, "--retry-failed", "--json").expect(3).summary["failed"] == 2
    assert [item["attempts"] for item in listed(home)] == [2, 2]
    result = run(home, "staging", "retry", "--json").expect(3)
    assert (result.summary["failed"], result.summary["exit_code"]) == (2, 3)
    one = listed(home)[0]["item_id"]
    assert run(home, "staging", "retry", one, "--json").expect(3).summary["failed"] == 1
    assert sorted(item["attempts"] for item in listed(home)) == [3, 4]
    run(home, "staging", "retry", "no-such-item").expect(2)
    assert (drop / "whole.json").read_bytes() == BROKEN


def test_clean_removes_failed_items_past_their_retention(home: Path) -> None:
    run(home, "ingest", drop_of_two(home), "-q").expect(3)
    assert len(listed(home)) == 2
    refused = run(home, "staging", "clean").expect(2)
    assert "--yes" in refused.stderr
    young = run(home, "staging", "clean", "--yes", "--json").expect(0)
    assert young.summary["removed"] == 0
    shown = run(home, "staging", "clean", "--older-than", "0s", "--dry-run", "--json").expect(0)
    assert (shown.summary["removed"], shown.summary["dry_run"]) == (2, True)
    assert len(listed(home)) == 2
    done = run(home, "staging", "clean", "--older-than", "0s", "--yes", "--json").expect(0)
    assert (done.summary["removed"], done.summary["dry_run"]) == (2, False)
    assert listed(home) == []
    assert verified(home) == 2
