"""What a terminal shows while an ingest works, and that it leaves nothing behind but the summary."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.acceptance.apex import write_lines
from tests.acceptance.terminal import written
from tests.generate import records

pytestmark = pytest.mark.any_engine
COLUMNS = 80
FRAME = re.compile(r"ingesting  [━╸╺ ]+(\d+)%  ([\d.]+ K?i?B) of ([\d.]+ KiB)  (\d) of 4 files")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def test_a_terminal_shows_how_much_is_done_of_how_much(home: Path) -> None:
    drop = home.parent / "drop"
    drop.mkdir()
    lines = list(records(1600))
    for number in range(4):
        write_lines(drop / f"part-{number}.jsonl", lines[number * 400 : (number + 1) * 400])
    code, text = written(home, "ingest", "drop", columns=COLUMNS)
    assert code == 0
    shown = [ESCAPES.sub("", line) for line in re.split(r"[\r\n]+", text)]
    assert all(len(line) <= COLUMNS for line in shown if line.startswith(("ingesting", "0:", "read")))
    frames = [found for line in shown if (found := FRAME.search(line))]
    shares = [int(found[1]) for found in frames]
    assert shares == sorted(shares)
    assert shares[-1] > 0
    total = sum(file.stat().st_size for file in drop.iterdir())
    assert {found[3] for found in frames} == {f"{total / 1024:.1f} KiB"}
    assert any(line.startswith("0:") and "part-" in line for line in shown)
    assert "read 1,600  extracted 1,600  committed 1,600" in shown
    # The moving lines are gone at the end: what stays is the summary.
    last = text[text.rindex("\x1b[2K") :]
    assert "1,600 committed" in last
    assert "ingesting" not in last
