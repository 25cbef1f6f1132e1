"""`apex dlq`: dead letters are shown, retried or dropped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.acceptance import shapes
from tests.acceptance.apex import Line, run, verified
from tests.acceptance.seeds import shipment
from tests.acceptance.shapes import has_shape

pytestmark = pytest.mark.any_engine

HOSTILE = b'{"shipmentId": "\x1b[2J SHIP-1", "password": "hunter2",\n "status": }\n'
LATIN = b'{"shipmentId": "M\xfcnchen"}\n'


def letters(home: Path) -> dict[str, Line]:
    """Dead letters by the name of their file."""
    return {item["origin"].rpartition("/")[2]: item for item in run(home, "dlq", "list", "--json").expect(0).lines}


@pytest.fixture
def filled(home: Path) -> Path:
    """A home with two dead letters and a committed record."""
    drop = home.parent / "drop"
    drop.mkdir()
    (drop / "hostile.json").write_bytes(HOSTILE)
    (drop / "latin.json").write_bytes(LATIN)
    (drop / "sound.json").write_text(json.dumps(shipment(1)))
    run(home, "ingest", drop, "-q").expect(3)
    return home


def test_an_empty_list_makes_no_home(home: Path) -> None:
    assert run(home, "dlq", "list", "--json").expect(0).lines == []
    assert run(home, "dlq", "list").expect(0).stdout == "There are no dead letters.\n"
    assert "no failed item" in run(home, "dlq", "show", "anything").expect(2).stderr
    assert run(home, "dlq", "drop", "--all", "--json").expect(0).summary["removed"] == 0
    assert not home.exists()


def test_they_are_listed_as_staging_lists_them(filled: Path) -> None:
    listed = run(filled, "dlq", "list", "--json").expect(0).lines
    assert len(listed) == 2
    for item in listed:
        has_shape(item, shapes.ITEM)
        assert item["status"] == "failed"
        has_shape(item["error"], shapes.ERROR)
    staged = run(filled, "staging", "list", "--status", "failed", "--json").expect(0).lines
    assert [item["item_id"] for item in staged] == [item["item_id"] for item in listed]
    assert "broken JSON" in run(filled, "dlq", "list").expect(0).stdout


def test_one_is_shown_with_its_error_and_the_head_of_its_payload(filled: Path) -> None:
    item = letters(filled)["hostile.json"]
    # What a terminal would obey and what a password says stay inside: `run` refuses control characters.
    shown = run(filled, "dlq", "show", item["item_id"]).expect(0).stdout
    assert "\\x1b[2J SHIP-1" in shown
    assert "hunter2" not in shown
    for line in ("attempts:  1", "stage:     read", "error:     bad_json: broken JSON at line 1", "source:    json"):
        assert line in shown
    [result] = run(filled, "dlq", "show", item["item_id"][:12], "--json").expect(0).lines
    has_shape(result, shapes.ITEM)
    assert result["payload"]["truncated"] is False
    assert "\x1b[2J SHIP-1" in result["payload"]["excerpt"]
    assert "hunter2" not in result["payload"]["excerpt"]
    latin = run(filled, "dlq", "show", "latin", "--json").expect(0).lines[0]
    assert "M\\xfcnchen" in latin["payload"]["excerpt"]


def test_a_long_payload_is_cut(home: Path) -> None:
    file = home.parent / "long.json"
    file.write_text('{"id": 1, "text": "' + "long " * 2_000)
    run(home, "ingest", file, "-q").expect(3)
    [result] = run(home, "dlq", "show", "long", "--json").expect(0).lines
    assert result["payload"]["truncated"] is True
    assert len(result["payload"]["excerpt"]) <= 2_000
    assert "the first 2.0 KiB of 9.8 KiB" in run(home, "dlq", "show", "long").expect(0).stdout


def test_an_id_may_be_cut_short_while_it_means_one(filled: Path) -> None:
    ids = sorted(item["item_id"] for item in letters(filled).values())
    assert run(filled, "dlq", "show", "nothing").expect(2).stderr.count("hint:") == 1
    run(filled, "dlq", "drop", ids[0][:8], "no-such-item", "--yes").expect(2)
    assert len(letters(filled)) == 2
    drop = filled.parent / "more"
    drop.mkdir()
    (drop / "hostile.json").write_bytes(HOSTILE)
    run(filled, "ingest", drop, "-q").expect(3)
    refused = run(filled, "dlq", "show", "hostile", "--json").expect(2)
    assert [line["code"] for line in refused.of("error")] == ["ambiguous"]


def test_retry_takes_up_those_that_are_named_or_all(filled: Path) -> None:
    assert "--all" in run(filled, "dlq", "retry").expect(2).stderr
    run(filled, "dlq", "retry", "hostile", "--all").expect(2)
    assert run(filled, "dlq", "retry", "latin", "--json").expect(3).summary["failed"] == 1
    attempts = {name: item["attempts"] for name, item in letters(filled).items()}
    assert attempts == {"hostile.json": 1, "latin.json": 2}
    assert run(filled, "dlq", "retry", "--all", "--json").expect(3).summary["failed"] == 2
    attempts = {name: item["attempts"] for name, item in letters(filled).items()}
    assert attempts == {"hostile.json": 2, "latin.json": 3}


def test_what_a_store_refused_is_committed_by_a_retry(home: Path) -> None:
    file = home.parent / "one.json"
    file.write_text(json.dumps(shipment(7)))
    run(home, "ingest", file, "-q", env={"APEX_FAULT": "vectors.prepare.before:error"}).expect(3)
    item = letters(home)["one.json"]
    assert (item["error"]["stage"], item["error"]["code"]) == ("commit", "store_transient")
    assert run(home, "dlq", "retry", item["item_id"], "--json").expect(0).summary["committed"] == 1
    assert letters(home) == {}
    assert verified(home) == 1


def test_drop_removes_for_good_and_never_unasked(filled: Path) -> None:
    assert "--yes" in run(filled, "dlq", "drop", "--all").expect(2).stderr
    run(filled, "dlq", "drop").expect(2)
    assert len(letters(filled)) == 2
    dropped = run(filled, "dlq", "drop", "latin", "--yes", "--json").expect(0)
    [gone] = dropped.of("item")
    assert gone["origin"].endswith("latin.json")
    assert (dropped.summary["removed"], dropped.summary["left"]) == (1, 0)
    assert set(letters(filled)) == {"hostile.json"}
    assert run(filled, "dlq", "drop", "--all", "--yes", "-q").expect(0).stdout == ""
    assert letters(filled) == {}
    assert not list((filled / "staging").glob("*/*"))
    assert verified(filled) == 1
