"""The tables of a comparison, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.figures import a_thousand, rate
from bench.peers.outcome import KINDS, Crash
from bench.peers.runs import Sample


@dataclass
class Compared:
    """What was measured of apex or of one peer. `error`: why it stopped."""

    name: str
    version: str
    used: str
    lacks: str = ""
    samples: list[Sample] = field(default_factory=list)
    disk_bytes: int | None = None
    counts: dict[str, int | None] = field(default_factory=dict)
    crashes: list[Crash] = field(default_factory=list)
    error: str = ""


def tables(compared: Sequence[Compared], records: int) -> Iterator[str]:
    """Speed and contents, then what was left after kills, then what each was asked to do and does not do."""
    yield from speed_table(compared, records)
    yield ""
    yield from crash_table(compared)
    yield ""
    for one in compared:
        yield f"- **{one.name} {one.version}**: {one.used}." + (f" {one.lacks}" if one.lacks else "")
    for one in compared:
        if one.error:
            yield f"- {one.name} could not be measured in full: {one.error}"


def speed_table(compared: Sequence[Compared], records: int) -> Iterator[str]:
    """Medians of the runs, and what the first of them stored."""
    yield from _head("", "records/s", "processor s a thousand", "disk, MB", *KINDS, "vectors")
    for one in compared:
        stored = [_number(one.counts.get(kind)) for kind in (*KINDS, "vectors")]
        yield _row(one.name, *_speed(one, records), *stored)


def _speed(one: Compared, records: int) -> tuple[str, str, str]:
    if not one.samples:
        return "–", "–", "–"
    spent = [sample.processor_seconds for sample in one.samples if sample.processor_seconds is not None]
    thousand = a_thousand(median(spent) if spent else None, records)
    return (
        f"{rate(records, median(sample.seconds for sample in one.samples)):,.0f}",
        "–" if thousand is None else f"{thousand:.2f}",
        "–" if one.disk_bytes is None else f"{one.disk_bytes / 1e6:,.0f}",
    )


def crash_table(compared: Sequence[Compared]) -> Iterator[str]:
    """A row for each, in it a figure for each kill."""
    yield from _head(
        "",
        "records after a kill",
        "keys on which its stores differ then",
        "recovered without the input: records",
        "differ",
        "run again: differ",
        "lost",
        "doubled or foreign",
    )
    for one in compared:
        killed, again = [crash.killed for crash in one.crashes], [crash.rerun for crash in one.crashes]
        recovered = [crash.recovered for crash in one.crashes if crash.recovered is not None]
        yield _row(
            one.name,
            _each([outcome.records for outcome in killed]),
            _each([outcome.differing for outcome in killed]),
            _each([outcome.records for outcome in recovered]),
            _each([outcome.differing for outcome in recovered]),
            _each([outcome.differing for outcome in again]),
            _each([outcome.lost for outcome in again]),
            _each([outcome.doubled for outcome in again]),
        )


def _head(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield _row("---", *("---:" for _ in names[1:]))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _each(values: Sequence[int]) -> str:
    return ", ".join(f"{value:,}" for value in values) or "–"


def _number(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"
