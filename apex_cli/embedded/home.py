"""`$APEX_HOME`: its folders, and the kernel lock that admits one run at a time.

Nothing outside the home is created except missing parent directories, and no directory outside ever changes its mode.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from apex_cli.embedded import disk
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
        self._lock_file = path / "lock"
        # The data of the embedded servers. They do not exist before the first start of their server.
        self.postgres_data = self.postgres / "data"
        self.valkey_data = self.valkey / "data"

    def exists(self) -> bool:
        """Whether a run has created this home: the lock file is the first file of every run. Raises `ConfigError`."""
        with self._usable():
            return self._lock_file.is_file()

    def create(self) -> None:
        """Make the home (mode 700 when it is new) and its folders. Idempotent. Raises `ConfigError`."""
        with self._usable():
            str(self.path).encode()
            if not self.path.is_dir():
                self.path.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
            for folder in (self.postgres, self.valkey, self.vectors, self.graph):
                private_directory(folder)

    @asynccontextmanager
    async def lock(self, wait_seconds: float = 0.0, *, create: bool = True) -> AsyncIterator[None]:
        """Lock the home for this process, waiting up to `wait_seconds`. Without `create` the home must exist.

        Raises `Locked`, which names the holder, when the time is up, `ConfigError` for a home that cannot be written
        to, and `DiskFull`. The lock is `flock(2)` on `<home>/lock`: the kernel releases it when the holder ends in any
        way. The text in the file is for people only. A forked child shares the lock, so workers must be spawned, not
        forked.
        """
        disk.require(self.path, disk.OPEN_BYTES if self.exists() else disk.NEW_HOME_BYTES)
        if create:
            self.create()
        with self._usable():
            descriptor = open_lock_file(self._lock_file)
        try:
            if not await wait_for_lock(descriptor, wait_seconds):
                raise _locked(self.path, os.pread(descriptor, 4096, 0))
            holder = {
                "pid": os.getpid(),
                "host": socket.gethostname(),
                "started": datetime.now(UTC).isoformat(timespec="seconds"),
                "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])[:500],
            }
            with self._usable():
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, json.dumps(holder).encode(), 0)
            try:
                yield
            finally:
                os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """Turn what the file system refuses (rights, a read-only mount, a full disk) into `ConfigError`."""
        try:
            yield
        except (OSError, UnicodeEncodeError) as error:
            why = getattr(error, "strerror", None) or "its name holds bytes that are not UTF-8"
            raise ConfigError(
                f"the home {self.path} cannot be used: {why}",
                hint="embedded stores write there, also to read: set APEX_HOME to a directory that you may write to",
            ) from error


def _locked(path: Path, text: bytes) -> Locked:
    holder: dict[str, Any] = {}
    with suppress(ValueError):
        parsed = json.loads(text)
        holder = parsed if isinstance(parsed, dict) else {}
    who = "another run"
    if holder:
        who = f"pid {holder.get('pid')} on {holder.get('host')}, running since {holder.get('started')}"
    return Locked(f"{path} is in use by {who}", hint="wait for it to end, or let this run wait: --lock-timeout 5m")
