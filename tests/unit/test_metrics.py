"""RunStatistics as metric families and as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from apex_cli.metrics import as_text, families
from apex_cli.staging import ItemCount, ItemStatus, StagingStats
from apex_cli.stores.postgres.runs import LastRun, OpenSagaCount, RunGroup, RunStatistics, RunTotal
from tests.metric_text import names, parsed, value

NOON = datetime(2025, 10, 19, 12, tzinfo=UTC)
NOTHING = RunStatistics(groups=[], last=[], totals=[], open_sagas=[])


def text_of(statistics: RunStatistics, staging: StagingStats | None = None, namespace: str = "apex") -> str:
    return as_text(families(statistics, staging or StagingStats(limit=100, free=None), namespace)).decode()


def test_names_follow_the_conventions() -> None:
    declared = re.findall(r"^# TYPE (\S+) (\S+)$", text_of(NOTHING), re.MULTILINE)
    assert len(declared) == len(dict(declared)) > 25
    for name, kind in declared:
        assert re.fullmatch(r"apex_[a-z]+(_[a-z]+)*", name)
        assert (kind == "counter") == name.endswith("_total")
        assert kind in ("counter", "gauge")
    helped = re.findall(r"^# HELP (\S+) .+\.$", text_of(NOTHING), re.MULTILINE)
    assert helped == [name for name, _ in declared]


def test_an_empty_memory_has_its_closed_lists_at_zero() -> None:
    samples = parsed(text_of(NOTHING))
    assert value(samples, "apex_inputs_total") == 0
    for store in ("graph", "postgres", "vectors", "cache"):
        assert value(samples, "apex_store_retries_total", store=store) == 0
    for stage in ("read", "extract", "embed", "commit"):
        assert value(samples, "apex_dead_letters", stage=stage) == 0
        assert value(samples, "apex_stage_seconds_total", stage=stage) == 0
    for state in ("PREPARED", "RESOLVING", "COMMITTED"):
        assert value(samples, "apex_sagas_unsettled", state=state) == 0
    assert "apex_last_run_exit_code" in names(text_of(NOTHING))
    assert not [name for name, _ in samples if "timestamp" in name]


def test_runs() -> None:
    statistics = RunStatistics(
        groups=[
            RunGroup("ingest", 0, 7, NOON, 70.0),
            RunGroup("ingest", 3, 2, NOON + timedelta(hours=1), 5.5),
            RunGroup("ingest", None, 1, None, 0.0),
            RunGroup("forget", 0, 1, NOON, 1.0),
        ],
        last=[LastRun("ingest", NOON, NOON + timedelta(seconds=90), 3, {"cache": 2})],
        totals=[],
        open_sagas=[],
    )
    samples = parsed(text_of(statistics))
    assert value(samples, "apex_runs_total", verb="ingest", exit_code="0") == 7
    assert value(samples, "apex_runs_total", verb="ingest", exit_code="3") == 2
    assert value(samples, "apex_run_seconds_total", verb="ingest") == 75.5
    assert value(samples, "apex_runs_unfinished", verb="ingest") == 1
    assert value(samples, "apex_runs_unfinished", verb="forget") == 0
    assert value(samples, "apex_last_success_timestamp_seconds", verb="ingest") == NOON.timestamp()
    assert value(samples, "apex_last_run_duration_seconds", verb="ingest") == 90
    assert value(samples, "apex_last_run_end_timestamp_seconds", verb="ingest") == NOON.timestamp() + 90
    assert value(samples, "apex_last_run_exit_code", verb="ingest") == 3
    assert value(samples, "apex_last_run_breaker_trips", verb="ingest", store="cache") == 2
    assert value(samples, "apex_last_run_breaker_trips", verb="ingest", store="graph") == 0


def test_totals() -> None:
    totals = [
        RunTotal("by_source", "turvo", "committed", 12),
        RunTotal("by_source", "turvo", "forgotten", 1),
        RunTotal("stage_seconds", "embed", "", 1.25),
        RunTotal("store_seconds", "graph", "commit", 2.5),
        RunTotal("store_retries", "graph", "", 4),
        RunTotal("rollbacks", "", "", 3),
        RunTotal("recovered", "", "", 2),
        RunTotal("tokens", "", "", 900),
        RunTotal("cost_usd", "", "", 0.25),
    ]
    samples = parsed(text_of(RunStatistics([], [], totals, []), namespace="east"))
    where = {"namespace": "east"}
    assert value(samples, "apex_records_total", source="turvo", outcome="committed", **where) == 12
    assert value(samples, "apex_records_total", source="turvo", outcome="failed", **where) == 0
    assert value(samples, "apex_records_total", source="turvo", outcome="forgotten", **where) == 1
    assert value(samples, "apex_stage_seconds_total", stage="embed", **where) == 1.25
    assert value(samples, "apex_store_seconds_total", store="graph", step="commit", **where) == 2.5
    assert value(samples, "apex_store_retries_total", store="graph", **where) == 4
    assert value(samples, "apex_saga_rollbacks_total", **where) == 3
    assert value(samples, "apex_saga_recoveries_total", **where) == 2
    assert value(samples, "apex_llm_tokens_total", **where) == 900
    assert value(samples, "apex_llm_cost_usd_total", **where) == 0.25


def test_the_staging_area_and_open_sagas() -> None:
    staging = StagingStats(limit=1000, free=5000, used=50)
    staging.by_status[ItemStatus.FAILED] = ItemCount(2, 40, NOON)
    staging.failed_in["commit"] = ItemCount(2, 40, NOON)
    samples = parsed(text_of(RunStatistics([], [], [], [OpenSagaCount("PREPARED", 5, NOON)]), staging))
    assert value(samples, "apex_sagas_unsettled", state="PREPARED") == 5
    assert value(samples, "apex_sagas_unsettled_oldest_timestamp_seconds", state="PREPARED") == NOON.timestamp()
    assert value(samples, "apex_staging_items", status="failed") == 2
    assert value(samples, "apex_staging_bytes", status="failed") == 40
    assert value(samples, "apex_staging_oldest_timestamp_seconds", status="failed") == NOON.timestamp()
    assert value(samples, "apex_dead_letters", stage="commit") == 2
    assert value(samples, "apex_staging_used_bytes") == 50
    assert value(samples, "apex_staging_limit_bytes") == 1000
    assert value(samples, "apex_staging_free_bytes") == 5000


def test_labels_are_escaped() -> None:
    hostile = 'a"b\\c\nd'
    text = text_of(RunStatistics([], [], [RunTotal("by_source", hostile, "failed", 1)], []))
    assert r'source="a\"b\\c\nd"' in text
    assert value(parsed(text), "apex_records_total", source=hostile, outcome="failed") == 1
