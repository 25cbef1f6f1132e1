"""What a person sees of an ingest while it runs: the observers behind a terminal, `-v`, `-q` and `--json`."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from apex_cli.cli.output import Output
from apex_cli.cli.text import clean, redact
from apex_cli.errors import ApexError
from apex_cli.results import RecordResult, RecordStatus, error_json

if TYPE_CHECKING:
    from rich.console import RenderableType

SHOWN_FAILURES = 10


@dataclass(slots=True)
class ProgressReporter:
    """An observer that remembers the first failures for the summary, and shows nothing by itself.

    It is entered around the run. Memory does not grow with the number of records.
    """

    output: Output
    failures: list[RecordResult] = field(default_factory=list)

    def phase(self, text: str) -> None:
        if self.output.verbose:
            self.output.note(text)

    def outcome(self, outcome: RecordResult) -> None:
        if outcome.status is RecordStatus.FAILED and len(self.failures) < SHOWN_FAILURES:
            self.failures.append(outcome)
        if self.output.verbose or (self.output.quiet and outcome.status is RecordStatus.FAILED):
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
        if self.output.verbose or (self.output.quiet and outcome.status is RecordStatus.FAILED):
            self.output.note(record_line(outcome))


@dataclass(slots=True)
class Live(ProgressReporter):
    """One moving line on stderr: phase, records, rate, failures, time. How many records will come is not known."""

    text: str = ""
    records: int = 0
    failed: int = 0
    started: float = field(default_factory=time.monotonic)

    def phase(self, text: str) -> None:
        self.text = text

    def outcome(self, outcome: RecordResult) -> None:
        ProgressReporter.outcome(self, outcome)
        self.records += 1
        self.failed += outcome.status is RecordStatus.FAILED

    def showing(self) -> AbstractContextManager[Any]:
        from rich.live import Live as RichLive
        from rich.spinner import Spinner

        spinner = Spinner("dots")

        def render() -> RenderableType:
            spinner.update(text=self.line(time.monotonic() - self.started))
            return spinner

        console = self.output.console(sys.stderr)
        return RichLive(console=console, get_renderable=render, refresh_per_second=8, transient=True)

    def line(self, seconds: float) -> str:
        """What stands beside the spinner."""
        minutes, rest = divmod(int(seconds), 60)
        parts = [self.text, f"{self.records:,} records"]
        if self.records:
            parts.append(f"{self.records / max(seconds, 0.001):,.0f}/s")
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        return " · ".join([*parts, f"{minutes}:{rest:02d}"])


def watch(output: Output, run_id: str) -> ProgressReporter:
    """The observer that fits the output."""
    if output.json:
        return JsonLines(output, run_id=run_id)
    if output.quiet or output.verbose or not sys.stderr.isatty():
        return ProgressReporter(output)
    return Live(output)


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
