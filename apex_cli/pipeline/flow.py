"""The stages of an ingest, joined by queues: while one batch commits, the next is read and understood. No more batches
than these two are under way, so that is all that memory ever holds.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from apex_cli.embed.codec import load
from apex_cli.errors import AnswerPending, ApexError, RunHalted, StoreError, StoreTransient
from apex_cli.model import Embedded, Record
from apex_cli.pipeline import gc_tuning
from apex_cli.pipeline.desk import ExtractionVersions, OutcomeRecorder
from apex_cli.pipeline.inputs import Input, InputReader, ReadBatch, ReadResult
from apex_cli.pipeline.understand import Transformer
from apex_cli.reading.files import Rejected
from apex_cli.results import RecordStatus
from apex_cli.run_stats import RunStats
from apex_cli.saga.coordinator import Coordinator, Fate, Result

_STATUS = {
    Fate.COMMITTED: RecordStatus.COMMITTED,
    Fate.UPDATED: RecordStatus.UPDATED,
    Fate.UNCHANGED: RecordStatus.UNCHANGED,
}

_UNDER_WAY = 2


@dataclass(frozen=True, slots=True)
class _Job:
    """One record on its way to the stores."""

    read: ReadResult
    record: Record
    embedded: Embedded
    started: float


@dataclass(slots=True)
class _Ready:
    """A batch that is understood, and the inputs that ended with it. `None` in the queue is the end."""

    jobs: list[_Job] = field(default_factory=list)
    ended: list[Input] = field(default_factory=list)


class IngestPipeline:
    """Runs one ingest from its inputs to the desk."""

    def __init__(
        self,
        inputs: InputReader,
        desk: OutcomeRecorder,
        understanding: Transformer,
        coordinator: Coordinator,
        worker: ThreadPoolExecutor,
        versions: ExtractionVersions,
        meter: RunStats,
    ) -> None:
        self._inputs = inputs
        self._desk = desk
        self._understanding = understanding
        self._coordinator = coordinator
        self._worker = worker
        self._versions = versions
        self._meter = meter
        self._places = asyncio.Semaphore(_UNDER_WAY)
        self._read: asyncio.Queue[ReadBatch | None] = asyncio.Queue()
        self._ready: asyncio.Queue[_Ready | None] = asyncio.Queue()
        self._on_the_way: Counter[str] = Counter()
        self.halted: ApexError | None = None
        self.broken: ApexError | None = None

    async def run(self) -> None:
        """Until the inputs are used up, or `halted` or `broken` says why it ended early. Settles what is in flight."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._reading())
            group.create_task(self._understand())
            group.create_task(self._commit())

    async def _reading(self) -> None:
        batches: Iterator[ReadBatch] = self._inputs.batches()
        try:
            while (batch := await self._next(batches)) is not None:
                await self._read.put(batch)
                # Not kept until the next one comes.
                del batch
        except ApexError as error:
            # What was staged before can still be committed.
            self.broken = error
        await self._read.put(None)

    async def _next(self, batches: Iterator[ReadBatch]) -> ReadBatch | None:
        await self._places.acquire()
        with self._meter.stage("read"):
            return await asyncio.get_running_loop().run_in_executor(self._worker, next, batches, None)

    async def _understand(self) -> None:
        while (batch := await self._read.get()) is not None:
            await self._ready.put(await self._understood(batch))
            del batch
        await self._ready.put(None)

    async def _understood(self, batch: ReadBatch) -> _Ready:
        started = time.monotonic()
        try:
            fresh = await self._screened(batch.reads, started)
        except StoreError as error:
            # What is being committed meanwhile still comes to its end.
            self.halt(error)
            for read in batch.reads:
                if isinstance(read.what, Record):
                    self._desk.pending(read.what, started, error)
            return _Ready()
        ready = _Ready(ended=batch.ended)
        if self.halted is not None:
            self._left(fresh, started, self.halted)
            return ready
        records = [record for _, record in fresh]
        understood = await self._understanding.batch(records, self._kept(fresh))
        for (read, record), result in zip(fresh, understood, strict=True):
            if isinstance(result, Embedded):
                ready.jobs.append(_Job(read, record, result, started))
                continue
            self._arrived(record)
            if isinstance(result, RunHalted):
                self.halt(result)
            if isinstance(result, RunHalted | AnswerPending):
                self._desk.pending(record, started, result)
            else:
                self._desk.failed(read, record, result, started)
        return ready

    async def _screened(self, reads: Sequence[ReadResult], started: float) -> list[tuple[ReadResult, Record]]:
        """Leave out what cannot be read and what is known with this very content.

        A record with a version still on its way is never called unchanged here: A, B, A are three versions. The saga
        decides again, under a lock.
        """
        records = [read.what.record_id for read in reads if isinstance(read.what, Record)]
        known = await self._coordinator.known(records) if records else {}
        fresh: list[tuple[ReadResult, Record]] = []
        for read in reads:
            what = read.what
            if isinstance(what, Rejected):
                self._desk.rejected(read, what)
                continue
            record_id = what.record_id
            if known.get(record_id) == what.content_hash and not self._on_the_way[record_id]:
                self._desk.settled(read, what, RecordStatus.UNCHANGED, started)
                continue
            self._on_the_way[record_id] += 1
            fresh.append((read, what))
        return fresh

    def _kept(self, fresh: Sequence[tuple[ReadResult, Record]]) -> dict[int, Embedded]:
        """Results of an earlier attempt, by position."""
        kept: dict[int, Embedded] = {}
        for index, (read, _) in enumerate(fresh):
            data = read.origin.extraction
            if data is not None:
                embedded = load(data, extractor=self._versions.extractor, embedder=self._versions.embedder)
                if embedded is not None:
                    kept[index] = embedded
        return kept

    async def _commit(self) -> None:
        while (ready := await self._ready.get()) is not None:
            worked = bool(ready.jobs)
            await self._bring_in(ready)
            del ready
            if worked:
                await asyncio.to_thread(gc_tuning.give_back)
            self._places.release()

    async def _bring_in(self, ready: _Ready) -> None:
        for wave in _waves(ready.jobs):
            await self._carry(wave)
        for origin in ready.ended:
            self._desk.ended(origin)
        await self._desk.flush()

    async def _carry(self, jobs: Sequence[_Job]) -> None:
        """Commit one batch, unless the run was stopped or a store fails: then its records are left for the next.

        What a model has read is paid for, so a run that only may not ask it any more commits it.
        """
        if self.halted is not None and not isinstance(self.halted, RunHalted):
            for job in jobs:
                self._desk.pending(job.record, job.started, self.halted)
            return
        with self._meter.stage("commit"):
            written = await self._coordinator.write([(job.record, job.embedded) for job in jobs])
        results = {result.record_id: result for result in written}
        for job in jobs:
            self._arrived(job.record)
            self._told(job, results[job.record.record_id])
        if self._coordinator.tripped():
            self.halt(StoreTransient("run", "a store keeps failing", hint="`apex doctor` shows which one and why"))

    def _left(self, fresh: Sequence[tuple[ReadResult, Record]], started: float, reason: ApexError) -> None:
        """Records that were read already when the run was halted: nothing is paid for them any more."""
        for _, record in fresh:
            self._arrived(record)
            self._desk.pending(record, started, reason)

    def _arrived(self, record: Record) -> None:
        """One version fewer is on its way. Counts of nothing go, for a run may see any number of records."""
        self._on_the_way[record.record_id] -= 1
        if not self._on_the_way[record.record_id]:
            del self._on_the_way[record.record_id]

    def _told(self, job: _Job, result: Result) -> None:
        status = _STATUS.get(result.fate)
        if status is not None:
            self._desk.settled(job.read, job.record, status, job.started, job.embedded)
            return
        assert result.error is not None
        self._desk.failed(job.read, job.record, result.error, job.started, job.embedded)

    def halt(self, reason: ApexError) -> None:
        """Take no more records; what is in flight is settled."""
        self.halted = self.halted or reason
        self._inputs.stop()


def _waves(jobs: Sequence[_Job]) -> Iterator[list[_Job]]:
    """Split a batch so that no record appears twice in one saga batch, its versions in arrival order."""
    waves: list[list[_Job]] = []
    seen: Counter[str] = Counter()
    for job in jobs:
        turn = seen[job.record.record_id]
        seen[job.record.record_id] += 1
        if turn == len(waves):
            waves.append([])
        waves[turn].append(job)
    return iter(waves)
