"""The saga journal on PostgreSQL.

Every method is one transaction. Record rows are locked in the order of their ids, so two processes never deadlock on
the same records. Every statement compares the record's epoch with the plan's. So the process that raised the epoch last
decides, and a writer that was paused in between changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from apex_cli.extract.likeness import same_thing, same_vehicle
from apex_cli.model import Embedded, Plan, PlanKind, Position, Record, Superseded
from apex_cli.stores.journal import Begun, KnownContent, KnownVersions, OpenSaga, SagaState
from apex_cli.stores.postgres.connection import STORE, Connection, Database, Row, uuid_array
from apex_cli.stores.postgres.entries import (
    COPY_SAGA,
    COPY_VERSION,
    JournalEntry,
    JournalledVersion,
    random_uuids,
    removal,
    write,
)
from apex_cli.stores.postgres.purge import purge
from apex_cli.text_cleaning import replace_unencodable

# A purge takes the names of forgotten records away.
_ENSURE = """
INSERT INTO record (record_id, source, data_type, external_id)
SELECT * FROM unnest(%(ids)s::uuid[], %(sources)s::text[], %(types)s::text[], %(externals)s::text[])
ON CONFLICT (record_id) DO UPDATE SET external_id = excluded.external_id WHERE record.external_id = ''
"""
_LOCK = """
SELECT r.record_id::text AS record_id, r.epoch, r.revision, r.current_saga IS NOT NULL AS present,
       EXISTS (SELECT FROM saga s WHERE s.record_id = r.record_id
               AND s.state IN ('PREPARED', 'RESOLVING', 'COMMITTED')) AS busy
FROM record r WHERE r.record_id = ANY(%(ids)s::uuid[])
ORDER BY r.record_id FOR UPDATE OF r
"""
# Versions of records without an open saga are those that committed.
_VERSIONS = """
SELECT record_id, saga_id, content_hash, event_time, observed_at, kind, whole, dated, chunks, replaced_by, model,
       extraction
