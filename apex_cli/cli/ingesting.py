"""Runs an ingest for `apex ingest` and `apex staging retry` and tells how it ended."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import typer

from apex_cli.cli.context import CommandContext
from apex_cli.cli.progress import masked, watch
from apex_cli.cli.summary import summary_lines, unremoved
from apex_cli.results import EXIT_NOTHING_TO_DO, EXIT_OK, RunSummary

if TYPE_CHECKING:
    from apex_cli.cli.progress import ProgressReporter
    from apex_cli.config import Settings
    from apex_cli.pipeline.request import IngestRequest


def run_ingest(
    call: CommandContext,
    settings: Settings,
    request: IngestRequest,
    *,
    dry_run: bool = False,
    error_on_empty: bool = False,
) -> None:
    """Run it, watched; write the summary; end with its exit code (`typer.Exit`)."""
    from apex_cli import faults
    from apex_cli.pipeline import dry_run as dry
    from apex_cli.pipeline import ingest
    from apex_cli.pipeline.request import Stop

    faults.arm(settings.fault)
    seen = watch(call.screen, request.run_id)
    stop = Stop()

    def on_signal(number: int) -> None:
        name = signal.Signals(number).name
        call.screen.note(f"{name}: stopping after the batch in flight; once more to stop at once")
        stop(number)

    with seen.showing():
        if dry_run:
            summary = call.run(lambda: dry.dry_run(settings, request, seen))
        else:
            summary = call.run(lambda: ingest.ingest(settings, request, seen, stop), stop=on_signal)
    code = summary.exit_code
    if error_on_empty and code == EXIT_OK and not summary.records:
        code = EXIT_NOTHING_TO_DO
    _tell(call, summary, seen, code)
    raise typer.Exit(code)


def _tell(call: CommandContext, summary: RunSummary, seen: ProgressReporter, code: int) -> None:
    screen = call.screen
    if screen.json:
        reason = masked(summary.reason) if summary.reason else None
        screen.object({**summary.as_json(), "reason": reason, "exit_code": code})
    elif not screen.quiet:
        for line in summary_lines(summary, seen.failures):
            screen.line(line)
    for note in summary.notes:
        screen.problem(note.message, note.hint)
    if summary.unremoved and (screen.quiet or screen.json):
        screen.problem(unremoved(summary))
    if summary.reason is not None and (screen.quiet or screen.json):
        screen.problem(summary.reason.message, summary.reason.hint)
