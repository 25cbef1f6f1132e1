"""`PivotStore` on a Neo4j server: connections, transactions, and the lock that admits one writer to a namespace.

Neo4j reads what is committed at the moment of each read. So a job that reads and then writes needs a lock on what it
read. `ApexGroup` is one node for each group (namespace). Every transaction that writes, or whose reads must fit
together, locks it first, and is then alone in its group until it ends. So two such transactions of a group can neither
deadlock nor create an entity twice, and groups do not wait for each other.

A job is the body of a managed transaction: the driver runs it again from the start after an error that may pass. After
a commit with an unknown outcome the driver raises, and the saga reads the marker.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from apex_cli.errors import StoreTerminal, StoreTransient, StoreUnavailable
from apex_cli.model import Plan
from apex_cli.stores.graph.model import commit, reads, vectors
from apex_cli.stores.graph.model.observations import entity_ids, renamed_ids
from apex_cli.stores.graph.model.operations import STORE, Access, GraphTransaction, Job, Row
from apex_cli.stores.graph.neo4j import schema
from apex_cli.stores.graph.neo4j.connection import (
    DRIVER_ERRORS,
    PACKING_ERRORS,
    check_url,
    host_and_port,
    tls_settings,
    too_old,
    translate,
    unavailable,
)
from apex_cli.stores.graph.neo4j.transaction import FormerAliases, Neo4jTransaction, run_in_thread
from apex_cli.stores.graph.store import GraphStore
from apex_cli.stores.protocol import RecordSearch
from apex_cli.stores.servers import clock_skew
from apex_cli.stores.views import TextWithoutVector

if TYPE_CHECKING:
    from neo4j import AsyncDriver, AsyncManagedTransaction, AsyncSession

    from apex_cli.stores.graph.driver import ReadOnlyDriver

_CONNECTIONS = 16
_CONNECT_SECONDS = 10.0
_IDLE_SECONDS = 30.0
"""A connection that was idle for longer is tested before it is used."""
_RETRY_SECONDS = 3.0
"""How long the driver retries by itself. After that the saga's guard waits and counts."""
_LOCK = """MERGE (g:ApexGroup {group_id: $group}) ON CREATE SET g.schema_version = $newest
    SET g.locked = true REMOVE g.locked
    RETURN coalesce(g.schema_version, 0) AS version, coalesce(g.refill, '') AS refill"""
_KERNEL = """CALL dbms.components() YIELD name, versions, edition WHERE name = 'Neo4j Kernel'
    RETURN versions[0] AS version, edition"""
_NOW = "RETURN datetime().epochMillis AS now"

T = TypeVar("T")


