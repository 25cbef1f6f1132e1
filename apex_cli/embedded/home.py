"""`$APEX_HOME`: its folders, and the kernel lock that admits one run at a time.

Nothing outside the home is created except missing parent directories, and no directory outside ever changes its mode.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from apex_cli.errors import ConfigError, Locked
from apex_cli.files import PRIVATE_DIRECTORY, open_lock_file, private_directory, wait_for_lock


class Home:
    """The directory that holds the embedded stores: one folder for each engine, each with mode 700."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.postgres = path / "postgres"
        self.valkey = path / "valkey"
        self.vectors = path / "vectors"
        self.graph = path / "graph"

    def create(self) -> None:
        """Make the home (mode 700 when it is new) and its folders. Idempotent. Raises `ConfigError`."""
        try:
            if not self.path.is_dir():
                self.path.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
            for folder in (self.postgres, self.valkey, self.vectors, self.graph):
                private_directory(folder)
        except OSError as error:
            raise ConfigError(
                f"the home {self.path} cannot be used: {error.strerror or error}",
                hint="set APEX_HOME to a directory that you may write to",
            ) from error

    @asynccontextmanager
    async def lock(self, wait_seconds: float = 0.0) -> AsyncIterator[None]:
        """Hold the home alone, waiting up to `wait_seconds` for the holder to end.

        Raises `Locked`, naming the holder, when time is up. It is `flock(2)` on `<home>/lock`: the kernel releases it
        when the holder ends in any way, and the text in the file is for people only. A forked child shares the lock,
        so worker processes must be spawned, not forked.
        """
        self.create()
        descriptor = open_lock_file(self.path / "lock")
        try:
            if not await wait_for_lock(descriptor, wait_seconds):
                raise _locked(self.path, os.pread(descriptor, 4096, 0))
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(_this_process()).encode(), 0)
            try:
                yield
            finally:
                os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)


def _this_process() -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])[:500],
    }


def _locked(path: Path, text: bytes) -> Locked:
    holder: dict[str, Any] = {}
    with suppress(ValueError):
        parsed = json.loads(text)
        holder = parsed if isinstance(parsed, dict) else {}
    who = "another run"
    if holder:
        who = f"pid {holder.get('pid')} on {holder.get('host')}, running since {holder.get('started')}"
    return Locked(
        f"{path} is in use by {who}",
        hint="wait for it to end, or let this run wait: --lock-timeout 5m",
    )
