"""Before a run begins: settings, lock, staging directory. A run that cannot start writes nothing and loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from tests.acceptance.apex import Running, engines, run, running, spawn, verified, wait_gone, write_lines
from tests.acceptance.seeds import SEEDS, shipment

HANG = {"APEX_FAULT": "graph.commit.before:hang"}


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait for a condition that the process will bring about; it must not end before."""
    watched = psutil.Process(process.pid)
    while not condition():
        with pytest.raises(psutil.TimeoutExpired):
            watched.wait(0.02)


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("APEX_BATCH_SIZE", "zero", "APEX_BATCH_SIZE must be a whole number, not 'zero' (environment)"),
        ("APEX_BATCH_SIZE", "0", "APEX_BATCH_SIZE must be 1 or more"),
        ("APEX_STAGING_MAX_BYTES", "many", "APEX_STAGING_MAX_BYTES must be a size"),
        ("APEX_LOCK_TIMEOUT", "soon", "APEX_LOCK_TIMEOUT must be a duration"),
        ("APEX_NAMESPACE", "Robert'; --", "APEX_NAMESPACE"),
        ("APEX_FAULT", "graph.explode:kill", "graph.explode:kill"),
        ("APEX_POSTGRES_URL", "mysql://apex:hunter2@db.example.com/apex", "APEX_POSTGRES_URL"),
        ("APEX_REDIS_URL", "memcached://:hunter2@cache.example.com", "APEX_REDIS_URL"),
        ("APEX_QDRANT_URL", "https://hunter2@vectors.example.com", "APEX_QDRANT_URL"),
        ("APEX_GRAPH_URL", "https://neo4j:hunter2@graph.example.com", "APEX_GRAPH_URL"),
        ("APEX_HOME", "/proc/nowhere", "/proc/nowhere"),
    ],
)
def test_an_invalid_setting_starts_nothing(home: Path, setting: str, value: str, says: str) -> None:
    file = write_lines(home.parent / "seeds.jsonl", SEEDS)
    result = run(home, "ingest", file, "--json", env={setting: value}).expect(10)
    assert [line["type"] for line in result.lines] == ["error"]
    assert says in result.stderr
    assert "hunter2" not in result.stdout + result.stderr
    assert not home.exists()


def test_an_extractor_that_needs_a_model_starts_nothing(home: Path) -> None:
    file = write_lines(home.parent / "seeds.jsonl", SEEDS)
    assert "hint:" in run(home, "ingest", file, "--extractor", "llm").expect(10).stderr
    assert not home.exists()


def test_dotenv_counts_only_in_the_working_directory(home: Path) -> None:
    (home.parent / ".env").write_text("APEX_BATCH_SIZE=from-dotenv\n")
    below = home.parent / "below"
    below.mkdir()
    assert "from-dotenv" in run(home, "staging", "list").expect(10).stderr
    run(home, "staging", "list", cwd=below).expect(0)
    (home.parent / ".env").write_text("APEX_BATCH_SIZE=5\n")
    assert "(environment)" in run(home, "staging", "list", env={"APEX_BATCH_SIZE": "five"}).expect(10).stderr
    (below / ".env").write_text(f"APEX_HOME={home.parent / 'elsewhere'}\n")
    (below / "apex.toml").write_text("batch_size = 'from-toml'\n")
    assert "from-toml" in run(home, "staging", "list", cwd=below).expect(10).stderr
    assert not home.exists()


def test_a_misspelt_variable_is_warned_of_once(home: Path) -> None:
    misspelt = {"APEX_BACTH_SIZE": "5"}
    shown = run(home, "staging", "list", env=misspelt).expect(0)
    assert shown.stderr == (
        "warning: APEX_BACTH_SIZE (environment) is not a setting and is ignored; did you mean APEX_BATCH_SIZE?\n"
    )
    assert run(home, "staging", "clean", "--yes", "-q", env=misspelt).expect(0).stderr == ""
    assert "did you mean APEX_BATCH_SIZE?" in run(home, "doctor", env=misspelt).expect(0).stdout