class Neo4jEngine:
    """The graph of one group on a server.

    `url` has one of Neo4j's schemes and no credentials. `timeout` (seconds) bounds transactions that write or that
    others wait for, by the server's clock, so the lock of a stopped process is released. `trusted_ca` is a PEM file of
    the authority that signed the server's certificate, for `+s` schemes. Without `create`, `open` writes nothing.
    `holds_vectors` says whether vectors of names and facts are written.
    """

    def __init__(
        self,
        url: str,
        *,
        user: str,
        password: str,
        group: str,
        timeout: float,
        database: str = "neo4j",
        trusted_ca: Path | None = None,
        create: bool = True,
        holds_vectors: bool = True,
    ) -> None:
        self.group = group
        self.holds_vectors = holds_vectors
        self._create = create
        self.database = database
        self._url = url
        self._auth = (user, password)
        self._timeout = timeout
        self._trusted_ca = trusted_ca
        self._driver: AsyncDriver | None = None
        self.needs_refill = False
        """See `Refillable`."""
        self._threads = anyio.CapacityLimiter(_CONNECTIONS)

    @property
    def driver(self) -> AsyncDriver:
        if self._driver is None:
            raise StoreTransient(STORE, "the graph is not open")
        return self._driver

    async def open(self) -> None:
        """Connect and check the version. With `create`, create missing constraints and indexes, and empty a namespace
        with an older schema (see `schema`).

        Raises `StoreUnavailable`.
        """
        check_url(self._url)
        address = host_and_port(self._url)
        try:
            self._driver = self._connect()
            await self._driver.verify_connectivity()
            ((version, _),) = [row.values() for row in await self._ask(_KERNEL)]
            if too_old(version):
                raise StoreUnavailable(f"graph: {address} runs Neo4j {version}", hint="Neo4j 5.26 or newer is needed")
            if self._create:
                await schema.build(self._ask)
                self.needs_refill = await schema.empty_older(self._ask, self._ask_locked)
        except (*DRIVER_ERRORS, OSError) as error:
            await self.close()
            raise unavailable(error, address) from error
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """End the pool; any number of times."""
        driver, self._driver = self._driver, None
        if driver is not None:
            await driver.close()

    async def facts(self) -> dict[str, Any]:
        """For `apex doctor`: `version`, `edition`, `schema_missing` (names of constraints and indexes, normally none),
        `clock_skew_seconds` (server ahead of us), `database`, and `tls` (on or off). Raises `StoreError`s only.
        """

        async def now() -> float:
            (row,) = await self._ask(_NOW)
            return float(row["now"]) / 1000

        try:
            (kernel,) = await self._ask(_KERNEL)
            missing, skew = await schema.missing(self._ask), await clock_skew(now)
        except (*DRIVER_ERRORS, OSError) as error:
            raise translate(error) from error
        tls = "on" if "+" in self._url.partition("://")[0] else "off"
        return {**kernel, "schema_missing": missing, "clock_skew_seconds": skew, "database": self.database, "tls": tls}

    async def former(self, job: Job[T]) -> T:
        """Run a job that asks the index of aliases as it was before the namespace was emptied."""
        return await self._run(lambda graph, _: job(graph), Access.PLAIN, FormerAliases)

    async def refill(self, job: Job[None]) -> bool:
        """Run a job that writes, in one transaction, unless the namespace has been filled; whether it ran.

        Raises `StoreError`s only.
        """

        def checked(graph: GraphTransaction, group: Row) -> bool:
            if group["refill"] != schema.FILLING:
                return False
            job(graph)
            return True

        return await self._run(checked, Access.WRITE)

    async def refilled(self) -> None:
        """Note that the namespace has everything again. Raises `StoreError`s only."""
        try:
            await schema.refilled(self._ask_locked)
        except (*DRIVER_ERRORS, OSError) as error:
            raise translate(error) from error
        self.needs_refill = False

    async def run(self, job: Job[T], access: Access) -> T:
        """Run a job in a thread, in one transaction. Cancelled, it rolls back. Raises `StoreError`s only."""
        return await self._run(lambda graph, _: job(graph), access)

    async def compute(self, work: Callable[[], T]) -> T:
        """Run work that needs no transaction in a thread, so that nothing is locked meanwhile."""
        return await run_in_thread(work, self._threads)

    async def _run(
        self,
        job: Callable[[GraphTransaction, Row], T],
        access: Access,
        kind: type[Neo4jTransaction] = Neo4jTransaction,
    ) -> T:
        """As `run`. The job also gets the version and the state of the namespace, unless `access` is plain."""
        from neo4j import unit_of_work

        timeout = self._timeout if access in (Access.WRITE, Access.EXACT) else None
        plain = access is Access.PLAIN

        @unit_of_work(timeout=timeout)
        async def attempt(transaction: AsyncManagedTransaction) -> T:
            group = {} if plain else await self._lock(transaction)
            if not plain and group["version"] != schema.NEWEST:
                raise StoreTerminal(STORE, "another apex has migrated the namespace", hint="start this apex again")
            graph = kind(transaction, self.group, self.holds_vectors)
            return await graph.run(lambda graph: job(graph, group), self._threads)

        try:
            async with self._session(write=not plain) as session:
                execute = session.execute_read if plain else session.execute_write
                return await execute(attempt)
        except (*DRIVER_ERRORS, *PACKING_ERRORS, OSError) as error:
            raise translate(error) from error

    def _session(self, *, write: bool) -> AsyncSession:
        from neo4j import READ_ACCESS, WRITE_ACCESS

        return self.driver.session(
            database=self.database,
            default_access_mode=WRITE_ACCESS if write else READ_ACCESS,
            bookmark_manager=self.driver.execute_query_bookmark_manager,
        )

    async def _lock(self, transaction: AsyncManagedTransaction) -> Row:
        """Lock the group until the transaction ends. Returns its `version` and `refill`, see `schema`."""
        result = await transaction.run(_LOCK, {"group": self.group, "newest": schema.NEWEST})
        return (await result.single(strict=True)).data()

    async def _ask(self, statement: str, parameters: Mapping[str, Any] | None = None) -> Sequence[Row]:
        """The rows of one constant statement in a transaction of its own. The driver's errors leave as they are."""
        values = {"group": self.group, **(parameters or {})}
        result = await self.driver.execute_query(statement, values, database_=self.database)
        return [dict(zip(result.keys, record.values(), strict=True)) for record in result.records]

    async def _ask_locked(self, statement: str, parameters: Mapping[str, Any]) -> Sequence[Row]:
        """As `_ask`, while the group is locked."""
        from neo4j import unit_of_work

        @unit_of_work(timeout=self._timeout)
        async def attempt(transaction: AsyncManagedTransaction) -> list[Row]:
            await self._lock(transaction)
            result = await transaction.run(statement, {"group": self.group, **parameters})
            return [record.data() async for record in result]

        async with self._session(write=True) as session:
            return await session.execute_write(attempt)

    def _connect(self) -> AsyncDriver:
        import neo4j

        # The driver logs its retries. Without a handler Python would print them, and only `cli` prints.
        logging.getLogger("neo4j").addHandler(logging.NullHandler())
        url, trust = tls_settings(self._url, self._trusted_ca)
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


