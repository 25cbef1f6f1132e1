"""How a job's thread asks the event loop, which owns the transaction.

The driver is asynchronous and its transactions belong to one task; the logic is synchronous and runs in a thread, off
the event loop. So the task that owns the transaction serves the thread: one question at a time, in the order asked.
When the task is cancelled or fails, the thread's next question fails, and the job ends there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


class BridgeClosed(Exception):
    """Nobody serves the line any more. Seen by the job's thread only."""


@dataclass(frozen=True, slots=True)
class _Question:
    ask: Callable[[], Awaitable[Any]]
    answer: Future[Any] = field(default_factory=Future)


class LoopBridge:
    """Between one task, which calls `serve`, and one thread, which calls `ask`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._questions: asyncio.Queue[_Question | None] = asyncio.Queue()
        self._open = True

    def ask(self, question: Callable[[], Awaitable[T]]) -> T:
        """Have the task await what `question` makes, and return its result or raise its error. In the thread only."""
        asked = _Question(question)
        self._loop.call_soon_threadsafe(self._take, asked)
        answer: T = asked.answer.result()
        return answer

    async def serve(self, threads: Executor, work: Callable[[], T]) -> T:
        """Run `work` in a thread and answer its questions until it ends. In the task only, once.

        Cancelled, it waits for the thread, which ends at its next question.
        """
        working = self._loop.run_in_executor(threads, work)
        working.add_done_callback(lambda _: self._questions.put_nowait(None))
        try:
            while (asked := await self._questions.get()) is not None:
                await _reply(asked)
            return await working
        except asyncio.CancelledError:
            self._hang_up()
            await asyncio.wait({working})
            if not working.cancelled():
                working.exception()
            raise

    def _take(self, asked: _Question) -> None:
        if self._open:
            self._questions.put_nowait(asked)
        else:
            asked.answer.set_exception(BridgeClosed())

    def _hang_up(self) -> None:
        self._open = False
        while not self._questions.empty():
            if (asked := self._questions.get_nowait()) is not None:
                asked.answer.set_exception(BridgeClosed())


async def _reply(asked: _Question) -> None:
    try:
        result = await asked.ask()
    except Exception as error:  # noqa: BLE001 - all of them are the thread's to judge
        asked.answer.set_exception(error)
    except BaseException:
        asked.answer.set_exception(BridgeClosed())
        raise
    else:
        asked.answer.set_result(result)
