"""How each record of a run ended, and the run as a whole: the shapes behind `--json` (see docs/scripting.md)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from apex_cli.errors import ApexError
from apex_cli.exit_codes import ExitCode, of_signal
from apex_cli.remarks import Remarks
from apex_cli.run_stats import RunStats


class RecordStatus(StrEnum):
    """How a record ended in one run, from the saga to `--json`.

    `FAILED` includes a saga that passed the pivot and could not be finished: the next run finishes it, and the record
    is `UNCHANGED` then. `PENDING` means: read but not committed in this run, it stays staged. `LATE` is an earlier
    version than the current one, kept as history. `SKIPPED` is known and holds nothing to ingest. `FORGOTTEN` is, in an
    ingest, content that was forgotten before and is not taken again.
    """

    COMMITTED = "committed"
    UPDATED = "updated"
    LATE = "late"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"
    PENDING = "pending"
    FORGOTTEN = "forgotten"


DONE = frozenset(set(RecordStatus) - {RecordStatus.FAILED, RecordStatus.PENDING})
"""Nothing is left to do for the record."""


@dataclass(frozen=True, slots=True)
class RecordResult:
    """The end of one record. `error` is set for `FAILED` and `PENDING`; `stage` names the stage that failed.

    `locator` is where in its input the record stood. Identity fields are None where the record could not be read.
    `note` says what was cut, left out or assumed, or why a record was skipped; `left_out` is what of it is lost,
    `assumed` holds the other remarks, and `skipped_because` is the reason by which it is counted. `looks_like` is set
    for other JSON that no source knows; see `Record`. `unsupported` is the type of a skipped file that nothing here
    reads. `repeated`: the same failed with the same error code in an earlier run.
    """

    status: RecordStatus
    record_id: str | None = None
    error: ApexError | None = None
    stage: str | None = None
    locator: str = ""
    source: str = "unknown"
    data_type: str | None = None
    external_id: str | None = None
    entities: int = 0
    facts: int = 0
    vectors: int = 0
    llm_calls: int = 0
    tokens: int = 0
    cost_usd: float = 0.0
    ms: float = 0.0
    note: str | None = None
    left_out: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    skipped_because: str = ""
    looks_like: str | None = None
    unsupported: str = ""
    repeated: bool = False

    def as_json(self, run_id: str) -> dict[str, Any]:
        """The `record` line of `--json`."""
        return {
            "type": "record",
            "run_id": run_id,
            "locator": self.locator,
            "source": self.source,
            "data_type": self.data_type,
            "external_id": self.external_id,
            "record_id": self.record_id,
            "status": self.status,
            "stage": self.stage,
            "error": error_json(self.error),
            "repeated": self.repeated,
            "note": self.note,
            "entities": self.entities,
            "facts": self.facts,
            "vectors": self.vectors,
            "llm_calls": self.llm_calls,
            "tokens": self.tokens,
            "cost_usd": self.cost_usd,
            "ms": self.ms,
        }


@dataclass(slots=True)
class SyncResult:
    """What a run with `--sync` found missing.

    `gone` counts the records that no file holds any more, and `first` names some of them. `refused` says why they are
    not forgotten. `moved` counts records that left a file and are in another one. Not `complete`: the run did not come
    to its end, so it has not looked for any.
    """

    gone: int = 0
    moved: int = 0
    first: list[str] = field(default_factory=list)
    refused: ApexError | None = None
    complete: bool = True

    def as_json(self) -> dict[str, Any]:
        """What `--json` shows of it."""
        return {
            "gone": self.gone,
            "moved": self.moved,
            "first": self.first,
            "refused": error_json(self.refused),
            "complete": self.complete,
        }


@dataclass(slots=True)
class RunSummary:
    """A whole run in numbers.

    `reason` is why a run stopped before its end. `notes` are errors beside the records: they change no exit code.
    `empty` counts inputs without records, such as the empty page of an API. `unremoved` counts originals that
    `--consume` could not remove. `repeated` counts failed records that failed in the same way before. `recovered`
    counts sagas of earlier runs that were settled, `needs_manual_recovery` those that a store rejects permanently.
    """

    run_id: str
    inputs: int = 0
    counts: Counter[RecordStatus] = field(default_factory=Counter)
    by_source: dict[str, Counter[RecordStatus]] = field(default_factory=dict)
    stats: RunStats = field(default_factory=RunStats)
    llm_calls: int = 0
    tokens: int = 0
    cost_usd: float = 0.0
    seconds: float = 0.0
    recovered: int = 0
    needs_manual_recovery: int = 0
    skipped_young: int = 0
    unremoved: int = 0
    repeated: int = 0
    empty: int = 0
    sync: SyncResult | None = None
    reason: ApexError | None = None
    interrupted: int = 0
    dry_run: bool = False
    notes: list[ApexError] = field(default_factory=list)
    remarks: Remarks = field(default_factory=Remarks)

    def add(self, result: RecordResult) -> None:
        """Count one record."""
        self.counts[result.status] += 1
        self.repeated += result.repeated
        self.by_source.setdefault(result.source, Counter())[result.status] += 1
        self._remark(result)

    def _remark(self, result: RecordResult) -> None:
        remarks = self.remarks
        if result.unsupported:
            remarks.unsupported[result.unsupported] += 1
        elif result.left_out:
            remarks.cut.add(result.locator, result.left_out)
        elif result.status is RecordStatus.SKIPPED:
            remarks.skip(result.skipped_because or "nothing in it")
        if result.assumed:
            remarks.noted.add(result.locator, result.assumed)
        if result.looks_like is not None and result.status is not RecordStatus.FAILED:
            remarks.unrecognised.add(result.locator, result.looks_like)

    def bill(self, *, calls: int, tokens: int, cost_usd: float) -> None:
        """Set what models were paid for in the whole run, also for records that failed."""
        self.llm_calls, self.tokens, self.cost_usd = calls, tokens, round(cost_usd, 6)

    @property
    def records(self) -> int:
        return self.counts.total()

    @property
    def ingestible(self) -> int:
        """How many records there were with anything to ingest."""
        return self.records - self.counts[RecordStatus.SKIPPED]

    @property
    def exit_code(self) -> int:
        """What the process ends with; see `exit_codes`."""
        if self.needs_manual_recovery:
            return ExitCode.MANUAL_RECOVERY
        if self.interrupted:
            return of_signal(self.interrupted)
        pending = self.counts[RecordStatus.PENDING] and not self.dry_run
        refused = self.sync is not None and self.sync.refused is not None
        if self.counts[RecordStatus.FAILED] or pending or self.unremoved or self.reason is not None or refused:
            return ExitCode.RECORDS_FAILED
        return ExitCode.OK

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
            "needs_manual_recovery": self.needs_manual_recovery,
            "skipped_young": self.skipped_young,
            "unremoved": self.unremoved,
            "repeated": self.repeated,
            "empty": self.empty,
            "dry_run": self.dry_run,
            "sync": self.sync and self.sync.as_json(),
            "by_source": {source: dict(sorted(counts.items())) for source, counts in sorted(self.by_source.items())},
            **self.remarks.as_json(),
            **self.stats.as_json(),
            "reason": error_json(self.reason),
            "exit_code": self.exit_code,
        }


def error_json(error: ApexError | None) -> dict[str, str | None] | None:
    """An error as `--json` shows it: a stable code, the message, and what to do about it."""
    return None if error is None else {"code": error.code, "message": error.message, "hint": error.hint}
