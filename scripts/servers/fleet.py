"""The servers together: made, started side by side, remembered in a file, ended."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

from scripts.servers import neo4j, postgres, redis
from scripts.servers.process import CACHE, Server, ServersError, private_file


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
