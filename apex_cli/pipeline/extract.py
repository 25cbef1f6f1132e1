"""Stage 2, extract: skip what is unchanged, then read entities, claims and text out of the rest.

Rules read every record, in threads; those of a long run in a process of their own. Large documents are parsed in worker
processes that can be killed. A model then adds to what has free text, where the run uses one.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from apex_cli.errors import ApexError, ExtractError, RecordError, StoreError
from apex_cli.model import Extraction, Record
from apex_cli.pipeline.context import Batch, RecordInProgress, RunContext, leave_pending
from apex_cli.pipeline.documents import resolve
from apex_cli.pipeline.embed import fail
from apex_cli.pipeline.extraction_worker import Extracted, ExtractionWorker, extract_each
from apex_cli.pipeline.identities import SeenRecords
from apex_cli.reading.files import Rejected, Skipped
from apex_cli.results import RecordStatus
from apex_cli.sources.registry import extract as extract_by_rules
from apex_cli.stores.journal import KnownContent

if TYPE_CHECKING:
    from pebble import ProcessPool

_SLICE = 50
"""Records of one extraction task: few enough to interleave, many enough that the task costs nothing."""
_INLINE_BYTES = 64 * 1024
"""Larger documents are parsed in a worker process."""
_WORKERS = 2
_HERE = 500
"""Records that a run extracts in this process at least, before it starts a worker for those of its next batches."""


class ExtractStage:
    """The stage, with the worker processes that it starts for the first large document. Close it at the end."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._places = asyncio.Semaphore(context.settings.concurrency)
        self._pool: ProcessPool | None = None
        self._worker = ExtractionWorker(context.settings.sources)
        self._extracted = 0
        self._seen = SeenRecords()

    async def __call__(self, context: RunContext, batch: Batch) -> None:
        """Set `extraction` of each record of the batch that is new and sound; end all others."""
        await resolve(context, batch)
        await _screen(context, batch)
        records = batch.open()
        if context.stop_reason is not None:
            # Nothing is paid for records that were only read.
            leave_pending(records, context.stop_reason)
            return
        large = [each for each in records if _is_large(each.record)]
        small = [each for each in records if not _is_large(each.record)]
        with context.summary.stats.stage("extract"):
            await asyncio.gather(
                *self._extract_small(small),
                *(self._extract_large(each) for each in large),
            )
            await self._seen.screen(context, batch)
            await _enrich(context, batch.open())

    def close(self) -> None:
        """End the worker processes, also those that are parsing."""
        self._worker.close()
        if self._pool is not None:
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()

    def _extract_small(self, records: Sequence[RecordInProgress]) -> list[Coroutine[Any, Any, None]]:
        if self._extracted >= _HERE:
            return [self._extract(records, self._worker.extract_each)]
        self._extracted += len(records)
        parts = (records[start : start + _SLICE] for start in range(0, len(records), _SLICE))
        return [self._extract(part, extract_each) for part in parts]

    async def _extract(
        self, records: Sequence[RecordInProgress], extract: Callable[[Sequence[Record]], Extracted]
    ) -> None:
        async with self._places:
            found = await asyncio.to_thread(extract, [each.record for each in records])
        for each, extraction in zip(records, found, strict=True):
            self._take(each, extraction)

    async def _extract_large(self, each: RecordInProgress) -> None:
        async with self._places:
            try:
                self._take(each, await self._in_worker(each.record))
            except RecordError as error:
                self._take(each, error)

    def _take(self, each: RecordInProgress, found: Extraction | ApexError) -> None:
        if isinstance(found, Extraction):
            each.extraction = found
        else:
            fail(self._context, each, found)

    async def _in_worker(self, record: Record) -> Extraction:
        """Raises `ExtractError`, also `too_slow` after `APEX_PARSE_TIMEOUT`."""
        from pebble import ProcessExpired, ProcessPool

        if self._pool is None:
            # Spawned, not forked: a forked child would inherit the home's lock and keep it beyond this process.
            self._pool = ProcessPool(max_workers=_WORKERS, context=multiprocessing.get_context("spawn"))
        timeout = self._context.settings.parse_timeout
        job = self._pool.schedule(extract_by_rules, args=(record,), timeout=timeout)
        try:
            return await asyncio.wrap_future(job)
        except TimeoutError as error:
            raise ExtractError(
                f"{record.locator} took longer than {timeout:g} s to parse",
                hint="split the document, or raise APEX_PARSE_TIMEOUT",
                code="too_slow",
            ) from error
        except ProcessExpired as error:
            raise ExtractError(f"{record.locator}: the worker process died parsing it", code="worker_died") from error


