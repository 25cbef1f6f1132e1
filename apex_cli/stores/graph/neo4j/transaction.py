"""A transaction on a Neo4j server, as the model's synchronous code sees it.

The driver is asynchronous, and the model's code runs in a thread, which `run_in_thread` starts from the task that
owns the transaction. A read awaits the driver in the event loop by `anyio.from_thread`. A write does not wait: the
server executes it while the thread makes the next rows. So the lock of the namespace is held for less time.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import numpy as np
from anyio import from_thread, to_thread

from apex_cli.stores.graph.model.codec import moment
from apex_cli.stores.graph.model.operations import GraphTransaction, Kind, Query, Row, Write, expect
from apex_cli.stores.graph.neo4j.statements import COLLECTED, FORMER, READS, WRITES

if TYPE_CHECKING:
    from neo4j import AsyncManagedTransaction, AsyncResult

_BATCH = 1000

T = TypeVar("T")


async def run_in_thread(job: Callable[[], T], limiter: anyio.CapacityLimiter) -> T:
    """Run `job` in a thread. Cancelled, wait until the job has ended; its next operation raises `CancelledError`.

    A cancelled task would otherwise end the transaction while the thread still uses it.
    """
    scope = anyio.CancelScope()

    async def work() -> T:
        with scope:
            return await to_thread.run_sync(job, limiter=limiter)
        raise asyncio.CancelledError  # from the scope, before the thread began

    working = asyncio.ensure_future(work())
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        scope.cancel()
        await asyncio.wait({working})
        raise


def ask(question: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Await what `question` makes in the event loop, from the job's thread. Raises `CancelledError` when cancelled."""
    from_thread.check_cancelled()
    try:
        return from_thread.run(question)
    except concurrent.futures.CancelledError as error:
        raise asyncio.CancelledError from error


class Neo4jTransaction:
    """`GraphTransaction` of one group (namespace) over a transaction of the event loop, in which it is made.

    What is wrong with a write is raised by a later operation, or by `run`.
    """

    _answers: Mapping[Query, str] = COLLECTED
    _scans: Mapping[Query, str] = READS

    def __init__(self, transaction: AsyncManagedTransaction, group: str, holds_vectors: bool) -> None:
        self.holds_vectors = holds_vectors
        self._transaction = transaction
        self._group = group
        self._loop = asyncio.get_running_loop()
        self._unsent: deque[tuple[Write, _Rows]] = deque()
        self._sending: asyncio.Task[None] | None = None

    async def run(self, job: Callable[[GraphTransaction], T], limiter: anyio.CapacityLimiter) -> T:
        """Run `job` in a thread, until all that it writes is written. Cancelled, see `run_in_thread`."""
        try:
            result = await run_in_thread(lambda: job(self), limiter)
            await self._written()
        except BaseException as error:
            await self._give_up(at_once=isinstance(error, asyncio.CancelledError))
            raise
        return result

    def look_up(self, what: Query, keys: Iterable[str]) -> list[Row]:
        wanted = list(dict.fromkeys(keys))
        return self._rows(what, {"keys": wanted}) if wanted else []

    def ask(
        self, what: Query, text: str, limit: int | None = None, kind: str | None = None, at: datetime | None = None
    ) -> list[Row]:
        return self._rows(what, {"text": text, "limit": limit, "kind": kind, "at": at})

    def scan(self, what: Query) -> Iterator[list[Row]]:
        result = ask(lambda: self._read(self._scans[what], {}))
        while batch := ask(lambda: result.fetch(_BATCH)):
            yield [_row(what, record.values()) for record in batch]

    def write(self, what: Write, rows: Sequence[Sequence[Any]]) -> None:
        if rows:
            from_thread.check_cancelled()
            self._loop.call_soon_threadsafe(self._send, what, _sent(what, rows))

    def _rows(self, what: Query, parameters: Mapping[str, Any]) -> list[Row]:
        return [_row(what, values) for values in self._value(self._answers[what], parameters)]

    def _value(self, statement: str, parameters: Mapping[str, Any]) -> Any:
        """The single value of the single row of a statement."""

        async def fetch() -> Any:
            return await _only(await self._read(statement, parameters))

        return ask(fetch)

    async def _read(self, statement: str, parameters: Mapping[str, Any]) -> AsyncResult:
        """Run a statement that sees what was written."""
        await self._written()
        return await self._run(statement, parameters)

    async def _run(self, statement: str, parameters: Mapping[str, Any]) -> AsyncResult:
        return await self._transaction.run(statement, {"group": self._group, **parameters})

    def _send(self, what: Write, rows: _Rows) -> None:
        """Write these rows after those before them. After a write that failed nothing more is written."""
        self._unsent.append((what, rows))
        if self._sending is None or (self._sending.done() and not _failed(self._sending)):
            self._sending = self._loop.create_task(self._send_all())

    async def _send_all(self) -> None:
        while self._unsent:
            what, rows = self._unsent.popleft()
            expect(await _only(await self._run(WRITES[what], {"rows": rows})), rows)

    async def _written(self) -> None:
        """Wait until everything is written. Raises what is wrong with it."""
        if self._sending is not None:
            await self._sending

    async def _give_up(self, *, at_once: bool) -> None:
        """End the writes, so that nothing uses the transaction any more; unless `at_once`, await the one under way."""
        self._unsent.clear()
        if self._sending is not None:
            if at_once:
                self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)


async def _only(result: AsyncResult) -> Any:
    return (await result.single(strict=True))[0]


def _failed(task: asyncio.Task[None]) -> bool:
    return task.cancelled() or task.exception() is not None


def _row(what: Query, values: Iterable[Any]) -> Row:
    row: Row = dict(zip(what.answer, values, strict=True))
    for name in what.times:
        seconds, rest = row[name]
        row[name] = None if seconds is None else moment(seconds * 1_000_000 + rest // 1000)
    return row


class FormerAliases(Neo4jTransaction):
    """The index of aliases of an older graph that was emptied. Nothing else can be asked of it."""

    _answers = _scans = FORMER


class _Rows(list[Row]):
    """Rows to send. The driver formats all parameters for its log, even when it does not log."""

    def __repr__(self) -> str:
        return f"<{len(self)} rows>"


def _sent(what: Write, rows: Sequence[Sequence[Any]]) -> _Rows:
    """Rows as the statements take them: by name, with vectors as lists, and times in parts."""
    sent = _Rows(dict(zip(what.columns, row, strict=True)) for row in rows)
    for name, kind in what.columns.items():
        if kind in _PARTS:
            part = _PARTS[kind]
            for row in sent:
                if row[name] is not None:
                    row[name] = part(row[name])
    return sent


def _numbers(vector: Any) -> list[float]:
    numbers: list[float] = np.asarray(vector, dtype=np.float32).tolist()
    return numbers


def _since_epoch(time: int) -> tuple[int, int]:
    """Seconds and nanoseconds."""
    seconds, rest = divmod(time, 1_000_000)
    return seconds, rest * 1000


_PARTS: Mapping[Kind, Callable[[Any], Any]] = {"vector": _numbers, "time": _since_epoch}
