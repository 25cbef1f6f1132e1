"""What the memory holds, counted and listed: current versions only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apex_cli.stores.postgres.connection import Database

_GROUPS = """
SELECT r.source, r.data_type, count(*) AS records, count(*) FILTER (WHERE NOT v.dated) AS undated,
    min(v.event_time) FILTER (WHERE v.dated) AS first, max(v.event_time) FILTER (WHERE v.dated) AS last,
    max(v.observed_at) AS last_arrival
FROM record r JOIN record_version v ON v.saga_id = r.current_version
GROUP BY r.source, r.data_type ORDER BY r.source, r.data_type
"""
# The versions are counted for what is listed only.
_LIST = """
WITH listed AS (
    SELECT r.record_id, r.source, r.data_type, r.external_id, v.title, v.event_time, v.dated, v.observed_at,
        count(*) OVER () AS total
    FROM record r JOIN record_version v ON v.saga_id = r.current_version
    WHERE (%(source)s::text IS NULL OR r.source = %(source)s)
      AND (%(data_type)s::text IS NULL OR r.data_type = %(data_type)s)
      AND (%(since)s::timestamptz IS NULL OR v.event_time >= %(since)s)
      AND (%(until)s::timestamptz IS NULL OR v.event_time < %(until)s)
      AND (%(ids)s::uuid[] IS NULL OR r.record_id = ANY(%(ids)s))
    ORDER BY v.event_time DESC, r.source, r.external_id, r.record_id LIMIT %(limit)s
)
SELECT listed.*, (
    SELECT count(*) FROM record_version v JOIN saga s USING (saga_id)
    WHERE v.record_id = listed.record_id AND s.state IN ('COMMITTED', 'DONE')
) AS versions
FROM listed ORDER BY event_time DESC, source, external_id, record_id
"""


@dataclass(frozen=True, slots=True)
class RecordGroup:
    """The records of one source and type.

    `first` and `last` are the earliest and the latest event time of those that are dated, None where none is; `undated`
    counts the others. `last_arrival` is when the last one came.
    """

    source: str
    data_type: str
    records: int
    undated: int
    first: datetime | None
    last: datetime | None
    last_arrival: datetime


@dataclass(frozen=True, slots=True)
class ListedRecord:
    """One record in a list. `event_time` is when it arrived, where it is not `dated`."""

    record_id: str
    source: str
    data_type: str
    external_id: str
    title: str
    event_time: datetime
    dated: bool
    observed_at: datetime
    versions: int


@dataclass(frozen=True, slots=True)
class RecordList:
    """The newest of the records that were asked for, and how many these are in all."""

    records: Sequence[ListedRecord]
    total: int


class Inventory:
    """Counts and lists the records in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def groups(self) -> Sequence[RecordGroup]:
        """The records by source and type."""
        return [RecordGroup(**row) for row in await self._database.rows(_GROUPS)]

    async def records(
        self,
        *,
        source: str | None = None,
        data_type: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        among: Sequence[str] | None = None,
        limit: int,
    ) -> RecordList:
        """Records by the event time of their current version, newest first: at or after `since`, before `until`.

        `among` keeps those with one of these ids.
        """
        values = {"source": source, "data_type": data_type, "since": since, "until": until, "limit": limit}
        rows = await self._database.rows(_LIST, {**values, "ids": None if among is None else list(among)})
        total = rows[0]["total"] if rows else 0
        fields = ({name: value for name, value in row.items() if name != "total"} for row in rows)
        return RecordList([ListedRecord(**{**row, "record_id": str(row["record_id"])}) for row in fields], total)
