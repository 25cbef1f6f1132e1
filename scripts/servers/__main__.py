"""`python -m scripts.servers up|down`: what `make servers-up` and `make servers-down` run."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

from scripts.servers import neo4j, postgres, redis
from scripts.servers.process import CACHE, Server, ServersError, private_file

STATE = CACHE / "state.json"
ENVIRONMENT = CACHE / "env"
_NO_QDRANT = "not started: no registry has its server; vectors stay embedded"


class Engine(Protocol):
    """What each module of an engine offers."""

    START_SECONDS: float

    def prepare(self, folder: Path) -> Server: ...
    def answers(self, server: Server) -> bool: ...
    def variables(self, server: Server) -> dict[str, str]: ...


ENGINES: dict[str, Engine] = {"postgres": postgres, "redis": redis, "neo4j": neo4j}


class Fleet:
    """One PostgreSQL, one Redis and one Neo4j, each with its data in a folder of its own below `folder`."""

    def __init__(self, folder: Path, servers: dict[str, Server]) -> None:
        self.folder = folder
        self.servers = servers

    @classmethod
    def new(cls) -> Fleet:
        """Servers that have never run, in a new temporary folder. Raises `ServersError`, naming all that is missing."""
        CACHE.mkdir(mode=0o700, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="apex-servers-"))
        folder.chmod(0o711)  # PostgreSQL of root runs as another user, who must get to its own folder.
        servers, missing = {}, []
        for name, engine in ENGINES.items():
            place = folder / name
            place.mkdir(mode=0o700)
            try:
                servers[name] = engine.prepare(place)
            except ServersError as error:
                missing.append(str(error))
        if missing:
            shutil.rmtree(folder)
            raise ServersError("\n".join(missing))
        return cls(folder, servers)

    @classmethod
    def load(cls, path: Path) -> Fleet | None:
        """The servers that `save` wrote down, None where it did not. They need not be running."""
        if not path.is_file():
            return None
        state = json.loads(path.read_text(encoding="utf-8"))
        servers = {each["name"]: Server(**{**each, "argv": tuple(each["argv"])}) for each in state["servers"]}
        return cls(Path(state["folder"]), servers)

    def save(self, path: Path) -> None:
        """Write down what `load` needs, passwords included: only the owner reads it."""
        state = {"folder": str(self.folder), "servers": [asdict(server) for server in self.servers.values()]}
        private_file(path, json.dumps(state, indent=1))

    def launch(self) -> list[str]:
        """Start those that do not run, without waiting for them. Returns their names."""
        launched = [name for name, server in self.servers.items() if server.process() is None]
        for name in launched:
            self.servers[name] = self.servers[name].start()
        return launched

    def await_answers(self) -> None:
        """Wait until every server answers. Raises `ServersError` with the end of the log of one that does not."""
        for name, server in self.servers.items():
            server.await_answer(ENGINES[name].answers, ENGINES[name].START_SECONDS)

    def stop(self) -> None:
        """End all of them and remove their data. Idempotent."""
        for server in self.servers.values():
            server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def variables(self) -> dict[str, str]:
        """The environment that makes apex (`APEX_*`) and its tests (`APEX_TEST_*`) use them."""
        found: dict[str, str] = {}
        for name, server in self.servers.items():
            found |= ENGINES[name].variables(server)
        return found


def up() -> None:
    """Start what does not run yet, and write the environment file. Idempotent."""
    fleet = Fleet.load(STATE)
    if fleet is None or not fleet.folder.is_dir():
        fleet = Fleet.new()
    try:
        started = fleet.launch()
        fleet.save(STATE)
        fleet.await_answers()
    except BaseException:
        fleet.stop()
        STATE.unlink(missing_ok=True)
        raise
    variables = {**fleet.variables(), **_qdrant()}
    private_file(ENVIRONMENT, "".join(f"export {name}={value}\n" for name, value in sorted(variables.items())))
    for name, server in fleet.servers.items():
        state = "started" if name in started else "runs already"
        print(f"{name:<9} 127.0.0.1:{server.port}  pid {server.pid}  {state}")
    print(f"qdrant    {variables.get('APEX_QDRANT_URL', _NO_QDRANT)}")
    shown = ENVIRONMENT.relative_to(Path.cwd()) if ENVIRONMENT.is_relative_to(Path.cwd()) else ENVIRONMENT
    print(f"\nuse them:  . {shown} && apex doctor\nend them:  make servers-down")


def down() -> None:
    """End what `up` started, and nothing else; remove its data and the environment file. Idempotent."""
    fleet = Fleet.load(STATE)
    if fleet is None:
        print("no servers of `make servers-up` are running")
        return
    fleet.stop()
    ENVIRONMENT.unlink(missing_ok=True)
    STATE.unlink()
    print("ended: " + ", ".join(fleet.servers))


def _qdrant() -> dict[str, str]:
    """A Qdrant server that the caller has; none can be started here."""
    url, key = os.environ.get("APEX_TEST_QDRANT_URL"), os.environ.get("APEX_TEST_QDRANT_API_KEY")
    found = {} if not url else {"APEX_QDRANT_URL": url, "APEX_TEST_QDRANT_URL": url}
    return found if not key else {**found, "APEX_QDRANT_API_KEY": key, "APEX_TEST_QDRANT_API_KEY": key}


if __name__ == "__main__":
    verbs = {"up": up, "down": down}
    if len(sys.argv) != 2 or sys.argv[1] not in verbs:
        sys.exit("usage: python -m scripts.servers up|down")
    try:
        verbs[sys.argv[1]]()
    except ServersError as error:
        sys.exit(f"error: {error}")
