"""From a command line to an exit code, where it needs no stores."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer

from apex_cli import __version__
from apex_cli.cli.main import main
from apex_cli.cli.options import check_source, duration, moment, source
from apex_cli.faults import POINTS
from apex_cli.sources import registry

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APEX_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def test_the_version(capsys: Captured) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"apex {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "usage"),
    [
        ([], "apex"),
        (["help"], "apex"),
        (["help", "search"], "apex search"),
        (["help", "staging", "clean"], "apex staging clean"),
    ],
)
def test_the_help_is_shown_without_a_verb_and_by_help(arguments: list[str], usage: str, capsys: Captured) -> None:
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"Usage: {usage} [OPTIONS]")
    assert err == ""


def test_help_of_an_unknown_verb_is_a_usage_error(capsys: Captured) -> None:
    assert main(["help", "nope"]) == 2
    assert "No such command 'nope'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nope"], "No such command 'nope'"),
        (["ingets"], "Did you mean 'ingest'"),
        (["ingest"], "Missing argument 'PATH'"),
        (["ingest", "x", "--bogus"], "No such option: --bogus"),
        (["ingest", "x", "--limit", "0"], "--limit"),
        (["ingest", "x", "--concurrency", "many"], "--concurrency"),
        (["ingest", "x", "--min-age", "3 weeks"], "'3 weeks' is not a duration such as 30s, 5m, 24h or 7d"),
        (["ingest", "x", "--source", "excel"], "'excel' is not one of"),
        (["facts", "x", "--at", "yesterday"], "'yesterday' is not a time such as"),
        (["search", "  "], "is empty"),
        (["search", "x", "--limit", "100000"], "--limit"),
        (["staging"], "Missing command"),
        (["staging", "clean", "--status", "busy"], "'busy' is not one of"),
        (["get", "x\x1b[2J\0"], "is empty or holds a NUL"),
    ],
)
def test_a_bad_command_line_is_a_usage_error_with_a_way_out(arguments: list[str], words: str, capsys: Captured) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert "--help` shows how it is used" in err
    assert "Traceback" not in err


def test_a_hostile_argument_does_not_reach_the_terminal(capsys: Captured) -> None:
    assert main(["\x1b]0;owned\x07"]) == 2
    assert "\x1b" not in capsys.readouterr().err


def test_a_model_without_a_key_is_refused_before_anything_is_touched(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "note.txt").write_text("Load SHIP-2025-10-19-002 is late.")
    assert main(["ingest", "note.txt", "--extractor", "llm", "--json"]) == 10
    out, err = capsys.readouterr()
    assert json.loads(out)["code"] == "config"
    assert "OPENAI_API_KEY is not set" in err
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_a_bad_setting_stops_every_verb_with_ten(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setenv("APEX_POSTGRES_URL", "mysql://u:secret@db/x")
    assert main(["staging", "list"]) == 10
    assert main(["doctor"]) == 10
    assert "secret" not in capsys.readouterr().err


def test_the_fault_points_are_listed(capsys: Captured) -> None:
    assert main(["debug", "fault-points"]) == 0
    assert capsys.readouterr().out.split() == list(POINTS)
    assert main(["debug", "fault-points", "--json"]) == 0
    assert [json.loads(line)["point"] for line in capsys.readouterr().out.splitlines()] == list(POINTS)


def test_the_sources_of_the_options_are_those_of_the_registry(capsys: Captured) -> None:
    assert main(["ingest", "--help"]) == 0
    assert "|".join(("auto", *registry.names())) in capsys.readouterr().out.replace("\n", "").replace(" ", "")
    for name in ("auto", *registry.names()):
        assert source(name) == name
        check_source(name)
    for unknown in ("carrier pigeon", "", "AUTO"):
        with pytest.raises(typer.BadParameter):
            source(unknown)
    with pytest.raises(typer.BadParameter, match=r"'tuvro' is not one of .*; did you mean turvo"):
        check_source("tuvro")


def test_times_and_durations_of_options() -> None:
    assert duration("5m") == 300.0
    assert moment("2025-10-19") == datetime(2025, 10, 19, tzinfo=UTC)
    assert moment("2025-10-19T15:00:00") == datetime(2025, 10, 19, 15, tzinfo=UTC)
    assert moment("2025-10-19T15:00:00Z") == datetime(2025, 10, 19, 15, tzinfo=UTC)
    assert moment("2025-10-19T15:00:00+02:00") == datetime(2025, 10, 19, 13, tzinfo=UTC)
    for bad in ("", "0001-01-01T00:00:00+23:00", "19.10.2025", "2025-13-01"):
        with pytest.raises(typer.BadParameter):
            moment(bad)
