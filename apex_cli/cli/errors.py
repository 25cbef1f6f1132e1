"""Turns errors into messages and exit codes."""

from __future__ import annotations

import signal
import traceback
from collections.abc import Callable

import typer

from apex_cli.cli.output import Output
from apex_cli.cli.text import clean_lines, redact
from apex_cli.errors import ApexError, unwrap_single_exception
from apex_cli.exit_codes import ExitCode, of_signal


class Interrupted(Exception):
    """The work was cancelled by a signal and has cleaned up. `exit_code` is 128 + the signal's number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(number).name}")
        self.exit_code = of_signal(number)


def exit_code(output: Output, action: Callable[[], None]) -> int:
    """Run `action`; report its error, if any, on `output`, and return the exit code.

    With `--json` an error of ours is the last line on stdout, too: `{"type": "error", "code", "message", "hint",
    "exit_code"}`. An error of the command line itself is on stderr alone.
    """
    try:
        try:
            action()
        finally:
            output.flush()
    except typer.Exit as end:
        return end.exit_code
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        verb = context.command_path if context is not None else "apex"
        output.problem(error.format_message(), f"`{verb} --help` shows how it is used")
        return error.exit_code
    except KeyboardInterrupt:
        output.problem("interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        return 0
    except Exception as error:  # noqa: BLE001
        return _report(output, unwrap_single_exception(error))
    return 0


def _report(output: Output, error: BaseException) -> int:
    if isinstance(error, ApexError):
        return _write(output, error.code, error.message, error.hint, error.exit_code)
    if isinstance(error, Interrupted):
        return _write(output, "interrupted", str(error), None, error.exit_code)
    if output.verbose:
        output.note(clean_lines(redact("".join(traceback.format_exception(error)))))
    hint = "please report it; with -v the same command shows where it happened"
    message = f"this is a bug in apex: {type(error).__name__}: {str(error)[:1000]}"
    return _write(output, "bug", message, hint, ExitCode.BUG)


def _write(output: Output, code: str, message: str, hint: str | None, status: int) -> int:
    output.problem(message, hint)
    if output.json:
        line = {"type": "error", "code": code, "message": redact(message), "hint": redact(hint) if hint else None}
        output.object({**line, "exit_code": status})
    return status
