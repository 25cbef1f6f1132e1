"""The connection pool, the schema of a namespace, and the edge where psycopg's errors become ours."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from apex_cli.errors import StoreError, StoreTerminal, StoreTransient, StoreUnavailable
from apex_cli.stores.postgres.migrations import migrate

STORE = "postgres"
Row = dict[str, Any]
Connection = psycopg.AsyncConnection[Row]

_TRANSIENT = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.LockNotAvailable,
    PoolTimeout,
)


class Database:
    """A pool of connections whose search_path is the namespace's schema."""

    def __init__(self, conninfo: str, *, namespace: str, timeout: float, size: int = 4) -> None:
        self.namespace = namespace
        self.conninfo = conninfo
        self._timeout = timeout
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            conninfo,
            min_size=1,
            max_size=size,
            open=False,
            timeout=timeout,
            kwargs={"row_factory": dict_row, "autocommit": True, "prepare_threshold": 3},
            configure=self._configure,
        )

    async def open(self) -> None:
        """Migrate the namespace's schema, then open the pool. Raises `StoreUnavailable`."""
        try:
            async with await psycopg.AsyncConnection.connect(
                self.conninfo, row_factory=dict_row, autocommit=True, connect_timeout=int(self._timeout)
            ) as connection:
                await migrate(connection, self.namespace)
            await self._pool.open(wait=True, timeout=self._timeout)
        except (psycopg.Error, PoolTimeout) as error:
            raise StoreUnavailable(
                f"postgres: {_first_line(error)}", hint="`apex doctor` checks every store on its own"
            ) from error

    async def close(self) -> None:
        await self._pool.close(timeout=5)

    async def _configure(self, connection: Connection) -> None:
        await connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(self.namespace)))

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection in autocommit mode; psycopg's errors leave as `StoreTransient` or `StoreTerminal`."""
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (psycopg.Error, PoolTimeout) as error:
            raise translate(error) from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection inside one transaction: committed at the end, rolled back by any exception."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def rows(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """All rows of one constant query."""
        async with self.connection() as connection:
            cursor = await connection.execute(query.encode(), parameters)
            return await cursor.fetchall()


def translate(error: Exception) -> StoreError:
    """Ours for psycopg's: connection loss, deadlock and time-out may pass; everything else is the data's fault."""
    kind = StoreTransient if isinstance(error, _TRANSIENT) else StoreTerminal
    return kind(STORE, _first_line(error))


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
