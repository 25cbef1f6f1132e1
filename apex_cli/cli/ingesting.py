"""Runs an ingest for `apex ingest` and `apex staging retry`, and reports how it ended and what to do next."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import typer

from apex_cli.cli import loop
from apex_cli.cli.context import CommandContext
from apex_cli.cli.progress import masked, watch
from apex_cli.cli.text import clean, redact
from apex_cli.exit_codes import ExitCode
from apex_cli.results import RecordResult, RecordStatus, RunSummary

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
        output.problem(_unremoved(summary))
    if summary.reason is not None and (output.quiet or output.json):
        output.problem(summary.reason.message, summary.reason.hint)


def summary_lines(summary: RunSummary, failures: Sequence[RecordResult]) -> Iterator[str]:
    """Lines for stdout, already clean. `failures` are the first ones; how many there are in all is in `summary`."""
    yield _headline(summary)
    if summary.llm_calls:
        yield _bill(summary)
    if summary.recovered:
        yield f"Settled first, left open by earlier runs: {_count(summary.recovered, 'record')}."
    if summary.needs_manual_recovery:
        count = _count(summary.needs_manual_recovery, "record")
        yield f"Not recovered, because a store rejects it permanently: {count}. `apex recover` lists them."
    if summary.skipped_young:
        yield f"Left for the next run, younger than --min-age: {_count(summary.skipped_young, 'file')}."
    if summary.empty and summary.records:
        yield f"Nothing to ingest in {_count(summary.empty, 'input')}: an empty page, a ping or an error response."
    if summary.unremoved:
        yield _unremoved(summary)
    yield from _failed(summary, failures)
    yield from _advice(summary)


def _unremoved(summary: RunSummary) -> str:
    """What `--consume` could not do."""
    return (
        f"Committed, but not removed: {_count(summary.unremoved, 'file')} that changed meanwhile"
        " or may not be removed from the folder."
    )


def _headline(summary: RunSummary) -> str:
    inputs = _count(summary.inputs, "input")
    if not summary.records:
        return f"Nothing to do: no records in {inputs}." if summary.inputs else "Nothing to do."
    counted = ", ".join(f"{summary.counts[status]:,} {status}" for status in RecordStatus if summary.counts[status])
    took = f"{summary.seconds:.1f} s, {summary.records / max(summary.seconds, 0.001):,.0f} records/s"
    what = f"{_count(summary.records, 'record')} from {inputs}"
    return f"{'Dry run, nothing was written: ' if summary.dry_run else ''}{what}: {counted} ({took})."


def _bill(summary: RunSummary) -> str:
    cost = f"${summary.cost_usd:.4f}" if summary.cost_usd else "price unknown"
    used = f"{_count(summary.llm_calls, 'call')}, {summary.tokens:,} tokens, {cost}"
    return f"Models would take about: {used}." if summary.dry_run else f"Models: {used}."


def _failed(summary: RunSummary, failures: Sequence[RecordResult]) -> Iterator[str]:
    if not failures:
        return
    yield ""
    yield "Failed:"
    for outcome in failures:
        problem = outcome.error
        yield "  " + clean(redact(f"{outcome.locator}: {problem.message if problem else 'unknown reason'}"))
        if problem and problem.hint:
            yield "    hint: " + clean(redact(problem.hint))
    more = summary.counts[RecordStatus.FAILED] - len(failures)
    if more > 0:
        yield f"  and {more:,} more"


def _advice(summary: RunSummary) -> Iterator[str]:
    if summary.dry_run:
        return
    if summary.reason is not None:
        yield ""
        yield "Stopped early: " + clean(redact(summary.reason.message))
        if summary.reason.hint:
            yield "  hint: " + clean(redact(summary.reason.hint))
    if summary.interrupted:
        yield ""
        yield "Interrupted; what was in flight is settled. `apex ingest` goes on with the rest."
    elif summary.counts[RecordStatus.PENDING]:
        yield ""
        yield "What is pending stays staged: the next `apex ingest` takes it up."
    if summary.counts[RecordStatus.FAILED]:
        yield ""
        yield "Next: `apex staging list` shows what is kept and why; `apex staging retry` tries it again."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
