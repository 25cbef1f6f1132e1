"""A folder as a freight desk has it: much that is read, some that is not, some that is broken."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest

from tests.acceptance.apex import run
from tests.acceptance.seeds import shipment

pytestmark = pytest.mark.embedded


@pytest.fixture
def drop(home: Path) -> Path:
    folder = home.parent / "drop"
    (folder / "old").mkdir(parents=True)
    (folder / "load.json").write_text(json.dumps(shipment(1)))
    (folder / "old" / "load.json").write_text(json.dumps(shipment(2)))
    for name in ("a.heic", "b.heic", "plan.dwg", "core"):
        (folder / name).write_bytes(b"\0\1\2" * 100)
    with zipfile.ZipFile(folder / "packed.zip", "w") as archive:
        archive.writestr("north/load.json", json.dumps(shipment(3)))
        archive.writestr("photo.heic", b"\0\1\2")
    return folder


def test_what_is_not_read_is_skipped_and_counted_in_one_line(home: Path, drop: Path) -> None:
    result = run(home, "ingest", drop).expect(0)
    assert "skipped 5: .heic 3, no extension 1, .dwg 1" in result.stdout
    assert "3 committed" in result.stdout
    summary = run(home, "ingest", drop, "--json").expect(0).summary
    assert (summary["unchanged"], summary["skipped"]) == (3, 5)
    assert summary["unsupported"] == {".heic": 3, "no extension": 1, ".dwg": 1}
    assert run(home, "verify").expect(0)


def test_nothing_that_is_not_read_is_copied_into_staging(home: Path, drop: Path) -> None:
    run(home, "ingest", drop, "--limit", "1").expect(0)
    run(home, "ingest", drop / "a.heic").expect(3)
    assert [path for path in (home / "staging").rglob("*") if path.is_file()] == []


def test_a_dry_run_says_the_same(home: Path, drop: Path) -> None:
    assert "skipped 5: .heic 3, no extension 1, .dwg 1" in run(home, "ingest", drop, "--dry-run").expect(0).stdout


def test_include_and_exclude(home: Path, drop: Path) -> None:
    assert (
        run(home, "ingest", drop, "--include", "*.json", "--exclude", "old/", "--json").expect(0).summary["records"]
        == 1
    )
    (drop / ".apexignore").write_text("*.zip\n*.heic\n*.dwg\ncore\n")
    assert run(home, "ingest", drop, "--json").expect(0).summary["records"] == 2


def test_quiet_reports_a_failure_once(home: Path, drop: Path) -> None:
    (drop / "broken.json").write_text("{")
    (drop / "rows.jsonl").write_text(json.dumps(shipment(4)) + '\n{"shipmentId":\n')
    first = run(home, "ingest", drop, "-q").expect(3)
    assert len(first.stderr.splitlines()) == 2
    again = run(home, "ingest", drop, "-q").expect(3)
    assert (again.stdout, again.stderr) == ("", "")
    loud = run(home, "ingest", drop).expect(3)
    assert loud.stdout.count("(as in an earlier run)") == 2
    # Another error, or other bytes, is news.
    (drop / "broken.json").write_text("{]")
    changed = run(home, "ingest", drop, "-q").expect(3)
    assert "broken.json" in changed.stderr
    assert "rows.jsonl" not in changed.stderr


def test_quiet_reports_once_what_may_not_be_staged(home: Path, drop: Path) -> None:
    """A link out of the folder, a pipe: no copy of them is kept, and still they are no news in the second run."""
    os.mkfifo(drop / "pipe.json")
    (drop / "away.json").symlink_to("/etc/hostname")
    first = run(home, "ingest", drop, "-q").expect(3)
    assert len(first.stderr.splitlines()) == 2
    again = run(home, "ingest", drop, "-q").expect(3)
    assert (again.stdout, again.stderr) == ("", "")
    assert run(home, "ingest", drop, "--json").expect(3).summary["repeated"] == 2
    # A run of another folder does not look at them; once they are gone they are news again.
    run(home, "ingest", drop / "old", "-q").expect(0)
    assert run(home, "ingest", drop, "-q").expect(3).stderr == ""
    (drop / "pipe.json").unlink()
    run(home, "ingest", drop, "-q").expect(3)
    os.mkfifo(drop / "pipe.json")
    news = run(home, "ingest", drop, "-q").expect(3).stderr
    assert "pipe.json" in news
    assert "away.json" not in news


def test_files_of_systems_and_programs_are_passed_over(home: Path, drop: Path) -> None:
    for name in ("~$rates.docx", "Thumbs.db", "desktop.ini", ".DS_Store"):
        (drop / name).write_bytes(b"\5Ann\0\0")
    result = run(home, "ingest", drop, "--json").expect(0)
    assert result.summary["unsupported"] == {".heic": 3, "no extension": 1, ".dwg": 1}


def test_failures_are_grouped_by_reason(home: Path, drop: Path) -> None:
    for number in range(5):
        (drop / f"empty{number}.json").write_text("")
    text = run(home, "ingest", drop).expect(3).stdout
    assert "  5 x empty_file\n" in text
    assert "    and 2 more\n" in text
