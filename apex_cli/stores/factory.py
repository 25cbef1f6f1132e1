"""Opens the four stores: lock, embedded servers side by side, stores side by side; everything closed at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apex_cli.config import Settings
from apex_cli.embed.apply import Embedder, Embedding
from apex_cli.embedded.home import Home
from apex_cli.embedded.servers import EmbeddedServers
from apex_cli.errors import ApexError, ConfigError
from apex_cli.stores import backends
from apex_cli.stores.protocol import CacheStore, PivotStore, Store, VectorStore

if TYPE_CHECKING:
    from apex_cli.llm.models import Models
    from apex_cli.stores.journal import Journal
    from apex_cli.stores.postgres.catalog import Catalog
    from apex_cli.stores.postgres.runs import Runs


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
async def open_stores(settings: Settings, models: Models | None = None) -> AsyncIterator[Stores]:
    """All four stores, ready. Raises `Locked`, `ConfigError` or `StoreUnavailable`; leaves nothing running.

    The home is locked while any of them is embedded. Embeds by `models` where the settings say so, which are opened
    if they are not given.
    """
    async with _engines(settings) as (home, servers), AsyncExitStack() as stack:
        embedder = await stack.enter_async_context(_embedder(settings, models))
        stores = _stores(settings, home, servers, embedder)
        opened: list[Store] = [stores.graph, stores.vectors, stores.cache, stores.journal]
        for store in opened:
            stack.push_async_callback(store.close)
        outcomes = await asyncio.gather(*(store.open() for store in opened), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        await _check_embedder(stores)
        yield stores


async def _check_embedder(stores: Stores) -> None:
    """Raise `ConfigError` where the memory holds the vectors of another model; the first one asked decides."""
    asked = stores.embedding.embedder.name
    held = await stores.catalog.embedder(asked)
    if held != asked:
        raise ConfigError(
            f"this memory holds vectors of {held}, and {asked} is asked for",
            hint="set APEX_EMBEDDER and APEX_EMBEDDING_MODEL as they were, or name another memory by APEX_NAMESPACE",
        )


async def probe_stores(settings: Settings) -> Sequence[Probe]:
    """Open, check and close each store on its own, for `apex doctor`; no migration runs.

    Raises `Locked`, and what stops the engines.
    """
    from apex_cli.stores.postgres.journal import PostgresJournal

    async with _engines(settings) as (home, servers), _embedder(settings, None) as embedder:
        return [
            await _probe("graph", lambda: backends.graph(settings, home)),
            await _probe("postgres", lambda: PostgresJournal(backends.database(settings, servers, migrating=False))),
            await _probe("vectors", lambda: backends.vectors(settings, home, embedder)),
            await _probe("cache", lambda: backends.cache(settings, servers)),
        ]


@asynccontextmanager
async def _embedder(settings: Settings, models: Models | None) -> AsyncIterator[Embedder]:
    """The embedder that the settings name, with models of its own where it needs some and has none."""
    from apex_cli.embed.openai import open_embedder

    async with AsyncExitStack() as stack:
        if models is None and settings.embedder != "local":
            from apex_cli.llm.models import open_models

            models = await stack.enter_async_context(open_models(settings))
        yield await stack.enter_async_context(open_embedder(models))


async def _probe(name: str, build: Callable[[], Store]) -> Probe:
    try:
        store = build()
    except ApexError as error:
        return Probe(name, {}, error)
    try:
        await store.open()
        return Probe(name, await store.check())
    except ApexError as error:
        return Probe(name, {}, error)
    finally:
        await store.close()


@asynccontextmanager
async def _engines(settings: Settings) -> AsyncIterator[tuple[Home, EmbeddedServers]]:
    """What the embedded stores stand on: the home, locked if there are any, and those servers that are embedded."""
    home = Home(settings.home)
    async with AsyncExitStack() as stack:
        if backends.uses_home(settings):
            await stack.enter_async_context(home.lock(settings.lock_timeout))
        yield home, await stack.enter_async_context(backends.embedded_servers(settings, home))


def _stores(settings: Settings, home: Home, servers: EmbeddedServers, embedder: Embedder) -> Stores:
    from apex_cli.stores.postgres.catalog import Catalog
    from apex_cli.stores.postgres.journal import PostgresJournal
    from apex_cli.stores.postgres.runs import Runs

    database = backends.database(settings, servers)
    return Stores(
        graph=backends.graph(settings, home),
        vectors=backends.vectors(settings, home, embedder),
        cache=backends.cache(settings, servers),
        journal=PostgresJournal(database),
        catalog=Catalog(database),
        runs=Runs(database),
        embedding=Embedding(embedder),
        lock_owner=backends.lock_owner(settings),
    )
