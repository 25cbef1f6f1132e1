"""Opens the four stores of a home: lock, engines side by side, stores side by side; everything closed at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apex_cli.config import Settings
from apex_cli.embed.apply import Embedding
from apex_cli.embed.local import LocalEmbedder
from apex_cli.errors import ApexError
from apex_cli.stores.embedded.engines import EmbeddedServers
from apex_cli.stores.embedded.home import Home
from apex_cli.stores.protocol import CacheStore, PivotStore, Store, VectorStore

if TYPE_CHECKING:
    from apex_cli.stores.journal import Journal
    from apex_cli.stores.postgres.catalog import Catalog
    from apex_cli.stores.postgres.runs import Runs

EMBEDDED_OWNER = "embedded"
"""Owner of record locks on embedded stores: the home's lock admits one writer, so a dead run's locks are ours."""


@dataclass(frozen=True, slots=True)
class Stores:
    """The opened stores, and the embedding whose vectors they hold. `lock_owner` is the name for record locks."""

    graph: PivotStore
    vectors: VectorStore
    cache: CacheStore
    journal: Journal
    catalog: Catalog
    runs: Runs
    embedding: Embedding
    lock_owner: str


@dataclass(frozen=True, slots=True)
class Probe:
    """What one store says of itself, or the error that kept it from saying."""

    store: str
    facts: Mapping[str, Any]
    error: ApexError | None = None


@asynccontextmanager
async def open_stores(settings: Settings) -> AsyncIterator[Stores]:
    """All four stores, ready. Raises `Locked`, `ConfigError` or `StoreUnavailable`; leaves nothing running."""
    home = Home(settings.home)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(home.lock(settings.lock_timeout))
        servers = await stack.enter_async_context(EmbeddedServers(home))
        stores = _stores(settings, home, servers)
        opened: list[Store] = [stores.graph, stores.vectors, stores.cache, stores.journal]
        for store in opened:
            stack.push_async_callback(store.close)
        outcomes = await asyncio.gather(*(store.open() for store in opened), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        yield stores


async def probe_stores(settings: Settings) -> Sequence[Probe]:
    """Open, check and close each store on its own, for `apex doctor`. Raises `Locked`, and what stops the servers."""
    home = Home(settings.home)
    async with home.lock(settings.lock_timeout), EmbeddedServers(home) as servers:
        stores = _stores(settings, home, servers)
        return [await _probe(store) for store in (stores.graph, stores.journal, stores.vectors, stores.cache)]


async def _probe(store: Store) -> Probe:
    try:
        await store.open()
        return Probe(store.name, await store.check())
    except ApexError as error:
        return Probe(store.name, {}, error)
    finally:
        await store.close()


def _stores(settings: Settings, home: Home, servers: EmbeddedServers) -> Stores:
    from apex_cli.stores.ladybug.store import LadybugGraph
    from apex_cli.stores.postgres.catalog import Catalog
    from apex_cli.stores.postgres.connection import Database
    from apex_cli.stores.postgres.journal import PostgresJournal
    from apex_cli.stores.postgres.runs import Runs
    from apex_cli.stores.qdrant_edge import QdrantEdgeStore
    from apex_cli.stores.redis_cache import RedisCache

    embedder = LocalEmbedder()
    database = Database(servers.postgres.dsn, namespace=settings.namespace, timeout=settings.store_timeout)
    return Stores(
        graph=LadybugGraph(home.graph, namespace=settings.namespace),
        vectors=QdrantEdgeStore(home.vectors, model=embedder.name, dimensions=embedder.dimensions),
        cache=RedisCache(unix_socket=servers.valkey.socket_path, namespace=settings.namespace),
        journal=PostgresJournal(database),
        catalog=Catalog(database),
        runs=Runs(database),
        embedding=Embedding(embedder),
        lock_owner=EMBEDDED_OWNER,
    )