class Neo4jGraph(GraphStore):
    """The graph of one namespace on a server (5.26 or newer). Any number of processes may write to it."""

    _engine: Neo4jEngine

    def __init__(self, engine: Neo4jEngine, records: RecordSearch | None = None) -> None:
        super().__init__(engine, engine.group, records)
        self._renamed: Mapping[str, str] | None = None

    @property
    def needs_refill(self) -> bool:
        """See `Refillable`."""
        return self._engine.needs_refill

    async def refill(self, plans: Sequence[Plan]) -> bool:
        """See `Refillable`."""
        if self._renamed is None:
            self._renamed = await self._engine.former(renamed_ids)
        ids = {**self._renamed, **await self._engine.former(lambda graph: entity_ids(graph, plans))}
        return await self._engine.refill(await self._prepared_job(plans, ids))

    async def _commit(self, plans: Sequence[Plan], old_ids: Mapping[str, str]) -> None:
        await self._engine.run(await self._prepared_job(plans, old_ids), Access.WRITE)

    async def _prepared_job(self, plans: Sequence[Plan], old_ids: Mapping[str, str]) -> Job[None]:
        """A commit of which all is computed that needs no lock."""
        prepared = await self._engine.compute(partial(commit.prepare, plans))
        return self._commit_job(plans, lambda: prepared, old_ids)

    async def refilled(self) -> None:
        """See `Refillable`."""
        await self._engine.refilled()

    async def without_vectors(self, *, limit: int) -> Sequence[TextWithoutVector]:
        """See `Fillable`."""
        return await self._engine.run(lambda graph: vectors.lacking(graph, limit), Access.PLAIN)

    async def fill(self, embedded: Sequence[tuple[TextWithoutVector, Sequence[float]]]) -> None:
        """See `Fillable`."""
        await self._engine.run(lambda graph: vectors.fill(graph, embedded), Access.WRITE)

    async def check(self) -> Mapping[str, Any]:
        """See `Neo4jEngine.facts`; and how many records, entities and facts there are."""
        counts = await self._engine.run(reads.count, Access.PLAIN)
        return {"engine": "neo4j", **await self._engine.facts(), **counts}

    def graphiti_driver(self) -> ReadOnlyDriver:
        from apex_cli.stores.graph.neo4j.graphiti_driver import ServerDriver

        return ServerDriver(self._engine, self._records)
