"""What can be asked of the memory. Every verb that only reads asks a `Reader`, and so do programs that stay.

An answer shows each record wholly as it was before a saga or wholly as it is after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from apex_cli.answers import Answer
from apex_cli.exports import ExportPage
from apex_cli.gaps import DAY
from apex_cli.inventory import EntityList, Neighbourhood, Overview
from apex_cli.queries import RecordHistory, RecordView
from apex_cli.reports import MemoryReport, Portrait
from apex_cli.search.find import SearchResult
from apex_cli.stores.postgres.inventory import RecordList
from apex_cli.stores.postgres.runs import Run, RunStatistics
from apex_cli.stores.views import ANY_RECORD, Probe, RecordFilter
from apex_cli.verify import DiscrepancyReport

_AT_ONCE = 4


class Reader(Protocol):
    """The questions. Each raises `StoreError` where a store fails meanwhile, and an `ApexError` where none opens."""

    async def search(self, text: str, *, limit: int = 10, where: RecordFilter = ANY_RECORD) -> SearchResult:
        """See `search.find.search`."""

    async def facts(
        self,
        entity: str,
        *,
        at: datetime | None = None,
        predicate: str | None = None,
        everything: bool = False,
        known_at: datetime | None = None,
    ) -> Answer:
        """See `answers.answer`."""

    async def get(self, ident: str) -> RecordView:
        """See `queries.get`."""

    async def history(self, ident: str, *, known_at: datetime | None = None) -> RecordHistory:
        """See `queries.history`."""

    async def overview(self) -> Overview:
        """See `inventory.overview`."""

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
        """See `inventory.list_records`."""

    async def list_entities(self, *, kind: str | None = None, beginning: str = "", limit: int = 20) -> EntityList:
        """See `inventory.list_entities`."""

    async def neighbours(self, entity: str, *, at: datetime | None = None, limit: int = 50) -> Neighbourhood:
        """See `inventory.neighbours`."""

    async def report(
        self,
        *,
        at: datetime | None = None,
        since: datetime | None = None,
        unseen_seconds: float = DAY,
        limit: int = 100,
    ) -> MemoryReport:
        """See `reports.report`."""

    async def portrait(self, entity: str, *, at: datetime | None = None, limit: int = 300) -> Portrait:
        """See `reports.portrait`."""

    async def export_page(
        self,
        *,
        after: str | None = None,
        source: str | None = None,
        data_type: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> ExportPage:
        """See `exports.export_page`."""

    async def runs(self, *, limit: int = 20, run_id: str | None = None) -> Sequence[Run]:
        """Past runs, newest first; `run_id` may be the beginning of an id."""

    async def statistics(self) -> RunStatistics:
        """What the metrics of all runs are made of."""

    async def check(self) -> Sequence[Probe]:
        """What each of the four stores says of itself, for `apex doctor`."""

    async def verify(self) -> DiscrepancyReport:
        """See `verify.verify`."""


class Places:
    """How many questions are under way at once: four, and beside them one `verify`, which reads everything."""

    def __init__(self) -> None:
        self._others = asyncio.Semaphore(_AT_ONCE)
        self._verify = asyncio.Semaphore(1)

    def of(self, question: str) -> asyncio.Semaphore:
        """What a question has while it is under way."""
        return self._verify if question == "verify" else self._others
