"""SIGINT and SIGTERM in the middle of a run: what is in flight is settled, nothing is left running, nothing is lost."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.acceptance.apex import engines, run, running, verified
from tests.generate import write_jsonl

COUNT = 1_200


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_interrupted_settles_and_goes_on_later(home: Path, number: signal.Signals, code: int) -> None:
    file = home.parent / "many.jsonl"
    write_jsonl(file, COUNT)
    with running(home, "ingest", file, "--batch-size", "100", "--json") as run_under_way:
        run_under_way.skip(300)
        result = run_under_way.end(number).expect(code)
    assert engines(home) == []
    summary = result.summary
    assert summary["exit_code"] == code
    assert summary["failed"] == 0
    assert signal.Signals(number).name in result.stderr
    done = summary["committed"] + summary["updated"] + summary["unchanged"]
    assert 300 <= done < COUNT
    distinct = {line["record_id"] for line in result.of("record") if line["status"] != "pending"}
    assert verified(home) == len(distinct)

    rest = run(home, "ingest", file, "--json").expect(0).summary
    assert rest["failed"] == rest["pending"] == 0
    assert rest["records"] == COUNT
    assert not list((home / "staging").glob("*/*"))
    verified(home)


def test_an_impatient_second_signal_stops_at_once(home: Path) -> None:
    file = home.parent / "some.jsonl"
    write_jsonl(file, 50)
    with running(home, "ingest", file, "--json", env={"APEX_FAULT": "vectors.publish.before:hang:2"}) as hanging:
        while not list((home / "staging").glob("*/*")):
            assert hanging.process.poll() is None
        hanging.process.send_signal(signal.SIGTERM)
        result = hanging.end(signal.SIGTERM)
    assert result.exit == 143
    assert engines(home) == []
    assert run(home, "ingest", file, "--json").expect(0).summary["failed"] == 0
    verified(home)
