"""Stage 5, acknowledge: report each record's result exactly once and update its staged item.

A crash before the staging directory is updated loses nothing: the item is still `processing`, the next run takes it
up, and its records are `unchanged`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import PurePath

from apex_cli import faults
from apex_cli.errors import IdentityConflict, RecordError, StoreError
from apex_cli.model import Record
from apex_cli.pipeline.context import Batch, InputProgress, RecordInProgress, RunContext
from apex_cli.pipeline.documents import note_places
from apex_cli.pipeline.exported import note_exported
from apex_cli.pipeline.sync import note_read_through
from apex_cli.pipeline.synced_names import NOWHERE
from apex_cli.reading.connectors.kept import kept
from apex_cli.reading.files import Rejected, Skipped
from apex_cli.results import DONE, RecordResult, RecordStatus
from apex_cli.staging import ItemFailure, KeptRecord


async def acknowledge(context: RunContext, batch: Batch) -> None:
    """Report the batch's results and bring the staging directory up to date."""
    await note_places(context, batch)
    await note_exported(context, batch)
    failed = [each for each in batch.records if each.result and each.result.status is RecordStatus.FAILED]
    if failed:
        await asyncio.get_running_loop().run_in_executor(context.worker, _compare_with_earlier, context, failed)
    ended = list(batch.ended)
    for record in batch.records:
        result = record.result
        assert result is not None
        context.summary.add(result)
        context.observer.outcome(result)
        context.progress.advance(record.origin, record.size)
        record.origin.note(result.status)
        if result.status is not RecordStatus.PENDING:
            record.origin.reported += 1
            ended.append(record.origin)
    # An input may end with a later batch than its last record, or have been reported in full by now.
    finished = list({id(origin): origin for origin in ended if origin.finished}.values())
    for origin in finished:
        context.progress.end(origin)
    if finished:
        await note_read_through(context, finished)
        await faults.reach("staging.remove.before")
    await asyncio.get_running_loop().run_in_executor(context.worker, _update_staging, context, batch, finished)
    if finished:
        await faults.reach("staging.remove.after")


async def release(context: RunContext, origins: Iterable[InputProgress]) -> None:
    """Give back inputs that did not come to their end: the next run takes them up."""
    items = [origin.item for origin in origins if origin.item is not None]

    def give_back() -> None:
        for item in items:
            context.staging.release(item)

    await asyncio.get_running_loop().run_in_executor(context.worker, give_back)


def _update_staging(context: RunContext, batch: Batch, finished: Sequence[InputProgress]) -> None:
    """In the worker thread: keep failed records, resolve committed ones, complete inputs that came to their end."""
    for record in batch.records:
        result = record.result
        if result is None or record.origin.item is None:
            continue
        if result.status is RecordStatus.FAILED:
            _keep(context, record, result)
        elif result.status in DONE and isinstance(record.source_data, Record):
            context.staging.remove_record(record.record.record_id, observed_at=record.record.observed_at)
    for origin in finished:
        if origin.item is not None and not origin.closed:
            if not context.staging.complete(origin.item, keep_children=set(origin.kept)):
                context.summary.unremoved += 1
            origin.closed = True


def _compare_with_earlier(context: RunContext, failed: Sequence[RecordInProgress]) -> None:
    """In the worker thread: mark what failed in the same way before."""
    for each in failed:
        item, result = each.origin.item, each.result
        assert result is not None
        assert result.error is not None
        if isinstance(each.source_data, Skipped):
            continue
        if item is None:
            is_known = each.origin.file != NOWHERE and context.refusals.add(each.origin.file, result.error.code)
            each.result = replace(result, repeated=is_known)
            continue
        before = context.staging.failed_before(
            item,
            locator=result.locator or item.name,
            source=result.source,
            payload=_bytes(each.source_data),
            record_id=_kept_id(result),
        )
        each.result = replace(result, repeated=before == result.error.code)


def _keep(context: RunContext, record: RecordInProgress, result: RecordResult) -> None:
    """Stage a failed record as an item of its own; where it has no bytes of its own, keep its whole input."""
    origin, data = record.origin, record.source_data
    assert origin.item is not None
    assert not isinstance(data, Skipped)
    raw = _bytes(data)
    failure = _failure(result)
    if raw is None:
        if not origin.closed:
            context.staging.fail(origin.item, failure)
        origin.closed = True
        return
    child = context.staging.add_record(
        origin.item,
        locator=result.locator or origin.item.name,
        source=result.source,
        payload=raw,
        failure=failure,
        record_id=_kept_id(result),
        extension=_extension(record),
        kept=_identity(data, failure) if isinstance(data, Record) else None,
    )
    origin.kept.append(child.item_id)


def _bytes(data: Record | Rejected) -> bytes | None:
    """What is kept of a failed record; None where its input has to be kept."""
    return kept(data) if isinstance(data, Record) else data.raw


def _kept_id(result: RecordResult) -> str | None:
    """The id that is kept with a failed record. That of a record in conflict is another record's: what is committed of
    that one does not settle it."""
    is_conflict = result.error is not None and result.error.code == IdentityConflict.code
    return None if is_conflict else result.record_id


def _identity(record: Record, failure: ItemFailure) -> KeptRecord:
    return KeptRecord.of(record, conflicted=failure.code == IdentityConflict.code)


def _extension(record: RecordInProgress) -> str:
    """The ending of the file that keeps the record, so that it is read again as what it is."""
    data = record.source_data
    if isinstance(data, Rejected):
        return data.suffix or (PurePath(record.origin.item.name).suffix if record.origin.item else "")
    return ".json"


def _failure(result: RecordResult) -> ItemFailure:
    error = result.error
    assert error is not None
    assert result.stage is not None
    return ItemFailure(
        code=error.code,
        message=error.message,
        hint=error.hint,
        stage=result.stage,
        retriable=error.retriable if isinstance(error, RecordError) else isinstance(error, StoreError),
        at=datetime.now(UTC),
        locator=result.locator,
    )
