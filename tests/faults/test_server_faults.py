"""A server stops, dies, pauses or is cut off in the middle of an ingest, when a chosen request reaches it.

In every case: no record is half old and half new, each input is committed or staged, the run reports the error without
a password and ends by itself, and the next ingest completes everything.
"""

from __future__ import annotations

import itertools

import pytest

from tests.acceptance.apex import Result, run, running
from tests.faults.oracle import count
from tests.faults.scenario import NEW, FaultScenario
from tests.faults.server_cluster import BATCH, MOMENTS, SIZE, URLS, Fault, ServerCluster
from tests.proxy import BOLT_COMMIT

LASTING = (Fault.STOP, Fault.KILL, Fault.PAUSE, Fault.CUT_OFF, Fault.DEAF)
ALWAYS = {
    ("postgres", Fault.KILL, "committing"),
    ("redis", Fault.CUT_OFF, "publishing"),
    ("neo4j", Fault.KILL, "at the pivot"),
    ("neo4j", Fault.CUT, "committing"),
}


def thin() -> list[object]:
    """Every fault of every server at every moment.

    A few run always. The campaign has each fault of each server once, and a kill at each moment.
    The rest is exhaustive.
    """
    cases: list[object] = []
    for number, case in enumerate(itertools.product(URLS, Fault, MOMENTS)):
        _, fault, _ = case
        chosen = fault is Fault.KILL or number % (len(MOMENTS) + 1) == 0
        marks = [pytest.mark.campaign] if chosen else [pytest.mark.campaign, pytest.mark.exhaustive]
        cases.append(pytest.param(*case, id=" ".join(case), marks=() if case in ALWAYS else marks))
    return cases


@pytest.mark.parametrize(("server", "fault", "moment"), thin())
async def test_a_server_fails_in_the_middle(
    servers: ServerCluster, server_scenario: FaultScenario, server: str, fault: Fault, moment: str
) -> None:
    scenario = server_scenario
    held = servers.hold(scenario, moment)
    way = servers.through_proxies(scenario.home)
    with running(scenario.home, "ingest", scenario.file, "--batch-size", str(BATCH), "--json", env=way) as under_way:
        assert held.wait(60)
        servers.strike(server, fault)
        held.let_go()
        result = under_way.end()
    servers.restore()
    assert result.exit in ((3, 7, 10) if fault in LASTING else (0, 3)), f"exit {result.exit}\n{result.stderr}"
    is_reported(result, servers)
    await nothing_is_lost(scenario, result)
    await scenario.completes()


LOST = {
    "journal": ("postgres", b"COMMIT"),
    "graph": ("neo4j", BOLT_COMMIT),
    "cache": ("redis", b"EVALSHA"),
}


@pytest.mark.parametrize("what", [pytest.param(what, marks=pytest.mark.campaign) for what in LOST])
async def test_an_answer_is_lost(servers: ServerCluster, server_scenario: FaultScenario, what: str) -> None:
    scenario = server_scenario
    server, request = LOST[what]
    named = MOMENTS["at the pivot" if server == "neo4j" else "preparing"].requests(scenario)
    lost = servers.proxies[server].lose_answer(*named, request)
    way = servers.through_proxies(scenario.home)
    result = run(scenario.home, "ingest", scenario.file, "--batch-size", str(BATCH), "--json", env=way)
    assert lost.wait(0)
    # The journal's attempt is in doubt, so the next start settles it. The others are found to be done.
    assert result.exit == (3 if what == "journal" else 0), result.stderr
    is_reported(result, servers)
    await nothing_is_lost(scenario, result)
    await scenario.completes()


async def test_slow_servers_only_slow_the_run(servers: ServerCluster, server_scenario: FaultScenario) -> None:
    scenario = server_scenario
    for proxy in servers.proxies.values():
        proxy.slow_down(0.02)
    patient = {**servers.through_proxies(scenario.home), "APEX_STORE_TIMEOUT": "60"}
    summary = run(scenario.home, "ingest", scenario.file, "--json", env=patient).expect(0).summary
    assert (summary["committed"], summary["updated"]) == (SIZE // 2, SIZE // 2)
    await scenario.completes()


def is_reported(result: Result, servers: ServerCluster) -> None:
    """Errors have a message and a hint, the summary is there, and no password is."""
    assert not [secret for secret in servers.secrets() if secret in result.stdout + result.stderr]
    assert result.summary["exit_code"] == result.exit
    failed = [line for line in result.of("record") if line["status"] == "failed"]
    assert all(line["error"]["message"] and line["error"]["hint"] for line in failed)
    assert not result.exit or failed or "hint:" in result.stderr


async def nothing_is_lost(scenario: FaultScenario, result: Result) -> None:
    """What the run reported as committed is there, the rest is staged, and nothing is half done."""
    run(scenario.home, "recover", env=scenario.env).expect(0)
    held = await scenario.wholly_old_or_new()
    status = {payload["shipmentId"]: now for payload, now in zip(scenario.payloads, held, strict=True)}
    done = {line["external_id"] for line in result.of("record") if line["status"] in ("committed", "updated")}
    assert {shipment for shipment in done if status[shipment] != NEW} == set()
    if set(held) != {NEW}:
        assert run(scenario.home, "staging", "list", "--json", env=scenario.env).expect(0).lines
    assert await count(scenario.home, scenario.env) == sum(now is not None for now in held)
