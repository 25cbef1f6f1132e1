"""The saga journal on PostgreSQL.

Every method is one transaction. Record rows are locked in the order of their ids, so two processes never deadlock on
the same records. Every statement compares the record's epoch with the plan's. So the process that raised the epoch last
decides, and a writer that was paused in between changes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from apex_cli.model import Embedded, Extraction, Plan, PlanKind, Record, Superseded
from apex_cli.serialization import from_claim, from_entity
from apex_cli.stores.postgres.connection import STORE, Connection, Database, Row, pg_json
from apex_cli.stores.protocol import Begun, OpenSaga, SagaState
from apex_cli.text_cleaning import replace_unencodable

_ENSURE = """
INSERT INTO record (record_id, source, data_type, external_id)
SELECT * FROM unnest(%(ids)s::uuid[], %(sources)s::text[], %(types)s::text[], %(externals)s::text[])
ON CONFLICT (record_id) DO NOTHING
"""
_LOCK = """
SELECT r.record_id, r.epoch, r.revision, r.current_saga, v.content_hash, v.chunks,
       EXISTS (SELECT FROM saga s WHERE s.record_id = r.record_id
               AND s.state IN ('PREPARED', 'RESOLVING', 'COMMITTED')) AS busy
FROM record r LEFT JOIN record_version v ON v.saga_id = r.current_saga
WHERE r.record_id = ANY(%(ids)s::uuid[])
ORDER BY r.record_id FOR UPDATE OF r
"""
_RAISE = "UPDATE record SET epoch = epoch + 1 WHERE record_id = ANY(%(ids)s::uuid[])"
_COPY_SAGA = "COPY saga (saga_id, record_id, run_id, kind, state, epoch, revision, superseded) FROM STDIN"
_COPY_VERSION = (
    "COPY record_version (saga_id, record_id, revision, content_hash, event_time, observed_at, title, text,"
    " payload, extraction, chunks) FROM STDIN"
)
_ABORT = """
WITH gone AS (
    UPDATE saga SET state = 'ABORTED', error = %(error)s, updated_at = now()
    WHERE saga_id = ANY(%(ids)s::uuid[]) AND state = 'PREPARED' RETURNING saga_id
)
DELETE FROM record_version v USING gone WHERE v.saga_id = gone.saga_id
"""
_COMMIT = """
WITH moved AS (
    UPDATE record r SET revision = s.revision, current_saga = CASE WHEN s.kind = 'write' THEN s.saga_id END
    FROM saga s
    WHERE s.saga_id = ANY(%(ids)s::uuid[]) AND s.state = 'PREPARED'
      AND r.record_id = s.record_id AND r.epoch = s.epoch
    RETURNING s.saga_id
)
UPDATE saga s SET state = 'COMMITTED', updated_at = now() FROM moved WHERE s.saga_id = moved.saga_id
"""
_COMMITTED = "SELECT saga_id FROM saga WHERE saga_id = ANY(%(ids)s::uuid[]) AND state IN ('COMMITTED', 'DONE')"
_DONE = """
UPDATE saga SET state = 'DONE', updated_at = now()
WHERE saga_id = ANY(%(ids)s::uuid[]) AND state = 'COMMITTED'
"""
_ERASE = """
DELETE FROM record_version v USING record r
WHERE v.record_id = ANY(%(records)s::uuid[]) AND r.record_id = v.record_id AND r.current_saga IS NULL
"""
_OPEN = """
SELECT s.saga_id, s.record_id, s.kind, s.state, s.epoch, s.revision, s.superseded, v.chunks, o.chunks AS old_chunks
FROM saga s
LEFT JOIN record_version v ON v.saga_id = s.saga_id
LEFT JOIN record_version o ON o.saga_id = s.superseded
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
    RETURNING s.saga_id, s.record_id, s.kind, s.revision, s.state
), moved AS (
    UPDATE record r SET revision = d.revision, current_saga = CASE WHEN d.kind = 'write' THEN d.saga_id END
    FROM decided d WHERE r.record_id = d.record_id AND d.state = 'COMMITTED'
)
DELETE FROM record_version v USING decided d WHERE v.saga_id = d.saga_id AND d.state = 'ABORTED'
"""


class _Start(NamedTuple):
    """A record's locked row: what a new plan builds on."""

    epoch: int
    revision: int
    superseded: Superseded | None
    content_hash: str | None
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

    async def current_hashes(self, record_ids: Sequence[str]) -> Mapping[str, str]:
        rows = await self._database.rows(
            "SELECT r.record_id, v.content_hash FROM record r JOIN record_version v ON v.saga_id = r.current_saga"
            " WHERE r.record_id = ANY(%(ids)s::uuid[])",
            {"ids": list(record_ids)},
        )
        return {str(row["record_id"]): row["content_hash"] for row in rows}

    async def begin_write(
        self, items: Sequence[tuple[Record, Embedded]], *, run_id: str | None, group_id: str, again: bool = False
    ) -> Begun:
        by_id = {record.record_id: (record, embedded) for record, embedded in sorted(items, key=_by_record_id)}
        records = [record for record, _ in by_id.values()]
        async with self._database.transaction() as connection:
            await connection.execute(
                _ENSURE,
                {
                    "ids": list(by_id),
                    "sources": [record.source for record in records],
                    "types": [record.data_type for record in records],
                    "externals": [replace_unencodable(record.external_id) for record in records],
                },
            )
            starts = await _lock(connection, list(by_id))
            busy = frozenset(record_id for record_id, start in starts.items() if start.busy)
            unchanged = frozenset(
                record_id
                for record_id, start in starts.items()
                if not again and not start.busy and start.content_hash == by_id[record_id][0].content_hash
            )
            plans = [
                _plan(record_id, starts[record_id], group_id, PlanKind.WRITE, record, embedded)
                for record_id, (record, embedded) in by_id.items()
                if record_id not in busy and record_id not in unchanged
            ]
            await _journal(connection, plans, run_id)
        return Begun(plans, unchanged, busy)

    async def begin_forget(self, record_ids: Sequence[str], *, run_id: str | None, group_id: str) -> Begun:
        async with self._database.transaction() as connection:
            starts = await _lock(connection, sorted(set(record_ids)))
            busy = frozenset(record_id for record_id, start in starts.items() if start.busy)
            plans = [
                _plan(record_id, start, group_id, PlanKind.FORGET)
                for record_id, start in starts.items()
                if not start.busy and start.superseded is not None
            ]
            await _journal(connection, plans, run_id)
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
                await connection.execute(_ERASE, {"records": forgotten})
            await connection.execute(_DONE, {"ids": _saga_ids(plans)})

    async def open_sagas(self, record_ids: Sequence[str] | None = None) -> Sequence[OpenSaga]:
        rows = await self._database.rows(_OPEN, {"ids": None if record_ids is None else list(record_ids)})
        return [OpenSaga(_plan_of(row, self._database.namespace), SagaState(row["state"])) for row in rows]

    async def claim(self, sagas: Sequence[OpenSaga]) -> Mapping[str, int]:
        parameters = {
            "records": [saga.plan.record_id for saga in sagas],
            "sagas": [saga.plan.saga_id for saga in sagas],
        }
        return {str(row["record_id"]): row["epoch"] for row in await self._database.rows(_CLAIM, parameters)}

    async def resolve(self, sagas: Sequence[OpenSaga], epochs: Mapping[str, int], committed: frozenset[str]) -> None:
        parameters = {
            "sagas": [saga.plan.saga_id for saga in sagas],
            "epochs": [epochs[saga.plan.record_id] for saga in sagas],
            "committed": [saga.plan.saga_id in committed for saga in sagas],
        }
        await self._execute(_RESOLVE, parameters)

    async def _execute(self, query: str, parameters: Mapping[str, Any]) -> None:
        async with self._database.transaction() as connection:
            await connection.execute(query.encode(), parameters)


