"""Answers from the open stores of this process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from apex_cli import answers, exports, inventory, queries, reports
from apex_cli import verify as comparison
from apex_cli.answers import Answer
from apex_cli.exports import ExportPage
from apex_cli.gaps import DAY
from apex_cli.inventory import EntityList, Neighbourhood, Overview
from apex_cli.queries import RecordHistory, RecordView
from apex_cli.reports import MemoryReport, Portrait
from apex_cli.search import find
from apex_cli.search.find import SearchResult
from apex_cli.stores.factory import Stores, probe
from apex_cli.stores.postgres.inventory import RecordList
from apex_cli.stores.postgres.runs import Run, RunStatistics
from apex_cli.stores.views import ANY_RECORD, Probe, RecordFilter
from apex_cli.verify import DiscrepancyReport


class StoresReader:
    """`Reader` on open stores."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    async def search(self, text: str, *, limit: int = 10, where: RecordFilter = ANY_RECORD) -> SearchResult:
        return await find.search(self._stores, text, limit=limit, where=where)

    async def facts(
        self,
        entity: str,
        *,
        at: datetime | None = None,
        predicate: str | None = None,
        everything: bool = False,
        known_at: datetime | None = None,
    ) -> Answer:
        return await answers.answer(
            self._stores, entity, at=at, predicate=predicate, everything=everything, known_at=known_at
        )

    async def get(self, ident: str) -> RecordView:
        return await queries.get(self._stores, ident)

    async def history(self, ident: str, *, known_at: datetime | None = None) -> RecordHistory:
        return await queries.history(self._stores, ident, known_at=known_at)

    async def overview(self) -> Overview:
        return await inventory.overview(self._stores)

    async def list_records(
        self,
        *,
        source: str | None = None,
        data_type: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        entity: str | None = None,
        limit: int = 20,
    ) -> RecordList:
        return await inventory.list_records(
            self._stores, source=source, data_type=data_type, since=since, until=until, entity=entity, limit=limit
        )

    async def list_entities(self, *, kind: str | None = None, beginning: str = "", limit: int = 20) -> EntityList:
        return await inventory.list_entities(self._stores, kind=kind, beginning=beginning, limit=limit)

    async def neighbours(self, entity: str, *, at: datetime | None = None, limit: int = 50) -> Neighbourhood:
        return await inventory.neighbours(self._stores, entity, at=at, limit=limit)

    async def report(
        self,
        *,
        at: datetime | None = None,
        since: datetime | None = None,
        unseen_seconds: float = DAY,
        limit: int = 100,
    ) -> MemoryReport:
        return await reports.report(self._stores, at=at, since=since, unseen_seconds=unseen_seconds, limit=limit)

    async def portrait(self, entity: str, *, at: datetime | None = None, limit: int = 300) -> Portrait:
        return await reports.portrait(self._stores, entity, at=at, limit=limit)

    async def export_page(
        self,
        *,
        after: str | None = None,
        source: str | None = None,
        data_type: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> ExportPage:
        return await exports.export_page(
            self._stores, after=after, source=source, data_type=data_type, since=since, until=until
        )

    async def runs(self, *, limit: int = 20, run_id: str | None = None) -> Sequence[Run]:
        return await self._stores.runs.list(limit=limit, run_id=run_id)

    async def statistics(self) -> RunStatistics:
        return await self._stores.runs.statistics()

    async def check(self) -> Sequence[Probe]:
        stores = self._stores
        return [await probe(store) for store in (stores.graph, stores.journal, stores.vectors, stores.cache)]

    async def verify(self) -> DiscrepancyReport:
        return await comparison.verify(self._stores)