FROM record_version WHERE record_id = ANY(%(ids)s::uuid[]) ORDER BY record_id, revision
"""
_PAYLOADS = """
SELECT r.record_id, v.payload FROM record r JOIN record_version v ON v.saga_id = r.base_version
WHERE r.record_id = ANY(%(ids)s::uuid[])
"""
_FORGOTTEN = "SELECT record_id, content_hash FROM forgotten WHERE record_id = ANY(%(ids)s::uuid[])"
_KNOWN = """
SELECT v.record_id, v.content_hash, v.dated OR v.kind = 'event' AS has_time, v.saga_id = r.current_version AS current
FROM record r JOIN record_version v ON v.record_id = r.record_id JOIN saga s ON s.saga_id = v.saga_id
WHERE r.record_id = ANY(%(ids)s::uuid[]) AND r.current_saga IS NOT NULL AND s.state IN ('COMMITTED', 'DONE')
"""
_KNOWN_VERSIONS = """
SELECT v.record_id, v.content_hash, v.observed_at, v.event_time FROM record_version v JOIN saga s USING (saga_id)
WHERE v.record_id = ANY(%(ids)s::uuid[]) AND s.state IN ('COMMITTED', 'DONE')
"""
_NOTE_FORGOTTEN = """
INSERT INTO forgotten (record_id, content_hash) SELECT * FROM unnest(%(ids)s::uuid[], %(hashes)s::text[])
ON CONFLICT DO NOTHING
"""
_RAISE = "UPDATE record SET epoch = epoch + 1 WHERE record_id = ANY(%(ids)s::uuid[])"
_ABORT = """
WITH gone AS (
    UPDATE saga SET state = 'ABORTED', error = %(error)s, updated_at = now()
    WHERE saga_id = ANY(%(ids)s::uuid[]) AND state = 'PREPARED' RETURNING saga_id
)
DELETE FROM record_version v USING gone WHERE v.saga_id = gone.saga_id
"""
_COMMIT = """
WITH moved AS (
    UPDATE record r SET revision = s.revision, current_saga = CASE WHEN s.kind = 'write' THEN s.saga_id END,
                        current_version = s.current_version, base_version = s.base_version
    FROM saga s
    WHERE s.saga_id = ANY(%(ids)s::uuid[]) AND s.state = 'PREPARED'
      AND r.record_id = s.record_id AND r.epoch = s.epoch
    RETURNING s.saga_id, s.replaces
), corrected AS (
    UPDATE record_version v SET replaced_by = moved.saga_id FROM moved WHERE v.saga_id = moved.replaces
)
UPDATE saga s SET state = 'COMMITTED', updated_at = now() FROM moved WHERE s.saga_id = moved.saga_id
"""
_COMMITTED = (
    "SELECT saga_id::text AS saga_id FROM saga WHERE saga_id = ANY(%(ids)s::uuid[]) AND state IN ('COMMITTED', 'DONE')"
)
_DONE = """
UPDATE saga SET state = 'DONE', updated_at = now()
WHERE saga_id = ANY(%(ids)s::uuid[]) AND state = 'COMMITTED'
"""
# Remembered and erased in one statement: what was erased for good is never taken again by chance.
_ERASE = """
WITH kept AS (
    INSERT INTO forgotten (record_id, content_hash)
    SELECT DISTINCT v.record_id, v.content_hash FROM record_version v JOIN record r USING (record_id)
    JOIN saga s ON s.record_id = v.record_id AND s.saga_id = ANY(%(sagas)s::uuid[]) AND s.lasting
                AND s.state = 'COMMITTED'
    WHERE v.record_id = ANY(%(records)s::uuid[]) AND r.current_saga IS NULL
    ON CONFLICT DO NOTHING
)
DELETE FROM record_version v USING record r, saga s
WHERE v.record_id = ANY(%(records)s::uuid[]) AND r.record_id = v.record_id AND r.current_saga IS NULL
  AND s.record_id = v.record_id AND s.saga_id = ANY(%(sagas)s::uuid[]) AND s.state = 'COMMITTED'
"""
_OPEN = """
SELECT s.saga_id, s.record_id, s.kind, s.state, s.epoch, s.revision, v.chunks, v.model,
       s.kind = 'forget' OR s.current_version = s.saga_id AS current,
       s.kind = 'forget' OR s.saga_id IN (s.current_version, s.base_version) AS shown,
       ARRAY(SELECT jsonb_build_array(o.saga_id, o.chunks, o.model) FROM record_version o
             WHERE o.saga_id = ANY(s.superseded) ORDER BY o.saga_id) AS superseded
FROM saga s
LEFT JOIN record_version v ON v.saga_id = s.saga_id
WHERE s.state IN ('PREPARED', 'RESOLVING', 'COMMITTED')
  AND (%(ids)s::uuid[] IS NULL OR s.record_id = ANY(%(ids)s::uuid[]))
