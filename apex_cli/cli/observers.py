"""What follows an ingest and shows each record: nothing, JSON lines, or one line of each failure."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from apex_cli.cli.failures import FailureGroups
from apex_cli.cli.output import Output, clean, redact
from apex_cli.errors import ApexError
from apex_cli.results import RecordResult, RecordStatus, error_json


@dataclass(slots=True)
class ProgressReporter:
    """An observer that remembers the first failures of each kind for the summary, and shows nothing by itself.

    With `quiet` it shows each failure, but for one that failed in the same way in an earlier run: cron would send the
    same mail every five minutes. It is entered around the run. Memory does not grow with the number of records.
    """

    output: Output
    failures: FailureGroups = field(default_factory=FailureGroups)

    def phase(self, text: str) -> None:
        if self.output.verbose:
            self.output.note(text)

    def outcome(self, outcome: RecordResult) -> None:
        if outcome.status is RecordStatus.FAILED:
            self.failures.add(outcome)
        is_news = outcome.status is RecordStatus.FAILED and not outcome.repeated
        if self.output.verbose or (self.output.quiet and is_news):
            self.output.note(record_line(outcome))

    def showing(self) -> AbstractContextManager[Any]:
        """A context that shows the progress while the run lasts."""
        return nullcontext()


@dataclass(slots=True)
class JsonLines(ProgressReporter):
    """One `record` line on stdout for each record."""

    run_id: str = ""

    def outcome(self, outcome: RecordResult) -> None:
        self.output.object({**outcome.as_json(self.run_id), "error": masked(outcome.error)})
        ProgressReporter.outcome(self, outcome)


def record_line(outcome: RecordResult) -> str:
    """One record on one line: what became of it, what it is, and why it failed or how much was found in it."""
    name = f"{outcome.source}:{outcome.external_id}" if outcome.external_id else outcome.locator
    if outcome.error is None:
        found = f"{outcome.entities} entities, {outcome.facts} facts, {outcome.vectors} vectors"
        return clean(f"{outcome.status} {name} ({found}, {outcome.ms:.1f} ms)")
    hint = f" ({outcome.error.hint})" if outcome.error.hint else ""
    where = "" if name == outcome.locator else f" [{outcome.locator}]"
    return clean(redact(f"{outcome.status} {name}{where}: {outcome.error.message}{hint}"))


def masked(error: ApexError | None) -> dict[str, str | None] | None:
    """An error for `--json`, its secrets masked."""
    found = error_json(error)
    return found and {key: redact(value) if value else value for key, value in found.items()}
