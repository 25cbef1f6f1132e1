"""What is seen of an ingest: observers and the summary in words."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from apex_cli.cli.failures import FailureGroups
from apex_cli.cli.ingesting import summary_lines
from apex_cli.cli.live import watch
from apex_cli.cli.observers import JsonLines, ProgressReporter, record_line
from apex_cli.cli.output import Output
from apex_cli.errors import ApexError, ReadError
from apex_cli.results import RecordResult, RecordStatus, RunSummary

Captured = pytest.CaptureFixture[str]
RUN = "7d9f6a52-0000-4000-8000-000000000000"


def committed(status: RecordStatus = RecordStatus.COMMITTED) -> RecordResult:
    return RecordResult(
        status,
        "r-1",
        locator="a.json:1",
        source="turvo",
        data_type="shipment",
        external_id="SHIP-1",
        entities=5,
        facts=6,
        vectors=1,
        ms=12.34,
    )


def failed(locator: str = "b.json:2", message: str = "broken JSON at line 2", hint: str | None = None) -> RecordResult:
    error = ReadError(message, hint=hint)
    return RecordResult(RecordStatus.FAILED, error=error, stage="read", locator=locator)


def summed(*outcomes: RecordResult, **fields: object) -> RunSummary:
    summary = RunSummary(RUN, inputs=2, seconds=2.0)
    for outcome in outcomes:
        summary.add(outcome)
    for name, value in fields.items():
        setattr(summary, name, value)
    return summary


def words(summary: RunSummary, *failures: RecordResult) -> str:
    groups = FailureGroups()
    for failure in failures:
        groups.add(failure)
    return "\n".join(summary_lines(summary, groups))


def test_json_shows_each_record_with_its_run_and_masks_secrets(capsys: Captured) -> None:
    lines = JsonLines(Output(json=True), run_id=RUN)
    lines.outcome(committed())
    lines.outcome(failed(message="redis://u:secret@h refused"))
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["type"], first["run_id"], first["status"], first["stage"]) == ("record", RUN, "committed", None)
    assert (first["entities"], first["facts"], first["vectors"], first["ms"]) == (5, 6, 1, 12.34)
    assert second["error"] == {"code": "unreadable", "message": "redis://***@h refused", "hint": None}
    assert second["stage"] == "read"


def test_quiet_says_nothing_of_success_and_one_line_of_each_failure(capsys: Captured) -> None:
    quiet = ProgressReporter(Output(quiet=True))
    quiet.phase("ingesting")
    quiet.outcome(committed())
    quiet.outcome(failed(message="broken\nJSON", hint="correct it"))
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "failed b.json:2: broken\\nJSON (correct it)\n"


def test_verbose_has_a_line_for_each_phase_and_record(capsys: Captured) -> None:
    verbose = ProgressReporter(Output(verbose=True))
    verbose.phase("ingesting")
    verbose.outcome(committed(RecordStatus.UPDATED))
    assert capsys.readouterr().err.splitlines() == [
        "ingesting",
        "updated turvo:SHIP-1 (5 entities, 6 facts, 1 vectors, 12.3 ms)",
    ]


def test_failures_are_grouped_by_reason_and_only_the_first_are_kept() -> None:
    seen = ProgressReporter(Output())
    for number in range(1000):
        seen.outcome(failed(f"x:{number}", hint="open it in an editor"))
    seen.outcome(
        RecordResult(RecordStatus.FAILED, error=ReadError("locked", code="encrypted"), stage="read", locator="a.pdf")
    )
    assert list(seen.failures.lines()) == [
        "",
        "Failed:",
        "  1,000 x unreadable",
        *(f"    x:{number}: broken JSON at line 2" for number in range(3)),
        "      hint: open it in an editor",
        "    and 997 more",
        "  a.pdf: locked",
    ]


def test_quiet_is_silent_on_what_failed_in_the_same_way_before(capsys: Captured) -> None:
    quiet = ProgressReporter(Output(quiet=True))
    quiet.outcome(replace(failed(), repeated=True))
    assert capsys.readouterr().err == ""
    assert list(quiet.failures.lines())[-1] == "  b.json:2: broken JSON at line 2 (as in an earlier run)"


def test_no_terminal_no_moving_line() -> None:
    assert type(watch(Output(), RUN)) is ProgressReporter
    assert isinstance(watch(Output(json=True), RUN), JsonLines)


def test_a_hostile_name_is_harmless_in_a_record_line() -> None:
    outcome = RecordResult(RecordStatus.COMMITTED, "r", locator="x:1", source="json", external_id="\x1b]0;owned\x07")
    assert record_line(outcome).startswith("committed json:\\x1b]0;owned\\x07 (")


def test_the_summary_says_what_how_many_and_how_long() -> None:
    summary = summed(committed(), committed(RecordStatus.UNCHANGED), committed(RecordStatus.UNCHANGED))
    assert words(summary) == "3 records from 2 inputs: 1 committed, 2 unchanged (2.0 s, 2 records/s)."


def test_the_summary_says_what_failed_and_what_to_do() -> None:
    bad = failed(hint="open it in an editor")
    other = failed("c:1")
    text = words(summed(committed(), bad, other), bad, other)
    assert "  b.json:2: broken JSON at line 2\n    hint: open it in an editor\n  c:1: broken JSON at line 2\n" in text
    assert text.endswith("Next: `apex staging list` shows what is kept and why; `apex staging retry` tries it again.")


def test_the_summary_of_nothing_of_an_early_end_and_of_a_dry_run() -> None:
    assert words(RunSummary(RUN)) == "Nothing to do."
    assert words(summed()) == "Nothing to do: no records in 2 inputs."
    stopped = words(
        summed(committed(RecordStatus.PENDING), reason=ApexError("graph: down", hint="look at it", code="x"))
    )
    assert "Stopped early: graph: down\n  hint: look at it" in stopped
    assert "What is pending stays staged" in stopped
    dry = words(summed(committed(RecordStatus.PENDING), dry_run=True))
    assert dry == "Dry run, nothing was written: 1 record from 2 inputs: 1 pending (2.0 s, 0 records/s)."
    assert "Interrupted" in words(summed(committed(), interrupted=2))
    assert "left open by earlier runs: 4 records" in words(summed(committed(), recovered=4))
    assert "younger than --min-age: 1 file" in words(summed(skipped_young=1))
