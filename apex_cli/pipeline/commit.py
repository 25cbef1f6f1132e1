"""Stage 4, commit: the saga, one wave of a batch after the other, and two batches at a time."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from apex_cli.embedded import disk
from apex_cli.errors import DiskFull, RunHalted, StoreTransient
from apex_cli.pipeline.context import Batch, RecordInProgress, RunContext, leave_pending
from apex_cli.pipeline.sync import note_files
from apex_cli.results import DONE
from apex_cli.saga.turns import Turn, Turns
from apex_cli.stores.backends import uses_home

COMMITS_UNDER_WAY = 2
"""Batches that commit at a time. The graph takes them one after the other."""


class _Commit(NamedTuple):
    record_ids: frozenset[str]
    bytes: int
    task: asyncio.Task[None]


class Commits:
    """The stage. While one batch is in its pivot, the next one begins and prepares, and the last one publishes.

    A record with a version in an earlier batch waits for that batch, so its versions keep their order.
    """

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._places = asyncio.Semaphore(COMMITS_UNDER_WAY)
        self._under_way: deque[_Commit] = deque()
        self._turns = Turns()

    async def begin(self, context: RunContext, batch: Batch) -> None:
        """Let the batch commit, as soon as there is a place for it."""
        await self._places.acquire()
        _check_disk(context, batch.bytes + sum(one.bytes for one in self._under_way))
        await note_files(context, batch)
        record_ids = frozenset(each.record.record_id for each in batch.open())
        earlier = [one for one in self._under_way if not record_ids.isdisjoint(one.record_ids)]
        task = self._group.create_task(self._commit(context, batch, earlier, self._turns.take()))
        self._under_way.append(_Commit(record_ids, batch.bytes, task))

    async def end(self, context: RunContext, batch: Batch) -> None:  # noqa: ARG002 - a stage has both
        """Wait for the batch that began first. Every record of it has a result then."""
        await self._under_way[0].task
        self._under_way.popleft()

    async def _commit(self, context: RunContext, batch: Batch, earlier: Sequence[_Commit], turn: Turn) -> None:
        taken = frozenset[str]().union(*(one.record_ids for one in earlier))
        now = _waves(each for each in batch.open() if each.record.record_id not in taken)
        later = _waves(each for each in batch.open() if each.record.record_id in taken)
        await _write(context, now, turn, is_all=not later)
        for one in earlier:
            await one.task
        await _write(context, later, turn, is_all=True)
        turn.over.set()
        _leave(context, batch)
        self._places.release()


async def _write(context: RunContext, waves: Sequence[list[RecordInProgress]], turn: Turn, *, is_all: bool) -> None:
    """Commit what was embedded. Every one of the records has a result afterwards. `is_all`: no other waves follow.

    When the run is to stop or a store keeps failing, the rest stays pending. What a model has read is paid for, so a
    run that only may not ask it any more still commits that.
    """
    for wave in waves:
        if context.stop_reason is not None and not isinstance(context.stop_reason, RunHalted):
            leave_pending(wave, context.stop_reason)
            continue
        items = [(each.record, each.embedded) for each in wave if each.embedded is not None]
        turn.is_last = is_all and wave is waves[-1]
        with context.summary.stats.stage("commit"):
            written = await context.coordinator.write(items, again=context.request.again, turn=turn)
        results = {result.record_id: result for result in written}
        for each in wave:
            result = results[each.record.record_id]
            each.end(result.status, result.error, None if result.status in DONE else "commit")
        if context.coordinator.tripped():
            context.end_early(StoreTransient("run", "a store keeps failing", hint="`apex doctor` checks every store"))


def _check_disk(context: RunContext, size: int) -> None:
    """End the run where the home's disk has no room for payloads of `size` bytes: the batch and those under way."""
    if uses_home(context.settings):
        try:
            disk.require(context.settings.home, disk.COMMIT_BYTES + disk.COMMIT_FACTOR * size)
        except DiskFull as error:
            context.end_early(error)


def _waves(records: Iterable[RecordInProgress]) -> list[list[RecordInProgress]]:
    """Split a batch so that a wave has each record once, and a record's versions keep their order.

    Three versions of A and one of B, `A1 B1 A2 A3`, become the waves `[A1 B1] [A2] [A3]`.
    """
    waves: list[list[RecordInProgress]] = []
    seen: Counter[str] = Counter()
    for each in records:
        turn = seen[each.record.record_id]
        seen[each.record.record_id] += 1
        if turn == len(waves):
            waves.append([])
        waves[turn].append(each)
    return waves


def _leave(context: RunContext, batch: Batch) -> None:
    """These versions are no longer under way. Counts of zero go: a run may see any number of records."""
    for each in batch.records:
        if each.counted:
            record_id = each.record.record_id
            context.under_way[record_id] -= 1
            if not context.under_way[record_id]:
                del context.under_way[record_id]
