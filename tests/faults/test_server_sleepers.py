"""A run that is paused past its locks, while another brings newer versions of its records, is refused when it wakes.

The vectors are embedded in each home, so the two runs share three stores, and each has the points of its own attempts.
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import redis

from apex_cli.stores.factory import Stores
from tests.acceptance.apex import new_home, run, running, write_lines
from tests.faults.oracle import identity, opened
from tests.faults.scene import Scene
from tests.faults.site import BATCH, MIDDLE, Site
from tests.profiles import namespace

NEWEST = "delivered"


def thin(*moments: str) -> list[object]:
    return [pytest.param(moment, marks=() if moment == "committing" else pytest.mark.campaign) for moment in moments]


@pytest.mark.parametrize("moment", thin("preparing", "at the pivot", "committing", "publishing"))
async def test_a_sleeper_is_refused(servers: Site, server_scene: Scene, short_tmp: Path, moment: str) -> None:
    scene = server_scene
    held = servers.hold(scene, moment)
    way = servers.through_proxies(scene.home)
    with (
        new_home(short_tmp) as other,
        running(scene.home, "ingest", scene.file, "--batch-size", str(BATCH), "--json", env=way) as sleeper,
    ):
        assert held.wait(60)
        sleeper.process.send_signal(signal.SIGSTOP)
        forget_locks(servers, scene.home)
        newest = [{**payload, "status": NEWEST} for payload in scene.payloads]
        file = write_lines(other.parent / "newest.jsonl", newest)
        place = {**servers.direct(other), "APEX_NAMESPACE": namespace(scene.home)}
        summary = run(other, "ingest", file, "--json", env=place).expect(0).summary
        assert summary["committed"] + summary["updated"] == len(newest)
        sleeper.process.send_signal(signal.SIGCONT)
        held.let_go()
        woken = sleeper.end()
        assert not [secret for secret in servers.secrets() if secret in woken.stdout + woken.stderr]
        run(scene.home, "recover", env=scene.env).expect(0)
        async with opened(other, place) as stores:
            for payload in scene.payloads[MIDDLE : MIDDLE + BATCH]:
                await is_newest(stores, identity(scene.home, payload["shipmentId"], scene.env))
            assert not await stores.journal.open_sagas()
            assert not await stores.cache.list_unpublished()


async def is_newest(stores: Stores, known_as: str) -> None:
    """All four stores hold the newest version of a record and nothing of the sleeper's."""
    version = (await stores.catalog.by_id([known_as]))[known_as]
    assert version.payload["status"] == NEWEST
    view = (await stores.graph.read([known_as]))[known_as]
    assert view.saga_id == version.saga_id
    assert [fact.object for fact in view.facts if fact.predicate == "HAS_STATUS"] == [NEWEST]
    assert (await stores.cache.read([known_as]))[known_as]["saga_id"] == version.saga_id
    points = (await stores.vectors.read([known_as]))[known_as]
    assert {(point.saga_id, point.visible) for point in points} == {(version.saga_id, True)}


def forget_locks(servers: Site, home: Path) -> None:
    """What time does to the locks of one who sleeps."""
    with redis.Redis.from_url(servers.direct(home)["APEX_REDIS_URL"]) as client:
        locks = list(client.scan_iter(f"apex:{namespace(home)}:lock:*"))
        assert locks
        client.delete(*locks)
