"""Answers and vectors kept on disk by what was asked: a rollback, a crash or a retry pays for no model again.

One SQLite file in WAL mode, in a directory that only its owner enters; any number of processes share it. An entry is
on the disk (fsync) before `put` returns; entries that arrive while one write is going on go together into the next.
What is damaged or cannot be written counts as missing, never as an error of a record.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from apex_cli.errors import ConfigError
from apex_cli.files import private_directory

T = TypeVar("T")

FILE = "answers.sqlite3"
_SCHEMA = "CREATE TABLE IF NOT EXISTS entry (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value BLOB NOT NULL)"
_BUSY_SECONDS = 30.0
_KEYS = 500
"""Keys that one statement asks for: every build of SQLite takes 999 parameters."""
_EVICTED_SHARE = 10
"""When the file is full, one in so many entries goes, the oldest first."""


class Cache:
    """Bytes by key. Open it before use, close it at the end; any number of tasks may use it at once."""

    def __init__(self, directory: Path, *, max_bytes: int) -> None:
        self._path = directory / FILE
        self._max_bytes = max_bytes
        self._worker = ThreadPoolExecutor(1, "llm-cache")
        self._database: sqlite3.Connection | None = None
        self._turn = asyncio.Lock()
        self._waiting: dict[str, bytes] = {}
        self._next: asyncio.Future[None] | None = None

    async def open(self) -> None:
        """Create or open the file; one that SQLite cannot read is replaced. Raises `ConfigError`."""
        try:
            await self._run(self._open)
        except (OSError, sqlite3.Error) as error:
            self._worker.shutdown()
            raise ConfigError(f"the cache {self._path} cannot be opened: {error}") from error

    async def close(self) -> None:
        """Write what waits and close the file."""
        if self._next is not None:
            await self._next
        async with self._turn:
            await self._run(self._shut)
        self._worker.shutdown()

    async def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The entries that are there, by key."""
        return await self._run(self._read, keys) if keys else {}

    async def put(self, entries: Mapping[str, bytes]) -> None:
        """Keep entries, instead of those with the same keys; durable when this returns."""
        self._waiting.update(entries)
        if self._next is None:
            self._next = asyncio.ensure_future(self._write_waiting())
        await asyncio.shield(self._next)

    async def _write_waiting(self) -> None:
        async with self._turn:
            entries, self._waiting, self._next = self._waiting, {}, None
            await self._run(self._write, entries)

    async def _run(self, job: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, job, *arguments)

    # From here on in the worker thread.

    def _open(self) -> None:
        private_directory(self._path.parent, parents=True)
        try:
            self._connect()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            self._replace()

    def _connect(self) -> None:
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        self._database = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute(_SCHEMA)

    def _shut(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _replace(self) -> None:
        self._shut()
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(FILE + suffix).unlink(missing_ok=True)
        self._connect()

    def _read(self, keys: Sequence[str]) -> dict[str, bytes]:
        return self._tried(lambda database: _select(database, keys), {})

    def _write(self, entries: Mapping[str, bytes]) -> None:
        self._tried(lambda database: _insert(database, entries, self._max_bytes), None)

    def _tried(self, job: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """What `job` gives, or `otherwise` when the file is busy, full or damaged.

        A damaged file is replaced; if that fails, there is no cache for the rest of the run.
        """
        try:
            return otherwise if self._database is None else job(self._database)
        except sqlite3.OperationalError:
            return otherwise
        except sqlite3.DatabaseError:
            try:
                self._replace()
            except (OSError, sqlite3.Error):
                self._shut()
            return otherwise


def _select(database: sqlite3.Connection, keys: Sequence[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for start in range(0, len(keys), _KEYS):
        part = keys[start : start + _KEYS]
        marks = ",".join("?" * len(part))
        found.update(database.execute(f"SELECT key, value FROM entry WHERE key IN ({marks})", part))  # noqa: S608
    return found


def _insert(database: sqlite3.Connection, entries: Mapping[str, bytes], max_bytes: int) -> None:
    database.execute("BEGIN IMMEDIATE")
    try:
        database.executemany("INSERT OR REPLACE INTO entry (key, value) VALUES (?, ?)", entries.items())
        while _bytes_used(database) > max_bytes and _evict(database):
            pass
        database.execute("COMMIT")
    finally:
        if database.in_transaction:
            database.execute("ROLLBACK")


def _bytes_used(database: sqlite3.Connection) -> int:
    pages, free, size = (
        int(database.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def _evict(database: sqlite3.Connection) -> int:
    entries = int(database.execute("SELECT count(*) FROM entry").fetchone()[0])
    share = -(-entries // _EVICTED_SHARE)
    return database.execute(
        "DELETE FROM entry WHERE number IN (SELECT number FROM entry ORDER BY number LIMIT ?)", (share,)
    ).rowcount
