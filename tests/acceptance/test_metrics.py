"""`apex metrics`, and the file that ingests keep fresh."""

from __future__ import annotations

import stat
from pathlib import Path

from tests.acceptance.apex import run, running, verified, write_lines
from tests.acceptance.seeds import SEEDS, shipment
from tests.acceptance.test_start import HANG, wait_until
from tests.metric_text import Samples, parsed, value


def metrics(home: Path) -> Samples:
    return parsed(run(home, "metrics").expect(0).stdout)


def ours(samples: Samples) -> Samples:
    """Without what the rest of the machine changes."""
    return {series: number for series, number in samples.items() if series[0] != "apex_staging_free_bytes"}


def test_a_new_home_has_metrics(home: Path) -> None:
    samples = metrics(home)
    assert value(samples, "apex_inputs_total") == 0
    assert value(samples, "apex_staging_items", status="failed") == 0
    assert [labels for name, labels in samples if name == "apex_build_info"]


def test_counters_are_totals_over_all_runs(home: Path) -> None:
    drop = home.parent / "drop"
    drop.mkdir()
    write_lines(drop / "seeds.jsonl", SEEDS)
    run(home, "ingest", drop, "-q").expect(0)
    (drop / "bad.json").write_text('{"shipmentId": }')
    run(home, "ingest", drop, "-q").expect(3)
    run(home, "forget", f"turvo:{SEEDS[1]['shipmentId']}", "--yes").expect(0)
    samples = metrics(home)
    for source in ("samsara", "turvo", "frontapp"):
        assert value(samples, "apex_records_total", source=source, outcome="committed") == 1
        assert value(samples, "apex_records_total", source=source, outcome="unchanged") == 1
    assert value(samples, "apex_records_total", source="turvo", outcome="forgotten") == 1
    failed = [number for (name, labels), number in samples.items() if ("outcome", "failed") in labels]
    assert sum(failed) == 1
    assert value(samples, "apex_runs_total", verb="ingest", exit_code="0") == 1
    assert value(samples, "apex_runs_total", verb="ingest", exit_code="3") == 1
    assert value(samples, "apex_runs_total", verb="forget", exit_code="0") == 1
    assert value(samples, "apex_last_run_exit_code", verb="ingest") == 3
    assert value(samples, "apex_inputs_total") == 3
    assert value(samples, "apex_dead_letters", stage="read") == 1
    assert value(samples, "apex_staging_used_bytes") == value(samples, "apex_staging_bytes", status="failed") == 16
    for store, step in (("graph", "commit"), ("postgres", "done"), ("vectors", "publish"), ("cache", "prepare")):
        assert value(samples, "apex_store_seconds_total", store=store, step=step) > 0
        assert value(samples, "apex_store_retries_total", store=store) == 0
    for stage in ("read", "extract", "embed", "commit"):
        assert value(samples, "apex_stage_seconds_total", stage=stage) > 0
    assert ours(metrics(home)) == ours(samples)


def test_what_a_store_refuses_is_retried_and_rolled_back(home: Path) -> None:
    file = write_lines(home.parent / "two.jsonl", [shipment(1), shipment(2)])
    broken = {"APEX_FAULT": "vectors.prepare.before:error"}
    summary = run(home, "ingest", file, "--json", env=broken).expect(3).summary
    assert (summary["rollbacks"], summary["store_retries"], summary["breaker_trips"]) == (2, {"vectors": 3}, {})
    samples = metrics(home)
    assert value(samples, "apex_saga_rollbacks_total") == 2
    assert value(samples, "apex_store_retries_total", store="vectors") == 3
    assert value(samples, "apex_sagas_unsettled", state="PREPARED") == 0
    assert value(samples, "apex_dead_letters", stage="commit") == 2


def test_a_store_that_is_given_up_shows_until_a_run_gets_through(home: Path) -> None:
    file = write_lines(home.parent / "two.jsonl", [shipment(1), shipment(2)])
    broken = {"APEX_FAULT": "cache.prepare.after:error"}
    summary = run(home, "ingest", file, "--json", env=broken).expect(3).summary
    assert summary["breaker_trips"] == {"cache": 1}
    samples = metrics(home)
    assert value(samples, "apex_store_breaker_trips_total", store="cache") == 1
    assert value(samples, "apex_last_run_breaker_trips", verb="ingest", store="cache") == 1
    # A store that is given up cannot be tidied either: the next run does it.
    assert value(samples, "apex_sagas_unsettled", state="PREPARED") == 2
    assert value(samples, "apex_saga_rollbacks_total") == 0
    run(home, "ingest", file, "-q").expect(0)
    samples = metrics(home)
    assert value(samples, "apex_last_run_breaker_trips", verb="ingest", store="cache") == 0
    assert value(samples, "apex_store_breaker_trips_total", store="cache") == 1
    assert value(samples, "apex_saga_rollbacks_total") == 2
    assert value(samples, "apex_sagas_unsettled", state="PREPARED") == 0
    assert value(samples, "apex_dead_letters", stage="commit") == 0
    assert verified(home) == 2


