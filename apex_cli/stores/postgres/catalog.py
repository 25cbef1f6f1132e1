"""The read side of PostgreSQL: current versions, keyword search, and the counts that `verify` compares."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from apex_cli.stores.postgres import record_search, spelling
from apex_cli.stores.postgres.record_search import NamedRecord, ShownVersion
from apex_cli.stores.views import ANY_RECORD, Hit, RecordFilter

if TYPE_CHECKING:
    from apex_cli.stores.postgres.connection import Database, Row

_BY_ID = "SELECT * FROM current_record WHERE record_id = ANY(%(ids)s::uuid[])"
_BY_NAME = "SELECT * FROM current_record WHERE source = %(source)s AND external_id = %(external_id)s"
# Other JSON by its id without the collection; a document by the path or the file name of a place where it is, else was.
_BY_PART = """
WITH named AS (
    SELECT record_id, vacated_at IS NULL AS occupied FROM document_place
    WHERE %(source)s = 'document'
      AND (shown = %(external_id)s OR right(shown, length(%(external_id)s) + 1) = '/' || %(external_id)s)
)
SELECT * FROM current_record
WHERE source = %(source)s AND right(external_id, length(%(external_id)s) + 1) = '#' || %(external_id)s
   OR record_id IN (SELECT record_id FROM named WHERE occupied = (SELECT bool_or(occupied) FROM named))
ORDER BY external_id, record_id LIMIT 20
"""
# What the other stores should have of every current version.
_EXPECTED = """
SELECT r.record_id, r.current_saga AS marker, r.current_version AS saga_id, v.chunks,
       r.base_version, b.chunks AS base_chunks
FROM record r
JOIN record_version v ON v.saga_id = r.current_version
JOIN record_version b ON b.saga_id = r.base_version
WHERE r.record_id > %(after)s ORDER BY r.record_id LIMIT %(limit)s
"""
# Of each record: the versions that committed, in order of arrival.
_VERSIONS = """
SELECT v.*, r.source, r.data_type, r.external_id, s.run_id, s.created_at AS written_at,
       v.saga_id = r.current_version AS current
FROM record_version v JOIN record r USING (record_id) JOIN saga s USING (saga_id)
WHERE v.record_id = ANY(%(ids)s::uuid[]) AND s.state IN ('COMMITTED', 'DONE') AND r.current_saga IS NOT NULL
ORDER BY v.record_id, v.revision
"""
# Versions that a correction replaced, and that name any of these keys. Few are replaced, so they are looked through.
_REPLACED_WITH = """
SELECT DISTINCT v.record_id FROM record_version v JOIN record r USING (record_id)
WHERE v.replaced_by IS NOT NULL AND r.current_saga IS NOT NULL
  AND jsonb_path_query_array(v.extraction, '$.entities[*].keys[*]') ?| %(keys)s::text[]
