"""Rewrites the files of PostgreSQL so that nothing that was deleted is left in them.

`DELETE` leaves rows in the table's file until they are overwritten, `VACUUM` leaves their bytes, and the statistics of
the planner hold samples of values. `VACUUM FULL` writes each table to a new file. The write-ahead log holds old rows
too: a checkpoint removes the segments before it, where the server does not recycle them (`wal_recycle = off`).
"""

from __future__ import annotations

from pathlib import Path

from psycopg import sql

from apex_cli.stores.postgres.connection import Database

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
# A record that was forgotten keeps its row for its epoch. Its name goes; the next version brings it back.
_FORGET_NAMES = "UPDATE record SET external_id = '' WHERE current_saga IS NULL AND external_id <> ''"
_FORGET_ERRORS = """
UPDATE saga s SET error = NULL FROM record r
WHERE r.record_id = s.record_id AND r.current_saga IS NULL AND s.error IS NOT NULL
"""
_MOST_SEGMENTS = 64


async def purge(database: Database) -> None:
    """Rewrite all tables of the namespace, and go on in a new log where the server is our own.

    Raises `StoreTerminal` where the role may not do this.
    """
    async with database.transaction() as connection:
        await connection.execute(_FORGET_NAMES)
        await connection.execute(_FORGET_ERRORS)
    async with database.connection() as connection:
        await connection.execute("SET statement_timeout = 0")
        try:
            cursor = await connection.execute(_TABLES)
            for row in await cursor.fetchall():
                table = sql.Identifier(row["tablename"])
                await connection.execute(sql.SQL("VACUUM (FULL, ANALYZE) {}").format(table))
            if database.files is not None:
                await connection.execute("VACUUM FULL pg_catalog.pg_statistic")
                await connection.execute("CHECKPOINT")
                await _cut_log(database, database.files)
        finally:
            await connection.execute("RESET statement_timeout")


async def _cut_log(database: Database, data: Path) -> None:
    """Go on in new segments of the log until none is left that was written, or recycled, before."""
    before = {path.name for path in (data / "pg_wal").iterdir() if path.is_file()}
    for _ in range(_MOST_SEGMENTS):
        async with database.connection() as connection:
            await connection.execute("SELECT pg_logical_emit_message(true, 'apex', '')")
            await connection.execute("SELECT pg_switch_wal()")
            await connection.execute("CHECKPOINT")
        if not before & {path.name for path in (data / "pg_wal").iterdir()}:
            return