async def _screen(context: RunContext, batch: Batch) -> None:
    """End what could not be read, and what the memory has with this very content; a version out of an export, what it
    has with this content, staged at this time.

    A record with another version under way is never called unchanged here: A, B, A are three versions. The saga
    decides again, under a lock.
    """
    for each in batch.records:
        if isinstance(each.source_data, Rejected):
            each.end(RecordStatus.FAILED, each.source_data.error, "read")
        elif isinstance(each.source_data, Skipped):
            each.end(RecordStatus.SKIPPED)
    records = batch.open()
    if not records:
        return
    try:
        known = await context.coordinator.known([each.record.record_id for each in records])
        exported = await context.coordinator.known_versions(
            [each.record.record_id for each in records if each.record.exported is not None]
        )
    except StoreError as error:
        context.end_early(error)
        leave_pending(records, error)
        return
    settled = _settled(records, known)
    for each in records:
        record = each.record
        content = (record.record_id, record.content_hash)
        if record.exported is not None and record.exported.forgotten:
            each.end(RecordStatus.FORGOTTEN)
            continue
        if not context.request.again and _version(record) in exported:
            each.end(RecordStatus.UNCHANGED)
            continue
        sure = not context.request.again and not context.under_way[record.record_id]
        if sure and content in known.forgotten:
            each.end(RecordStatus.FORGOTTEN)
        elif sure and record.exported is None and _is_known(content, known, record.record_id in settled):
            each.end(RecordStatus.UNCHANGED)
        else:
            context.under_way[record.record_id] += 1
            each.counted = True


def _is_known(content: tuple[str, str], known: KnownContent, is_settled: bool) -> bool:
    return content in known.unchanged or (is_settled and content in known.replaced)


def _version(record: Record) -> tuple[str, str, datetime, datetime] | None:
    """Which version a record out of an export is; None for all else."""
    if record.exported is None or record.exported.extraction is None:
        return None
    return record.record_id, record.content_hash, record.observed_at, record.exported.extraction.event_time


def _settled(records: Sequence[RecordInProgress], known: KnownContent) -> frozenset[str]:
    """Records of which the batch has several contents without a time, all of them known and the current one the last.

    Two rows, or two exports, about one record come again: A and B, in the order in which the memory has them. A is no
    news then, where A alone would follow B.
    """
    contents: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for each in records:
        contents[each.record.record_id].append((each.record.record_id, each.record.content_hash))
    return frozenset(
        record_id
        for record_id, found in contents.items()
        if len(found) > 1
        and found[-1] in known.unchanged
        and all(content in known.unchanged or content in known.replaced for content in found)
    )


async def _enrich(context: RunContext, records: Sequence[RecordInProgress]) -> None:
    """Let the model add to records with free text; each answer is paid for once (see `CachedEnricher`)."""
    enricher = context.enricher
    if enricher is None:
        return
    wanted = [
        (each, each.extraction)
        for each in records
        if each.extraction and each.record.exported is None and enricher.wants(each.record)
    ]
    results = await enricher.read([(each.record, extraction) for each, extraction in wanted])
    for (each, _), found in zip(wanted, results, strict=True):
        if isinstance(found, Extraction):
            each.extraction = found
        else:
            fail(context, each, found)


def _is_large(record: Record) -> bool:
    return record.source == "document" and record.size > _INLINE_BYTES