"""
_FORGOTTEN = """
SELECT r.record_id, r.source, r.data_type, r.external_id, count(*) AS contents
FROM forgotten f JOIN record r USING (record_id)
WHERE r.record_id::text = %(ident)s OR (r.source = %(source)s AND r.external_id = %(external_id)s)
GROUP BY r.record_id ORDER BY r.record_id
"""
_UNFORGET = "DELETE FROM forgotten WHERE record_id = %(id)s"
_EPOCHS = """
SELECT record_id, epoch FROM record WHERE record_id > %(after)s ORDER BY record_id LIMIT %(limit)s
"""
_BROKEN = """
SELECT r.record_id, 'the current version ' || r.current_version || ' is missing' AS detail
FROM record r LEFT JOIN record_version v ON v.saga_id = r.current_version
WHERE r.current_version IS NOT NULL AND v.saga_id IS NULL
UNION ALL
SELECT r.record_id, 'the last whole version ' || r.base_version || ' is missing'
FROM record r LEFT JOIN record_version v ON v.saga_id = r.base_version
WHERE r.base_version IS NOT NULL AND v.saga_id IS NULL
UNION ALL
SELECT r.record_id, 'it has a current version and no committed saga, or the reverse'
FROM record r WHERE (r.current_saga IS NULL) <> (r.current_version IS NULL)
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
class CurrentVersion:
    """The current version of a record in PostgreSQL, as readers see it.

    A partial version is shown over the last whole one, `base_version`: both texts, and the fields of both payloads.
    `extraction` is the journalled plan of the current version alone: entities and claims. `marker` is the last saga
    that committed, another one than `saga_id` where an earlier version came late.
    """

    record_id: str
    source: str
    data_type: str
    external_id: str
    epoch: int
    revision: int
    saga_id: str
    marker: str
    base_version: str
    base_chunks: int
    content_hash: str
    event_time: datetime
    observed_at: datetime
    first_seen: datetime
    kind: str
    whole: bool
    dated: bool
    title: str
    text: str
    payload: Mapping[str, Any]
    extraction: Mapping[str, Any]
    chunks: int


