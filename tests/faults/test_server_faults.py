"""A server stops, dies, pauses or is cut off in the middle of an ingest, at a moment chosen by what passes to it.

Whatever happens: no record is half old and half new, every input is committed or staged, the run says what is wrong
without a password and ends by itself, and the next ingest completes everything.
"""

from __future__ import annotations

import itertools

import pytest

from tests.acceptance.apex import Result, run, running
from tests.faults.oracle import count, opened
from tests.faults.scene import NEW, Scene
from tests.faults.site import BATCH, MOMENTS, SIZE, URLS, Fault, Site
from tests.relay import COMMIT

LASTING = (Fault.STOP, Fault.KILL, Fault.PAUSE, Fault.CUT_OFF, Fault.DEAF)
ALWAYS = {
    ("postgres", Fault.KILL, "committing"),
    ("redis", Fault.CUT_OFF, "publishing"),
    ("neo4j", Fault.KILL, "at the pivot"),
    ("neo4j", Fault.CUT, "committing"),
}


def thin() -> list[object]:
    """Every fault of every server at every moment.

    A few always; for the campaign each fault of each server once and a kill at each moment; the rest is exhaustive.
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
    servers: Site, server_scene: Scene, server: str, fault: Fault, moment: str
) -> None:
    scene = server_scene
    held = servers.hold(scene, moment)
    way = servers.through_proxies(scene.home)
    with running(scene.home, "ingest", scene.file, "--batch-size", str(BATCH), "--json", env=way) as under_way:
        assert held.wait(60)
        servers.strike(server, fault)
        held.let_go()
        result = under_way.end()
    servers.mend()
    assert result.exit in ((3, 7, 10) if fault in LASTING else (0, 3)), f"exit {result.exit}\n{result.stderr}"
    told(result, servers)
    await nothing_is_lost(scene, result)
    await scene.completes()


LOST = {
    "journal": ("postgres", b"COMMIT"),
    "graph": ("neo4j", COMMIT),
    "cache": ("redis", b"EVALSHA"),
}


@pytest.mark.parametrize("what", [pytest.param(what, marks=pytest.mark.campaign) for what in LOST])
async def test_an_answer_is_lost(servers: Site, server_scene: Scene, what: str) -> None:
    scene = server_scene
    server, request = LOST[what]
    named = MOMENTS["at the pivot" if server == "neo4j" else "preparing"].requests(scene)
    lost = servers.proxies[server].lose_answer(*named, request)
    way = servers.through_proxies(scene.home)
    result = run(scene.home, "ingest", scene.file, "--batch-size", str(BATCH), "--json", env=way)
    assert lost.wait(0)
    # The journal's attempt is in doubt, and left to the next start; the others are found to be done.
    assert result.exit == (3 if what == "journal" else 0), result.stderr
    told(result, servers)
    await nothing_is_lost(scene, result)
    await scene.completes()


async def test_slow_servers_slow_the_run_and_nothing_else(servers: Site, server_scene: Scene) -> None:
    scene = server_scene
    for proxy in servers.proxies.values():
        proxy.slow_down(0.02)
    patient = {**servers.through_proxies(scene.home), "APEX_STORE_TIMEOUT": "60"}
    summary = run(scene.home, "ingest", scene.file, "--json", env=patient).expect(0).summary
    assert (summary["committed"], summary["updated"]) == (SIZE // 2, SIZE // 2)
    await scene.completes()


def told(result: Result, servers: Site) -> None:
    """What is wrong is said with what to do, the summary is there, and no password is."""
    assert not [secret for secret in servers.secrets() if secret in result.stdout + result.stderr]
    assert result.summary["exit_code"] == result.exit
    failed = [line for line in result.of("record") if line["status"] == "failed"]
    assert all(line["error"]["message"] and line["error"]["hint"] for line in failed)
    assert not result.exit or failed or "hint:" in result.stderr


async def nothing_is_lost(scene: Scene, result: Result) -> None:
    """What was told as committed is there; what is not there is staged; nothing is half done."""
    run(scene.home, "recover", env=scene.env).expect(0)
    held = await scene.wholly_old_or_new()
    status = {payload["shipmentId"]: now for payload, now in zip(scene.payloads, held, strict=True)}
    done = {line["external_id"] for line in result.of("record") if line["status"] in ("committed", "updated")}
    assert {shipment for shipment in done if status[shipment] != NEW} == set()
    if set(held) != {NEW}:
        assert run(scene.home, "staging", "list", "--json", env=scene.env).expect(0).lines
    async with opened(scene.home, scene.env) as stores:
        assert await count(stores) == sum(now is not None for now in held)
