"""What an ingest tells about each record and about the whole: the shapes behind `--json` (see contract in README)."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from apex_cli.errors import ApexError
from apex_cli.run_stats import RunStats

EXIT_OK = 0
EXIT_FAILED_RECORDS = 3
EXIT_MANUAL_RECOVERY = 7
EXIT_NOTHING_TO_DO = 9


class RecordStatus(StrEnum):
    """The end of one record within one run. `PENDING`: not taken this time, still staged."""

    COMMITTED = "committed"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """An error as users see it. `code` is stable, `hint` says what to do."""

    code: str
    message: str
    hint: str | None = None

    @classmethod
    def of(cls, error: ApexError) -> ErrorDetail:
        return cls(error.code, error.message, error.hint)


@dataclass(frozen=True, slots=True)
class RecordResult:
    """One record's end. `stage` names the step that failed; `locator` where in the input the record stood."""

    locator: str
    source: str
    data_type: str | None
    external_id: str | None
    record_id: str | None
    status: RecordStatus
    stage: str | None = None
    error: ErrorDetail | None = None
    entities: int = 0
    facts: int = 0
    vectors: int = 0
    llm_calls: int = 0
    tokens: int = 0
    cost_usd: float = 0.0
    ms: float = 0.0

    def as_json(self, run_id: str) -> dict[str, Any]:
        """The `record` line of `--json`."""
        return {"type": "record", "run_id": run_id, **asdict(self)}


@dataclass(slots=True)
class RunSummary:
    """The whole run in numbers. `reason` says why a run stopped before its end, if it did; `notes` what went wrong
    beside the records and changes no exit code.

    `empty` counts inputs without any record, such as the empty page of an API; `unremoved` originals that `--consume`
    could not remove after they were committed; `stuck` attempts of earlier runs that a store refuses to settle, which a
    person must.
    """

    run_id: str
    inputs: int = 0
    counts: Counter[RecordStatus] = field(default_factory=Counter)
    by_source: dict[str, Counter[RecordStatus]] = field(default_factory=dict)
    meter: RunStats = field(default_factory=RunStats)
    llm_calls: int = 0
    tokens: int = 0
    cost_usd: float = 0.0
    seconds: float = 0.0
    recovered: int = 0
    stuck: int = 0
    skipped_young: int = 0
    unremoved: int = 0
    empty: int = 0
    reason: ErrorDetail | None = None
    interrupted: int = 0
    dry_run: bool = False
    notes: list[ErrorDetail] = field(default_factory=list)

    def add(self, outcome: RecordResult) -> None:
        """Count one record."""
        self.counts[outcome.status] += 1
        self.by_source.setdefault(outcome.source, Counter())[outcome.status] += 1

    def bill(self, *, calls: int, tokens: int, cost_usd: float) -> None:
        """What models were paid for in the whole run, also for records that failed."""
        self.llm_calls, self.tokens, self.cost_usd = calls, tokens, round(cost_usd, 6)

    @property
    def records(self) -> int:
        return self.counts.total()

    @property
    def exit_code(self) -> int:
        """7 when a person must settle something, 130/143 when interrupted, 3 when something failed or was left."""
        if self.stuck:
            return EXIT_MANUAL_RECOVERY
        if self.interrupted:
            return 128 + self.interrupted
        left = self.counts[RecordStatus.PENDING] and not self.dry_run
        if self.counts[RecordStatus.FAILED] or left or self.unremoved or self.reason is not None:
            return EXIT_FAILED_RECORDS
        return EXIT_OK

    def as_json(self) -> dict[str, Any]:
        """The `summary` line of `--json`."""
        return {
            "type": "summary",
            "run_id": self.run_id,
            "inputs": self.inputs,
            "records": self.records,
            **{status.value: self.counts[status] for status in RecordStatus},
            "seconds": round(self.seconds, 3),
            "records_per_second": round(self.records / self.seconds, 1) if self.seconds else 0.0,
            "llm_calls": self.llm_calls,
            "tokens": self.tokens,
            "cost_usd": self.cost_usd,
            "recovered": self.recovered,
            "stuck": self.stuck,
            "skipped_young": self.skipped_young,
            "unremoved": self.unremoved,
            "empty": self.empty,
            "dry_run": self.dry_run,
            "by_source": {source: dict(sorted(counts.items())) for source, counts in sorted(self.by_source.items())},
            **self.meter.as_json(),
            "reason": asdict(self.reason) if self.reason else None,
            "exit_code": self.exit_code,
        }
