"""The pool of connections, transactions, and the lock that lets one job at a time on a graph.

Neo4j reads what is committed at the moment of each read, so a job that reads and then writes needs a lock on what it
read. `ApexGroup` is one node for each group (namespace): every transaction that writes, or whose reads must fit
together, locks it first, and then is alone on its group until it ends. No other lock is needed, no two such
transactions of a group can deadlock or make a thing twice, and groups share nothing.

A job is the body of a managed transaction: the driver runs it again, from scratch, after an error that it holds to be
passing. An unknown outcome of a commit is not one of these; it is raised, and the saga asks for the marker.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from apex_cli.errors import StoreTransient, StoreUnavailable
from apex_cli.stores.graph.model.transaction import STORE, Access, Job, Row
from apex_cli.stores.graph.neo4j.address import check_url, trusting, where

if TYPE_CHECKING:
    from neo4j import AsyncDriver, AsyncManagedTransaction

_CONNECTIONS = 16
_CONNECT_SECONDS = 10.0
_IDLE_SECONDS = 30.0
"""A connection that was idle for longer is tried before it is used."""
_RETRY_SECONDS = 3.0
"""How long the driver tries again by itself; beyond that the saga's own guard waits and counts."""
_LOCK = "MERGE (g:ApexGroup {group_id: $group}) SET g.locked = true REMOVE g.locked"

T = TypeVar("T")


class Neo4jEngine:
    """The graph of one group on a server.

    `timeout` (seconds) bounds transactions that change things or that others wait for, by the server's own clock: what
    a stopped process holds comes free.
    """

    def __init__(
        self,
        url: str,
        *,
        user: str,
        password: str,
        group: str,
        timeout: float,
        database: str,
        trusted_ca: Path | None,
        create: bool,
    ) -> None:
        self.group = group
        self._create = create
        self.database = database
        self._url = url
        self._auth = (user, password)
        self._timeout = timeout
        self._trusted_ca = trusted_ca
        self._driver: AsyncDriver | None = None
        self._threads = ThreadPoolExecutor(_CONNECTIONS, "apex-graph")

    @property
    def driver(self) -> AsyncDriver:
        if self._driver is None:
            raise StoreTransient(STORE, "the graph is not open")
        return self._driver

    async def open(self) -> None:
        """Connect, check the version, and with `create` make the constraints and indexes that are missing.

        Raises `StoreUnavailable`.
        """
        from apex_cli.stores.graph.neo4j import schema
        from apex_cli.stores.graph.neo4j.errors import DRIVER_ERRORS, unavailable
        from apex_cli.stores.graph.neo4j.facts import kernel, too_old

        check_url(self._url)
        try:
            self._driver = self._connect()
            await self._driver.verify_connectivity()
            version = (await kernel(self._ask))["version"]
            if too_old(version):
                raise StoreUnavailable(
                    f"graph: {where(self._url)} runs Neo4j {version}", hint="Neo4j 5.26 or newer is needed"
                )
            if self._create:
                await schema.build(self._ask)
        except (*DRIVER_ERRORS, OSError) as error:
            await self.close()
            raise unavailable(error, where(self._url)) from error
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """End the pool; any number of times."""
        driver, self._driver = self._driver, None
        if driver is not None:
            await driver.close()
        self._threads.shutdown(wait=False)

    async def facts(self) -> dict[str, Any]:
        """What `facts.facts` tells, `database`, and `tls` (on or off). Raises `StoreError`s only."""
        from apex_cli.stores.graph.neo4j.errors import DRIVER_ERRORS, translate
        from apex_cli.stores.graph.neo4j.facts import facts

        try:
            told = await facts(self._ask)
        except (*DRIVER_ERRORS, OSError) as error:
            raise translate(error) from error
        return {**told, "database": self.database, "tls": "on" if "+" in self._url.partition("://")[0] else "off"}

    async def run(self, job: Job[T], access: Access) -> T:
        """Run a job in a thread, in one transaction. Cancelled, it rolls back. Raises `StoreError`s only."""
        from neo4j import READ_ACCESS, WRITE_ACCESS, unit_of_work

        from apex_cli.stores.graph.neo4j.bridge import LoopBridge
        from apex_cli.stores.graph.neo4j.errors import DRIVER_ERRORS, PACKING_ERRORS, translate
        from apex_cli.stores.graph.neo4j.transaction import Neo4jTransaction

        driver = self.driver
        timeout = self._timeout if access in (Access.WRITE, Access.EXACT) else None

        @unit_of_work(timeout=timeout)
        async def attempt(transaction: AsyncManagedTransaction) -> T:
            if access is not Access.PLAIN:
                await (await transaction.run(_LOCK, {"group": self.group})).consume()
            line = LoopBridge()
            graph = Neo4jTransaction(line, transaction, self.group)
            return await line.serve(self._threads, lambda: job(graph))

        plain = access is Access.PLAIN
        try:
            async with driver.session(
                database=self.database,
                default_access_mode=READ_ACCESS if plain else WRITE_ACCESS,
                bookmark_manager=driver.execute_query_bookmark_manager,
            ) as session:
                execute = session.execute_read if plain else session.execute_write
                return await execute(attempt)
        except (*DRIVER_ERRORS, *PACKING_ERRORS, OSError) as error:
            raise translate(error) from error

    async def _ask(self, statement: str) -> Sequence[Row]:
        """The rows of one constant statement in a transaction of its own. The driver's errors leave as they are."""
        result = await self.driver.execute_query(statement, database_=self.database)
        return [dict(zip(result.keys, record.values(), strict=True)) for record in result.records]

    def _connect(self) -> AsyncDriver:
        import neo4j

        # The library reports retries by itself; whoever wants them adds a handler. Only `cli` prints.
        logging.getLogger("neo4j").addHandler(logging.NullHandler())
        url, trust = trusting(self._url, self._trusted_ca)
        settings: dict[str, Any] = {
            "connection_timeout": min(_CONNECT_SECONDS, self._timeout),
            "connection_acquisition_timeout": self._timeout,
            "liveness_check_timeout": _IDLE_SECONDS,
            "max_connection_pool_size": _CONNECTIONS,
            "max_transaction_retry_time": _RETRY_SECONDS,
            "notifications_min_severity": "OFF",
            "telemetry_disabled": True,
            "user_agent": "apex",
        }
        return neo4j.AsyncGraphDatabase.driver(url, auth=self._auth, **settings, **trust)
