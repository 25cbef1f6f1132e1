"""`apex ingest --sync`: which records the files of a folder hold, and what is forgotten because none holds it any more.

    while the run reads    each batch notes, before it commits, which file holds which record; each file that was read
                           to its end without a failure is noted, too
    at its end             a record is missing from a file that was read through without it, or that is not there
    then                   a record that no other file holds is forgotten, if they are not too many

A run that is killed has noted what it saw, and forgets nothing: only a run that came to its end looks for what is
missing, and asks of each file that it did not read whether it is there. Runs without `--sync` note what they read
elsewhere of such records, so that it is kept.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from apex_cli.config import Settings
from apex_cli.errors import ForgetRefused, StoreError
from apex_cli.model import Record
from apex_cli.pipeline.context import STDIN, Batch, IngestRequest, InputProgress, RunContext, leave_pending
from apex_cli.pipeline.synced_names import FileNames, outermost
from apex_cli.reading.selection import EVERYTHING, Selection
from apex_cli.results import RecordResult, RecordStatus, SyncResult
from apex_cli.stores.postgres.places import DocumentPlaces
from apex_cli.stores.postgres.synced import GoneRecord, SyncedFiles
from apex_cli.units import Portion

_NAMED = 10
"""Records that the summary names."""
_ALL = 100.0

Forget = Callable[[Sequence[GoneRecord]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class SyncRun:
    """What one run notes and finds. Without `roots` it is a run without `--sync`.

    `held` counts the records that each root held when the run began, at the moment `start`. What `selection` leaves out
    is not looked for. `places` is None where nothing is changed.
    """

    synced: SyncedFiles
    names: FileNames
    start: int
    held: dict[bytes, int] = field(default_factory=dict)
    selection: Selection = EVERYTHING
    places: DocumentPlaces | None = None

    @classmethod
    async def begin(
        cls, settings: Settings, request: IngestRequest, synced: SyncedFiles, places: DocumentPlaces | None
    ) -> SyncRun | None:
        """Call before the first file is read. None for a run without `--sync`, where no file holds anything."""
        if not request.sync and not await synced.any():
            return None
        names = FileNames(settings)
        # A record below two roots would be counted twice.
        roots = outermost([names.of(path) for path in request.paths if path != STDIN]) if request.sync else ()
        start = await synced.now()
        held = {root: await synced.held(root) for root in roots}
        return cls(synced, names, start, held, request.selection, places)

    async def see(self, pairs: Sequence[tuple[bytes, str]], *, now: bool = True) -> None:
        """Note that these files hold these records; without `now`, that they did when an earlier run staged them.

        A run without `--sync` notes only records that any file holds already.
        """
        if not self.held:
            known = await self.synced.known([record_id for _, record_id in pairs])
            pairs = [pair for pair in pairs if pair[1] in known]
        if pairs:
            await self.synced.see(pairs, now=now)

    async def read_through(self, files: Sequence[bytes]) -> None:
        """Note that these files were read to their end, and all in them was seen."""
        if self.held and files:
            await self.synced.read_through(files)

    async def finish(self, limit: Portion, forget: Forget, *, left_out: bool) -> SyncResult:
        """Find what is missing, let go what other files hold, and forget the rest. Call after the last file.

        `left_out`: the run has left files for the next one. A record may be in one of them, so it is only forgotten if
        an earlier run has missed it, too. Nothing at all is forgotten where it is more than `limit` of any root.
        """
        for root in self.held:
            await self._find_missing(root)
        before = self.start if left_out else None
        result = SyncResult()
        async for pairs in self.synced.release(self.start, before):
            result.moved += len(pairs)
            if self.places is not None:
                places = [(record_id, self.names.place(file)) for record_id, file in pairs]
                await self.places.leave([(record_id, path) for record_id, path in places if path is not None])
        for root, held in self.held.items():
            gone = await self.synced.count_gone(root, self.start, before)
            result.gone += gone
            if gone and result.refused is None:
                left = await self.synced.held(root) - gone
                result.refused = _refusal(self.names.shown(root), gone, held, left, limit)
        await self._forget(result, forget, before)
        if self.places is not None:
            await self.synced.remove_empty()
        return result

    async def _forget(self, result: SyncResult, forget: Forget, before: int | None) -> None:
        for root in self.held:
            async for page in self.synced.gone(root, self.start, before):
                for each in page[: _NAMED - len(result.first)]:
                    result.first.append(f"{each.source}:{each.external_id} ({self.names.shown(each.file)})")
                if result.refused is not None:
                    break
                await forget(page)

    async def _find_missing(self, root: bytes) -> None:
        await self.synced.miss_records(root, self.start)
        async for files in self.synced.unread(root, self.start):
            await self._miss_gone([file for file in files if self._is_selected(file, root)])
        async for files in self.synced.also_in(root, self.start):
            await self._miss_gone(files)
        # The folder may have been taken under the name of a link to it, too. Files elsewhere are left alone: they may
        # be on a disk that is not there now.
        async for files in self.synced.also_held_by(root, self.start):
            await self._miss_gone(await asyncio.to_thread(self.names.really_in, files, root))

    async def _miss_gone(self, files: Sequence[bytes]) -> None:
        gone = await asyncio.to_thread(self.names.gone, files)
        if gone:
            await self.synced.miss_files(gone, self.start)

    def _is_selected(self, file: bytes, root: bytes) -> bool:
        """Whether a file below a root would be taken, if it were there."""
        if file == root:
            return True
        inside = PurePosixPath(os.fsdecode(file[len(root) :]).lstrip("/"))
        folders = [str(folder) for folder in inside.parents if folder != PurePosixPath()]
        return self.selection.takes(str(inside)) and all(map(self.selection.enters, folders))


def _refusal(root: str, gone: int, held: int, left: int, limit: Portion) -> ForgetRefused | None:
    """Why so many of the records that a root held may not be forgotten.

    Where nothing is left, as in a folder that is not mounted, all may only go where 100 % are allowed.
    """
    if limit.percent == _ALL or (left and gone <= limit.of(held)):
        return None
    if not left:
        return ForgetRefused(
            f"nothing is forgotten: {root} holds nothing any more, and all its {gone:,} records would go",
            hint="is it mounted? If it is empty on purpose: --max-forget 100%",
        )
    return ForgetRefused(
        f"nothing is forgotten: {gone:,} of the {held:,} records that {root} held would go, and --max-forget {limit} "
        f"allows {limit.of(held):,}",
        hint=f"if that is right: --max-forget {gone}",
    )


async def note_files(context: RunContext, batch: Batch) -> None:
    """Note which file holds which record of the batch. Before the commit: a crash in between loses nothing then.

    What cannot be noted stays pending for the next run.
    """
    if context.sync is None:
        return
    noted = [
        each
        for each in batch.records
        if isinstance(each.source_data, Record)
        and (each.result is None or each.result.status is RecordStatus.UNCHANGED)
    ]
    try:
        for now in (True, False):
            pairs = [(each.origin.file, each.record.record_id) for each in noted if each.origin.is_current is now]
            await context.sync.see(pairs, now=now)
    except StoreError as error:
        context.end_early(error)
        leave_pending(noted, error)


async def note_read_through(context: RunContext, inputs: Iterable[InputProgress]) -> None:
    """Note which of these inputs, whose records are all reported, are files that were understood."""
    if context.sync is None:
        return
    try:
        await context.sync.read_through([one.file for one in inputs if one.is_current and one.is_understood])
    except StoreError as error:
        context.end_early(error)


async def forget_gone(context: RunContext, *, complete: bool, left_out: bool) -> None:
    """At the end of a run with `--sync`: forget what no file holds any more. See `SyncRun.finish`.

    Not `complete`: the run has not looked at everything, so it forgets nothing.
    """
    sync, request = context.sync, context.request
    if sync is None or not request.sync:
        return
    if not complete:
        context.summary.sync = SyncResult(complete=False)
        return

    async def forget(records: Sequence[GoneRecord]) -> None:
        size = context.settings.batch_size
        for start in range(0, len(records), size):
            if context.stopping:
                return
            await _forget_batch(context, sync, records[start : start + size])

    context.observer.phase("forgetting what is gone")
    try:
        context.summary.sync = await sync.finish(request.max_forget, forget, left_out=left_out)
    except StoreError as error:
        context.end_early(error)


async def _forget_batch(context: RunContext, sync: SyncRun, records: Sequence[GoneRecord]) -> None:
    by_id = {each.record_id: each for each in records}
    results = await context.coordinator.forget(list(by_id), lasting=False)
    done = [str(one.record_id) for one in results if one.error is None]
    await context.stores.places.remove(done)
    await sync.synced.remove(done)
    for one in results:
        shown = gone_result(by_id[str(one.record_id)], sync.names, one)
        context.summary.add(shown)
        context.observer.outcome(shown)
    if context.coordinator.tripped():
        raise StoreError("run", "a store keeps failing", hint="`apex doctor` checks every store")


def gone_result(record: GoneRecord, names: FileNames, result: RecordResult | None = None) -> RecordResult:
    """The result of a record that no file holds any more; without `result`, what it would be."""
    error = result.error if result else None
    return RecordResult(
        RecordStatus.FAILED if error else RecordStatus.FORGOTTEN,
        record.record_id,
        error,
        "forget" if error else None,
        names.shown(record.file),
        record.source,
        record.data_type,
        record.external_id,
        note="in no file any more",
    )
