"""Opens the four stores: home lock, embedded servers side by side, stores side by side. Closes all at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from apex_cli.config import Settings
from apex_cli.embed.apply import Embedding
from apex_cli.embed.chosen import Embedders, open_embedders
from apex_cli.embedded.home import Home
from apex_cli.embedded.servers import EmbeddedServers
from apex_cli.errors import ApexError, ConfigError
from apex_cli.stores import backends
from apex_cli.stores.backends import CACHE, GRAPH, POSTGRES, VECTORS, StoreBackends, StoreContext
from apex_cli.stores.protocol import CacheStore, PivotStore, Store, VectorStore
from apex_cli.stores.views import Hit, Probe

if TYPE_CHECKING:
    from apex_cli.llm.models import Models
    from apex_cli.stores.journal import Journal
    from apex_cli.stores.postgres.activity import Activities
    from apex_cli.stores.postgres.catalog import Catalog
    from apex_cli.stores.postgres.exported import ExportedRecords
    from apex_cli.stores.postgres.inventory import Inventory
    from apex_cli.stores.postgres.models import EmbeddingModels
    from apex_cli.stores.postgres.places import DocumentPlaces
    from apex_cli.stores.postgres.runs import Runs
    from apex_cli.stores.postgres.sightings import Sightings
    from apex_cli.stores.postgres.synced import SyncedFiles


@dataclass(frozen=True, slots=True)
class Stores:
    """The open stores, and the embedding whose vectors they hold. `lock_owner` is the owner of this run's locks."""

    graph: PivotStore
    vectors: VectorStore
    cache: CacheStore
    journal: Journal
    catalog: Catalog
    inventory: Inventory
    activities: Activities
    exported: ExportedRecords
    sightings: Sightings
    models: EmbeddingModels
    places: DocumentPlaces
    synced: SyncedFiles
    runs: Runs
    embedding: Embedding
    lock_owner: str


@asynccontextmanager
async def open_stores(
    settings: Settings, models: Models | None = None, *, reads: bool = False
) -> AsyncIterator[Stores]:
    """All four stores, ready. Raises `Locked`, `ConfigError` or `StoreUnavailable`; leaves nothing running.

    The home is locked while any store is embedded. With `reads` nothing is to be written, and nothing is waited for if
    another process has it. The embedded cache and vectors open when they are first asked. `models` embed, if the
    settings say so. Without `models` they are opened here.
    """
    async with AsyncExitStack() as stack:
        home = Home(settings.home)
        backends.check_limits(settings, home)
        if backends.uses_home(settings):
            await stack.enter_async_context(home.lock(0.0 if reads else settings.lock_timeout, reads=reads))
        servers = EmbeddedServers(
            home,
            postgres=settings.postgres_url.embedded,
            valkey=settings.redis_url.embedded,
            valkey_later=reads,
        )
        # The servers start in processes of their own, and to load what comes next takes as long.
        asyncio.get_running_loop().run_in_executor(None, _preload, backends.drivers(settings, reads=reads))
        # The engines in this process close while the servers stop.
        closing: list[asyncio.Future[None]] = []
        stack.push_async_callback(_all_of, closing)
        await stack.enter_async_context(servers)
        embedders = await stack.enter_async_context(open_embedders(settings, models))
        stores = _stores(StoreContext(settings, home, servers, embedders.own, reads=reads))
        opened: list[Store] = [stores.graph, stores.vectors, stores.cache, stores.journal]
        engines = [stores.graph.close, stores.vectors.close]
        stack.callback(lambda: closing.append(asyncio.ensure_future(_side_by_side(engines))))
        stack.push_async_callback(_side_by_side, [stores.cache.close, stores.journal.close])
        await _side_by_side([store.open for store in opened])
        yield await _use_models(stores, embedders)


def _preload(modules: Sequence[str]) -> None:
    for name in modules:
        # Whoever needs one that is not installed says so.
        with suppress(ImportError):
            import_module(name)


async def _all_of(started: Sequence[Awaitable[None]]) -> None:
    for each in started:
        await each