def test_foreign_settings_are_never_used(home: Path) -> None:
    foreign = dict.fromkeys(("NEO4J_URI", "DATABASE_URL", "QDRANT_URL", "REDIS_URL"), "nonsense://nowhere")
    run(home, "ingest", write_lines(home.parent / "seeds.jsonl", SEEDS), "-q", env=foreign).expect(0)


def test_one_writer_a_home(home: Path) -> None:
    file = write_lines(home.parent / "seeds.jsonl", SEEDS)
    lock = home / "lock"
    with running(home, "ingest", file, "--json", env=HANG) as first:
        pid = first.process.pid
        wait_until(lambda: lock.is_file() and f'"pid": {pid},' in lock.read_text(), first.process)
        refused = run(home, "ingest", file, "--json").expect(11)
        assert [line["code"] for line in refused.of("error")] == ["locked"]
        assert f"pid {pid} on " in refused.stderr
        assert "--lock-timeout" in refused.stderr
        run(home, "recover", "--lock-timeout", "300ms").expect(11)
        assert run(home, "runs", "--json").expect(0).lines[0]["exit_code"] is None
        waiting = Running(spawn(home, "ingest", file, "--lock-timeout", "1m", "--json"))
        watched = psutil.Process(waiting.process.pid)
        wait_until(lambda: str(lock) in {each.path for each in watched.open_files()}, waiting.process)
        first.end(signal.SIGKILL)
        result = waiting.end().expect(0)
    assert result.summary["committed"] + result.summary["unchanged"] == 3
    assert verified(home) == 3


def test_two_at_once_write_nothing_twice(home: Path) -> None:
    payloads = [shipment(number) for number in range(20)]
    file = write_lines(home.parent / "twenty.jsonl", payloads)
    both = [Running(spawn(home, "ingest", file, "--lock-timeout", "1m", "--json")) for _ in range(2)]
    summaries = [each.end().expect(0).summary for each in both]
    assert sorted(summary["committed"] for summary in summaries) == [0, 20]
    assert sorted(summary["unchanged"] for summary in summaries) == [0, 20]
    assert verified(home) == 20


def test_a_full_staging_area_loses_nothing(home: Path) -> None:
    drop = home.parent / "drop"
    drop.mkdir()
    big = write_lines(drop / "big.jsonl", [shipment(number) for number in range(100)])
    small = {"APEX_STAGING_MAX_BYTES": "4k"}
    refused = run(home, "ingest", drop, "--consume", "--json", env=small).expect(10)
    assert "staging directory is full" in refused.stderr
    assert "APEX_STAGING_MAX_BYTES" in refused.stderr
    assert big.exists()
    write_lines(drop / "a.jsonl", SEEDS)
    mixed = run(home, "ingest", drop, "--consume", "--json", env=small).expect(3)
    assert mixed.summary["committed"] == 3
    assert mixed.summary["reason"]["code"] == "staging_full"
    assert big.exists()
    assert verified(home) == 3
    assert run(home, "ingest", drop, "--consume", "--json").expect(0).summary["committed"] == 100
    assert not list(drop.iterdir())


def test_a_staging_area_that_is_no_folder(home: Path) -> None:
    file = write_lines(home.parent / "seeds.jsonl", SEEDS)
    (home.parent / "flat").write_text("")
    result = run(home, "ingest", file, env={"APEX_STAGING_DIR": str(home.parent / "flat")}).expect(10)
    assert "not a folder" in result.stderr
    assert engines(home) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
