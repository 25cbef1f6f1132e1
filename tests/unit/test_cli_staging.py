"""`apex staging` and `apex dlq` on a real staging directory."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from apex_cli.cli.main import main
from apex_cli.staging import ItemFailure, ItemStatus, StagingDirectory, files

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def area(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StagingDirectory:
    """An area with one failed input and one that waits."""
    monkeypatch.setenv("APEX_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    staging = StagingDirectory(tmp_path / "home" / "staging", max_bytes=1024**2)
    staging.open()
    for name in ("bad.json", "good.json"):
        (tmp_path / name).write_text('{"id": 1}')
        item = staging.add(tmp_path / name, source="json", forced_source=None, consume=False)
        assert staging.claim(item)
        if name == "bad.json":
            failure = ItemFailure(
                "unreadable",
                "broken \x1b[2J redis://u:secret@h",
                "correct it",
                "read",
                False,
                datetime.now(UTC),
                "bad:1",
            )
            staging.fail(item, failure)
        else:
            staging.release(item)
    return staging


def objects(captured: Captured) -> list[dict[str, Any]]:
    return [json.loads(line) for line in captured.readouterr().out.splitlines()]


def test_the_list_for_machines(area: StagingDirectory, capsys: Captured) -> None:
    assert main(["staging", "list", "--json"]) == 0
    first, second = objects(capsys)
    assert (first["type"], first["name"], first["status"], first["attempts"]) == ("item", "bad.json", "failed", 1)
    assert (first["source"], first["bytes"]) == ("json", 9)
    assert first["age_seconds"] >= 0
    assert first["error"]["code"] == "unreadable"
    assert first["error"]["message"] == "broken \x1b[2J redis://***@h"
    assert (second["name"], second["status"], second["error"]) == ("good.json", "staged", None)


def test_the_list_for_people_is_harmless(area: StagingDirectory, capsys: Captured) -> None:
    assert main(["staging", "list", "--status", "failed"]) == 0
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.split() == ["ITEM", "STATUS", "SIZE", "TRIES", "AGE", "STAGED", "ERROR"]
    assert "broken \\x1b[2J redis://***@h" in row


def test_stats(area: StagingDirectory, capsys: Captured) -> None:
    assert main(["staging", "stats", "--json"]) == 0
    (found,) = objects(capsys)
    assert found["type"] == "stats"
    assert (found["total"]["count"], found["total"]["bytes"], found["used"]) == (2, 18, 18)
    assert found["failed_in"]["read"]["count"] == 1
    assert found["by_status"]["failed"]["count"] == 1
    assert found["oldest"].endswith("Z")
    assert main(["staging", "stats"]) == 0
    assert "from json" in capsys.readouterr().out


def test_clean_asks_and_refuses_when_no_one_can_answer(area: StagingDirectory, capsys: Captured) -> None:
    assert main(["staging", "clean", "--older-than", "0s"]) == 2
    assert "hint: add --yes or --dry-run" in capsys.readouterr().err
    assert len(list(area.items())) == 2


def test_a_dry_clean_removes_nothing(area: StagingDirectory, capsys: Captured) -> None:
    assert main(["staging", "clean", "--older-than", "0s", "--dry-run", "--json"]) == 0
    assert objects(capsys)[-1] == {"type": "summary", "removed": 1, "bytes": 9, "dry_run": True}
    assert len(list(area.items())) == 2


def test_clean_keeps_what_is_young_what_waits_and_what_is_in_use(area: StagingDirectory) -> None:
    assert main(["staging", "clean", "--yes", "-q"]) == 0
    assert len(list(area.items())) == 2
    assert main(["staging", "clean", "--yes", "-q", "--older-than", "0s"]) == 0
    (waiting,) = area.items()
    assert waiting.name == "good.json"
    assert area.claim(waiting)
    assert main(["staging", "clean", "--yes", "-q", "--older-than", "0s", "--status", "all"]) == 0
    assert len(list(area.items())) == 1
    area.release(waiting)
    assert main(["staging", "clean", "--yes", "-q", "--older-than", "0s", "--status", "all"]) == 0
    assert list(area.items()) == []


def test_retry_of_what_did_not_fail_is_a_usage_error(area: StagingDirectory, capsys: Captured) -> None:
    waiting = next(item for item in area.items() if item.name == "good.json")
    assert main(["staging", "retry", waiting.item_id, "nothing"]) == 2
    assert "no failed item" in capsys.readouterr().err
    assert {item.status for item in area.items()} == {"failed", "staged"}


def test_what_is_in_use_is_left_and_said(area: StagingDirectory, capsys: Captured) -> None:
    (bad,) = (item for item in area.items() if item.status is ItemStatus.FAILED)
    used = files.lock_folder(bad.path)
    assert used is not None
    assert main(["dlq", "drop", "--all", "--yes", "--json"]) == 3
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {"type": "summary", "removed": 0, "bytes": 0, "dry_run": False, "left": 1}
    assert f"in use and left: {bad.item_id}" in shown.err
    used.release()
    assert main(["dlq", "drop", bad.item_id[:-3], "--yes"]) == 0
    assert [item.name for item in area.items()] == ["good.json"]


def test_dropping_asks_and_refuses_when_no_one_can_answer(area: StagingDirectory, capsys: Captured) -> None:
    assert main(["dlq", "drop", "--all"]) == 2
    assert "hint: add --yes" in capsys.readouterr().err
    assert main(["dlq", "drop", "bad", "--all", "--yes"]) == 2
    assert main(["dlq", "drop", "--yes"]) == 2
    assert len(list(area.items())) == 2


def test_only_failed_items_are_dead_letters(area: StagingDirectory, capsys: Captured) -> None:
    assert main(["dlq", "list", "--json"]) == 0
    assert [line["name"] for line in objects(capsys)] == ["bad.json"]
    waiting = next(item for item in area.items() if item.name == "good.json")
    assert main(["dlq", "show", waiting.item_id]) == 2
    assert "no failed item" in capsys.readouterr().err
