"""The thread of a job on a Neo4j server: its calls into the event loop, and its end when the task is cancelled."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial

import anyio
import pytest

from apex_cli.stores.graph.neo4j.transaction import ask, run_in_thread


async def answer(value: int) -> int:
    await asyncio.sleep(0)
    return value


async def refuse() -> int:
    raise ValueError("no")


async def test_a_job_awaits_its_questions_in_order() -> None:
    def job() -> list[int]:
        return [ask(partial(answer, value)) for value in range(3)]

    assert await run_in_thread(job, anyio.CapacityLimiter(1)) == [0, 1, 2]


async def test_an_error_of_a_question_is_raised_in_the_job_and_by_it() -> None:
    seen = []

    def job() -> int:
        try:
            return ask(refuse)
        except ValueError as error:
            seen.append(str(error))
            raise

    with pytest.raises(ValueError, match="no"):
        await run_in_thread(job, anyio.CapacityLimiter(1))
    assert seen == ["no"]


async def cancelled_at(started: threading.Event, job: Callable[[], None], go_on: Callable[[], None]) -> None:
    running = asyncio.ensure_future(run_in_thread(job, anyio.CapacityLimiter(1)))
    await asyncio.to_thread(started.wait, 10)
    running.cancel()
    # No event says that nothing happens: too short a wait finds less, and never fails a sound task.
    await asyncio.sleep(0.05)
    assert not running.done(), "the task waits for its thread"
    go_on()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_cancelled_job_ends_at_its_next_question() -> None:
    started, go_on = threading.Event(), threading.Event()
    asked: list[int] = []

    def job() -> None:
        started.set()
        go_on.wait(10)
        asked.append(0)
        ask(lambda: answer(1))
        asked.append(1)

    await cancelled_at(started, job, go_on.set)
    assert asked == [0]


async def test_a_question_that_waits_is_cancelled_with_its_job() -> None:
    started, ended = threading.Event(), threading.Event()

    async def wait_long() -> None:
        started.set()
        await asyncio.sleep(60)

    def job() -> None:
        try:
            ask(wait_long)
        except asyncio.CancelledError:
            ended.set()
            raise

    running = asyncio.ensure_future(run_in_thread(job, anyio.CapacityLimiter(1)))
    await asyncio.to_thread(started.wait, 10)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended.is_set()


async def test_a_job_that_is_cancelled_while_it_waits_for_a_thread_never_begins() -> None:
    limiter = anyio.CapacityLimiter(1)
    begun, go_on = [], threading.Event()
    first = asyncio.ensure_future(run_in_thread(lambda: go_on.wait(10), limiter))
    second = asyncio.ensure_future(run_in_thread(lambda: begun.append(1), limiter))
    async with asyncio.timeout(10):
        while not limiter.statistics().tasks_waiting:  # noqa: ASYNC110 - a limiter sends no event
            await asyncio.sleep(0)
    assert limiter.statistics().borrowed_tokens == 1
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    go_on.set()
    assert await first
    assert begun == []