@dataclass(frozen=True, slots=True)
class Expected:
    """What the other stores should have of a record; see `CurrentVersion`."""

    record_id: str
    marker: str
    saga_id: str
    chunks: int
    base_version: str
    base_chunks: int


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One version of a record, as it arrived and as it was extracted.

    `replaced_by` is the correction that replaced it. `written_at` is when the memory took it, `run_id` by which run.
    `model` is that of its vectors, None for the memory's own.
    """

    record_id: str
    source: str
    data_type: str
    external_id: str
    saga_id: str
    revision: int
    content_hash: str
    event_time: datetime
    observed_at: datetime
    written_at: datetime
    run_id: str | None
    title: str
    text: str
    payload: Mapping[str, Any]
    extraction: Mapping[str, Any]
    chunks: int
    kind: str
    whole: bool
    dated: bool
    replaced_by: str | None
    model: str | None
    current: bool


@dataclass(frozen=True, slots=True)
class ForgottenRecord:
    """A record of which content was forgotten, and how many contents."""

    record_id: str
    source: str
    data_type: str
    external_id: str
    contents: int


def order_of(version: StoredVersion) -> tuple[datetime, bool, bool, int]:
    """By as-of time; the last version that is not replaced is the current one."""
    return version.event_time, version.whole, version.replaced_by is None, version.revision


def versions_by_then(versions: Sequence[StoredVersion], at: datetime) -> list[StoredVersion]:
    """The versions of one record that were written by then, as they stood then: a correction that came later has
    replaced nothing yet. In the order of versions.
    """
    written = {version.saga_id for version in versions if version.written_at <= at}
    then = [
        replace(one, replaced_by=one.replaced_by if one.replaced_by in written else None, current=False)
        for one in versions
        if one.saga_id in written
    ]
    then.sort(key=order_of)
    last = next((one for one in reversed(then) if one.replaced_by is None), None)
    return [replace(one, current=True) if one is last else one for one in then]


def shown_points(version: Expected | CurrentVersion) -> dict[str, int]:
    """How many points readers see, by saga id: those of the current version and of the last whole one."""
    return {version.base_version: version.base_chunks, version.saga_id: version.chunks}


class Catalog:
    """Reads current versions only, never the versions of open sagas."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.namespace = database.namespace

    async def by_id(self, record_ids: Sequence[str]) -> Mapping[str, CurrentVersion]:
        """Current versions by record id; records without one are absent."""
        rows = await self._database.rows(_BY_ID, {"ids": list(record_ids)})
        return {version.record_id: version for version in map(_version, rows)}

    async def versions(self, record_ids: Sequence[str]) -> Mapping[str, Sequence[StoredVersion]]:
        """All versions of each record that has a current one, in order of arrival; replaced ones too."""
        found: dict[str, list[StoredVersion]] = {}
        for row in await self._database.rows(_VERSIONS, {"ids": list(record_ids)}):
            ids = _texts(row, "record_id", "saga_id", "run_id", "replaced_by")
            version = StoredVersion(**{name: value for name, value in row.items() if name != "search"} | ids)
            found.setdefault(version.record_id, []).append(version)
        return found

    async def replaced_with(self, keys: Sequence[str]) -> Sequence[str]:
        """The records of which a version that a correction replaced names an entity by one of these keys."""
        return [str(row["record_id"]) for row in await self._database.rows(_REPLACED_WITH, {"keys": list(keys)})]

    async def by_name(self, source: str, external_id: str) -> Sequence[CurrentVersion]:
        """Current versions with this source and external id: one for each data type that has it.

        Where none has it: other JSON with this id in any collection, and documents with this path or file name; at most
        20.
        """
        parameters = {"source": source, "external_id": external_id}
        rows = await self._database.rows(_BY_NAME, parameters) or await self._database.rows(_BY_PART, parameters)
        return [_version(row) for row in rows]

    async def forgotten(self, ident: str, source: str, external_id: str) -> Sequence[ForgottenRecord]:
        """Records with forgotten content, by record id, or by source and external id."""
        parameters = {"ident": ident, "source": source, "external_id": external_id}
        return [
            ForgottenRecord(str(row["record_id"]), row["source"], row["data_type"], row["external_id"], row["contents"])
            for row in await self._database.rows(_FORGOTTEN, parameters)
        ]

    async def unforget(self, record_id: str) -> int:
        """Let forgotten content of a record be taken again; returns how many contents."""
        async with self._database.transaction() as connection:
            return (await connection.execute(_UNFORGET, {"id": record_id})).rowcount

    async def search(self, text: str, *, limit: int, where: RecordFilter = ANY_RECORD) -> Sequence[Hit]:
        """Records that have any of the words of `text` (English stemming), best first."""
        return await record_search.by_words(self._database, text, limit=limit, where=where)

    async def respelt(self, text: str) -> Mapping[str, str]:
        """The words of a text that no record has, each with the word of the records that is meant."""
        return await spelling.respelt(self._database, text)

    async def with_id(self, ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """The records with each of these external ids in small letters; other JSON has its id without the collection.

        Forgotten records too.
        """
        return await record_search.with_id(self._database, ids)

    async def shown(self, record_ids: Sequence[str], at: datetime | None = None) -> Mapping[str, ShownVersion]:
        """What readers see of these records, or would have seen `at` a moment; others are absent."""
        return await record_search.shown(self._database, record_ids, at)

    async def newest_of(
        self,
        record_ids: Sequence[str],
        *,
        ids: Sequence[str],
        aliases: Sequence[str],
        limit: int,
        where: RecordFilter = ANY_RECORD,
    ) -> Sequence[NamedRecord]:
        """Those of these records that are wanted, newest first: all with one of `ids` as external id, in any case, and
        the newest of the others. `aliases` are those of the thing that the records are about or mention.
        """
        lowered = [one.lower() for one in ids]
        return await record_search.newest_of(
            self._database, record_ids, ids=lowered, aliases=aliases, limit=limit, where=where
        )

    async def expected(self, batch: int = 1000) -> AsyncIterator[Sequence[Expected]]:
        """What every current version should have in the other stores, in batches ordered by record id."""
        async for rows in self._pages(_EXPECTED, batch):
            yield [Expected(**{**row, **_texts(row, "record_id", "marker", "saga_id", "base_version")}) for row in rows]

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


def _version(row: Row) -> CurrentVersion:
    return CurrentVersion(**{**row, **_texts(row, "record_id", "saga_id", "marker", "base_version")})


def _texts(row: Row, *names: str) -> dict[str, Any]:
    """Ids as text; a missing one stays None."""
    return {name: None if row[name] is None else str(row[name]) for name in names}
