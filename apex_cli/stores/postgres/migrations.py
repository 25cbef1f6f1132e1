"""Numbered, forward-only migrations: `apex_cli/sql/NNNN_name.sql`, each in its own transaction.

An advisory lock lets any number of processes start at once; a checksum refuses a file that changed after it ran.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

import psycopg
from psycopg import sql

from apex_cli.errors import StoreUnavailable

_LOCK = "SELECT pg_advisory_lock(hashtext('apex.migrations'), hashtext(%(namespace)s))"
_UNLOCK = "SELECT pg_advisory_unlock(hashtext('apex.migrations'), hashtext(%(namespace)s))"

_SCHEMA = "SELECT FROM pg_namespace WHERE nspname = %(namespace)s"


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, its name and its text."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        return hashlib.blake2b(self.text.encode(), digest_size=16).hexdigest()


def migrations() -> Iterator[Migration]:
    """The shipped migrations in order."""
    folder = resources.files("apex_cli").joinpath("sql")
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".sql"):
            number, _, name = entry.name.removesuffix(".sql").partition("_")
            yield Migration(int(number), name, entry.read_text(encoding="utf-8"))


async def migrate(connection: psycopg.AsyncConnection[dict[str, Any]], namespace: str) -> int:
    """Bring the namespace's schema up to date; returns how many migrations ran. Safe with several processes at once.

    Raises `StoreUnavailable`, see `pending`.
    """
    await connection.execute(_LOCK, {"namespace": namespace})
    try:
        schema = sql.Identifier(namespace)
        # Asked first: IF NOT EXISTS wants the right to create schemas even where there is nothing to create.
        cursor = await connection.execute(_SCHEMA, {"namespace": namespace})
        if await cursor.fetchone() is None:
            await connection.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
        await connection.execute(sql.SQL("SET search_path TO {}").format(schema))
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migration (number integer PRIMARY KEY, name text NOT NULL,"
            " checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        wanted = await pending(connection)
        for migration in wanted:
            async with connection.transaction():
                await connection.execute(migration.text.encode())
                await connection.execute(
                    "INSERT INTO schema_migration (number, name, checksum) VALUES (%s, %s, %s)",
                    (migration.number, migration.name, migration.checksum),
                )
        return len(wanted)
    finally:
        await connection.execute(_UNLOCK, {"namespace": namespace})


async def pending(connection: psycopg.AsyncConnection[dict[str, Any]]) -> list[Migration]:
    """The shipped migrations that the schema of the connection's search_path lacks; all, where there is no schema yet.

    Raises `StoreUnavailable` when the database was made by a newer version or a migration's text has changed.
    """
    cursor = await connection.execute("SELECT to_regclass('schema_migration') IS NOT NULL AS there")
    row = await cursor.fetchone()
    applied: dict[int, str] = {}
    if row is not None and row["there"]:
        cursor = await connection.execute("SELECT number, checksum FROM schema_migration")
        applied = {row["number"]: row["checksum"] for row in await cursor.fetchall()}
    shipped = list(migrations())
    newest = shipped[-1].number
    if applied and max(applied) > newest:
        raise StoreUnavailable(
            f"postgres: the schema is at version {max(applied)}, this program knows versions up to {newest}",
            hint="install the newer apex that made it, or restore the backup taken before that upgrade",
        )
    for migration in shipped:
        if applied.get(migration.number, migration.checksum) != migration.checksum:
            raise StoreUnavailable(f"postgres: migration {migration.number} differs from the one that ran")
    return [migration for migration in shipped if migration.number not in applied]
