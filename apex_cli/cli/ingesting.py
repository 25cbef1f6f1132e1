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
    context: CommandContext,
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
    seen = watch(context.output, request.run_id)
    stop = Stop()

    def on_signal(number: int) -> None:
        name = signal.Signals(number).name
        context.output.note(f"{name}: stopping after the batch in flight; once more to stop at once")
        stop(number)

    with seen.showing():
        if dry_run:
            summary = context.run(lambda: dry.dry_run(settings, request, seen))
        else:
            summary = context.run(lambda: ingest.ingest(settings, request, seen, stop), stop=on_signal)
    code = summary.exit_code
    if error_on_empty and code == EXIT_OK and not summary.records:
        code = EXIT_NOTHING_TO_DO
    _tell(context, summary, seen, code)
    raise typer.Exit(code)


def _tell(context: CommandContext, summary: RunSummary, seen: ProgressReporter, code: int) -> None:
    output = context.output
    if output.json:
        reason = masked(summary.reason) if summary.reason else None
        output.object({**summary.as_json(), "reason": reason, "exit_code": code})
    elif not output.quiet:
        for line in summary_lines(summary, seen.failures):
            output.line(line)
    for note in summary.notes:
        output.problem(note.message, note.hint)
    if summary.unremoved and (output.quiet or output.json):
        output.problem(unremoved(summary))
    if summary.reason is not None and (output.quiet or output.json):
        output.problem(summary.reason.message, summary.reason.hint)