ORDER BY s.created_at, s.saga_id
"""
_CLAIM = """
WITH locked AS (
    SELECT record_id FROM record WHERE record_id = ANY(%(records)s::uuid[]) ORDER BY record_id FOR UPDATE
), raised AS (
    UPDATE record r SET epoch = epoch + 1 FROM locked WHERE r.record_id = locked.record_id
    RETURNING r.record_id, r.epoch
), marked AS (
    UPDATE saga SET state = 'RESOLVING', updated_at = now()
    WHERE saga_id = ANY(%(sagas)s::uuid[]) AND state IN ('PREPARED', 'RESOLVING')
)
SELECT record_id, epoch FROM raised
"""
_RESOLVE = """
WITH decisions AS (
    SELECT * FROM unnest(%(sagas)s::uuid[], %(epochs)s::bigint[], %(committed)s::boolean[])
        AS j(saga_id, epoch, committed)
), decided AS (
    UPDATE saga s SET state = CASE WHEN j.committed THEN 'COMMITTED' ELSE 'ABORTED' END, updated_at = now(),
                      error = CASE WHEN j.committed THEN s.error ELSE 'settled: it had not passed the pivot' END
    FROM decisions j, record r
    WHERE s.saga_id = j.saga_id AND s.state = 'RESOLVING' AND r.record_id = s.record_id AND r.epoch = j.epoch
    RETURNING s.saga_id, s.record_id, s.kind, s.revision, s.state, s.replaces, s.current_version, s.base_version
), moved AS (
    UPDATE record r SET revision = d.revision, current_saga = CASE WHEN d.kind = 'write' THEN d.saga_id END,
                        current_version = d.current_version, base_version = d.base_version
    FROM decided d WHERE r.record_id = d.record_id AND d.state = 'COMMITTED'
), corrected AS (
    UPDATE record_version v SET replaced_by = d.saga_id FROM decided d
    WHERE v.saga_id = d.replaces AND d.state = 'COMMITTED'
)
DELETE FROM record_version v USING decided d WHERE v.saga_id = d.saga_id AND d.state = 'ABORTED'
"""


# Sources with ids that are not unique by construction, and what shows that two contents are of one thing.
_IDS_BY_SENDERS = {"json": same_thing, "samsara": same_vehicle}


class _Start(NamedTuple):
    """A record's locked row: what a new plan builds on."""

    epoch: int
    revision: int
    present: bool
    busy: bool


