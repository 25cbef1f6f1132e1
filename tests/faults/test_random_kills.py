"""`kill -9` at random moments of a long ingest. The next ingest completes it: each record once."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest

from tests.acceptance.apex import run, running, verified, wait_gone
from tests.faults.oracle import count
from tests.generate import write_jsonl


@pytest.mark.parametrize(
    ("records", "rounds"), [(600, 2), pytest.param(3_000, 10, marks=[pytest.mark.campaign, pytest.mark.timeout(900)])]
)
async def test_killed_at_random_moments(home: Path, records: int, rounds: int) -> None:
    rnd = random.Random(20251019)
    file = write_jsonl(home.parent / "records.jsonl", records)
    for number in range(rounds):
        # Counted in lines, not in time. The pipe lets the run be some hundred lines ahead of what was read.
        moment = rnd.randrange(records - 300)
        with running(home, "ingest", file, "--batch-size", "50", "--json") as under_way:
            lines = [under_way.line() for _ in range(moment)]
            result = under_way.end(signal.SIGKILL)
        assert result.exit == -signal.SIGKILL, f"round {number}: ended before record {moment}"
        assert all(line is not None and line["status"] != "failed" for line in lines)
        wait_gone(home)
    summary = run(home, "ingest", file, "--json").expect(0).summary
    assert (summary["records"], summary["failed"], summary["pending"]) == (records, 0, 0)
    assert await count(home) == verified(home) == records
    assert not list((home / "staging").glob("*/*"))
