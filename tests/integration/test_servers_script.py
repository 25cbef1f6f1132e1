"""What `make servers-up` starts and `servers-down` ends: that process and no other, with no password in sight."""

from __future__ import annotations

import stat
import uuid
from dataclasses import replace
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest
import redis as driver

from scripts.servers import postgres, redis
from scripts.servers.__main__ import Engine, Fleet
from scripts.servers.process import Server, ServersError


@pytest.mark.parametrize("engine", [postgres, redis], ids=["postgres", "redis"])
def test_a_server_outlives_its_starter_and_is_ended_alone(short_tmp: Path, engine: Engine) -> None:
    folder = short_tmp / f"server-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    server = engine.prepare(folder).start()
    try:
        server.await_answer(engine.answers, engine.START_SECONDS)
        process = psutil.Process(server.pid)
        assert server.password not in " ".join(process.cmdline())
        # The pid alone is not the process: another one may have it by now.
        replace(server, started=server.started - 60).stop()
        assert engine.answers(server)
        server.stop()
        assert server.process() is None
        assert not engine.answers(server)
        server = server.start()
        server.await_answer(engine.answers, engine.START_SECONDS)
    finally:
        server.stop()


def test_what_was_started_is_known_to_a_later_command(tmp_path: Path, short_tmp: Path) -> None:
    folder = short_tmp / "fleet"
    (folder / "redis").mkdir(parents=True)
    fleet = Fleet(folder, {"redis": redis.prepare(folder / "redis")})
    try:
        assert fleet.launch() == ["redis"]
        fleet.await_answers()
        fleet.save(tmp_path / "state.json")
        assert stat.S_IMODE((tmp_path / "state.json").stat().st_mode) == 0o600
        later = Fleet.load(tmp_path / "state.json")
        assert later is not None
        assert later.launch() == []
        with driver.Redis.from_url(later.variables()["APEX_REDIS_URL"]) as client:
            assert client.ping()
        later.stop()
        assert not folder.exists()
        assert fleet.servers["redis"].process() is None
    finally:
        fleet.stop()


def test_a_server_that_does_not_start_says_why(short_tmp: Path) -> None:
    folder = short_tmp / "broken"
    folder.mkdir()
    server = redis.prepare(folder)
    (folder / "redis.conf").write_text("no-such-setting yes\n")
    with pytest.raises(ServersError, match="no-such-setting"):
        started(server)


def started(server: Server) -> None:
    server.start().await_answer(redis.answers, 10)
