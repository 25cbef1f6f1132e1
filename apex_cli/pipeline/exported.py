"""What an export says beside its versions: where documents are, and what was forgotten. Noted after the commit."""

from __future__ import annotations

from apex_cli.errors import StoreError
from apex_cli.model import Exported, Record
from apex_cli.pipeline.context import Batch, RecordInProgress, RunContext, leave_pending
from apex_cli.results import DONE, RecordStatus


async def note_exported(context: RunContext, batch: Batch) -> None:
    """Note it for the records of a batch that are committed. What cannot be noted stays pending for the next run.

    Forgotten content stands behind the versions of its record. Where one of these is still to be taken, it is left to
    the next run: that version may have this very content, and was taken again after it was forgotten.
    """
    placed = [
        each
        for each in _of_exports(batch)
        if each.result and each.result.status in DONE - {RecordStatus.FORGOTTEN} and _exported(each).places
    ]
    forgotten = [each for each in _of_exports(batch) if _exported(each).forgotten]
    try:
        if placed:
            await context.stores.places.restore([(each.record.record_id, _exported(each).places) for each in placed])
    except StoreError as error:
        context.end_early(error)
        leave_pending(placed, error)
    for each in _of_exports(batch):
        if each.result and each.result.error is not None:
            context.unfinished_exports[each.record.record_id] = each.result.error
    for each in forgotten:
        reason = context.stop_reason or context.unfinished_exports.get(each.record.record_id)
        if reason is not None:
            leave_pending([each], reason)
    forgotten = [each for each in forgotten if each.result and each.result.error is None]
    if not forgotten:
        return
    try:
        await context.coordinator.note_forgotten([each.record for each in forgotten])
    except StoreError as error:
        context.end_early(error)
        leave_pending(forgotten, error)


def _of_exports(batch: Batch) -> list[RecordInProgress]:
    return [each for each in batch.records if isinstance(each.source_data, Record) and each.record.exported is not None]


def _exported(each: RecordInProgress) -> Exported:
    assert each.record.exported is not None
    return each.record.exported
