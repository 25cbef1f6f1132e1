"""Keeps the books of a run: each record's outcome told once, each staged item brought to its end."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from apex_cli import faults
from apex_cli.embed.codec import dump
from apex_cli.errors import ApexError, RecordError, StoreError
from apex_cli.model import Embedded, EntityType, Record
from apex_cli.pipeline.inputs import Input, ReadResult
from apex_cli.pipeline.request import Observer
from apex_cli.reading.files import Rejected
from apex_cli.results import ErrorDetail, RecordResult, RecordStatus, RunSummary
from apex_cli.staging import Item, ItemFailure, StagingDirectory


@dataclass(frozen=True, slots=True)
class ExtractionVersions:
    """What made an extraction: results kept with a staged item are used again only by the same makers."""

    extractor: str
    embedder: str


@dataclass(frozen=True, slots=True)
class _Kept:
    """A failed record to be kept alone, or (`raw` None) the reason why its whole input is kept."""

    origin: Input
    failure: ItemFailure
    source: str
    raw: bytes | None
    suffix: str
    record_id: str | None = None
    extraction: bytes | None = None


@dataclass(slots=True)
class _Work:
    """What the staging directory has yet to hear."""

    kept: list[_Kept] = field(default_factory=list)
    committed: list[Record] = field(default_factory=list)
    settled: list[Input] = field(default_factory=list)


class OutcomeRecorder:
    """Tells outcomes to the observer and the summary at once, and to the staging directory at `flush`.

    Staging calls run on `worker`, the one thread that also reads the inputs, so no two threads touch the area. A crash
    before `flush` loses nothing: the item is still `processing`, and its records will be `unchanged`.
    """

    def __init__(
        self,
        staging: StagingDirectory,
        summary: RunSummary,
        observer: Observer,
        worker: Executor,
        versions: ExtractionVersions,
    ) -> None:
        self._staging = staging
        self._summary = summary
        self._observer = observer
        self._worker = worker
        self._versions = versions
        self._work = _Work()

    def rejected(self, read: ReadResult, rejected: Rejected) -> None:
        """An input, or a part of one, could not be read."""
        source = read.origin.item.source if read.origin.item else "unknown"
        problem = ErrorDetail.of(rejected.error)
        self._tell(
            RecordResult(rejected.locator, source, None, None, None, RecordStatus.FAILED, stage="read", error=problem)
        )
        failure = _failure(rejected.error, "read", rejected.locator)
        suffix = PurePath(read.origin.item.name).suffix if read.origin.item else ""
        self._count(read.origin, _Kept(read.origin, failure, source, rejected.raw, suffix))

    def failed(
        self, read: ReadResult, record: Record, error: ApexError, started: float, embedded: Embedded | None = None
    ) -> None:
        """A record was read but not committed; what was extracted is kept with it."""
        stage = error.stage if isinstance(error, RecordError) else "commit"
        self._tell(_outcome(record, RecordStatus.FAILED, started, embedded, stage=stage, error=ErrorDetail.of(error)))
        document = record.source == "document"
        kept = _Kept(
            read.origin,
            _failure(error, stage, record.locator),
            record.source,
            _bytes(record),
            PurePath(str(record.payload["path"])).suffix if document else ".json",
            record.record_id,
            dump(embedded, extractor=self._versions.extractor, embedder=self._versions.embedder) if embedded else None,
        )
        self._count(read.origin, kept)

    def settled(
        self, read: ReadResult, record: Record, status: RecordStatus, started: float, embedded: Embedded | None = None
    ) -> None:
        """A record is committed, updated or unchanged."""
        self._tell(_outcome(record, status, started, embedded))
        self._work.committed.append(record)
        self._count(read.origin)

    def pending(self, record: Record, started: float, reason: ApexError) -> None:
        """A record was read but not taken, for this reason: its input stays staged."""
        self._tell(_outcome(record, RecordStatus.PENDING, started, None, error=ErrorDetail.of(reason)))

    def ended(self, origin: Input) -> None:
        """An input has no more records."""
        if origin.settled:
            self._work.settled.append(origin)

    async def flush(self) -> None:
        """Bring the staging directory up to date."""
        work, self._work = self._work, _Work()
        if work.settled:
            await faults.reach("staging.remove.before")
        await asyncio.get_running_loop().run_in_executor(self._worker, self._carry_out, work)
        if work.settled:
            await faults.reach("staging.remove.after")

    async def release(self, origins: Sequence[Input]) -> None:
        """Give back the inputs that did not come to their end: the next run takes them up."""
        items = [origin.item for origin in origins if origin.item is not None]
        await asyncio.get_running_loop().run_in_executor(self._worker, self._release, items)

    def _release(self, items: Sequence[Item]) -> None:
        for item in items:
            self._staging.release(item)

    def _tell(self, outcome: RecordResult) -> None:
        self._summary.add(outcome)
        self._observer.outcome(outcome)

    def _count(self, origin: Input, kept: _Kept | None = None) -> None:
        if kept is not None and origin.item is not None:
            self._work.kept.append(kept)
        origin.told += 1
        if origin.settled:
            self._work.settled.append(origin)

    def _carry_out(self, work: _Work) -> None:
        for kept in work.kept:
            self._keep(kept)
        for record in work.committed:
            self._staging.remove_record(record.record_id, observed_at=record.observed_at)
        for origin in work.settled:
            if origin.item is not None and not origin.closed:
                if not self._staging.complete(origin.item, keep_children=set(origin.failed)):
                    self._summary.unremoved += 1
                origin.closed = True

    def _keep(self, kept: _Kept) -> None:
        item = kept.origin.item
        assert item is not None
        if kept.raw is None:
            # Nothing smaller than the whole input can be kept.
            if not kept.origin.closed:
                self._staging.fail(item, kept.failure)
            kept.origin.closed = True
            return
        child = self._staging.add_record(
            item,
            locator=kept.failure.locator or item.name,
            source=kept.source,
            payload=kept.raw,
            failure=kept.failure,
            record_id=kept.record_id,
            extraction=kept.extraction,
            extension=kept.suffix,
        )
        kept.origin.failed.append(child.item_id)


def _outcome(
    record: Record, status: RecordStatus, started: float, embedded: Embedded | None, **extra: Any
) -> RecordResult:
    extraction = embedded.extraction if embedded else None
    return RecordResult(
        locator=record.locator,
        source=record.source,
        data_type=record.data_type,
        external_id=record.external_id,
        record_id=record.record_id,
        status=status,
        entities=sum(e.type is not EntityType.VALUE for e in extraction.entities) if extraction else 0,
        facts=len(extraction.claims) if extraction else 0,
        vectors=len(extraction.chunks) if extraction else 0,
        llm_calls=extraction.llm_calls if extraction else 0,
        tokens=extraction.tokens if extraction else 0,
        cost_usd=round(extraction.cost_usd, 6) if extraction else 0.0,
        ms=round((time.monotonic() - started) * 1000, 1),
        **extra,
    )


def _bytes(record: Record) -> bytes:
    """The record alone, as it would be read again: keys keep their order, for ids are looked for in that order."""
    if record.source == "document":
        return str(record.payload["content"]).encode()
    return json.dumps(record.payload, ensure_ascii=False).encode()


def _failure(error: ApexError, stage: str, locator: str | None) -> ItemFailure:
    retriable = error.retriable if isinstance(error, RecordError) else isinstance(error, StoreError)
    return ItemFailure(
        code=error.code,
        message=error.message,
        hint=error.hint,
        stage=stage,
        retriable=retriable,
        at=datetime.now(UTC),
        locator=locator,
    )
