"""`apex ingest --explain`: what it says of single records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from apex_cli.cli.main import main

READING = {
    "id": "281474",
    "name": "TRUCK-1",
    "gps": {"latitude": 41.2, "longitude": -95.9, "time": "2026-03-04T09:00:00Z"},
}
REPLY = {
    "message_id": "M-1",
    "sender": "ana@bluestem.example",
    "sent_at": "2026-03-04T10:00:00Z",
    "subject": "RE: load",
    "body": "Yes.\n\nOn Wed, Mar 4, 2026 at 8:00 AM Hub <hub@northyard.example> wrote:\n> load 9001?\n>\n> Hub",
}


class Explained:
    """What is said to people of some records, and the JSON line of the first."""

    def __init__(self, capsys: pytest.CaptureFixture[str], tmp_path: Path, *records: dict[str, Any]) -> None:
        file = tmp_path / "in.json"
        file.write_text(json.dumps(records))
        arguments = ["ingest", "--explain", str(file), "--home", str(tmp_path / "home")]
        assert main(arguments) == 0
        self.shown = capsys.readouterr().out
        assert main([*arguments, "--json"]) == 0
        self.line: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[0])


def test_a_vehicle_that_is_inside_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = Explained(capsys, tmp_path, READING)
    assert "TRUCK-1 INSIDE_GEOFENCE nothing since 2026-03-04T09:00:00Z" in found.shown
    assert ("INSIDE_GEOFENCE", None) in [(fact["predicate"], fact["object"]) for fact in found.line["facts"]]


@pytest.mark.parametrize(("subject", "count"), [("RE: load", 4), ("FW: load", 0)])
def test_quoted_lines_are_counted(subject: str, count: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = Explained(capsys, tmp_path, {**REPLY, "subject": subject})
    assert found.line["quoted_lines"] == count
    assert (f"{count} lines of earlier mail are no part of its text" in found.shown) is bool(count)
