"""The connection pool, the schema of a namespace, and the edge where psycopg's errors become ours."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from apex_cli.addresses import Secret
from apex_cli.errors import StoreError, StoreTerminal, StoreTransient, StoreUnavailable
from apex_cli.stores.postgres.conninfo import conninfo
from apex_cli.stores.postgres.migrations import migrate, pending
from apex_cli.stores.tls import NO_TLS_FILES, Tls

STORE = "postgres"
Row = dict[str, Any]
Connection = psycopg.AsyncConnection[Row]

OLDEST = 140000
"""`server_version_num` of PostgreSQL 14."""

_CHECKOUT_SECONDS = 30.0
"""How long a call waits for a connection: enough for a restart of the server, too short for a run without one."""

_TRANSIENT = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.IdleInTransactionSessionTimeout,
    # What a server says that has become a standby: the next connection finds the new primary.
    psycopg.errors.ReadOnlySqlTransaction,
    PoolTimeout,
)

# The limits are the server's own, so that a process that is paused or cut off lets go of its locks there, too.
_CONFIGURE = """
SELECT set_config('search_path', quote_ident(%(namespace)s), false),
       set_config('statement_timeout', %(milliseconds)s, false),
       set_config('lock_timeout', %(milliseconds)s, false),
       set_config('idle_in_transaction_session_timeout', %(milliseconds)s, false)
"""

# The pool's warnings would reach the terminal by Python's last resort; what matters of them is raised as errors.
logging.getLogger("psycopg").addHandler(logging.NullHandler())


class Database:
    """A bounded pool of checked connections whose search_path is the namespace's schema.

    `url` is a URL or any other connection string of libpq; `timeout` is how many seconds a statement, a lock or an
    idle transaction may take; without `create` no schema is created or migrated. A server that is
    reached by way of a pooler must keep sessions together (PgBouncer: `pool_mode = session`).
    """

    def __init__(
        self,
        url: str,
        *,
        namespace: str,
        timeout: float,
        size: int = 4,
        password: Secret | None = None,
        tls: Tls = NO_TLS_FILES,
        create: bool = True,
    ) -> None:
        self.namespace = namespace
        self._create = create
        self._milliseconds = str(max(1, int(timeout * 1000)))
        self._conninfo = conninfo(url, password=password, tls=tls)
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            self._conninfo,
            min_size=1,
            max_size=size,
            open=False,
            timeout=min(timeout, _CHECKOUT_SECONDS),
            kwargs={"row_factory": dict_row, "autocommit": True, "prepare_threshold": 3},
            configure=self._configure,
            check=AsyncConnectionPool.check_connection,
        )

    async def open(self) -> None:
        """Migrate the namespace's schema (or see that it is none of a newer version), then open the pool.

        Raises `StoreUnavailable`.
        """
        try:
            async with await psycopg.AsyncConnection.connect(
                self._conninfo, row_factory=dict_row, autocommit=True
            ) as connection:
                refuse_old(connection.info.server_version)
                await self._configure(connection)
                if self._create:
                    await migrate(connection, self.namespace)
                else:
                    await pending(connection)
            await self._pool.open(wait=True, timeout=_CHECKOUT_SECONDS)
        except (psycopg.Error, PoolTimeout) as error:
            raise StoreUnavailable(f"postgres: {_first_line(error)}", hint=self._hint(error)) from error

    async def close(self) -> None:
        await self._pool.close(timeout=5)

    async def _configure(self, connection: Connection) -> None:
        await connection.execute(_CONFIGURE, {"namespace": self.namespace, "milliseconds": self._milliseconds})

    def _hint(self, error: Exception) -> str:
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            return f"let the role own its schema: CREATE SCHEMA {self.namespace} AUTHORIZATION <role>"
        return "check APEX_POSTGRES_URL and its password, and that the server runs; `apex doctor` checks every store"

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


def refuse_old(number: int) -> None:
    """Raise `StoreUnavailable` for a server older than 14; `number` is its `server_version_num`."""
    if number < OLDEST:
        raise StoreUnavailable(
            f"postgres: the server is version {number // 10_000}, and apex needs 14 or newer",
            hint="upgrade the server, or name another one in APEX_POSTGRES_URL",
        )


def translate(error: Exception) -> StoreError:
    """Ours for psycopg's: connection loss, deadlock and time-out may pass; everything else is the data's fault."""
    kind = StoreTransient if isinstance(error, _TRANSIENT) else StoreTerminal
    return kind(STORE, _first_line(error))


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
