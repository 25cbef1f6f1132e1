"""What an export has of each record: its versions, its places, and hashes of what was forgotten of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apex_cli.stores.postgres.connection import Database, Row

_FIRST = "00000000-0000-0000-0000-000000000000"
_WHERE = """
    (%(source)s::text IS NULL OR r.source = %(source)s)
    AND (%(data_type)s::text IS NULL OR r.data_type = %(data_type)s)
    AND (%(since)s::timestamptz IS NULL OR c.event_time >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR c.event_time < %(until)s)
    AND (r.current_saga IS NOT NULL OR EXISTS (SELECT FROM forgotten f WHERE f.record_id = r.record_id))
"""
_COUNT = """
SELECT count(*) AS records FROM record r LEFT JOIN record_version c ON c.saga_id = r.current_version WHERE {where}
""".replace("{where}", _WHERE)
# One statement sees one moment, so a record is in it wholly as it was before a saga or wholly as it is after it.
# `pg_column_size` is what PostgreSQL keeps, without reading it. A version that a repair or `apex reembed` wrote once
# more is one version, the last of them.
_PAGE = """
WITH page AS MATERIALIZED (
    SELECT r.record_id, r.source, r.data_type, r.external_id, r.current_saga
    FROM record r LEFT JOIN record_version c ON c.saga_id = r.current_version
    WHERE r.record_id > %(after)s AND {where}
    ORDER BY r.record_id LIMIT %(limit)s
), measured AS (
    SELECT page.*, sum(size) OVER (ORDER BY record_id) - size AS before
    FROM page CROSS JOIN LATERAL (
        SELECT coalesce(sum(pg_column_size(o.payload) + pg_column_size(o.extraction) + pg_column_size(o.text)), 0)
        FROM record_version o WHERE o.record_id = page.record_id
    ) AS measure(size)
)
SELECT m.record_id, m.source, m.data_type, m.external_id, v.saga_id, v.content_hash, v.event_time, v.observed_at,
    v.kind, v.whole, v.dated, v.title, v.text, v.payload::text AS payload, v.extraction::text AS extraction,
    EXISTS (
        SELECT FROM record_version o WHERE o.replaced_by = v.saga_id AND o.content_hash = v.content_hash
        AND o.record_id = v.record_id
    ) AS again,
    ARRAY(SELECT f.content_hash FROM forgotten f WHERE f.record_id = m.record_id ORDER BY 1) AS forgotten,
    ARRAY(
        SELECT jsonb_build_object(
            'place', p.place, 'shown', p.shown, 'content_hash', p.content_hash,
            'first_seen', p.first_seen, 'last_seen', p.last_seen, 'vacated_at', p.vacated_at
        )
        FROM document_place p WHERE p.record_id = m.record_id ORDER BY p.first_seen, p.place
    ) AS places
FROM measured m
LEFT JOIN (record_version v JOIN saga s USING (saga_id)) ON v.record_id = m.record_id AND m.current_saga IS NOT NULL
    AND s.state IN ('COMMITTED', 'DONE')
    AND NOT EXISTS (
        SELECT FROM record_version n WHERE n.saga_id = v.replaced_by AND n.content_hash = v.content_hash
        AND n.observed_at = v.observed_at AND n.event_time = v.event_time
    )
WHERE m.before < %(bytes)s
ORDER BY m.record_id, v.revision
""".replace("{where}", _WHERE)


class ExportedRecords:
    """Pages of records in the order of their ids. The filters are those of `Inventory.records`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(
        self, *, source: str | None, data_type: str | None, since: datetime | None, until: datetime | None
    ) -> int:
        """How many records there are, with those that were forgotten."""
        values = {"source": source, "data_type": data_type, "since": since, "until": until}
        (row,) = await self._database.rows(_COUNT, values)
        return int(row["records"])

    async def page(
        self,
        *,
        after: str | None,
        source: str | None,
        data_type: str | None,
        since: datetime | None,
        until: datetime | None,
        limit: int,
        size: int,
    ) -> Sequence[Row]:
        """The versions of the next records after a record id, in order of arrival; a record is never divided.

        At most `limit` records; no further one after `size` bytes as PostgreSQL keeps them. A record without a version
        is one row without `saga_id`. `payload` and `extraction` are JSON text.
        """
        values = {"source": source, "data_type": data_type, "since": since, "until": until}
        return await self._database.rows(_PAGE, {**values, "after": after or _FIRST, "limit": limit, "bytes": size})
