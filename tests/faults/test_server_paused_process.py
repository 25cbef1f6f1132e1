"""A run is paused until its locks expire, and another commits newer versions of its records: its writes are refused.

The vectors are embedded in each home, so the two runs share three stores, and each home has the points of its own run.
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import redis

from tests.acceptance.apex import new_home, run, running, write_lines
from tests.faults.oracle import differences, identity, status_of
from tests.faults.points import chosen
from tests.faults.scenario import FaultScenario
from tests.faults.server_cluster import BATCH, MIDDLE, ServerCluster
from tests.faults.stored import read_stores
from tests.profiles import namespace

NEWEST = "delivered"


@pytest.mark.parametrize("moment", chosen(("preparing", "at the pivot", "committing", "publishing"), ("committing",)))
async def test_a_paused_process_is_refused(
    servers: ServerCluster, server_scenario: FaultScenario, short_tmp: Path, moment: str
) -> None:
    scenario = server_scenario
    held = servers.hold(scenario, moment)
    way = servers.through_proxies(scenario.home)
    with (
        new_home(short_tmp) as other,
        running(scenario.home, "ingest", scenario.file, "--batch-size", str(BATCH), "--json", env=way) as paused,
    ):
        assert held.wait(60)
        paused.process.send_signal(signal.SIGSTOP)
        forget_locks(servers, scenario.home)
        newest = [{**payload, "status": NEWEST} for payload in scenario.payloads]
        file = write_lines(other.parent / "newest.jsonl", newest)
        place = {**servers.direct(other), "APEX_NAMESPACE": namespace(scenario.home)}
        summary = run(other, "ingest", file, "--json", env=place).expect(0).summary
        assert summary["committed"] + summary["updated"] == len(newest)
        paused.process.send_signal(signal.SIGCONT)
        held.let_go()
        continued = paused.end()
        assert not [secret for secret in servers.secrets() if secret in continued.stdout + continued.stderr]
        run(scenario.home, "recover", env=scenario.env).expect(0)
        stored = await read_stores(other, place)
        wrong = list(differences(stored))
        for payload in scenario.payloads[MIDDLE : MIDDLE + BATCH]:
            known_as = identity(scenario.home, payload["shipmentId"], scenario.env)
            assert [problem for problem in wrong if known_as in problem] == []
            assert status_of(stored, known_as) == NEWEST
        assert not [problem for problem in wrong if problem.startswith("journal")]


def forget_locks(servers: ServerCluster, home: Path) -> None:
    """Delete the locks, as their time to live would."""
    with redis.Redis.from_url(servers.direct(home)["APEX_REDIS_URL"]) as client:
        locks = list(client.scan_iter(f"apex:{namespace(home)}:lock:*"))
        assert locks
        client.delete(*locks)
