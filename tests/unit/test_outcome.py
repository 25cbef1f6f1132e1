"""The results and the summary of a run, and the exit code that follows from it."""

from __future__ import annotations

import json

import pytest

from apex_cli.errors import ReadError, StagingUnusable
from apex_cli.results import RecordResult, RecordStatus, RunSummary


def outcome(status: RecordStatus) -> RecordResult:
    return RecordResult(status, "id", locator="a.json:1", source="json", external_id="1", llm_calls=2, tokens=3)


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ([], 0),
        ([RecordStatus.COMMITTED, RecordStatus.UPDATED, RecordStatus.UNCHANGED], 0),
        ([RecordStatus.COMMITTED, RecordStatus.FAILED], 3),
        ([RecordStatus.COMMITTED, RecordStatus.PENDING], 3),
    ],
)
def test_the_exit_code_follows_from_the_records(statuses: list[RecordStatus], code: int) -> None:
    summary = RunSummary("run")
    for status in statuses:
        summary.add(outcome(status))
    assert summary.exit_code == code
    assert summary.records == len(statuses)


def test_an_interrupt_outranks_and_a_dry_run_leaves_nothing() -> None:
    summary = RunSummary("run", interrupted=15)
    summary.add(outcome(RecordStatus.FAILED))
    assert summary.exit_code == 143
    dry = RunSummary("run", dry_run=True)
    dry.add(outcome(RecordStatus.PENDING))
    assert dry.exit_code == 0


def test_a_reason_alone_is_a_failure() -> None:
    assert RunSummary("run", reason=StagingUnusable("no space")).exit_code == 3


def test_the_json_lines_carry_the_contract() -> None:
    summary = RunSummary("run")
    failed = RecordResult(RecordStatus.FAILED, error=ReadError("m", hint="h"), stage="read", locator="a", source="json")
    summary.add(failed)
    line = json.loads(json.dumps(failed.as_json("run")))
    assert line["type"] == "record"
    assert line["error"] == {"code": "unreadable", "message": "m", "hint": "h"}
    assert {"run_id", "stage", "entities", "facts", "vectors", "llm_calls", "ms"} <= line.keys()
    last = json.loads(json.dumps(summary.as_json()))
    assert (last["type"], last["failed"], last["exit_code"]) == ("summary", 1, 3)
    assert {"committed", "updated", "unchanged", "pending", "records_per_second", "cost_usd"} <= last.keys()


def test_records_are_counted_by_source_too() -> None:
    summary = RunSummary("run")
    for status in (RecordStatus.COMMITTED, RecordStatus.COMMITTED, RecordStatus.FAILED):
        summary.add(outcome(status))
    summary.stats.rollbacks = 1
    line = json.loads(json.dumps(summary.as_json()))
    assert line["by_source"] == {"json": {"committed": 2, "failed": 1}}
    assert (line["rollbacks"], line["stage_seconds"]) == (1, {})
