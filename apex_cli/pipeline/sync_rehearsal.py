"""What `apex ingest --sync --dry-run` would forget: the same rules on a copy of what the memory has noted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from apex_cli.config import Settings
from apex_cli.model import Record
from apex_cli.pipeline.context import IngestRequest, InputProgress, Observer
from apex_cli.pipeline.documents import identified
from apex_cli.pipeline.sync import SyncRun, gone_result
from apex_cli.results import RecordResult, RunSummary, SyncResult
from apex_cli.sources.registry import DOCUMENT
from apex_cli.stores.factory import Stores
from apex_cli.stores.postgres.places import Place
from apex_cli.stores.postgres.synced import GoneRecord


class SyncRehearsal:
    """Notes in the copy what a run would note. Holds the records of one batch."""

    def __init__(self, settings: Settings, stores: Stores, run: SyncRun) -> None:
        self._settings = settings
        self._stores = stores
        self._run = run
        self._waiting: list[tuple[bytes, Record]] = []
        self._input = InputProgress(None)

    async def add(self, place: str | None, result: RecordResult, record: Record | None) -> None:
        """A record of the file that is read, or what failed in it."""
        self._input.read += 1
        self._input.note(result.status)
        if place is not None and record is not None:
            self._waiting.append((self._run.names.of(place), record))
            if len(self._waiting) >= self._settings.batch_size:
                await self._see()

    async def end(self, place: str | None) -> None:
        """The file was read to its end."""
        if place is not None and self._input.is_understood:
            await self._see()
            await self._run.read_through([self._run.names.of(place)])
        self._input = InputProgress(None)

    async def finish(self, request: IngestRequest, summary: RunSummary, observer: Observer, *, complete: bool) -> None:
        """Report what would be forgotten."""

        async def forget(records: Sequence[GoneRecord]) -> None:
            for each in records:
                result = gone_result(each, self._run.names)
                summary.add(result)
                observer.outcome(result)

        await self._see()
        summary.sync = (
            await self._run.finish(request.max_forget, forget, left_out=bool(summary.skipped_young))
            if complete
            else SyncResult(complete=False)
        )

    async def _see(self) -> None:
        waiting, self._waiting = self._waiting, []
        documents = [record for _, record in waiting if _is_document(record)]
        placed = [(record, Place.of_path(str(record.payload["path"]))) for record in documents]
        known = iter(await identified(self._settings, self._stores, placed) if placed else ())
        records = [(file, next(known) if _is_document(record) else record) for file, record in waiting]
        await self._run.see([(file, record.record_id) for file, record in records])


def _is_document(record: Record) -> bool:
    return record.source == DOCUMENT


@asynccontextmanager
async def rehearsing(settings: Settings, request: IngestRequest, stores: Stores) -> AsyncIterator[SyncRehearsal]:
    """A rehearsal of this request, which must have `sync`."""
    async with stores.synced.rehearsal() as synced:
        run = await SyncRun.begin(settings, request, synced, places=None)
        assert run is not None
        yield SyncRehearsal(settings, stores, run)