async def _side_by_side(steps: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """Take all of these steps, then raise the first error of one."""
    for outcome in await asyncio.gather(*(step() for step in steps), return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


async def probe_stores(settings: Settings) -> Sequence[Probe]:
    """Open, check and close each store on its own, for `apex doctor`. Creates no home, no collection and no schema.

    Raises `Locked`, `ConfigError`, or `StoreUnavailable` where an embedded server cannot start.
    """
    async with AsyncExitStack() as stack:
        home = Home(settings.home)
        backends.check_limits(settings, home)
        if backends.uses_home(settings) and home.exists():
            await stack.enter_async_context(home.lock(settings.lock_timeout, create=False, reads=True))
        # Models keep their cache in the home. They get another one here, because nothing may be created.
        scratch = Path(stack.enter_context(TemporaryDirectory(prefix="apex-")))
        embedders = await stack.enter_async_context(open_embedders(replace(settings, home=scratch), None))
        servers = EmbeddedServers(
            home,
            postgres=settings.postgres_url.embedded and home.postgres_data.is_dir(),
            valkey=settings.redis_url.embedded and home.valkey_data.is_dir(),
        )
        await stack.enter_async_context(servers)
        context = StoreContext(settings, home, servers, embedders.own, create=False)
        return [await _probe(each, context) for each in backends.ALL]


async def _probe(which: StoreBackends[Any], context: StoreContext) -> Probe:
    from apex_cli.stores.postgres.journal import PostgresJournal

    if which.url(context.settings).embedded and not which.data(context).exists():
        return Probe(which.store, {})
    try:
        made = which.make(context)
    except ApexError as error:
        return Probe(which.store, {}, error)
    store: Store = PostgresJournal(made) if which is POSTGRES else made
    try:
        await store.open()
        return await probe(store)
    except ApexError as error:
        return Probe(which.store, {}, error)
    finally:
        await store.close()


async def probe(store: Store) -> Probe:
    """What an open store says of itself."""
    try:
        return Probe(store.name, await store.check())
    except ApexError as error:
        return Probe(store.name, {}, error)


def _stores(context: StoreContext) -> Stores:
    from apex_cli.stores.postgres.activity import Activities
    from apex_cli.stores.postgres.catalog import Catalog
    from apex_cli.stores.postgres.exported import ExportedRecords
    from apex_cli.stores.postgres.inventory import Inventory
    from apex_cli.stores.postgres.journal import PostgresJournal
    from apex_cli.stores.postgres.models import EmbeddingModels
    from apex_cli.stores.postgres.places import DocumentPlaces
    from apex_cli.stores.postgres.runs import Runs
    from apex_cli.stores.postgres.sightings import Sightings
    from apex_cli.stores.postgres.synced import SyncedFiles

    database, vectors = POSTGRES.make(context), VECTORS.make(context)
    catalog = Catalog(database)
    return Stores(
        graph=GRAPH.make(replace(context, records=_FoundRecords(vectors, catalog, context.embedder.name))),
        vectors=vectors,
        cache=CACHE.make(context),
        journal=PostgresJournal(database),
        catalog=catalog,
        inventory=Inventory(database),
        activities=Activities(database),
        exported=ExportedRecords(database),
        sightings=Sightings(database),
        models=EmbeddingModels(database),
        places=DocumentPlaces(database),
        synced=SyncedFiles(database),
        runs=Runs(database),
        embedding=Embedding(context.embedder),
        lock_owner=backends.lock_owner(context.settings),
    )


@dataclass(frozen=True, slots=True)
class _FoundRecords:
    """`RecordSearch` over the vectors of the memory's own model and the words in PostgreSQL."""

    vectors: VectorStore
    catalog: Catalog
    model: str

    async def near(self, vector: Sequence[float], *, limit: int) -> Sequence[Hit]:
        return await self.vectors.search(self.model, vector, limit=limit)

    async def matching(self, text: str, *, limit: int) -> Sequence[Hit]:
        return await self.catalog.search(text, limit=limit)


async def _use_models(stores: Stores, embedders: Embedders) -> Stores:
    """The stores with the models that the memory remembers, and with the collections of all of them open.

    Raises `ConfigError` where records of fields have vectors of another model. The first run decides which it is.
    """
    wanted = embedders.own.name
    known = await stores.models.known(wanted, embedders.text.name if embedders.text else None)
    if known.own != wanted:
        raise ConfigError(
            f"this memory holds vectors of {known.own}, and the settings name {wanted}",
            hint="set APEX_EMBEDDER and APEX_EMBEDDING_MODEL as they were, or name another memory by APEX_NAMESPACE",
        )
    await stores.vectors.use(known.all)
    text = embedders.text or embedders.named(known.text)
    others = [embedders.named(name) for name in known.all]
    embedding = Embedding(embedders.own, text, others, statements=stores.graph.holds_vectors)
    return replace(stores, embedding=embedding)
