"""The connection pool of a namespace, its connection string, its facts, and the translation of psycopg's errors.

libpq itself also reads the service file, `.pgpass` and its `PG…` variables, as for any of its clients.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from apex_cli.addresses import Secret
from apex_cli.errors import StoreError, StoreTerminal, StoreTransient, StoreUnavailable
from apex_cli.stores.postgres.migrations import migrate, migrations, pending
from apex_cli.stores.servers import NO_TLS_FILES, Tls, clock_skew
from apex_cli.text_cleaning import is_encodable, replace_unencodable

STORE = "postgres"
Row = dict[str, Any]
Connection = psycopg.AsyncConnection[Row]

OLDEST = 140000
"""`server_version_num` of PostgreSQL 14."""

CONNECT_SECONDS = 10
_DEAD_SECONDS = 30
"""How long a connection lasts to a server that stops answering on the network (keepalives, unacknowledged data)."""
_CHECKOUT_SECONDS = 30.0
"""How long a call waits for a connection: long enough for a restart of the server."""

_TRANSIENT = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.IdleInTransactionSessionTimeout,
    # The error of a server that has become a standby. The next connection finds the new primary.
    psycopg.errors.ReadOnlySqlTransaction,
    PoolTimeout,
)

# The server enforces these limits, so the locks of a process that is paused or cut off are released there too.
_CONFIGURE = """
SELECT set_config('search_path', quote_ident(%(namespace)s), false),
       set_config('statement_timeout', %(milliseconds)s, false),
       set_config('lock_timeout', %(milliseconds)s, false),
       set_config('idle_in_transaction_session_timeout', %(milliseconds)s, false)
"""

# The privileges that the role lacks. The owner of the schema lacks none.
_FACTS = """
SELECT current_setting('server_version') AS version, current_user AS role,
       ARRAY(
           SELECT 'CREATE on database ' || current_database()
           WHERE NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = %(namespace)s)
             AND NOT has_database_privilege(current_database(), 'CREATE')
           UNION ALL
           SELECT privilege || ' on schema ' || nspname FROM pg_namespace, unnest(ARRAY['USAGE', 'CREATE']) AS privilege
           WHERE nspname = %(namespace)s AND NOT has_schema_privilege(pg_namespace.oid, privilege)
           UNION ALL
           SELECT privilege || ' on ' || c.relname
           FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege
           WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %(namespace)s)
             AND c.relkind = 'r' AND NOT has_table_privilege(c.oid, privilege)
       ) AS privileges_missing
"""

# Without a handler the pool's warnings would go to the terminal. What matters of them is raised as an error.
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
        files: Path | None = None,
    ) -> None:
        self.namespace = namespace
        self.files = files
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
        """Migrate the namespace's schema (without `create` only check its version), then open the pool.

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

    async def facts(self) -> Mapping[str, Any]:
        """`engine`, `version`, `role`, `privileges_missing`, `schema` (the newest migration that ran, 0 before the
        first), `schema_pending` (those that have not run), `tls` (of this connection) and `clock_skew_seconds` (how far
        the server's clock is ahead). Raises `StoreError`.
        """
        async with self.connection() as connection:
            cursor = await connection.execute(_FACTS, {"namespace": self.namespace})
            (row,) = await cursor.fetchall()
            waiting = {migration.number for migration in await pending(connection)}
            tls = "on" if connection.pgconn.ssl_in_use else "off"
        ran = [migration.number for migration in migrations() if migration.number not in waiting]

        async def now() -> float:
            (answer,) = await self.rows("SELECT extract(epoch FROM clock_timestamp())::float8 AS now")
            return float(answer["now"])

        return {
            "engine": "PostgreSQL",
            **row,
            "schema": max(ran, default=0),
            "schema_pending": sorted(waiting),
            "tls": tls,
            "clock_skew_seconds": await clock_skew(now),
        }


def refuse_old(number: int) -> None:
    """Raise `StoreUnavailable` for a server older than 14; `number` is its `server_version_num`."""
    if number < OLDEST:
        raise StoreUnavailable(
            f"postgres: the server is version {number // 10_000}, and apex needs 14 or newer",
            hint="upgrade the server, or name another one in APEX_POSTGRES_URL",
        )


def translate(error: Exception) -> StoreError:
    """Our error for psycopg's. Connection loss, deadlock and time-out are transient, everything else is terminal."""
    kind = StoreTransient if isinstance(error, _TRANSIENT) else StoreTerminal
    return kind(STORE, _first_line(error))


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def conninfo(url: str, *, password: Secret | None, tls: Tls) -> str:
    """The connection string; what the URL sets is kept. Raises `StoreUnavailable`, whose text repeats no part of it.

    A certificate authority in `tls` means `sslmode=verify-full`, unless the URL sets `sslmode`.
    """
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise StoreUnavailable(
            "postgres: APEX_POSTGRES_URL is not what libpq takes as a connection URL",
            hint="for example postgresql://apex@localhost:5432/apex; write special characters as %XX",
        ) from None
    ours: dict[str, Any] = {
        "fallback_application_name": "apex",
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": _DEAD_SECONDS // 3,
        "keepalives_interval": _DEAD_SECONDS // 3,
        "keepalives_count": 2,
        "tcp_user_timeout": _DEAD_SECONDS * 1000,
    }
    if tls.ca_file is not None:
        ours |= {"sslrootcert": str(tls.ca_file), "sslmode": "verify-full"}
    if tls.cert_file is not None:
        ours |= {"sslcert": str(tls.cert_file), "sslkey": str(tls.key_file or tls.cert_file)}
    if password is not None:
        ours["password"] = password.reveal()
    return make_conninfo(**{**ours, **given})


def uuid_array(ids: Iterable[str]) -> str:
    """Ids as the text of a `uuid[]`. The driver would look at each one of a list, to quote it."""
    return "{" + ",".join(ids) + "}"


def pg_json(value: Any) -> str:
    """`value` as JSON text for a `jsonb` column.

    `jsonb` and `text` have no NUL character and no lone surrogates, both legal in JSON (RFC 8259): they become U+FFFD.
    The content hash is computed before this, so two payloads that differ only there still have different hashes.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if "\\u0000" not in text and is_encodable(text):
        return text
    return json.dumps(_clean(value), ensure_ascii=False, separators=(",", ":"))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return replace_unencodable(value)
    if isinstance(value, Mapping):
        return {replace_unencodable(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value
