"""The page of `apex report`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from apex_cli import __version__
from apex_cli.cli import answering
from apex_cli.cli.output import redact
from apex_cli.cli.pages.charts import stacked
from apex_cli.cli.pages.render import render
from apex_cli.exit_codes import MEANINGS, ExitCode
from apex_cli.reports import MemoryReport
from apex_cli.results import RecordStatus
from apex_cli.staging import Item

_NOTHING_NEW = frozenset((RecordStatus.UNCHANGED, RecordStatus.SKIPPED))
_COLOURS = {"committed": 0, "updated": 1, "late": 2, "failed": 3, "pending": 4, "forgotten": 5}
_MOST_CODES, _MOST_EXAMPLES, _MOST_HINTS = 30, 5, 2
_MOST_STEPS = 20
_SECTIONS = (
    ("gaps", "Gaps"),
    ("arrivals", "What came in"),
    ("failures", "Failures"),
    ("runs", "Runs"),
    ("time", "Stages and stores"),
    ("known", "What the memory knows"),
)


@dataclass(slots=True)
class FailureGroup:
    """Failed items with one error code. `examples` are where each was and its message."""

    code: str
    count: int = 0
    last: datetime | None = None
    stages: dict[str, None] = field(default_factory=dict)
    sources: dict[str, None] = field(default_factory=dict)
    examples: list[tuple[str, str]] = field(default_factory=list)
    hints: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failures:
    """All failed items by code, the most frequent first. `left_out` counts codes beyond those in `groups`."""

    total: int
    groups: Sequence[FailureGroup]
    left_out: int


def grouped(items: Iterable[Item]) -> Failures:
    """Failed items by their error's code."""
    found: dict[str, FailureGroup] = {}
    total = 0
    for item in items:
        failure = item.failure
        total += 1
        code = failure.code if failure else "unknown"
        group = found.setdefault(code, FailureGroup(code))
        group.count += 1
        group.sources.setdefault(item.source)
        if failure is None:
            continue
        group.stages.setdefault(failure.stage)
        group.last = failure.at if group.last is None else max(group.last, failure.at)
        if len(group.examples) < _MOST_EXAMPLES:
            group.examples.append((failure.locator or item.name, redact(failure.message)))
        if failure.hint and len(group.hints) < _MOST_HINTS:
            group.hints.setdefault(redact(failure.hint))
    groups = sorted(found.values(), key=lambda one: (-one.count, one.code))
    return Failures(total, groups[:_MOST_CODES], max(0, len(groups) - _MOST_CODES))


def page(report: MemoryReport, failures: Failures) -> str:
    """The report as one HTML file."""
    activity = report.activity
    outcomes = stacked(
        "Records by outcome", activity, (one for one in activity.records if one.sublabel not in _NOTHING_NEW),
        lambda one: one.sublabel, unit="records", order=list(_COLOURS),
    )  # fmt: skip
    by_source: dict[str, Counter[str]] = {}
    for one in activity.records:
        by_source.setdefault(one.label, Counter())[one.sublabel] += round(one.value)
    present = {name for counts in by_source.values() for name in counts}
    steps: defaultdict[tuple[str, str], float] = defaultdict(float)
    for one in activity.stores:
        steps[one.label, one.sublabel] += one.value
    return render(
        "report.html.j2",
        version=__version__,
        kind="Memory report",
        title="What the memory holds, and what it lacks",
        made=datetime.now(UTC),
        sections=[*_SECTIONS, *([("records", "Records")] if report.records else [])],
        overview=report.overview,
        activity=activity,
        gaps=report.gaps,
        failures=failures,
        entities=sum(report.overview.entities.values()),
        types=sorted(report.overview.entities.items(), key=lambda item: (-item[1], item[0])),
        outcomes=outcomes,
        outcome_colours=[_COLOURS.get(name, 7) for name, _ in outcomes.series],
        outcome_names=[status.value for status in RecordStatus if status.value in present],
        sources=stacked(
            "Records by source", activity, (one for one in activity.records if one.sublabel not in _NOTHING_NEW),
            lambda one: one.label, unit="records of",
        ),
        by_source=sorted(by_source.items()),
        stages=stacked("Seconds by stage", activity, activity.stages, lambda one: one.label, unit="s of"),
        stores=stacked("Seconds by store", activity, activity.stores, lambda one: one.label, unit="s of"),
        steps=[(*key, steps[key]) for key in sorted(steps, key=lambda key: -steps[key])[:_MOST_STEPS]],
        meanings=_meaning,
        contradiction=answering.sentence,
        listed=report.records,
        newest=report.newest,
        names=report.record_names,
        said=_said(report),
    )  # fmt: skip


def _said(report: MemoryReport) -> dict[str, list[str]]:
    """What each record states of the gaps that name it."""
    found: dict[str, dict[str, None]] = {}
    gaps = report.gaps
    facts = [(one.record_id, one.last) for one in gaps.unseen]
    facts += [(one.record_id, one.status) for one in gaps.overdue if one.status]
    facts += [
        (report.newest.get(one.id, ""), one)
        for pair in gaps.contradictions
        for one in (pair.fact.fact, pair.other.fact)
    ]
    for record, fact in facts:
        found.setdefault(record, {})[fact.sentence] = None
    return {record: list(sentences) for record, sentences in found.items()}


def _meaning(code: int | None) -> str:
    if code is None:
        return "without an end: at work, or killed"
    return MEANINGS[ExitCode(code)] if code in list(ExitCode) else "ended by a signal"
