"""Stage 4, commit: the saga, one wave of a batch after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from apex_cli.embedded import disk
from apex_cli.errors import DiskFull, RunHalted, StoreTransient
from apex_cli.pipeline.context import Batch, RecordInProgress, RunContext, leave_pending
from apex_cli.pipeline.sync import note_files
from apex_cli.results import DONE
from apex_cli.stores.backends import uses_home


async def commit(context: RunContext, batch: Batch) -> None:
    """Commit what was embedded. Every record of the batch has a result afterwards.

    When the run is to stop or a store keeps failing, the rest stays pending. What a model has read is paid for, so a
    run that only may not ask it any more still commits that.
    """
    _check_disk(context, batch)
    await note_files(context, batch)
    for wave in _waves(batch.open()):
        if context.stop_reason is not None and not isinstance(context.stop_reason, RunHalted):
            leave_pending(wave, context.stop_reason)
            continue
        items = [(each.record, each.embedded) for each in wave if each.embedded is not None]
        with context.summary.stats.stage("commit"):
            written = await context.coordinator.write(items, again=context.request.again)
        results = {result.record_id: result for result in written}
        for each in wave:
            result = results[each.record.record_id]
            each.end(result.status, result.error, None if result.status in DONE else "commit")
        if context.coordinator.tripped():
            context.end_early(StoreTransient("run", "a store keeps failing", hint="`apex doctor` checks every store"))
    _leave(context, batch)


def _check_disk(context: RunContext, batch: Batch) -> None:
    """End the run where the home's disk has no room for the batch."""
    if uses_home(context.settings):
        try:
            disk.require(context.settings.home, disk.COMMIT_BYTES + disk.COMMIT_FACTOR * batch.bytes)
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
