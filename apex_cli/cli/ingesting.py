"""Runs an ingest for `apex ingest` and `apex staging retry`: shows its progress, how it ended and what to do next."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from apex_cli.cli import loop
from apex_cli.cli.failures import FailureGroups
from apex_cli.cli.live import watch
from apex_cli.cli.observers import ProgressReporter, masked
from apex_cli.cli.output import clean, redact
from apex_cli.cli.verb import CommandContext
from apex_cli.exit_codes import ExitCode
from apex_cli.remarks import MOST_SHOWN, NotedRecords, Remarks
from apex_cli.results import RecordStatus, RunSummary

if TYPE_CHECKING:
    from apex_cli.config import Settings
    from apex_cli.pipeline.context import IngestRequest

_MOST_TYPES = 12


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
    from apex_cli.pipeline.inputs import extent
    from apex_cli.pipeline.progress import Progress

    faults.arm(settings.fault)
    stop, progress = Stop(), Progress()
    reporter = watch(context.output, request.run_id, progress, lambda: None if dry_run else extent(settings, request))

    def on_signal(number: int) -> None:
        name = signal.Signals(number).name
        context.output.note(f"{name}: stopping after the batch in flight; once more to stop at once")
        stop(number)

    with reporter.showing():
        if dry_run:
            summary = loop.run(dry.dry_run(settings, request, reporter))
        else:
            summary = loop.run(ingest.ingest(settings, request, reporter, stop, progress), stop=on_signal)
    code = summary.exit_code
    if error_on_empty and code == ExitCode.OK and not summary.ingestible:
        code = ExitCode.NOTHING_TO_DO
    report(context, summary, reporter, code)
    raise typer.Exit(code)


def report(context: CommandContext, summary: RunSummary, reporter: ProgressReporter, code: int) -> None:
    """Write the summary of a run."""
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
    if summary.sync is not None and summary.sync.refused is not None and (output.quiet or output.json):
        output.problem(summary.sync.refused.message, summary.sync.refused.hint)
    if summary.reason is not None and (output.quiet or output.json):
        output.problem(summary.reason.message, summary.reason.hint)


def summary_lines(summary: RunSummary, failures: FailureGroups) -> Iterator[str]:
    """Lines for stdout, already clean."""
    yield _headline(summary)
    if summary.llm_calls:
        cost = f"${summary.cost_usd:.4f}" if summary.cost_usd else "price unknown"
        used = f"{_count(summary.llm_calls, 'call')}, {summary.tokens:,} tokens, {cost}"
        yield f"Models would take about: {used}." if summary.dry_run else f"Models: {used}."
    if summary.recovered:
        yield f"Settled first, left open by earlier runs: {_count(summary.recovered, 'record')}."
    if summary.needs_manual_recovery:
        count = _count(summary.needs_manual_recovery, "record")
        yield f"Not recovered, because a store rejects it permanently: {count}. `apex recover` lists them."
    if summary.skipped_young:
        yield f"Left for the next run, younger than --min-age: {_count(summary.skipped_young, 'file')}."
    yield from _remarks(summary.remarks)
    if summary.unremoved:
        yield _unremoved(summary)
    yield from _synced(summary)
    yield from failures.lines()
    yield from _advice(summary)


def _unremoved(summary: RunSummary) -> str:
    """What `--consume` could not do."""
    return (
        f"Committed, but not removed: {_count(summary.unremoved, 'file')} that changed meanwhile"
        " or may not be removed from the folder."
    )


def _headline(summary: RunSummary) -> str:
    inputs = _count(summary.inputs, "input")
    if not summary.ingestible:
        return f"Nothing to do: no records in {inputs}." if summary.inputs else "Nothing to do."
    counted = ", ".join(f"{summary.counts[status]:,} {status}" for status in RecordStatus if summary.counts[status])
    took = f"{summary.seconds:.1f} s, {summary.records / max(summary.seconds, 0.001):,.0f} records/s"
    gone = summary.sync.gone if summary.sync and not summary.sync.refused else 0
    what = f"{_count(summary.records - gone, 'record')} from {inputs}"
    return f"{'Dry run, nothing was written: ' if summary.dry_run else ''}{what}: {counted} ({took})."


def _remarks(remarks: Remarks) -> Iterator[str]:
    if remarks.unsupported:
        types = ", ".join(f"{type} {count:,}" for type, count in remarks.unsupported.most_common(_MOST_TYPES))
        more = "" if len(remarks.unsupported) <= _MOST_TYPES else ", and other types"
        yield clean(f"Files of types that are not read, skipped {remarks.unsupported.total():,}: {types}{more}.")
    if remarks.skipped:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(remarks.skipped.items()))
        yield clean(redact(f"Nothing to ingest in {_count(remarks.skipped.total(), 'record')}: {reasons}."))
    unknown = remarks.unrecognised
    if unknown.records:
        names = [f"{name} (looks like {near})" if near else name for name, (_, near) in unknown.inputs.items()]
        shown = ", ".join([*names, "and others"] if unknown.more else names)
        yield clean(f"{_were(unknown.records)} not recognised as a known source: {shown}.")
    yield from _noted_records(f"{_were(remarks.cut.records)} cut:", remarks.cut)
    yield from _noted_records(f"There are notes on {_count(remarks.noted.records, 'record')}:", remarks.noted)


def _noted_records(heading: str, found: NotedRecords) -> Iterator[str]:
    if not found.records:
        return
    yield heading
    notes = found.most_common()
    for note, count, first in notes[:MOST_SHOWN]:
        shown = f"{first}: {note}" if count == 1 else f"{note}: {count:,} records, the first is {first}"
        yield "  " + clean(redact(shown))
    if more := sum(count for _, count, _ in notes[MOST_SHOWN:]) + found.others:
        yield f"  and {_count(more, 'other note')}"


def _synced(summary: RunSummary) -> Iterator[str]:
    """What `--sync` found missing."""
    sync = summary.sync
    if sync is None:
        return
    if not sync.complete:
        yield "Nothing is forgotten: the run did not look at everything."
    if sync.moved:
        yield f"No longer in a file, but in another one: {_count(sync.moved, 'record')}."
    if not sync.gone:
        return
    verb = "Would be forgotten" if summary.dry_run or sync.refused else "Forgotten"
    yield f"{verb}, in no file any more: {_count(sync.gone, 'record')}."
    yield from (f"  {clean(redact(name))}" for name in sync.first)
    if sync.gone > len(sync.first):
        yield f"  and {sync.gone - len(sync.first):,} more"
    if sync.refused is not None:
        yield ""
        yield clean(redact(sync.refused.message))
        yield f"  hint: {sync.refused.hint}"


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


def _were(records: int) -> str:
    return f"{_count(records, 'record')} {'was' if records == 1 else 'were'}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
