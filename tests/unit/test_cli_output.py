"""Data on stdout, words on stderr, readers that leave early."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import cast

import pytest

from apex_cli.cli.output import Output, as_of
from apex_cli.cli.tables import Column
from apex_cli.extract.timestamps import rfc3339
from apex_cli.stores.postgres.catalog import CurrentVersion
from apex_cli.units import format_duration, format_size

Captured = pytest.CaptureFixture[str]


def test_times_are_utc_with_a_z() -> None:
    east = timezone(timedelta(hours=2))
    assert rfc3339(datetime(2025, 10, 19, 16, 30, tzinfo=east)) == "2025-10-19T14:30:00Z"
    assert rfc3339(datetime(2025, 10, 19, 14, 30, 0, 250000, tzinfo=UTC)) == "2025-10-19T14:30:00.250000Z"


@pytest.mark.parametrize(
    ("days", "dated", "shown"),
    [(0, False, " (when it was staged)"), (3, False, " (the date in its id)"), (3, True, ""), (0, True, "")],
)
def test_what_dates_a_version(days: int, dated: bool, shown: str) -> None:
    when = datetime(2025, 10, 19, tzinfo=UTC)
    version = SimpleNamespace(event_time=when, observed_at=when + timedelta(days=days), dated=dated)
    assert as_of(cast("CurrentVersion", version)) == f"2025-10-19T00:00:00Z{shown}"


def test_json_is_one_ascii_line_with_times_in_utc(capsys: Captured) -> None:
    when = datetime(2025, 10, 19, tzinfo=UTC)
    Output().object({"type": "x", "at": when, "ids": frozenset({"b", "a"}), "text": "\x1b\n\u202eé"})
    out = capsys.readouterr().out
    assert out.isascii()
    assert out.count("\n") == 1
    assert json.loads(out) == {
        "type": "x",
        "at": "2025-10-19T00:00:00Z",
        "ids": ["a", "b"],
        "text": "\x1b\n\u202eé",
    }


def test_a_table_that_goes_to_no_terminal_is_neither_cut_nor_styled_nor_marked_up(capsys: Captured) -> None:
    Output().table((Column("A"), Column("B", 1, least=16)), [("[red]x[/red]", "y" * 300), (":smile:\x1b[m", "z")])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["A", "B"]
    assert lines[1].split() == ["[red]x[/red]", "y" * 300]
    assert lines[2].split() == [":smile:\\x1b[m", "z"]
    assert all(line == line.rstrip() for line in lines)


def test_times_are_whole_where_no_person_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    when = datetime(2025, 10, 19, 14, 23, 5, tzinfo=UTC)
    assert [Output().time(when), Output(utc=True).time(when), Output().time(None)] == [rfc3339(when)] * 2 + [""]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TZ", "America/Chicago")
    time.tzset()
    try:
        shown = [Output().time(when), Output(utc=True).time(when), Output(iso=True).time(when)]
        assert shown == ["2025-10-19 09:23", "2025-10-19 14:23Z", "2025-10-19T14:23:05Z"]
        # Chicago's clocks have no time for the first moment of the calendar.
        assert Output().time(datetime.min.replace(tzinfo=UTC)) == "0001-01-01 00:00Z"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_reader_that_leaves_early_ends_nothing() -> None:
    program = (
        "from apex_cli.cli.output import Output\n"
        "output = Output()\n"
        "for number in range(20000): output.line(str(number))\n"
        "output.flush()\n"
        "output.note('still here')\n"
    )
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-c", program], stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert done.returncode == 0
    assert done.stderr == b"still here\n"


def test_sizes_and_ages_for_people() -> None:
    assert [format_size(0), format_size(1023), format_size(1536), format_size(10 * 1024**3)] == [
        "0 B",
        "1023 B",
        "1.5 KiB",
        "10.0 GiB",
    ]
    assert [
        format_duration(-1),
        format_duration(59),
        format_duration(60),
        format_duration(7300),
        format_duration(200_000),
    ] == ["0s", "59s", "1m", "2h", "2d"]