class PostgresJournal:
    """`Journal` on a `Database`. `open` and `close` open and close that database."""

    name = STORE

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self) -> None:
        await self._database.open()

    async def close(self) -> None:
        await self._database.close()

    async def check(self) -> Mapping[str, Any]:
        """See `Database.facts`."""
        return await self._database.facts()

    async def purge(self) -> None:
        """See `Purgeable`."""
        await purge(self._database)

    async def known(self, record_ids: Sequence[str]) -> KnownContent:
        parameters = {"ids": uuid_array(record_ids)}
        rows = await self._database.rows(_KNOWN, parameters)
        forgotten = await self._database.rows(_FORGOTTEN, parameters)
        return KnownContent(
            frozenset(
                (str(row["record_id"]), row["content_hash"]) for row in rows if row["has_time"] or row["current"]
            ),
            frozenset((str(row["record_id"]), row["content_hash"]) for row in forgotten),
            frozenset(
                (str(row["record_id"]), row["content_hash"])
                for row in rows
                if not row["has_time"] and not row["current"]
            ),
        )

    async def known_versions(self, record_ids: Sequence[str]) -> KnownVersions:
        rows = await self._database.rows(_KNOWN_VERSIONS, {"ids": list(record_ids)})
        return frozenset(
            (str(row["record_id"]), row["content_hash"], row["observed_at"], row["event_time"]) for row in rows
        )

    async def note_forgotten(self, records: Sequence[Record]) -> None:
        by_id = {record.record_id: record for record in sorted(records, key=lambda record: record.record_id)}
        pairs = [
            (record.record_id, digest)
            for record in records
            if record.exported is not None
            for digest in record.exported.forgotten
        ]
        async with self._database.transaction() as connection:
            await connection.execute(_ENSURE, _identities(by_id))
            await connection.execute(
                _NOTE_FORGOTTEN, {"ids": [one for one, _ in pairs], "hashes": [h for _, h in pairs]}
            )

    async def begin_write(
        self, items: Sequence[tuple[Record, Embedded]], *, run_id: str | None, group_id: str, again: bool = False
    ) -> Begun:
        by_id = {record.record_id: (record, embedded) for record, embedded in sorted(items, key=_by_record_id)}
        async with self._database.transaction() as connection:
            await connection.execute(_ENSURE, _identities({record.record_id: record for record, _ in by_id.values()}))
            starts = await _lock(connection, list(by_id))
            busy = frozenset(record_id for record_id, start in starts.items() if start.busy)
            free = [record_id for record_id in by_id if record_id not in busy]
            known = await _versions(connection, [record_id for record_id in free if starts[record_id].present])
            forgotten = frozenset() if again else await _forgotten(connection, free, by_id)
            entries: list[JournalEntry] = []
            for record_id, saga_id in zip(free, random_uuids(len(free)), strict=True):
                if record_id not in forgotten:
                    start, (record, embedded) = starts[record_id], by_id[record_id]
                    base = start.epoch, start.revision, known[record_id]
                    entry = write(saga_id, record, embedded, *base, group_id, again=again)
                    entries += [entry] if entry else []
            unchanged = frozenset(free) - forgotten - {entry.plan.record_id for entry in entries}
            conflicts = await _conflicts(connection, entries)
            entries = [entry for entry in entries if entry.plan.record_id not in conflicts]
            await _journal(connection, entries, run_id)
        return Begun([entry.plan for entry in entries], unchanged, busy, forgotten, conflicts)

    async def begin_forget(
        self, record_ids: Sequence[str], *, run_id: str | None, group_id: str, lasting: bool = True
    ) -> Begun:
        async with self._database.transaction() as connection:
            starts = await _lock(connection, sorted(set(record_ids)))
            busy = frozenset(record_id for record_id, start in starts.items() if start.busy)
            present = [record_id for record_id, start in starts.items() if start.present and not start.busy]
            known = await _versions(connection, present)
            entries = [
                removal(saga_id, record_id, start.epoch, start.revision, known[record_id], group_id, lasting=lasting)
                for saga_id, record_id in zip(random_uuids(len(present)), present, strict=True)
                for start in (starts[record_id],)
            ]
            await _journal(connection, entries, run_id)
        plans = [entry.plan for entry in entries]
        return Begun(plans, frozenset(record_ids) - busy - {plan.record_id for plan in plans}, busy)

    async def abort(self, plans: Sequence[Plan], error: str) -> None:
        await self._execute(_ABORT, {"ids": _saga_ids(plans), "error": replace_unencodable(error)})

    async def commit(self, plans: Sequence[Plan]) -> frozenset[str]:
        async with self._database.transaction() as connection:
            await connection.execute(_COMMIT, {"ids": _saga_ids(plans)})
            cursor = await connection.execute(_COMMITTED, {"ids": _saga_ids(plans)})
            return frozenset(str(row["saga_id"]) for row in await cursor.fetchall())

    async def done(self, plans: Sequence[Plan]) -> None:
        forgotten = [plan.record_id for plan in plans if plan.kind is PlanKind.FORGET]
        async with self._database.transaction() as connection:
            if forgotten:
                await connection.execute(_ERASE, {"records": uuid_array(forgotten), "sagas": _saga_ids(plans)})
            await connection.execute(_DONE, {"ids": _saga_ids(plans)})

    async def open_sagas(self, record_ids: Sequence[str] | None = None) -> Sequence[OpenSaga]:
        rows = await self._database.rows(_OPEN, {"ids": None if record_ids is None else uuid_array(record_ids)})
        return [OpenSaga(_plan_of(row, self._database.namespace), SagaState(row["state"])) for row in rows]

    async def claim(self, sagas: Sequence[OpenSaga]) -> Mapping[str, int]:
        parameters = {
            "records": uuid_array(saga.plan.record_id for saga in sagas),
            "sagas": uuid_array(saga.plan.saga_id for saga in sagas),
        }
        return {str(row["record_id"]): row["epoch"] for row in await self._database.rows(_CLAIM, parameters)}

    async def resolve(self, sagas: Sequence[OpenSaga], epochs: Mapping[str, int], committed: frozenset[str]) -> None:
        parameters = {
            "sagas": uuid_array(saga.plan.saga_id for saga in sagas),
            "epochs": [epochs[saga.plan.record_id] for saga in sagas],
            "committed": [saga.plan.saga_id in committed for saga in sagas],
        }
        await self._execute(_RESOLVE, parameters)

    async def _execute(self, query: str, parameters: Mapping[str, Any]) -> None:
        async with self._database.transaction() as connection:
            await connection.execute(query.encode(), parameters)


