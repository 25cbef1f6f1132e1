"""Runs an ingest for `apex ingest` and `apex staging retry`, and reports how it ended."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import typer

from apex_cli.cli import loop
from apex_cli.cli.context import CommandContext
from apex_cli.cli.progress import masked, watch
from apex_cli.cli.summary import summary_lines, unremoved
from apex_cli.exit_codes import ExitCode
from apex_cli.results import RunSummary

if TYPE_CHECKING:
    from apex_cli.cli.progress import ProgressReporter
    from apex_cli.config import Settings
    from apex_cli.pipeline.context import IngestRequest


def run_ingest(
    context: CommandContext,
    settings: Settings,
    request: IngestRequest,
    *,
    dry_run: bool = False,
    error_on_empty: bool = False,
) -> None:
    """Run it with progress; write the summary; end with its exit code (`typer.Exit`)."""
    from apex_cli import faults
    from apex_cli.pipeline import dry_run as dry
    from apex_cli.pipeline import ingest
    from apex_cli.pipeline.context import Stop

    faults.arm(settings.fault)
    reporter = watch(context.output, request.run_id)
    stop = Stop()

    def on_signal(number: int) -> None:
        name = signal.Signals(number).name
        context.output.note(f"{name}: stopping after the batch in flight; once more to stop at once")
        stop(number)

    with reporter.showing():
        if dry_run:
            summary = loop.run(dry.dry_run(settings, request, reporter))
        else:
            summary = loop.run(ingest.ingest(settings, request, reporter, stop), stop=on_signal)
    code = summary.exit_code
    if error_on_empty and code == ExitCode.OK and not summary.records:
        code = ExitCode.NOTHING_TO_DO
    _report(context, summary, reporter, code)
    raise typer.Exit(code)


def _report(context: CommandContext, summary: RunSummary, reporter: ProgressReporter, code: int) -> None:
    output = context.output
    if output.json:
        output.object({**summary.as_json(), "reason": masked(summary.reason), "exit_code": int(code)})
    elif not output.quiet:
        for line in summary_lines(summary, reporter.failures):
            output.line(line)
    for note in summary.notes:
        output.problem(note.message, note.hint)
    if summary.unremoved and (output.quiet or output.json):
        output.problem(unremoved(summary))
    if summary.reason is not None and (output.quiet or output.json):
        output.problem(summary.reason.message, summary.reason.hint)
