"""`$APEX_HOME`: its folders, and the kernel lock that admits one holder at a time.

The holder is the process that has the embedded stores open. It answers readers on a socket in the home (see `readers`).
The lock file says who it is, and whether it only reads: a writer waits for a reader to end.

Nothing outside the home is created except missing parent directories, and no directory outside ever changes its mode.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from apex_cli.embedded import disk
from apex_cli.errors import ConfigError, Locked
from apex_cli.files import (
    PRIVATE_DIRECTORY,
    open_lock_file,
    private_directory,
    try_lock,
    try_share,
    unlock,
    wait_for_lock,
)

READER_SECONDS = 30.0
"""How long a writer waits for a holder that only reads, and a reader for a holder that does not answer yet."""
_NAMELESS_SECONDS = 1.0
_FIRST_POLL_SECONDS = 0.02
_LONGEST_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the home, in words. `reads`: it only reads; None of an older apex, which answers no readers."""

    name: str
    reads: bool | None = None


class Home:
    """The directory that holds the embedded stores: one folder for each engine, each with mode 700."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.postgres = path / "postgres"
        self.valkey = path / "valkey"
        self.vectors = path / "vectors"
        self.graph = path / "graph"
        self._lock_file = path / "lock"
        self._writers_file = path / "lock.writers"
        self._readers_file = path / "lock.readers"
        # The data of the embedded servers. They do not exist before the first start of their server.
        self.postgres_data = self.postgres / "data"
        self.valkey_data = self.valkey / "data"

    def exists(self) -> bool:
        """Whether a run has created this home: the lock file is the first file of every run. Raises `ConfigError`."""
        # `Path.is_file` would take a home inside of a file for one that is not there yet.
        with self._usable(), suppress(FileNotFoundError):
            return stat.S_ISREG(self._lock_file.stat().st_mode)
        return False

    def has_postgres(self) -> bool:
        """Whether embedded PostgreSQL has data here. Raises `ConfigError`."""
        with self._usable():
            return self.postgres_data.exists()

    def create(self) -> None:
        """Make the home (mode 700 when it is new) and its folders. Idempotent. Raises `ConfigError`."""
        with self._usable():
            str(self.path).encode()
            if not self.path.is_dir():
                self.path.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
            for folder in (self.postgres, self.valkey, self.vectors, self.graph):
                private_directory(folder)

    @asynccontextmanager
    async def lock(self, wait_seconds: float = 0.0, *, create: bool = True, reads: bool = False) -> AsyncIterator[None]:
        """Lock the home for this process, waiting up to `wait_seconds`. Without `create` the home must exist.

        With `reads` the holder changes nothing, and a writer that finds it waits up to `READER_SECONDS` for it.

        Raises `Locked`, which names the holder, when the time is up, `ConfigError` for a home that cannot be written
        to, and `DiskFull`. The lock is `flock(2)` on `<home>/lock`: the kernel releases it when the holder ends in any
        way. The text in the file is for people, and for those who wait. A forked child shares the lock, so workers must
        be spawned, not forked.
        """
        disk.require(self.path, disk.OPEN_BYTES if self.exists() else disk.NEW_HOME_BYTES)
        if create:
            self.create()
        with self._usable():
            descriptor = open_lock_file(self._lock_file)
        try:
            if not await self._locked(descriptor, wait_seconds, reads):
                raise self.locked()
            holder = {
                "pid": os.getpid(),
                "host": socket.gethostname(),
                "started": datetime.now(UTC).isoformat(timespec="seconds"),
                "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])[:500],
                "reads": reads,
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

    def holder(self) -> Holder | None:
        """Who has the home, as the lock file says; None where it says nothing: it is free, or was locked just now."""
        holder: dict[str, Any] = {}
        with suppress(OSError, ValueError):
            parsed = json.loads(self._lock_file.read_bytes()[:4096])
            holder = parsed if isinstance(parsed, dict) else {}
        if not holder:
            return None
        reads = holder.get("reads")
        name = f"pid {holder.get('pid')} on {holder.get('host')}, running since {holder.get('started')}"
        return Holder(name, reads if isinstance(reads, bool) else None)

    def locked(self, why: str = "") -> Locked:
        """The error that names the holder; `why` it does not answer readers, if a reader asks."""
        holder = self.holder()
        message = f"{self.path} is in use by {holder.name if holder else 'another run'}"
        hint = "wait for it to end, or let this run wait: --lock-timeout 5m"
        return Locked(f"{message}, which {why}" if why else message, hint=hint)

    @contextmanager
    def waiting(self, *, reads: bool) -> Iterator[Waiting]:
        """Wait for the home, and let the others know it. Raises `ConfigError`.

        While a writer waits, no reader takes the next turn. While readers wait, a holder that only reads stays until
        it has answered them.
        """
        with self._usable():
            descriptor = open_lock_file(self._readers_file if reads else self._writers_file)
        try:
            yield Waiting(self, descriptor, reads)
        finally:
            os.close(descriptor)

    def writer_waits(self) -> bool:
        """Whether a writer waits for the home."""
        return self._is_waited(self._writers_file)

    def reader_waits(self) -> bool:
        """Whether a reader waits for the home, or for an answer."""
        return self._is_waited(self._readers_file)

    def _is_waited(self, path: Path) -> bool:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            return not try_lock(descriptor)
        finally:
            os.close(descriptor)

    async def _locked(self, descriptor: int, wait_seconds: float, reads: bool) -> bool:
        """Take the lock; False when the time is up."""
        if try_lock(descriptor):
            return True
        if reads:
            # Who only reads waits where it also looks for answers (`pipeline.reading`), or not at all (`apex doctor`).
            return await wait_for_lock(descriptor, wait_seconds)
        with self.waiting(reads=False) as waiting:
            while not try_lock(descriptor):
                if not await waiting.pause(wait_seconds):
                    return False
        return True

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


class Waiting:
    """One who waits for a home, in steps, and how long that is worth it, by what the holder says of itself."""

    def __init__(self, home: Home, descriptor: int, reads: bool) -> None:
        self._home = home
        self._descriptor = descriptor
        self._reads = reads
        self._pause = _FIRST_POLL_SECONDS
        self._begun = self._named = time.monotonic()
        self._holder = home.holder()

    async def pause(self, seconds: float, *, hopeless: bool = False) -> bool:
        """Wait a moment; False when the time is up.

        That is `seconds` for a holder from which nothing else can be expected. A writer waits `READER_SECONDS` for
        each holder that only reads, and a reader for each that will answer, unless it is `hopeless`.
        """
        # Of several writers one is enough to be seen.
        (try_share if self._reads else try_lock)(self._descriptor)
        bound = max(seconds, READER_SECONDS) if not hopeless and self._is_promising() else seconds
        left = self._begun + bound - time.monotonic()
        if left <= 0:
            return False
        await asyncio.sleep(min(self._pause, left))
        self._pause = min(self._pause * 2, _LONGEST_POLL_SECONDS)
        return True

    def withdraw(self) -> None:
        """Be seen no more, until the next pause."""
        unlock(self._descriptor)

    def _is_promising(self) -> bool:
        now = time.monotonic()
        holder = self._home.holder()
        if holder is None:
            # Its holder has yet to write its name. For longer only another program keeps the lock nameless, such as a
            # backup under flock(1).
            if self._holder is not None:
                # It has ended, maybe long after the last pause: it may have worked on the answer.
                self._begun = self._named = now
                self._holder = None
            return now - self._named < _NAMELESS_SECONDS
        promising = holder.reads is not None if self._reads else bool(holder.reads)
        if promising and holder != self._holder:
            self._begun = now
        self._named, self._holder = now, holder
        return promising
