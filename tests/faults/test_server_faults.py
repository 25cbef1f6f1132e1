"""A server stops, dies, pauses or is cut off in the middle of an ingest, at a moment chosen by what passes to it.

Whatever happens: no record is half old and half new, every input is committed or staged, the run says what is wrong
without a password and ends by itself, and the next ingest completes everything.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.apex import Result, new_home, run, running
from tests.faults.oracle import count, identity, opened
from tests.faults.scene import NEW, Scene, scene
from tests.faults.site import URLS, Fault, Site, site
from tests.servers import server_url

SIZE, BATCH = 24, 4
MIDDLE = 13
"""The record whose passing is the moment: of the fourth of six batches."""
BOLT_COMMIT = b"\x00\x02\xb0\x12\x00\x00"
"""COMMIT in the Bolt protocol: a chunk of two bytes, the message with signature 0x12 and no fields."""
LASTING = (Fault.STOP, Fault.KILL, Fault.PAUSE, Fault.CUT_OFF, Fault.DEAF)


@dataclass(frozen=True)
class Moment:
    """When a request that has the middle record's id, and then these bytes, comes to this server's proxy."""

    server: str
    then: tuple[bytes, ...] = ()

    def requests(self, scene: Scene) -> tuple[bytes, ...]:
        shipment = scene.payloads[MIDDLE]["shipmentId"]
        mark = identity(scene.home, shipment, scene.env) if self.server == "neo4j" else shipment
        return (mark.encode(), *self.then)


JOURNALLING = Moment("postgres")
PREPARING = Moment("redis")
AT_THE_PIVOT = Moment("neo4j")
COMMITTING = Moment("neo4j", (BOLT_COMMIT,))
PUBLISHING = Moment("redis", (b"EVALSHA",))
MOMENTS = {
    "journalling": JOURNALLING,
    "preparing": PREPARING,
    "at the pivot": AT_THE_PIVOT,
    "committing": COMMITTING,
    "publishing": PUBLISHING,
}
ALWAYS = {
    ("postgres", Fault.KILL, "committing"),
    ("redis", Fault.CUT_OFF, "publishing"),
    ("neo4j", Fault.KILL, "at the pivot"),
    ("neo4j", Fault.CUT, "committing"),
}


def thin() -> list[object]:
    """Every fault of every server at every moment; all but a few for the campaign."""
    return [
        pytest.param(*case, id=" ".join(case), marks=() if case in ALWAYS else pytest.mark.campaign)
        for case in itertools.product(URLS, Fault, MOMENTS)
    ]


@pytest.fixture(scope="module")
def servers() -> Iterator[Site]:
    """Servers for this module alone; wanted where tests on servers are."""
    server_url("GRAPH")
    with site() as mine:
        yield mine


@pytest.fixture
def new_scene(servers: Site, short_tmp: Path) -> Iterator[Callable[[], Scene]]:
    """Makes the scene in a home of its own, on mended servers."""
    servers.mend()
    with new_home(short_tmp) as home:
        yield lambda: scene(home, 1, size=SIZE, env=servers.direct(home))
    servers.mend()


@pytest.mark.parametrize(("server", "fault", "moment"), thin())
async def test_a_server_fails_in_the_middle(
    servers: Site, new_scene: Callable[[], Scene], server: str, fault: Fault, moment: str
) -> None:
    scene = new_scene()
    gate = MOMENTS[moment]
    held = servers.proxies[gate.server].hold(*gate.requests(scene))
    way = servers.through_proxies(scene.home)
    with running(scene.home, "ingest", scene.file, "--batch-size", str(BATCH), "--json", env=way) as under_way:
        assert held.wait(60)
        servers.strike(server, fault)
        held.let_go()
        result = under_way.end()
    servers.mend()
    told(result, servers, fault)
    run(scene.home, "recover", env=scene.env).expect(0)
    await nothing_is_lost(scene, result)
    await scene.completes()


def told(result: Result, servers: Site, fault: Fault) -> None:
    """The run says what is wrong and what to do, and no password."""
    assert result.exit in ((3, 7, 10) if fault in LASTING else (0, 3)), f"exit {result.exit}\n{result.stderr}"
    assert not [secret for secret in servers.secrets() if secret in result.stdout + result.stderr]
    if result.exit:
        assert "hint:" in result.stderr


async def nothing_is_lost(scene: Scene, result: Result) -> None:
    """What was told as committed is there; what is not there is staged; nothing is half done."""
    held = await scene.wholly_old_or_new()
    status = {payload["shipmentId"]: now for payload, now in zip(scene.payloads, held, strict=True)}
    done = {line["external_id"] for line in result.of("record") if line["status"] in ("committed", "updated")}
    assert {shipment for shipment in done if status[shipment] != NEW} == set()
    if set(held) != {NEW}:
        assert run(scene.home, "staging", "list", "--json", env=scene.env).expect(0).lines
    async with opened(scene.home, scene.env) as stores:
        assert await count(stores) == sum(now is not None for now in held)
