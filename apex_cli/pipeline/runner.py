"""Joins the stages as tasks with queues: while two batches commit, the next is read, extracted and embedded.

Also keeps a long run's memory flat.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress

from apex_cli.errors import ApexError
from apex_cli.pipeline.acknowledge import acknowledge
from apex_cli.pipeline.commit import COMMITS_UNDER_WAY, Commits
from apex_cli.pipeline.context import Batch, RunContext
from apex_cli.pipeline.embed import embed
from apex_cli.pipeline.extract import ExtractStage
from apex_cli.pipeline.read import InputReader

BATCHES_UNDER_WAY = COMMITS_UNDER_WAY + 1
"""All that memory ever holds: a fourth batch is not read before the first one is acknowledged."""
_M_ARENA_MAX, _M_MMAP_THRESHOLD = -8, -3
"""`mallopt(3)`, glibc's `malloc.h`."""
_ARENAS = 2
_MAPPED_BYTES = 128 * 1024
_COLLECT_AFTER = 200_000

Stage = Callable[[RunContext, Batch], Awaitable[None]]
_Queue = asyncio.Queue[Batch | None]


def start_stages(group: asyncio.TaskGroup, context: RunContext, reader: InputReader, extract: ExtractStage) -> None:
    """Start a task for each stage: read → extract → embed → commit → acknowledge.

    The group ends when the inputs are used up, or when `context.stop_reason` or `context.read_error` says why the run
    ended early; what is in flight is settled. `None` in a queue is the end.
    """
    places = asyncio.Semaphore(BATCHES_UNDER_WAY)
    commits = Commits(group)
    stages: dict[str, Stage] = {
        **{"extracted": extract, "embedded": embed, "begun": commits.begin, "committed": commits.end},
        "acknowledged": acknowledge,
    }
    queues: list[_Queue] = [asyncio.Queue(BATCHES_UNDER_WAY) for _ in range(len(stages) + 1)]
    group.create_task(_read(context, reader, places, queues[0]))
    for (passed, stage), incoming, outgoing in zip(stages.items(), queues, queues[1:], strict=False):
        group.create_task(_run_stage(context, passed, stage, incoming, outgoing))
    group.create_task(_let_next_in(queues[-1], places))


async def _read(context: RunContext, reader: InputReader, places: asyncio.Semaphore, outgoing: _Queue) -> None:
    batches: Iterator[Batch] = reader.batches()
    loop = asyncio.get_running_loop()
    try:
        while True:
            await places.acquire()
            with context.summary.stats.stage("read"):
                batch = await loop.run_in_executor(context.worker, next, batches, None)
            if batch is None:
                break
            context.progress.passed["read"] += len(batch.records)
            await outgoing.put(batch)
            # Not kept until the next one comes.
            del batch
    except ApexError as error:
        # What was staged before can still be committed.
        context.read_error = error
    await outgoing.put(None)


async def _run_stage(context: RunContext, passed: str, stage: Stage, incoming: _Queue, outgoing: _Queue) -> None:
    while (batch := await incoming.get()) is not None:
        await stage(context, batch)
        context.progress.passed[passed] += len(batch.records)
        await outgoing.put(batch)
        del batch
    await outgoing.put(None)


async def _let_next_in(finished: _Queue, places: asyncio.Semaphore) -> None:
    while (batch := await finished.get()) is not None:
        wrote = any(each.embedded is not None for each in batch.records)
        del batch
        if wrote:
            await asyncio.to_thread(_give_back)
        places.release()


def settle_collector() -> None:
    """Call when a run's modules are loaded and its stores are open, before the first batch.

    What is loaded stays until the end, so the collector may leave it alone; and records are many small containers
    that die young, so it need not look after every 700 of them (Python's default). Left alone, it took 16 % of the
    graph's thread.
    """
    gc.freeze()
    _, middle, old = gc.get_threshold()
    gc.set_threshold(_COLLECT_AFTER, middle, old)


def limit_arenas() -> None:
    """Call before threads start. On glibc all threads then share one heap; elsewhere nothing happens.

    Else every thread that ever allocated keeps a heap of its own, with holes that no other thread can use. And large
    pieces go back to the system when they are freed: else glibc takes ever larger ones from the heap, up to 32 MB, once
    it has freed one of that size.
    """
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_ARENA_MAX, _ARENAS)
        libc.mallopt(_M_MMAP_THRESHOLD, _MAPPED_BYTES)


def _give_back() -> None:
    """Return freed pages to the system. On glibc only; elsewhere nothing happens. Takes some 10 ms.

    A batch's vectors and rows leave holes all over the heap, which glibc never gives back by itself.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
