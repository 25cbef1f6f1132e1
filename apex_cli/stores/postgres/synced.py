"""Which records the files of synced folders hold: the tables `synced_file` and `synced_record`.

A file holds a record from the moment a run reads it there, until a run reads the file to its end without it, or finds
the file gone. Moments are numbers of one sequence, so neither clocks nor the order of runs matter.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from psycopg import sql

from apex_cli.stores.postgres.connection import Connection, Database, Row

_PAGE = 1000
_NO_RECORD = "00000000-0000-0000-0000-000000000000"
_NEVER = 2**62
_NOW = "SELECT nextval('sync_moment') AS now"
_ANY = "SELECT EXISTS (SELECT FROM synced_record) AS any"
_KNOWN = "SELECT DISTINCT record_id FROM synced_record WHERE record_id = ANY(%(ids)s::uuid[])"
_NAME = """
INSERT INTO synced_file (file) SELECT DISTINCT file FROM unnest(%(files)s::bytea[]) AS new(file) ORDER BY file
ON CONFLICT DO NOTHING
"""
_SEE = """
INSERT INTO synced_record (record_id, file_id, seen)
SELECT record_id, file_id, nextval('sync_moment')
FROM (
    SELECT DISTINCT new.record_id, f.file_id
    FROM unnest(%(files)s::bytea[], %(records)s::uuid[]) AS new(file, record_id) JOIN synced_file f USING (file)
    ORDER BY new.record_id, f.file_id
) AS seen
ON CONFLICT (record_id, file_id) DO UPDATE SET seen = excluded.seen, missing_since = NULL, missing = NULL
"""
_HAD = """
INSERT INTO synced_record (record_id, file_id, seen)
SELECT DISTINCT new.record_id, f.file_id, 0
FROM unnest(%(files)s::bytea[], %(records)s::uuid[]) AS new(file, record_id) JOIN synced_file f USING (file)
ORDER BY new.record_id, f.file_id
ON CONFLICT DO NOTHING
"""
_READ_THROUGH = """
WITH locked AS (SELECT file_id FROM synced_file WHERE file = ANY(%(files)s::bytea[]) ORDER BY file_id FOR UPDATE)
UPDATE synced_file f SET read_through = nextval('sync_moment') FROM locked WHERE f.file_id = locked.file_id
"""
# `/` and `0` follow each other: what is between `/drop/` and `/drop0` is in /drop.
_UNDER = "(f.file = %(root)s OR (f.file >= %(first)s AND f.file < %(end)s))"
_HELD = f"""
SELECT count(DISTINCT s.record_id) AS records
FROM synced_file f JOIN synced_record s USING (file_id) JOIN record r USING (record_id)
WHERE {_UNDER} AND r.current_saga IS NOT NULL
"""  # noqa: S608 - constants
_UNREAD = f"""
SELECT f.file FROM synced_file f
WHERE {_UNDER} AND f.file > %(after)s AND f.read_through < %(start)s
  AND EXISTS (SELECT FROM synced_record s WHERE s.file_id = f.file_id AND s.seen < %(start)s)
ORDER BY f.file LIMIT %(limit)s
"""  # noqa: S608 - constants
# Other files with records that this run has seen below the root.
_ALSO_IN = f"""
SELECT DISTINCT o.file FROM synced_file f
JOIN synced_record s ON s.file_id = f.file_id AND s.seen >= %(start)s
JOIN synced_record also ON also.record_id = s.record_id AND also.file_id <> s.file_id AND also.seen < %(start)s
JOIN synced_file o ON o.file_id = also.file_id
WHERE {_UNDER} AND o.file > %(after)s
ORDER BY o.file LIMIT %(limit)s
"""  # noqa: S608 - constants
# Other files with records that this run has missed below the root.
_ALSO_HELD_BY = f"""
SELECT DISTINCT o.file FROM synced_file f
JOIN synced_record s ON s.file_id = f.file_id AND s.missing >= %(start)s
JOIN synced_record also ON also.record_id = s.record_id AND also.file_id <> s.file_id AND also.seen < %(start)s
JOIN synced_file o ON o.file_id = also.file_id
WHERE {_UNDER} AND o.file > %(after)s
ORDER BY o.file LIMIT %(limit)s
"""  # noqa: S608 - constants
_MISS_FILES = """
UPDATE synced_record s SET missing = m.now, missing_since = coalesce(s.missing_since, m.now)
FROM synced_file f, (SELECT nextval('sync_moment') AS now) AS m
WHERE s.file_id = f.file_id AND f.file = ANY(%(files)s::bytea[]) AND s.seen < %(start)s
"""
_MISS_ROWS = f"""
UPDATE synced_record s SET missing = m.now, missing_since = coalesce(s.missing_since, m.now)
FROM synced_file f, (SELECT nextval('sync_moment') AS now) AS m
WHERE s.file_id = f.file_id AND {_UNDER} AND f.read_through >= %(start)s AND s.seen < %(start)s
"""  # noqa: S608 - constants


def _due(name: str) -> str:
    """Whether a row was found missing by this run, and if need be by one before it."""
    return f"({name}.missing >= %(start)s AND {name}.missing_since < %(before)s)"


_GONE = f"""
FROM synced_file f JOIN synced_record s USING (file_id) JOIN record r USING (record_id)
WHERE {_UNDER} AND {_due("s")} AND r.current_saga IS NOT NULL
  AND NOT EXISTS (SELECT FROM synced_record o WHERE o.record_id = s.record_id AND {_due("o")} IS NOT TRUE)