def test_a_killed_run_and_what_it_left(home: Path) -> None:
    file = write_lines(home.parent / "seeds.jsonl", SEEDS)
    assert run(home, "ingest", file, env={"APEX_FAULT": "graph.commit.after:kill"}).exit == -9
    samples = metrics(home)
    assert value(samples, "apex_runs_unfinished", verb="ingest") == 1
    assert value(samples, "apex_sagas_unsettled", state="PREPARED") == 3
    began = value(samples, "apex_sagas_unsettled_oldest_timestamp_seconds", state="PREPARED")
    assert value(samples, "apex_staging_items", status="processing") == 1
    run(home, "ingest", file, "-q").expect(0)
    samples = metrics(home)
    assert value(samples, "apex_saga_recoveries_total") == 3
    assert value(samples, "apex_sagas_unsettled", state="PREPARED") == 0
    assert value(samples, "apex_last_run_end_timestamp_seconds", verb="ingest") > began


def test_ingests_keep_the_file_fresh(home: Path) -> None:
    file = write_lines(home.parent / "seeds.jsonl", SEEDS)
    prom = home.parent / "apex.prom"
    run(home, "ingest", file, "-q", env={"APEX_METRICS_TEXTFILE": str(prom)}).expect(0)
    samples = parsed(prom.read_text())
    assert value(samples, "apex_runs_total", verb="ingest", exit_code="0") == 1
    assert value(samples, "apex_records_total", source="turvo", outcome="committed") == 1
    assert stat.S_IMODE(prom.stat().st_mode) == 0o644
    run(home, "ingest", file, "-q", "--metrics-textfile", prom).expect(0)
    samples = parsed(prom.read_text())
    assert value(samples, "apex_runs_total", verb="ingest", exit_code="0") == 2
    assert ours(samples) == ours(metrics(home))
    assert [path.name for path in home.parent.glob(".*")] == []


def test_a_run_that_cannot_go_on_says_so_in_the_file(home: Path) -> None:
    big = write_lines(home.parent / "big.jsonl", [shipment(number) for number in range(100)])
    prom = home.parent / "apex.prom"
    run(home, "ingest", big, "--metrics-textfile", prom, env={"APEX_STAGING_MAX_BYTES": "4k"}).expect(10)
    samples = parsed(prom.read_text())
    assert value(samples, "apex_last_run_exit_code", verb="ingest") == 10
    assert value(samples, "apex_staging_limit_bytes") == 4096


def test_a_file_that_cannot_be_written_starts_nothing(home: Path) -> None:
    file = write_lines(home.parent / "seeds.jsonl", SEEDS)
    for prom in (home.parent / "nowhere" / "apex.prom", home.parent / "apex.txt"):
        assert "hint:" in run(home, "ingest", file, "--metrics-textfile", prom).expect(10).stderr
        assert "hint:" in run(home, "metrics", "--textfile", prom).expect(10).stderr
    assert not home.exists()


def test_the_verb_writes_a_file_too_and_json(home: Path) -> None:
    prom = home.parent / "apex.prom"
    assert "metrics written to" in run(home, "metrics", "--textfile", prom).expect(0).stdout
    assert run(home, "metrics", "--textfile", prom, "-q").expect(0).stdout == ""
    printed = {
        (line["name"], frozenset(line["labels"].items())): line["value"]
        for line in run(home, "metrics", "--json").expect(0).of("metric")
    }
    written = parsed(prom.read_text())
    assert printed.keys() == written.keys()
    assert ours(printed) == ours(written)


def test_beside_a_run_the_file_shows_it(home: Path) -> None:
    file = write_lines(home.parent / "seeds.jsonl", SEEDS)
    prom = home.parent / "apex.prom"
    run(home, "metrics", "--textfile", prom, "-q").expect(0)
    with running(home, "ingest", file, env=HANG) as going_on:
        pid = going_on.process.pid
        wait_until(lambda: f'"pid": {pid},' in (home / "lock").read_text(), going_on.process)
        until_listed(home)
        run(home, "metrics", "--textfile", prom, "-q").expect(0)
        assert value(metrics(home), "apex_runs_unfinished", verb="ingest") == 1
    assert value(parsed(prom.read_text()), "apex_runs_unfinished", verb="ingest") == 1


def until_listed(home: Path) -> None:
    """Wait until the run is written down, which is after its stores are open."""
    for _ in range(100):
        if run(home, "runs", "--json").expect(0).lines:
            return
    raise AssertionError("no run")