@pytest.mark.parametrize(("options", "says"), [("ro", "read-only"), ("size=64k", "full")])
def test_a_disk_that_takes_nothing(home: Path, options: str, says: str) -> None:
    area = home.parent / "area"
    area.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(area)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine mounts nothing")
    try:
        file = write_lines(home.parent / "many.jsonl", [shipment(number) for number in range(1000)])
        staged = {"APEX_STAGING_DIR": str(area)}
        result = run(home, "ingest", file, "--consume", env=staged).expect(10)
        assert says in result.stderr
        assert "hint:" in result.stderr
        assert file.exists()
        assert verified(home) == 0
    finally:
        subprocess.run(["umount", str(area)], check=True)
    assert run(home, "ingest", file, "--consume", "--json").expect(0).summary["committed"] == 1000


@pytest.mark.embedded
@pytest.mark.parametrize("env", [{}, {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1", "APEX_EMBEDDER": "openai"}])
def test_doctor_makes_no_home(home: Path, env: dict[str, str]) -> None:
    result = run(home, "doctor", "--json", env=env).expect(10 if env else 0)
    checks = {line["name"]: line for line in result.lines}
    assert "no home yet: the first ingest makes it" in checks["home"]["detail"]
    stores = ("lock", "graph", "postgres", "vectors", "cache")
    assert [checks[name]["status"] for name in stores] == ["ok"] * 5
    assert [line["name"] for line in result.lines if line["status"] == "failed"] == (["model"] if env else [])
    assert not home.exists()


@pytest.mark.embedded
def test_doctor_adds_nothing_to_a_home(home: Path) -> None:
    run(home, "ingest", write_lines(home.parent / "seeds.jsonl", SEEDS), "-q").expect(0)
    before = {path.relative_to(home) for path in home.glob("*/*")}
    run(home, "doctor", env={"APEX_NAMESPACE": "other"}).expect(0)
    assert {path.relative_to(home) for path in home.glob("*/*")} == before


@pytest.mark.embedded
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
def test_a_home_on_a_read_only_mount(home: Path) -> None:
    file = write_lines(home.parent / "seeds.jsonl", SEEDS)
    run(home, "ingest", file, "-q").expect(0)
    wait_gone(home)
    if subprocess.run(["mount", "--bind", home, home], capture_output=True, check=False).returncode:
        pytest.skip("this machine mounts nothing")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", home], check=True)
        for verb in (("ingest", file), ("search", "truck"), ("get", "turvo:x"), ("runs",), ("verify",), ("recover",)):
            result = run(home, *verb).expect(10)
            assert "Read-only file system" in result.stderr
            assert "hint:" in result.stderr
        result = run(home, "doctor").expect(10)
        assert "cannot be written to" in result.stdout
    finally:
        subprocess.run(["umount", home], check=True)
    assert verified(home) == 3


@pytest.mark.embedded
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
def test_a_home_on_a_disk_that_fills_up(home: Path) -> None:
    home.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", "size=100m,mode=700", "tmpfs", str(home)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine mounts nothing")
    try:
        file = write_lines(home.parent / "many.jsonl", [shipment(number) for number in range(1500)])
        result = run(home, "ingest", file, "--batch-size", "300")
        assert result.exit in (3, 10)
        assert "No space left" in result.stdout + result.stderr or "the disk is full" in result.stdout + result.stderr
        subprocess.run(["mount", "-o", "remount,size=900m", str(home)], check=True)
        counted = run(home, "ingest", file, "--json").expect(0).summary
        assert counted["committed"] + counted["unchanged"] == 1500
        assert verified(home) == 1500
    finally:
        wait_gone(home)
        subprocess.run(["umount", str(home)], check=True)


@pytest.mark.embedded
def test_a_killed_run_leaves_no_engine(home: Path) -> None:
    file = write_lines(home.parent / "seeds.jsonl", SEEDS)
    with running(home, "ingest", file, "--json", env=HANG) as first:
        wait_until(lambda: len(engines(home)) >= 2, first.process)
        first.end(signal.SIGKILL)
    wait_gone(home)
    assert run(home, "ingest", file, "--json").expect(0).summary["committed"] == 3
    assert verified(home) == 3
