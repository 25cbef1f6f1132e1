"""The progress of an ingest on a terminal: three moving lines on stderr.

    ingesting  ━━━━━━━━╺━━━━  62%  17.6 MiB of 28.4 MiB  12 of 40 files  0:12 left
    0:19  6,200 records  326/s  3 failed  loads.jsonl
    read 7,000  extracted 6,700  committed 6,200

How much there is to do is looked up in a thread of its own, while the work goes on. Where it is not known (standard
input, objects, `--limit`), there is a spinner in place of the bar.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from apex_cli.cli.observers import JsonLines, ProgressReporter
from apex_cli.cli.output import Output, clip
from apex_cli.errors import ApexError
from apex_cli.results import RecordResult, RecordStatus
from apex_cli.units import format_size

if TYPE_CHECKING:
    from rich.console import RenderableType

    from apex_cli.pipeline.inputs import InputTotal
    from apex_cli.pipeline.progress import Progress

_STAGES = ("read", "extracted", "committed")
_ETA_SECONDS = 3.0
_ETA_SHARE = 0.01
"""No time is estimated before so many seconds and this share of the work."""
_SHORTEST_NAME = 12


def watch(
    output: Output,
    run_id: str,
    progress: Progress | None = None,
    measure: Callable[[], InputTotal | None] = lambda: None,
) -> ProgressReporter:
    """The observer that fits the output. `measure` finds how much there is to do; it is called in a thread."""
    if output.json:
        return JsonLines(output, run_id=run_id)
    if output.quiet or output.verbose or not sys.stderr.isatty():
        return ProgressReporter(output)
    return Live(output, progress=progress, measure=measure)


@dataclass(slots=True)
class Live(ProgressReporter):
    """Three moving lines on stderr; see the head of this module."""

    progress: Progress | None = None
    measure: Callable[[], InputTotal | None] = lambda: None
    text: str = ""
    records: int = 0
    failed: int = 0
    named: InputTotal | None = None
    started: float = field(default_factory=time.monotonic)

    def phase(self, text: str) -> None:
        self.text = text

    def outcome(self, outcome: RecordResult) -> None:
        ProgressReporter.outcome(self, outcome)
        self.records += 1
        self.failed += outcome.status is RecordStatus.FAILED

    @contextmanager
    def showing(self) -> Iterator[Any]:
        """Show the lines while the run lasts; nothing of them stays."""
        from rich.live import Live as RichLive
        from rich.spinner import Spinner

        console, spinner = self.output.console(sys.stderr), Spinner("dots")
        threading.Thread(target=self._measure, daemon=True, name="measure").start()

        def render() -> RenderableType:
            return self.lines(time.monotonic(), console.width, spinner)

        with RichLive(console=console, get_renderable=render, refresh_per_second=8, transient=True) as live:
            yield live

    def _measure(self) -> None:
        try:
            self.named = self.measure()
        except (ApexError, OSError):
            # The run says what is wrong with a path.
            self.named = None

    def lines(self, now: float, width: int, spinner: RenderableType) -> RenderableType:
        """What is shown at this moment, by `time.monotonic`, on so many columns."""
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        first = Table.grid(padding=(0, 2, 0, 0), expand=False)
        done = self._done(now)
        if done is None:
            first.add_row(spinner, clip(self.text, max(10, width - 4)))
        else:
            share, cells = done
            room = width - sum(len(cell) + 2 for cell in (self.text, *cells)) - 2
            bar = [ProgressBar(total=1.0, completed=share, width=min(40, room))] if room >= 8 else []
            first.add_row(self.text, *bar, *cells)
        return Group(first, self.counts(now, width), *self.stages())

    def _done(self, now: float) -> tuple[float, list[str]] | None:
        """The share that is done, and what stands beside the bar; None where the total is unknown."""
        progress, named = self.progress, self.named
        if progress is None or not progress.began or named is None:
            return None
        files, size = named.files + progress.earlier_files, named.bytes + progress.earlier_bytes
        if not files:
            return None
        # Files without bytes, and files that grew since they were measured, make no share of more than all.
        share = min(1.0, progress.bytes / size if size else progress.files / files)
        cells = [
            f"{share:.0%}",
            f"{format_size(progress.bytes)} of {format_size(size)}",
            f"{min(progress.files, files):,} of {files:,} file{'' if files == 1 else 's'}",
        ]
        # Records end by batches. In between, what is left becomes less by the second.
        took = progress.moved - progress.began
        if took >= _ETA_SECONDS and _ETA_SHARE <= share < 1.0:
            cells.append(f"{_clock(max(0.0, took * (1 - share) / share - (now - progress.moved)))} left")
        return share, cells

    def counts(self, now: float, width: int) -> str:
        """The second line: time, records, rate, failures, and the file in hand."""
        progress = self.progress
        began = progress.began if progress is not None and progress.began else self.started
        parts = [_clock(now - self.started), f"{self.records:,} record{'' if self.records == 1 else 's'}"]
        if self.records:
            parts.append(f"{self.records / max(now - began, 0.001):,.0f}/s")
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        room = width - len("  ".join(parts)) - 3
        if progress is not None and progress.in_hand and room >= _SHORTEST_NAME:
            parts.append(clip(progress.in_hand, room))
        return "  ".join(parts)

    def stages(self) -> list[str]:
        """The third line: how many records have left each stage; none before the first."""
        if self.progress is None or not self.progress.passed:
            return []
        return ["  ".join(f"{name} {self.progress.passed[name]:,}" for name in _STAGES)]


def _clock(seconds: float) -> str:
    """`0:07`, `12:30`, `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
