"""`python -m scripts.servers up|down`: what `make servers-up` and `make servers-down` run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from scripts.servers.fleet import Fleet
from scripts.servers.process import CACHE, ServersError, private_file

STATE = CACHE / "state.json"
ENVIRONMENT = CACHE / "env"
_NO_QDRANT = "not started: no registry has its server; vectors stay embedded"


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