def _identities(records: Mapping[str, Record]) -> dict[str, str | list[str]]:
    """The parameters of `_ENSURE` for records by their ids."""
    return {
        "ids": uuid_array(records),
        "sources": [record.source for record in records.values()],
        "types": [record.data_type for record in records.values()],
        "externals": [replace_unencodable(record.external_id) for record in records.values()],
    }


def _by_record_id(item: tuple[Record, Embedded]) -> str:
    return item[0].record_id


def _saga_ids(plans: Sequence[Plan]) -> str:
    return uuid_array(plan.saga_id for plan in plans)


async def _lock(connection: Connection, record_ids: list[str]) -> dict[str, _Start]:
    cursor = await connection.execute(_LOCK, {"ids": uuid_array(record_ids)})
    return {
        str(row["record_id"]): _Start(row["epoch"], row["revision"], row["present"], row["busy"])
        for row in await cursor.fetchall()
    }


async def _versions(connection: Connection, record_ids: list[str]) -> dict[str, list[JournalledVersion]]:
    """The versions of records that have a current one, in order of arrival; replaced ones too."""
    found: dict[str, list[JournalledVersion]] = defaultdict(list)
    if record_ids:
        cursor = await connection.execute(_VERSIONS, {"ids": uuid_array(record_ids)})
        for row in await cursor.fetchall():
            found[str(row["record_id"])].append(JournalledVersion.of(row))
    return found


async def _forgotten(
    connection: Connection, record_ids: list[str], items: Mapping[str, tuple[Record, Embedded]]
) -> frozenset[str]:
    """Those of the records whose content was forgotten."""
    cursor = await connection.execute(_FORGOTTEN, {"ids": uuid_array(record_ids)})
    rows = [(str(row["record_id"]), row["content_hash"]) for row in await cursor.fetchall()]
    return frozenset(record_id for record_id, digest in rows if items[record_id][0].content_hash == digest)


async def _conflicts(connection: Connection, entries: Sequence[JournalEntry]) -> frozenset[str]:
    """Records whose new content is no version of what they are: other JSON has ids that its sender gave."""
    new = {
        plan.record_id: plan.record
        for plan in (entry.plan for entry in entries)
        if plan.record is not None
        and plan.record.source in _IDS_BY_SENDERS
        and plan.position is not Position.FIRST
        and not (plan.embedded is not None and plan.embedded.extraction.ended)
    }
    if not new:
        return frozenset()
    cursor = await connection.execute(_PAYLOADS, {"ids": uuid_array(new)})
    rows = [(str(row["record_id"]), row["payload"]) for row in await cursor.fetchall()]
    return frozenset(
        record_id
        for record_id, payload in rows
        if not _IDS_BY_SENDERS[new[record_id].source](payload, new[record_id].payload)
    )


def _plan_of(row: Row, group_id: str) -> Plan:
    return Plan(
        saga_id=str(row["saga_id"]),
        record_id=str(row["record_id"]),
        epoch=row["epoch"],
        revision=row["revision"],
        kind=PlanKind(row["kind"]),
        group_id=group_id,
        chunks=row["chunks"] or 0,
        superseded=tuple(Superseded(*one) for one in row["superseded"]),
        model=row["model"],
        current=row["current"],
        shown=row["shown"],
    )


async def _journal(connection: Connection, entries: Sequence[JournalEntry], run_id: str | None) -> None:
    if not entries:
        return
    await connection.execute(_RAISE, {"ids": uuid_array(entry.plan.record_id for entry in entries)})
    async with connection.cursor() as cursor:
        async with cursor.copy(COPY_SAGA) as copy:
            for entry in entries:
                await copy.write_row(entry.saga_row(run_id, SagaState.PREPARED))
        async with cursor.copy(COPY_VERSION) as copy:
            for entry in entries:
                if entry.plan.kind is PlanKind.WRITE:
                    await copy.write_row(entry.version_row())
