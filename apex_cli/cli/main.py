"""`apex`: the verbs, and how a command line becomes an exit code."""

from __future__ import annotations

import gc
import io
import logging
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from apex_cli import __version__
from apex_cli.cli.commands import debug, dlq, runs, staging
from apex_cli.cli.commands.config import config
from apex_cli.cli.commands.doctor import doctor
from apex_cli.cli.commands.entities import entities
from apex_cli.cli.commands.export import export
from apex_cli.cli.commands.facts import facts
from apex_cli.cli.commands.forget import forget
from apex_cli.cli.commands.get import get
from apex_cli.cli.commands.history import history
from apex_cli.cli.commands.ingest import ingest
from apex_cli.cli.commands.ls import ls
from apex_cli.cli.commands.mcp import mcp
from apex_cli.cli.commands.metrics import metrics
from apex_cli.cli.commands.recover import recover
from apex_cli.cli.commands.reembed import reembed
from apex_cli.cli.commands.report import report
from apex_cli.cli.commands.search import search
from apex_cli.cli.commands.show import show
from apex_cli.cli.commands.sources import sources
from apex_cli.cli.commands.status import status
from apex_cli.cli.commands.verify import verify
from apex_cli.cli.commands.watch import watch
from apex_cli.cli.loop import Interrupted
from apex_cli.cli.options import NoColour
from apex_cli.cli.output import Output, clean, clean_lines, redact
from apex_cli.cli.verb import group
from apex_cli.errors import ApexError, unwrap_single_exception
from apex_cli.exit_codes import ExitCode

_COLLECT_AFTER = 50_000
_COMPLETE = "_APEX_COMPLETE"
"""Set by the scripts of `--install-completion`: the shell asks what could come next on a command line."""


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"apex {__version__}")
        raise typer.Exit


def _apex(
    ctx: typer.Context,
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    no_color: NoColour = False,
) -> None:
    """A batch ingester for freight memory that never leaves half a record behind.

    `apex help VERB`, or VERB --help, shows its options, examples and exit codes. Settings: flags, then environment
    (APEX_…), then .env and apex.toml in the working directory.
    """
    output: Output = ctx.obj
    output.colour = not no_color
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


def build() -> typer.Typer:
    """The whole command line."""
    # Plain help: it takes a third of the time of Rich's panels, and payload-like text in it is never markup.
    app = typer.Typer(
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    )
    app.callback(invoke_without_command=True)(_apex)
    ingest.add_to(app)
    watch.add_to(app)
    items = (staging.list_, staging.stats, staging.clean, staging.retry)
    app.add_typer(group("Show, retry and remove staged items.", *items), name="staging")
    dead_letters = (dlq.list_, dlq.show, dlq.retry, dlq.drop)
    app.add_typer(group("Show, retry and remove failed items.", *dead_letters), name="dlq")
    asking = (status, ls, entities, sources, get, history, search, facts, show, report)
    for verb in (*asking, forget, verify, recover, reembed, export):
        verb.add_to(app)
    app.add_typer(runs.group(), name="runs")
    for verb in (mcp, metrics, doctor, config):
        verb.add_to(app)
    app.add_typer(group("What tests and developers need.", debug.fault_points), name="debug", hidden=True)
    return app


def main(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code. Raises nothing; shows a traceback only with `--verbose`."""
    output = Output()
    notes = _Notes(output)
    if arguments and arguments[0] == "help":
        arguments = [*arguments[1:], "--help"]

    def action() -> None:
        # Typer's own main() would turn a broken pipe into exit 1 and print errors its own way: only completion uses it.
        command = typer.main.get_command(build())
        try:
            if _COMPLETE in os.environ:
                command.main(prog_name="apex", complete_var=_COMPLETE)
            with command.make_context("apex", list(arguments), obj=output) as context:
                command.invoke(context)
        except SystemExit as end:
            # Typer's completion ends the process itself. Its exit code 1 means an unknown shell, not a bug.
            raise typer.Exit(2 if end.code else 0) from end

    log = logging.getLogger("apex_cli")
    log.addHandler(notes)
    try:
        return exit_code(output, action)
    finally:
        log.removeHandler(notes)


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


class _Notes(logging.Handler):
    """Shows on stderr what the program logs about itself, such as an upgrade of the home."""

    def __init__(self, output: Output) -> None:
        super().__init__(logging.WARNING)
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        if not self._output.quiet:
            self._output.note(clean(record.getMessage()))


def run() -> None:
    """The installed command."""
    # To load modules makes many containers, and all of them stay.
    gc.set_threshold(_COLLECT_AFTER)
    # Warnings of libraries are for their developers: what matters to users is an error or a record's status.
    logging.getLogger().addHandler(logging.NullHandler())
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # Started with the stream closed (`>&-`): what is written is lost.
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            # A locale without Unicode must not turn an answer into an error.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(main(sys.argv[1:]))
