"""The history of runs, the totals of what they measured, and the figures of both, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from apex_cli.stores.postgres.connection import Database
from apex_cli.stores.postgres.journal import PostgresJournal
from apex_cli.stores.postgres.migrations import migrations
from apex_cli.stores.postgres.runs import Runs
from tests.plans import make_embedded, make_record

SUMMARY: Mapping[str, Any] = {
    "inputs": 2,
    "records": 9,
    "rollbacks": 1,
    "tokens": 0,
    "cost_usd": 0.5,
    "by_source": {"turvo": {"committed": 3, "failed": 1}, "samsara": {"committed": 5}},
    "stage_seconds": {"read": 0.25, "commit": 1.5},
    "store_seconds": {"graph": {"commit": 1.0, "settle": 0.5}},
    "store_retries": {"graph": 2},
    "breaker_trips": {"graph": 1},
    "reason": None,
}


@pytest.fixture
def runs(database: Database) -> Runs:
    return Runs(database)


async def ended(runs: Runs, summary: Mapping[str, Any] = SUMMARY, *, code: int = 0, verb: str = "ingest") -> str:
    run_id = str(uuid.uuid4())
    await runs.start(run_id, verb, {})
    await runs.finish(run_id, summary, code)
    return run_id


async def totals(runs: Runs) -> dict[tuple[str, str, str], float]:
    return {(one.measure, one.label, one.sublabel): one.value for one in (await runs.statistics()).totals}


async def test_an_empty_history(runs: Runs) -> None:
    statistics = await runs.statistics()
    assert (statistics.groups, statistics.last, statistics.totals, statistics.open_sagas) == ([], [], [], [])


async def test_every_measure_is_added_up(runs: Runs) -> None:
    await ended(runs)
    await ended(runs, {**SUMMARY, "by_source": {"turvo": {"committed": 4}}, "breaker_trips": {}})
    found = await totals(runs)
    assert found["by_source", "turvo", "committed"] == 7
    assert found["by_source", "turvo", "failed"] == 1
    assert found["by_source", "samsara", "committed"] == 5
    assert found["store_seconds", "graph", "settle"] == 1.0
    assert found["stage_seconds", "read", ""] == 0.5
    assert found["store_retries", "graph", ""] == 4
    assert found["breaker_trips", "graph", ""] == 1
    assert (found["inputs", "", ""], found["rollbacks", "", ""], found["cost_usd", "", ""]) == (4, 2, 1.0)
    assert "records" not in {measure for measure, _, _ in found}


async def test_a_run_ends_once(runs: Runs) -> None:
    run_id = await ended(runs)
    before = await totals(runs)
    await runs.finish(run_id, {"inputs": 100}, 3)
    assert await totals(runs) == before
    (run,) = await runs.list()
    assert (run.exit_code, run.summary) == (0, SUMMARY)


async def test_a_run_without_measures_ends_too(runs: Runs) -> None:
    await ended(runs, {}, code=10)
    assert await totals(runs) == {}
    assert [(one.exit_code, one.runs) for one in (await runs.statistics()).groups] == [(10, 1)]


async def test_runs_that_end_together_lose_nothing(runs: Runs) -> None:
    backwards = dict(reversed(list(SUMMARY.items())))
    await asyncio.gather(*(ended(runs, backwards if number % 2 else SUMMARY) for number in range(24)))
    found = await totals(runs)
    assert found["by_source", "samsara", "committed"] == 24 * 5
    assert found["stage_seconds", "commit", ""] == 24 * 1.5


async def test_runs_by_their_end_and_the_last_of_each_verb(runs: Runs) -> None:
    await ended(runs)
    await ended(runs, code=3)
    await ended(runs, {}, verb="forget")
    await runs.start(str(uuid.uuid4()), "ingest", {})
    statistics = await runs.statistics()
    assert [(one.verb, one.exit_code, one.runs) for one in statistics.groups] == [
        ("forget", 0, 1),
        ("ingest", 0, 1),
        ("ingest", 3, 1),
        ("ingest", None, 1),
    ]
    forget, ingest = statistics.last
    assert (forget.verb, forget.exit_code, forget.breaker_trips) == ("forget", 0, {})
    assert (ingest.verb, ingest.exit_code, ingest.breaker_trips) == ("ingest", 3, {"graph": 1})
    assert ingest.started_at <= ingest.finished_at <= datetime.now(UTC) + timedelta(minutes=1)


async def test_open_sagas_are_counted_by_state(database: Database, runs: Runs) -> None:
    journal = PostgresJournal(database)
    items = [(make_record(name, payload={"id": name}), make_embedded()) for name in ("r-1", "r-2", "r-3")]
    first, second, third = (await journal.begin_write(items, run_id=None, group_id="test")).plans
    await journal.commit([first])
    await journal.commit([second])
    await journal.done([second])
    assert third.saga_id
    open_sagas = (await runs.statistics()).open_sagas
    assert [(one.state, one.sagas) for one in open_sagas] == [("COMMITTED", 1), ("PREPARED", 1)]
    assert all(datetime.now(UTC) - one.oldest < timedelta(minutes=5) for one in open_sagas)


async def test_runs_of_the_first_schema_are_counted(database: Database, postgres_url: str) -> None:
    namespace = database.namespace + "old"
    first, *_ = migrations()
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True, row_factory=dict_row) as connection:
        await connection.execute(f"CREATE SCHEMA {namespace}".encode())
        await connection.execute(f"SET search_path TO {namespace}".encode())
        await connection.execute(first.text.encode())
        await connection.execute(
            "CREATE TABLE schema_migration (number integer PRIMARY KEY, name text NOT NULL,"
            " checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        await connection.execute(
            "INSERT INTO schema_migration (number, name, checksum) VALUES (%s, %s, %s)",
            (first.number, first.name, first.checksum),
        )
        for verb, summary, code in (
            ("ingest", '{"inputs": 2, "committed": 5, "failed": 1, "tokens": 7, "stuck": 2}', 7),
            ("ingest", '{"inputs": 1, "committed": 2, "failed": 0, "tokens": 0}', 0),
            ("forget", '{"forgotten": 1, "failed": 0}', 0),
        ):
            await connection.execute(
                "INSERT INTO run (run_id, verb, host, pid, arguments, finished_at, summary, exit_code)"
                " VALUES (gen_random_uuid(), %s, 'h', 1, '{}', now(), %s, %s)",
                (verb, summary, code),
            )
        await connection.execute(
            "INSERT INTO run (run_id, verb, host, pid, arguments) VALUES (gen_random_uuid(), 'ingest', 'h', 1, '{}')"
        )
    upgraded = Database(postgres_url, namespace=namespace, timeout=30)
    await upgraded.open()
    try:
        runs = Runs(upgraded)
        found = await totals(runs)
        assert found["by_source", "unknown", "committed"] == 7
        assert found["by_source", "unknown", "failed"] == 1
        assert found["by_source", "unknown", "forgotten"] == 1
        assert (found["inputs", "", ""], found["tokens", "", ""]) == (3, 7)
        assert len(await runs.list()) == 4
        (old,) = [run.summary for run in await runs.list() if run.exit_code == 7]
        assert old is not None
        assert old["needs_manual_recovery"] == 2
        assert "stuck" not in old
        await ended(runs)
        assert (await totals(runs))["inputs", "", ""] == 5
    finally:
        async with upgraded.connection() as admin:
            await admin.execute(f"DROP SCHEMA {namespace} CASCADE".encode())
        await upgraded.close()
