"""PostgreSQL as a server: migrations, upgrades, rights, limits, and what becomes of a lost connection."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from apex_cli.addresses import Secret
from apex_cli.embedded.postgres import EmbeddedPostgres
from apex_cli.errors import StoreTransient, StoreUnavailable
from apex_cli.stores.postgres.catalog import Catalog
from apex_cli.stores.postgres.connection import Database, refuse_old
from apex_cli.stores.postgres.journal import PostgresJournal
from apex_cli.stores.postgres.migrations import migrations
from tests.plans import NOON, make_embedded, make_record
from tests.servers import server_url

Made = Callable[[float], Database]


@pytest.fixture
def another(database: Database, postgres_url: str) -> Made:
    """Another pool on the same namespace, with a time limit of its own."""
    return lambda timeout: Database(postgres_url, namespace=database.namespace, timeout=timeout)


async def applied(database: Database) -> list[int]:
    return [row["number"] for row in await database.rows("SELECT number FROM schema_migration ORDER BY number")]


async def back_to_the_first_schema(database: Database) -> None:
    """The namespace as the first version of apex made it: its one migration, and nothing else."""
    first = next(migrations())
    assert first.number == 1
    async with database.transaction() as connection:
        await connection.execute(sql.SQL("DROP SCHEMA {0} CASCADE").format(sql.Identifier(database.namespace)))
        await connection.execute(sql.SQL("CREATE SCHEMA {0}").format(sql.Identifier(database.namespace)))
        await connection.execute(
            "CREATE TABLE schema_migration (number integer PRIMARY KEY, name text NOT NULL,"
            " checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        await connection.execute(first.text.encode())
        await connection.execute(
            "INSERT INTO schema_migration (number, name, checksum) VALUES (%s, %s, %s)",
            (first.number, first.name, first.checksum),
        )


async def test_a_database_of_the_first_version_is_upgraded_with_its_data(database: Database, another: Made) -> None:
    await back_to_the_first_schema(database)
    record = make_record("r-1", payload={"id": "r-1", "content": "snow"})
    saga, run = str(uuid.uuid4()), str(uuid.uuid4())
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO run (run_id, verb, host, pid, arguments) VALUES (%s, 'ingest', 'there', 7, '{}')", (run,)
        )
        await connection.execute(
            "INSERT INTO record (record_id, source, data_type, external_id, epoch, revision, current_saga)"
            " VALUES (%s, 'turvo', 'shipment', 'r-1', 4, 1, %s)",
            (record.record_id, saga),
        )
        await connection.execute(
            "INSERT INTO saga (saga_id, record_id, run_id, kind, state, epoch, revision)"
            " VALUES (%s, %s, %s, 'write', 'DONE', 4, 1)",
            (saga, record.record_id, run),
        )
        await connection.execute(
            "INSERT INTO record_version (saga_id, record_id, revision, content_hash, event_time, observed_at, title,"
            " text, payload, extraction, chunks) VALUES (%s, %s, 1, %s, %s, %s, 'a title', 'much snow',"
            """ '{"id": "r-1", "content": "snow"}', '{"entities": [], "claims": []}', 1)""",
            (saga, record.record_id, record.content_hash, NOON, NOON),
        )
    upgraded = another(30)
    await upgraded.open()
    try:
        assert await applied(upgraded) == [migration.number for migration in migrations()]
        catalog, journal = Catalog(upgraded), PostgresJournal(upgraded)
        kept = (await catalog.by_id([record.record_id]))[record.record_id]
        assert (kept.saga_id, kept.epoch, kept.payload) == (saga, 4, record.payload)
        assert [hit.record_id for hit in await catalog.search("snowing", limit=5)] == [record.record_id]
        unchanged = await journal.begin_write([(record, make_embedded())], run_id=None, group_id="test")
        assert unchanged.unchanged == {record.record_id}
        changed = make_record("r-1", payload={"id": "r-1", "content": "sun"})
        (plan,) = (await journal.begin_write([(changed, make_embedded())], run_id=None, group_id="test")).plans
        assert await journal.commit([plan]) == {plan.saga_id}
        await journal.done([plan])
        assert (await catalog.by_id([record.record_id]))[record.record_id].revision == 2
        assert await catalog.broken() == []
    finally:
        await upgraded.close()


async def test_migrations_run_once_with_many_starting_together(database: Database, another: Made) -> None:
    async with database.connection() as connection:
        await connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(database.namespace)))
    others = [another(30) for _ in range(6)]
    await asyncio.gather(*(other.open() for other in others))
    assert await applied(others[0]) == [migration.number for migration in migrations()]
    for other in others:
        await other.close()


async def test_a_schema_from_the_future_is_refused(database: Database, another: Made) -> None:
    async with database.connection() as connection:
        await connection.execute("INSERT INTO schema_migration (number, name, checksum) VALUES (9999, 'x', 'x')")
    again = another(30)
    with pytest.raises(StoreUnavailable, match="version 9999") as caught:
        await again.open()
    assert caught.value.hint
    await again.close()


async def test_a_migration_that_was_changed_afterwards_is_refused(database: Database, another: Made) -> None:
    async with database.connection() as connection:
        await connection.execute("UPDATE schema_migration SET checksum = 'x' WHERE number = 1")
    again = another(30)
    with pytest.raises(StoreUnavailable, match="migration 1 differs"):
        await again.open()
    await again.close()


@pytest.mark.parametrize("number", [90624, 130018])
def test_servers_before_14_are_refused(number: int) -> None:
    with pytest.raises(StoreUnavailable, match="needs 14"):
        refuse_old(number)
    refuse_old(140000)


async def test_more_transactions_than_connections_wait_their_turn(database: Database) -> None:
    async def one(number: int) -> int:
        async with database.transaction() as connection:
            cursor = await connection.execute("SELECT %s::int AS number, pg_sleep(0.01)", (number,))
            (row,) = await cursor.fetchall()
            return int(row["number"])

    assert await asyncio.gather(*(one(number) for number in range(30))) == list(range(30))


async def test_a_statement_that_takes_too_long_is_ended_by_the_server(another: Made) -> None:
    hasty = another(0.2)
    await hasty.open()
    with pytest.raises(StoreTransient, match="statement timeout"):
        await hasty.rows("SELECT pg_sleep(60)")
    assert await hasty.rows("SELECT 1 AS one") == [{"one": 1}]
    await hasty.close()


async def test_a_lock_is_not_waited_for_for_ever(database: Database, another: Made) -> None:
    hasty = another(0.2)
    await hasty.open()
    async with database.transaction() as connection:
        await connection.execute("LOCK TABLE record")
        with pytest.raises(StoreTransient, match="timeout"):
            await hasty.rows("SELECT * FROM record")
    assert await hasty.rows("SELECT * FROM record") == []
    await hasty.close()


async def test_a_transaction_left_idle_lets_go_of_its_locks(database: Database, another: Made) -> None:
    paused = another(0.2)
    await paused.open()

    async def pause_in_the_middle() -> None:
        async with paused.transaction() as connection:
            await connection.execute("LOCK TABLE record")
            async with asyncio.timeout(20), database.transaction() as waiting:
                await waiting.execute("LOCK TABLE record")
            await connection.execute("SELECT 1")

    with pytest.raises(StoreTransient):
        await pause_in_the_middle()
    assert await paused.rows("SELECT 1 AS one") == [{"one": 1}]
    await paused.close()


async def test_a_connection_lost_in_a_transaction_is_a_passing_failure(database: Database) -> None:
    insert = "INSERT INTO run (run_id, verb, host, pid, arguments) VALUES (%s, 'x', 'x', 1, '{}')"

    async def lose_the_connection() -> None:
        async with database.transaction() as connection:
            await connection.execute(insert, (uuid.uuid4(),))
            lost = {"pid": connection.info.backend_pid}
            await database.rows("SELECT pg_terminate_backend(%(pid)s)", lost)
            await connection.execute(insert, (uuid.uuid4(),))

    with pytest.raises(StoreTransient):
        await lose_the_connection()
    assert await database.rows("SELECT * FROM run") == []


async def test_the_server_says_what_it_is(database: Database) -> None:
    facts = await PostgresJournal(database).check()
    assert facts["engine"] == "PostgreSQL"
    assert int(str(facts["version"]).split(".")[0]) >= 14
    assert facts["schema"] == [migration.number for migration in migrations()][-1]
    assert (facts["role"], facts["privileges_missing"], facts["tls"]) == ("apex", [], "off")
    assert abs(facts["clock_skew_seconds"]) < 5


async def test_a_role_that_owns_nothing_but_its_schema_is_enough(postgres_server: EmbeddedPostgres) -> None:
    name = f"r{uuid.uuid4().hex[:20]}"
    as_role = make_conninfo(postgres_server.dsn, user=name)
    async with await psycopg.AsyncConnection.connect(postgres_server.dsn, autocommit=True) as admin:
        await admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
        early = Database(as_role, namespace=name, timeout=30)
        with pytest.raises(StoreUnavailable, match="permission denied") as caught:
            await early.open()
        assert f"CREATE SCHEMA {name} AUTHORIZATION" in str(caught.value.hint)
        await early.close()
        await admin.execute(sql.SQL("CREATE SCHEMA {0} AUTHORIZATION {0}").format(sql.Identifier(name)))
        least = Database(as_role, namespace=name, timeout=30)
        await least.open()
        journal = PostgresJournal(least)
        (plan,) = (await journal.begin_write([(make_record(), make_embedded())], run_id=None, group_id="test")).plans
        assert await journal.commit([plan]) == {plan.saga_id}
        await journal.done([plan])
        assert set(await Catalog(least).by_id([plan.record_id])) == {plan.record_id}
        assert (await journal.check())["privileges_missing"] == []
        await admin.execute(
            sql.SQL("ALTER TABLE {0}.saga OWNER TO CURRENT_USER; GRANT SELECT ON {0}.saga TO {0}").format(
                sql.Identifier(name)
            )
        )
        missing = (await journal.check())["privileges_missing"]
        assert missing == ["INSERT on saga", "UPDATE on saga", "DELETE on saga"]
        await least.close()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://apex:tops3cret@127.0.0.1:1/apex",
        "postgresql://apex:tops3cret@host-that-is-not.invalid/apex",
        "postgresql://apex:tops3cret@127.0.0.1/apex?no_such_option=tops3cret",
        "postgresql://apex:tops3cret%zz@127.0.0.1/apex",
    ],
)
async def test_an_unreachable_server_is_reported_without_the_password(url: str) -> None:
    async def reach() -> None:
        database = Database(url, namespace="test", timeout=5, password=Secret("tops3cret"))
        try:
            await database.open()
        finally:
            await database.close()

    with pytest.raises(StoreUnavailable) as caught:
        await reach()
    assert "APEX_POSTGRES_URL" in f"{caught.value.message} {caught.value.hint}"
    assert "tops3cret" not in f"{caught.value!r} {caught.value.hint}"


async def test_a_wrong_password_is_reported_without_it() -> None:
    wrong = Database(make_conninfo(server_url("POSTGRES"), password="wr0ngpass"), namespace="test", timeout=5)
    with pytest.raises(StoreUnavailable, match="password authentication failed") as caught:
        await wrong.open()
    assert "wr0ngpass" not in repr(caught.value)
    await wrong.close()
