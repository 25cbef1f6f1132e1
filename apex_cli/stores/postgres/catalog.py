"""The read side of PostgreSQL: current versions, keyword search, and the counts that `verify` compares."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apex_cli.stores.postgres.connection import Database, Row
from apex_cli.stores.protocol import Hit

_SET_EMBEDDER = "INSERT INTO embedder (name) VALUES (%(name)s) ON CONFLICT DO NOTHING"
_EMBEDDER = "SELECT name FROM embedder"
_BY_ID = "SELECT * FROM current_record WHERE record_id = ANY(%(ids)s::uuid[])"
_BY_NAME = "SELECT * FROM current_record WHERE source = %(source)s AND external_id = %(external_id)s"
# One matching word is enough, because a question rarely has all of them. `unnest` gives the lexemes of a tsvector;
# `quote_literal` makes each one safe inside a tsquery.
_SEARCH = """
WITH query AS (
    SELECT to_tsquery('simple', string_agg(quote_literal(lexeme), ' | ')) AS words
    FROM unnest(to_tsvector('english', left(%(text)s, 2000)))
)
SELECT r.record_id, v.saga_id, ts_rank_cd(v.search, query.words, 1) AS score, left(v.text, 500) AS text
FROM record_version v JOIN record r ON r.current_saga = v.saga_id, query
WHERE v.search @@ query.words AND (%(source)s::text IS NULL OR r.source = %(source)s)
ORDER BY score DESC, r.record_id LIMIT %(limit)s
"""
# What the other stores should have of every current version.
_EXPECTED = """
SELECT r.record_id, r.current_saga AS saga_id, v.chunks
FROM record r JOIN record_version v ON v.saga_id = r.current_saga
WHERE r.record_id > %(after)s ORDER BY r.record_id LIMIT %(limit)s
"""
_EPOCHS = """
SELECT record_id, epoch FROM record WHERE record_id > %(after)s ORDER BY record_id LIMIT %(limit)s
"""
_BROKEN = """
SELECT r.record_id, 'the current version ' || r.current_saga || ' is missing' AS detail
FROM record r LEFT JOIN record_version v ON v.saga_id = r.current_saga
WHERE r.current_saga IS NOT NULL AND v.saga_id IS NULL
UNION ALL
SELECT v.record_id, 'version ' || v.saga_id || ' belongs to no record or to an aborted saga'
FROM record_version v LEFT JOIN record r USING (record_id) LEFT JOIN saga s USING (saga_id)
WHERE r.record_id IS NULL OR s.state = 'ABORTED'
UNION ALL
SELECT v.record_id, 'version ' || v.saga_id || ' of a forgotten record is still there'
FROM record_version v JOIN record r USING (record_id)
WHERE r.current_saga IS NULL AND NOT EXISTS (
    SELECT FROM saga s WHERE s.record_id = v.record_id AND s.state IN ('PREPARED', 'RESOLVING', 'COMMITTED')
)
"""


@dataclass(frozen=True, slots=True)
class Version:
    """The current version of a record in PostgreSQL.

    `extraction` is the journalled plan: entities and claims.
    """

    record_id: str
    source: str
    data_type: str
    external_id: str
    epoch: int
    revision: int
    saga_id: str
    content_hash: str
    event_time: datetime
    observed_at: datetime
    first_seen: datetime
    title: str
    text: str
    payload: Mapping[str, Any]
    extraction: Mapping[str, Any]
    chunks: int


@dataclass(frozen=True, slots=True)
class Expected:
    """What the other stores should have of a record."""

    record_id: str
    saga_id: str
    chunks: int


class Catalog:
    """Reads current versions only, never the versions of open sagas."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def embedder(self, name: str) -> str:
        """The embedding model of this memory; `name` becomes it where there is none yet."""
        async with self._database.connection() as connection:
            await connection.execute(_SET_EMBEDDER, {"name": name})
            # A second statement: when another process inserts first, one combined statement does not see that row.
            cursor = await connection.execute(_EMBEDDER)
            (row,) = await cursor.fetchall()
        return str(row["name"])

    async def by_id(self, record_ids: Sequence[str]) -> Mapping[str, Version]:
        """Current versions by record id; records without one are absent."""
        rows = await self._database.rows(_BY_ID, {"ids": list(record_ids)})
        return {version.record_id: version for version in map(_version, rows)}

    async def by_name(self, source: str, external_id: str) -> Sequence[Version]:
        """Current versions with this source and external id: one for each data type that has it."""
        rows = await self._database.rows(_BY_NAME, {"source": source, "external_id": external_id})
        return [_version(row) for row in rows]

    async def search(self, text: str, *, limit: int, source: str | None = None) -> Sequence[Hit]:
        """Records that have any of the words of `text` (English stemming), best first."""
        rows = await self._database.rows(_SEARCH, {"text": text, "source": source, "limit": limit})
        return [Hit(str(row["record_id"]), str(row["saga_id"]), row["score"], row["text"]) for row in rows]

    async def expected(self, batch: int = 1000) -> AsyncIterator[Sequence[Expected]]:
        """What every current version should have in the other stores, in batches ordered by record id."""
        async for rows in self._pages(_EXPECTED, batch):
            yield [Expected(str(row["record_id"]), str(row["saga_id"]), row["chunks"]) for row in rows]

    async def epochs(self, batch: int = 1000) -> AsyncIterator[Mapping[str, int]]:
        """The epoch of every record that was ever written, forgotten ones too, in batches ordered by record id."""
        async for rows in self._pages(_EPOCHS, batch):
            yield {str(row["record_id"]): row["epoch"] for row in rows}

    async def _pages(self, query: str, size: int) -> AsyncIterator[Sequence[Row]]:
        after = "00000000-0000-0000-0000-000000000000"
        while rows := await self._database.rows(query, {"after": after, "limit": size}):
            yield rows
            after = str(rows[-1]["record_id"])

    async def broken(self) -> Sequence[tuple[str, str]]:
        """Violations of PostgreSQL's own rules: (record id, what is wrong)."""
        return [(str(row["record_id"]), row["detail"]) for row in await self._database.rows(_BROKEN)]


def _version(row: Row) -> Version:
    return Version(**{**row, "record_id": str(row["record_id"]), "saga_id": str(row["saga_id"])})