def _by_record_id(item: tuple[Record, Embedded]) -> str:
    return item[0].record_id


def _saga_ids(plans: Sequence[Plan]) -> list[str]:
    return [plan.saga_id for plan in plans]


async def _lock(connection: Connection, record_ids: list[str]) -> dict[str, _Start]:
    cursor = await connection.execute(_LOCK, {"ids": record_ids})
    return {
        str(row["record_id"]): _Start(
            row["epoch"],
            row["revision"],
            Superseded(str(row["current_saga"]), row["chunks"]) if row["current_saga"] else None,
            row["content_hash"],
            row["busy"],
        )
        for row in await cursor.fetchall()
    }


def _plan(
    record_id: str,
    start: _Start,
    group_id: str,
    kind: PlanKind,
    record: Record | None = None,
    embedded: Embedded | None = None,
) -> Plan:
    return Plan(
        saga_id=str(uuid.uuid4()),
        record_id=record_id,
        epoch=start.epoch + 1,
        revision=start.revision + 1,
        kind=kind,
        group_id=group_id,
        chunks=len(embedded.extraction.chunks) if embedded else 0,
        superseded=start.superseded,
        record=record,
        embedded=embedded,
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
        superseded=Superseded(str(row["superseded"]), row["old_chunks"] or 0) if row["superseded"] else None,
    )


async def _journal(connection: Connection, plans: Sequence[Plan], run_id: str | None) -> None:
    if not plans:
        return
    await connection.execute(_RAISE, {"ids": [plan.record_id for plan in plans]})
    async with connection.cursor() as cursor:
        async with cursor.copy(_COPY_SAGA) as copy:
            for plan in plans:
                state = (plan.kind.value, SagaState.PREPARED.value, plan.epoch, plan.revision)
                superseded = plan.superseded.saga_id if plan.superseded else None
                await copy.write_row((plan.saga_id, plan.record_id, run_id, *state, superseded))
        async with cursor.copy(_COPY_VERSION) as copy:
            for plan in plans:
                if plan.record is not None and plan.embedded is not None:
                    await copy.write_row(_version(plan, plan.record, plan.embedded))


def _version(plan: Plan, record: Record, embedded: Embedded) -> tuple[Any, ...]:
    extraction = embedded.extraction
    return (
        plan.saga_id,
        plan.record_id,
        plan.revision,
        record.content_hash,
        extraction.event_time,
        record.observed_at,
        replace_unencodable(extraction.title),
        replace_unencodable(extraction.text),
        pg_json(record.payload),
        extraction_json(extraction),
        plan.chunks,
    )


def extraction_json(extraction: Extraction) -> str:
    """An extraction without its text and vectors, as JSON text: the part of a plan that the journal keeps."""
    return pg_json(
        {
            "entities": [from_entity(entity) for entity in extraction.entities],
            "claims": [from_claim(claim) for claim in extraction.claims],
            "llm_calls": extraction.llm_calls,
            "tokens": extraction.tokens,
        }
    )