"""
_COUNT_GONE = f"SELECT count(DISTINCT s.record_id) AS records {_GONE}"
_LIST_GONE = f"""
SELECT s.record_id, r.source, r.data_type, r.external_id,
       (array_agg(f.file ORDER BY f.file))[1] AS file {_GONE} AND s.record_id > %(record)s
GROUP BY s.record_id, r.source, r.data_type, r.external_id ORDER BY s.record_id LIMIT %(limit)s
"""
# Rows of records that another file holds, and of records that are not there.
_RELEASE = f"""
DELETE FROM synced_record s USING synced_file f
WHERE s.file_id = f.file_id AND (s.record_id, s.file_id) IN (
    SELECT m.record_id, m.file_id FROM synced_record m
    WHERE {_due("m")} AND (
        EXISTS (SELECT FROM synced_record o WHERE o.record_id = m.record_id AND {_due("o")} IS NOT TRUE)
        OR NOT EXISTS (SELECT FROM record r WHERE r.record_id = m.record_id AND r.current_saga IS NOT NULL)
    )
    LIMIT %(limit)s
)
RETURNING s.record_id, f.file,
          EXISTS (SELECT FROM record r WHERE r.record_id = s.record_id AND r.current_saga IS NOT NULL) AS there
"""  # noqa: S608 - constants
_REMOVE = "DELETE FROM synced_record WHERE record_id = ANY(%(ids)s::uuid[])"
# The lock waits for runs that have named a file and not yet noted its records.
_LOCK_FILES = "LOCK TABLE synced_file IN SHARE ROW EXCLUSIVE MODE"
_REMOVE_FILES = """
DELETE FROM synced_file f WHERE NOT EXISTS (SELECT FROM synced_record s WHERE s.file_id = f.file_id)
"""
_REHEARSE = (
    "CREATE TEMP TABLE synced_file (LIKE synced_file INCLUDING DEFAULTS INCLUDING INDEXES)",
    "CREATE TEMP TABLE synced_record (LIKE synced_record INCLUDING INDEXES)",
    "INSERT INTO pg_temp.synced_file SELECT * FROM {schema}.synced_file",
    "INSERT INTO pg_temp.synced_record SELECT * FROM {schema}.synced_record",
    "ANALYZE pg_temp.synced_file, pg_temp.synced_record",
)
_REHEARSED = "DROP TABLE pg_temp.synced_record, pg_temp.synced_file"


@dataclass(frozen=True, slots=True)
class GoneRecord:
    """A record that no file holds any more. `file` is one of the files that held it."""

    record_id: str
    source: str
    data_type: str
    external_id: str
    file: bytes


class _Session(Protocol):
    """Where statements run: a pool of connections, or one connection."""

    def transaction(self) -> AbstractAsyncContextManager[Connection]: ...

    async def rows(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[Row]: ...


class SyncedFiles:
    """Every method is one statement or one transaction. A root is a file, or a folder without a slash at its end.

    `start` is the moment when a run began, `before` that before which an earlier run must have missed a record.
    Raises `StoreError`.
    """

    def __init__(self, database: Database, session: _Session | None = None) -> None:
        self._database = database
        self._session = session or database

    async def now(self) -> int:
        """A moment: later than all that were noted before."""
        return int((await self._session.rows(_NOW))[0]["now"])

    async def any(self) -> bool:
        """Whether any file holds a record."""
        return bool((await self._session.rows(_ANY))[0]["any"])

    async def known(self, record_ids: Sequence[str]) -> frozenset[str]:
        """Those of these records that any file holds."""
        rows = await self._session.rows(_KNOWN, {"ids": list(record_ids)})
        return frozenset(str(row["record_id"]) for row in rows)

    async def see(self, pairs: Sequence[tuple[bytes, str]], *, now: bool = True) -> None:
        """Note that these files hold these records; without `now`, that they did once. Idempotent."""
        parameters = {"files": [file for file, _ in pairs], "records": [record_id for _, record_id in pairs]}
        async with self._session.transaction() as connection:
            await connection.execute(_NAME, parameters)
            await connection.execute(_SEE if now else _HAD, parameters)

    async def read_through(self, files: Sequence[bytes]) -> None:
        """Note that these files were read to their end, and all that they hold was seen."""
        await self._execute(_READ_THROUGH, {"files": list(files)})

    async def held(self, root: bytes) -> int:
        """How many records of the memory the files below a root hold."""
        return int((await self._session.rows(_HELD, _under(root)))[0]["records"])

    async def unread(self, root: bytes, start: int) -> AsyncIterator[Sequence[bytes]]:
        """The files below a root that were not read to their end since `start`, in pages."""
        async for files in self._files(_UNREAD, root, start):
            yield files

    async def also_in(self, root: bytes, start: int) -> AsyncIterator[Sequence[bytes]]:
        """Other files that hold records which were seen below a root since `start`, in pages."""
        async for files in self._files(_ALSO_IN, root, start):
            yield files

    async def also_held_by(self, root: bytes, start: int) -> AsyncIterator[Sequence[bytes]]:
        """Other files that hold records which were missed below a root since `start`, in pages."""
        async for files in self._files(_ALSO_HELD_BY, root, start):
            yield files

    async def miss_files(self, files: Sequence[bytes], start: int) -> None:
        """Note that these files are gone. What was read from them since `start` counts as there."""
        await self._execute(_MISS_FILES, {"files": list(files), "start": start})

    async def miss_records(self, root: bytes, start: int) -> None:
        """Note which records were not in the files below a root that were read to their end since `start`."""
        await self._execute(_MISS_ROWS, {**_under(root), "start": start})

    async def count_gone(self, root: bytes, start: int, before: int | None = None) -> int:
        """How many records no file holds any more, of those that files below a root held."""
        parameters = {**_under(root), "start": start, "before": before or _NEVER}
        return int((await self._session.rows(_COUNT_GONE, parameters))[0]["records"])

    async def gone(
        self, root: bytes, start: int, before: int | None = None, *, page: int = _PAGE
    ) -> AsyncIterator[Sequence[GoneRecord]]:
        """These records, in pages that are asked for when they are needed."""
        record_id = _NO_RECORD
        parameters = {**_under(root), "start": start, "before": before or _NEVER, "limit": page}
        while rows := await self._session.rows(_LIST_GONE, {**parameters, "record": record_id}):
            yield [
                GoneRecord(str(row["record_id"]), row["source"], row["data_type"], row["external_id"], row["file"])
                for row in rows
            ]
            record_id = str(rows[-1]["record_id"])

    async def release(self, start: int, before: int | None = None) -> AsyncIterator[Sequence[tuple[str, bytes]]]:
        """Remove what is missing from a file and held by another one: record ids and files, in pages.

        What was noted of records that the memory does not have is removed, too.
        """
        parameters = {"start": start, "before": before or _NEVER, "limit": _PAGE}
        while True:
            async with self._session.transaction() as connection:
                cursor = await connection.execute(_RELEASE.encode(), parameters)
                rows = await cursor.fetchall()
            if not rows:
                return
            yield [(str(row["record_id"]), row["file"]) for row in rows if row["there"]]

    async def remove(self, record_ids: Sequence[str]) -> None:
        """Remove these records from all files: they are forgotten."""
        await self._execute(_REMOVE, {"ids": list(record_ids)})

    async def remove_empty(self) -> None:
        """Remove the files that hold nothing."""
        async with self._session.transaction() as connection:
            await connection.execute(_LOCK_FILES)
            await connection.execute(_REMOVE_FILES)

    @asynccontextmanager
    async def rehearsal(self) -> AsyncIterator[SyncedFiles]:
        """A copy of both tables, for what would be: what is noted in it is gone at the end."""
        async with self._database.connection() as connection:
            schema = sql.Identifier(self._database.namespace)
            for statement in _REHEARSE:
                await connection.execute(sql.SQL(statement).format(schema=schema))
            try:
                yield SyncedFiles(self._database, _OneConnection(connection))
            finally:
                await connection.execute(_REHEARSED)

    async def _files(self, query: str, root: bytes, start: int) -> AsyncIterator[Sequence[bytes]]:
        after = b""
        while rows := await self._session.rows(query, {**_under(root), "start": start, "after": after, "limit": _PAGE}):
            yield [row["file"] for row in rows]
            after = rows[-1]["file"]

    async def _execute(self, query: str, parameters: Mapping[str, Any]) -> None:
        async with self._session.transaction() as connection:
            await connection.execute(query.encode(), parameters)


class _OneConnection:
    """A session on one connection. Temporary tables hide those of the schema from it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        async with self._connection.transaction():
            yield self._connection

    async def rows(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        cursor = await self._connection.execute(query.encode(), parameters)
        return await cursor.fetchall()


def _under(root: bytes) -> dict[str, bytes]:
    base = root.rstrip(b"/")
    return {"root": root, "first": base + b"/", "end": base + b"0"}
