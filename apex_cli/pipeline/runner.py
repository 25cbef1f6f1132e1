"""Joins the stages as tasks with queues: while one batch commits, the next is read, extracted and embedded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

from apex_cli.errors import ApexError
from apex_cli.pipeline import gc_tuning
from apex_cli.pipeline.acknowledge import acknowledge
from apex_cli.pipeline.commit import commit
from apex_cli.pipeline.context import Batch, RunContext
from apex_cli.pipeline.embed import embed
from apex_cli.pipeline.extract import ExtractStage
from apex_cli.pipeline.read import InputReader

BATCHES_UNDER_WAY = 2
"""All that memory ever holds: a third batch is not read before the first one is acknowledged."""

Stage = Callable[[RunContext, Batch], Awaitable[None]]
_Queue = asyncio.Queue[Batch | None]


def start_stages(group: asyncio.TaskGroup, context: RunContext, reader: InputReader, extract: ExtractStage) -> None:
    """Start a task for each stage: read → extract → embed → commit → acknowledge.

    The group ends when the inputs are used up, or when `context.stop_reason` or `context.read_error` says why the run
    ended early; what is in flight is settled. `None` in a queue is the end.
    """
    places = asyncio.Semaphore(BATCHES_UNDER_WAY)
    stages: tuple[Stage, ...] = (extract, embed, commit, acknowledge)
    queues: list[_Queue] = [asyncio.Queue(BATCHES_UNDER_WAY) for _ in range(len(stages) + 1)]
    group.create_task(_read(context, reader, places, queues[0]))
    for stage, incoming, outgoing in zip(stages, queues, queues[1:], strict=False):
        group.create_task(_run_stage(context, stage, incoming, outgoing))
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
            await outgoing.put(batch)
            # Not kept until the next one comes.
            del batch
    except ApexError as error:
        # What was staged before can still be committed.
        context.read_error = error
    await outgoing.put(None)


async def _run_stage(context: RunContext, stage: Stage, incoming: _Queue, outgoing: _Queue) -> None:
    while (batch := await incoming.get()) is not None:
        await stage(context, batch)
        await outgoing.put(batch)
        del batch
    await outgoing.put(None)


async def _let_next_in(finished: _Queue, places: asyncio.Semaphore) -> None:
    while (batch := await finished.get()) is not None:
        wrote = any(each.embedded is not None for each in batch.records)
        del batch
        if wrote:
            await asyncio.to_thread(gc_tuning.give_back)
        places.release()
