"""The end of an ingest in words: what, how many, how long, what failed and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from apex_cli.cli.text import clean, redact
from apex_cli.results import RecordResult, RecordStatus, RunSummary


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
        yield unremoved(summary)
    yield from _failed(summary, failures)
    yield from _advice(summary)


def unremoved(summary: RunSummary) -> str:
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
