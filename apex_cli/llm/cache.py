"""Answers and vectors kept on disk by what was asked: a rollback, a crash or a retry pays for no model again.

One SQLite file in WAL mode, in a directory of mode 700; any number of processes share it. An entry is on the disk
(fsync) before `put` returns; entries that arrive during one write go together into the next. A damaged entry, or one
that cannot be written, counts as missing; it is never an error of a record.

Why not diskcache: its last release is of 2023, and it commits each entry alone.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Generic, TypeVar

from apex_cli.errors import ConfigError, ModelAnswerInvalid
from apex_cli.files import PRIVATE_FILE, private_directory
from apex_cli.llm.protocol import LanguageModel, Prompt
from apex_cli.llm.schema import check

T = TypeVar("T")
W = TypeVar("W")
R = TypeVar("R")

FILE = "answers.sqlite3"
_SCHEMA = "CREATE TABLE IF NOT EXISTS entry (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value BLOB NOT NULL)"
_BUSY_SECONDS = 30.0
_KEYS = 500
"""Keys of one statement: every build of SQLite takes 999 parameters."""
_EVICTED_SHARE = 10
"""When the file is full, a tenth of the entries is deleted, the oldest first."""


class AnswerCache:
    """Bytes by key. Open it before use, close it at the end; any number of tasks may use it at once."""

    def __init__(self, directory: Path, *, max_bytes: int) -> None:
        self._path = directory / FILE
        self._max_bytes = max_bytes
        self._worker = ThreadPoolExecutor(1, "llm-cache")
        self._database: sqlite3.Connection | None = None
        self._writing = asyncio.Lock()
        self._waiting: dict[str, bytes] = {}
        self._next_write: asyncio.Future[None] | None = None

    async def open(self) -> None:
        """Create or open the file; one that SQLite cannot read is replaced. Raises `ConfigError`."""
        try:
            await self._run(self._open)
        except (OSError, sqlite3.Error) as error:
            self._worker.shutdown()
            raise ConfigError(f"the cache {self._path} cannot be opened: {error}") from error

    async def close(self) -> None:
        """Write what waits and close the file."""
        if self._next_write is not None:
            await self._next_write
        async with self._writing:
            await self._run(self._disconnect)
        self._worker.shutdown()

    async def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The entries that are there, by key."""
        return await self._run(self._read, keys) if keys else {}

    async def put(self, entries: Mapping[str, bytes]) -> None:
        """Keep entries, instead of those with the same keys; durable when this returns."""
        self._waiting.update(entries)
        if self._next_write is None:
            self._next_write = asyncio.ensure_future(self._write_waiting())
        await asyncio.shield(self._next_write)

    async def _write_waiting(self) -> None:
        async with self._writing:
            entries, self._waiting, self._next_write = self._waiting, {}, None
            await self._run(self._write, entries)

    async def _run(self, job: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, job, *arguments)

    # The methods below run in the worker thread.

    def _open(self) -> None:
        private_directory(self._path.parent, parents=True)
        try:
            self._connect()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            self._recreate()

    def _connect(self) -> None:
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE))
        self._database = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute(_SCHEMA)

    def _disconnect(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _recreate(self) -> None:
        self._disconnect()
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(FILE + suffix).unlink(missing_ok=True)
        self._connect()

    def _read(self, keys: Sequence[str]) -> dict[str, bytes]:
        return self._or_default(lambda database: _select(database, keys), {})

    def _write(self, entries: Mapping[str, bytes]) -> None:
        self._or_default(lambda database: _insert(database, entries, self._max_bytes), None)

    def _or_default(self, job: Callable[[sqlite3.Connection], T], default: T) -> T:
        """What `job` returns, or `default` when the file is busy, full or damaged.

        A damaged file is replaced; if that fails, there is no cache for the rest of the run.
        """
        try:
            return default if self._database is None else job(self._database)
        except sqlite3.OperationalError:
            return default
        except sqlite3.DatabaseError:
            try:
                self._recreate()
            except (OSError, sqlite3.Error):
                self._disconnect()
            return default


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


class SingleFlight(Generic[W, R]):
    """Fetches a key once, however many tasks ask for it at the same time.

    A fetch goes on when the tasks that wait for it are cancelled, because it is paid for in any case; `close` ends it.
    """

    def __init__(self, fetch: Callable[[Mapping[str, W]], Awaitable[Mapping[str, R]]]) -> None:
        self._fetch = fetch
        self._running: dict[str, asyncio.Task[Mapping[str, R]]] = {}

    async def get(self, wanted: Mapping[str, W]) -> dict[str, R]:
        """The results by key. Keys that are not being fetched are fetched together; all who wait get its error."""
        fresh = {key: value for key, value in wanted.items() if key not in self._running}
        if fresh:
            task = asyncio.ensure_future(self._run(fresh))
            self._running.update(dict.fromkeys(fresh, task))
            # Read the exception here: asyncio logs one that is never read, as when all waiting tasks were cancelled.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        tasks = {key: self._running[key] for key in wanted}
        for task in set(tasks.values()):
            await asyncio.shield(task)
        return {key: task.result()[key] for key, task in tasks.items()}

    async def close(self) -> None:
        """Cancel all running fetches."""
        tasks = set(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, wanted: Mapping[str, W]) -> Mapping[str, R]:
        try:
            return await self._fetch(wanted)
        finally:
            for key in wanted:
                self._running.pop(key, None)


class CachedModel:
    """A language model with a cache: an answer is on the disk before it is returned."""

    def __init__(self, model: LanguageModel, cache: AnswerCache) -> None:
        self.name = model.name
        self._model = model
        self._cache = cache
        self._flight: SingleFlight[Prompt, Mapping[str, Any]] = SingleFlight(self._fetch)

    async def answer(self, prompt: Prompt) -> Mapping[str, Any]:
        """See `LanguageModel.answer`."""
        key = prompt.key(self.name)
        return (await self._flight.get({key: prompt}))[key]

    async def cached(self, prompt: Prompt) -> Mapping[str, Any] | None:
        """The answer if it is in the cache, else None; the model is not asked."""
        key = prompt.key(self.name)
        data = (await self._cache.get([key])).get(key)
        return None if data is None else load_answer(data, prompt)

    async def close(self) -> None:
        """Cancel all running requests."""
        await self._flight.close()

    async def _fetch(self, wanted: Mapping[str, Prompt]) -> Mapping[str, Mapping[str, Any]]:
        [(key, prompt)] = wanted.items()
        answer = await self.cached(prompt)
        if answer is None:
            answer = await self._model.answer(prompt)
            await self._cache.put({key: dump_answer(answer)})
        return {key: answer}


def dump_answer(answer: Mapping[str, Any]) -> bytes:
    """An answer as the cache keeps it."""
    return json.dumps(answer, separators=(",", ":")).encode("ascii")


def load_answer(data: bytes, prompt: Prompt) -> Mapping[str, Any] | None:
    """The answer in a cache's entry; None when it is damaged or does not fit the prompt's schema."""
    try:
        answer = json.loads(data)
        check(answer, prompt.schema)
    except (ValueError, RecursionError, ModelAnswerInvalid):
        return None
    return answer if isinstance(answer, dict) else None
