"""Errors become exit codes and words in one place."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import typer

from apex_cli.cli.loop import Interrupted
from apex_cli.cli.main import exit_code
from apex_cli.cli.output import Output
from apex_cli.errors import ApexError, ConfigError, Locked, ReadError, StoreTransient, StoreUnavailable, UsageError

Captured = pytest.CaptureFixture[str]


def raising(error: BaseException) -> Callable[[], None]:
    def action() -> None:
        raise error

    return action


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), 2),
        (ReadError("x"), 3),
        (StoreTransient("graph", "x"), 3),
        (ConfigError("x"), 10),
        (StoreUnavailable("x"), 10),
        (Locked("x"), 11),
        (Interrupted(2), 130),
        (Interrupted(15), 143),
        (KeyboardInterrupt(), 130),
        (typer.Exit(7), 7),
        (typer.BadParameter("x"), 2),
        (BrokenPipeError(), 0),
        (ZeroDivisionError("x"), 1),
        (ExceptionGroup("group", [ExceptionGroup("inner", [Locked("x")])]), 11),
    ],
)
def test_every_error_has_its_exit_code(error: BaseException, code: int) -> None:
    assert exit_code(Output(), raising(error)) == code


def test_a_run_without_error_ends_with_zero(capsys: Captured) -> None:
    assert exit_code(Output(), lambda: None) == 0
    assert capsys.readouterr() == ("", "")


def test_message_and_hint_go_to_stderr_clean_and_masked(capsys: Captured) -> None:
    error = ConfigError("bad \x1b[2J url redis://u:secret@h", hint="set [bold]APEX_HOME[/bold]")
    exit_code(Output(), raising(error))
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "error: bad \\x1b[2J url redis://***@h\nhint: set [bold]APEX_HOME[/bold]\n"


def test_with_json_the_error_is_an_object_on_stdout_too(capsys: Captured) -> None:
    exit_code(Output(json=True), raising(Locked("held \x1b by pid 4", hint="wait")))
    out, err = capsys.readouterr()
    assert json.loads(out) == {
        "type": "error",
        "code": "locked",
        "message": "held \x1b by pid 4",
        "hint": "wait",
        "exit_code": 11,
    }
    assert "\x1b" not in out
    assert err.startswith("error: held \\x1b")


def test_a_bug_shows_no_traceback_unless_asked(capsys: Captured) -> None:
    exit_code(Output(), raising(KeyError("password=hunter2")))
    quiet = capsys.readouterr().err
    assert "this is a bug in apex: KeyError" in quiet
    assert "Traceback" not in quiet
    exit_code(Output(verbose=True), raising(KeyError("password=hunter2")))
    loud = capsys.readouterr().err
    assert "Traceback (most recent call last)" in loud
    assert "test_cli_errors.py" in loud
    assert "hunter2" not in quiet + loud


def test_several_errors_at_once_are_a_bug_of_ours(capsys: Captured) -> None:
    assert exit_code(Output(), raising(ExceptionGroup("two", [ApexError("a"), ApexError("b")]))) == 1
    assert "two (2 sub-exceptions)" in capsys.readouterr().err
