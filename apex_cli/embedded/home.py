"""`$APEX_HOME`: its folders, and the kernel lock that admits one run at a time.

Nothing outside the home is created except missing parent directories, and no directory outside ever changes its mode.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from apex_cli.errors import ConfigError, Locked

PRIVATE = 0o700
_FIRST_POLL = 0.02
_LONGEST_POLL = 0.5


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
                self.path.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
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
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            await self._acquire(descriptor, wait_seconds)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(_this_process()).encode(), 0)
            try:
                yield
            finally:
                os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)

    async def _acquire(self, descriptor: int, wait_seconds: float) -> None:
        deadline = time.monotonic() + wait_seconds
        pause = _FIRST_POLL
        while not try_lock(descriptor):
            left = deadline - time.monotonic()
            if left <= 0:
                raise _locked(self.path, os.pread(descriptor, 4096, 0))
            await asyncio.sleep(min(pause, left))
            pause = min(pause * 2, _LONGEST_POLL)


def private_directory(path: Path) -> None:
    """Make a directory inside the home, or close an existing one, to mode 700."""
    path.mkdir(mode=PRIVATE, exist_ok=True)
    if path.stat().st_mode & 0o077:
        path.chmod(PRIVATE)


def try_lock(descriptor: int) -> bool:
    """Take the exclusive `flock` of an open file if it is free; never waits."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


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
