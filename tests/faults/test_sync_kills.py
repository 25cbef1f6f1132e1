"""SIGKILL during `apex ingest --sync`: what is there is never forgotten, and the next run forgets what is gone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.acceptance.apex import Line, killed, run, verified
from tests.faults.points import SAGA_POINTS, chosen

ALWAYS = ("graph.commit.after", "journal.done.after")
TAKING = ("journal.prepare.before:kill:2", "graph.commit.after:kill:2", "staging.remove.before:kill")
SYNC = ("--sync", "--max-forget", "8")


@pytest.fixture
def folder(home: Path) -> Path:
    place = home.parent / "drop"
    place.mkdir()
    for name in "abc":
        _rows(place, name, range(4))
    return place


def _rows(folder: Path, name: str, numbers: Sequence[int]) -> None:
    rows = [{"id": f"{name}-{number}", "name": f"Carrier {name} {number} Lines"} for number in numbers]
    (folder / f"{name}.json").write_text(json.dumps(rows))


def _synced(home: Path, folder: Path) -> Line:
    """The summary of a run that is not killed. Afterwards the memory is as the folder."""
    summary = run(home, "ingest", folder, *SYNC, "--json").expect(0).summary
    rows = sum(len(json.loads(file.read_text())) for file in folder.glob("*.json"))
    assert verified(home) == rows
    return summary


@pytest.mark.parametrize("point", chosen(SAGA_POINTS, ALWAYS))
def test_killed_while_forgetting(home: Path, folder: Path, point: str) -> None:
    _synced(home, folder)
    _rows(folder, "a", [0, 1, 2])
    (folder / "b.json").unlink()
    killed(home, f"{point}:kill", "ingest", folder, *SYNC, "--batch-size", "4", "-q")
    summary = _synced(home, folder)
    assert (summary["unchanged"], summary["failed"]) == (7, 0)
    # What was forgotten is taken again, whoever finished the attempt.
    _rows(folder, "a", range(4))
    _rows(folder, "b", range(4))
    assert _synced(home, folder)["committed"] == 5


@pytest.mark.parametrize("fault", TAKING)
def test_killed_while_taking(home: Path, folder: Path, fault: str) -> None:
    killed(home, fault, "ingest", folder, *SYNC, "--batch-size", "4", "-q")
    # What is gone before the next run was taken, noted only, or neither: it is not there in any case.
    (folder / "a.json").unlink()
    _rows(folder, "b", [0, 3])
    _synced(home, folder)
    assert _synced(home, folder)["unchanged"] == 6


@pytest.mark.parametrize("fault", ["journal.prepare.before:kill:1", "staging.remove.after:kill:1"])
def test_killed_before_it_has_seen_the_rest(home: Path, folder: Path, fault: str) -> None:
    """A run that ends early has not looked at everything, and the next one counts nothing as missing for that."""
    _synced(home, folder)
    for name in "abc":
        (folder / f"new {name}.json").write_text(json.dumps([{"id": f"new-{name}", "name": f"Shipper {name} Foods"}]))
    killed(home, fault, "ingest", folder, *SYNC, "--batch-size", "4", "-q")
    summary = _synced(home, folder)
    assert (summary["forgotten"], summary["sync"]["gone"], summary["failed"]) == (0, 0, 0)
