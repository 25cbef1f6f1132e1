"""The registry of backends: for each of the four stores, what makes the embedded one and what makes the server's.

Each store is chosen by its own setting, independently of the others. A driver is imported only when a URL asks for it.
Making a store opens nothing. Makers raise `ConfigError` or `StoreUnavailable` for a setting that cannot be followed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from apex_cli.addresses import Secret, StoreUrl
from apex_cli.config import Settings
from apex_cli.embed.embedder import Embedder, dimensions_of
from apex_cli.embedded.home import Home
from apex_cli.embedded.servers import EmbeddedServers
from apex_cli.errors import ConfigError
from apex_cli.extras import install_hint, is_installed
from apex_cli.stores.lock_owner import new_owner
from apex_cli.stores.protocol import CacheStore, PivotStore, RecordSearch, VectorStore
from apex_cli.stores.servers import Tls

if TYPE_CHECKING:
    from apex_cli.stores.postgres.connection import Database

T = TypeVar("T")

EMBEDDED_OWNER = "embedded"
"""Owner of record locks in an embedded cache. The home's lock admits one writer, so it owns a killed run's locks."""


_EMBEDDED_CONNECTIONS = 10
"""To the embedded PostgreSQL: for the run itself, and for the readers of other processes."""


@dataclass(frozen=True, slots=True)
class StoreContext:
    """What stores are made from. Without `create` a server's store creates no schema and no collection.

    `records` finds records for the graph; a graph made without it cannot be searched. With `reads` an embedded store
    may wait with its start until it is asked.
    """

    settings: Settings
    home: Home
    servers: EmbeddedServers
    embedder: Embedder
    create: bool = True
    records: RecordSearch | None = None
    reads: bool = False

    @property
    def tls(self) -> Tls:
        """The certificates for connections to servers."""
        return _tls(self.settings)


@dataclass(frozen=True, slots=True)
class StoreBackends(Generic[T]):
    """One store: the name of its setting, and the makers of its two backends.

    `data` is where the embedded backend keeps its data; it does not exist before the first run. `driver` is the module
    that the server's backend needs from the extra `servers`, None where the driver is always installed.
    """

    store: str
    setting: str
    embedded: Callable[[StoreContext], T]
    server: Callable[[StoreContext], T]
    data: Callable[[StoreContext], Path]
    driver: str | None = None

    def url(self, settings: Settings) -> StoreUrl:
        """Where the settings put this store."""
        url: StoreUrl = getattr(settings, self.setting)
        return url

    def make(self, context: StoreContext) -> T:
        """The store that the settings name, not open. Raises `ConfigError` where its driver is not installed."""
        if self.url(context.settings).embedded:
            return self.embedded(context)
        if self.driver is not None:
            need_driver(self.driver, f"APEX_{self.setting.upper()}")
        return self.server(context)


def _tls(settings: Settings) -> Tls:
    return Tls(settings.tls_ca_file, settings.tls_cert_file, settings.tls_key_file)


def need_driver(module: str, variable: str) -> None:
    """Raise `ConfigError` where the driver of a server is not installed."""
    if not is_installed(module):
        raise ConfigError(
            f"{variable} names a server, and its driver ({module}) is not installed", hint=install_hint("servers")
        )


def drivers(settings: Settings, *, reads: bool) -> list[str]:
    """Modules that the embedded stores load when they open, and those that a writer needs for its first batch."""
    loaded: list[tuple[StoreUrl, tuple[str, ...], tuple[str, ...]]] = [
        (settings.postgres_url, ("psycopg_pool",), ()),
        (settings.graph_url, ("ladybug",), ("pyarrow",)),
        (settings.qdrant_url, (), ("qdrant_edge",)),
        (settings.redis_url, (), ("redis.asyncio",)),
    ]
    return [
        name for url, opened, written in loaded if url.embedded for name in (opened if reads else (*opened, *written))
    ]


def uses_home(settings: Settings) -> bool:
    """Whether any store is embedded. Then one run at a time uses the home. With servers alone, any number may run."""
    return any(backends.url(settings).embedded for backends in ALL)


def check_limits(settings: Settings, home: Home) -> None:
    """Raise `StoreUnavailable` where this process may not have what the embedded stores need.

    Before any of them starts: an engine that is refused memory in the middle of its start may wait for ever.
    """
    if settings.graph_url.embedded:
        from apex_cli.stores.graph.ladybug.address_space import database_bytes
        from apex_cli.stores.graph.ladybug.store import graph_file

        database_bytes(graph_file(home.graph, settings.namespace))


def lock_owner(settings: Settings) -> str:
    """The owner of this run's record locks. On a server it is unique to the run."""
    return EMBEDDED_OWNER if settings.redis_url.embedded else new_owner()


def _ladybug(context: StoreContext) -> PivotStore:
    from apex_cli.stores.graph.ladybug.store import LadybugGraph

    return LadybugGraph(context.home.graph, namespace=context.settings.namespace, records=context.records)


def _ladybug_file(context: StoreContext) -> Path:
    from apex_cli.stores.graph.ladybug.store import graph_file

    return graph_file(context.home.graph, context.settings.namespace)


def _neo4j(context: StoreContext) -> PivotStore:
    from apex_cli.stores.graph.neo4j.engine import Neo4jEngine, Neo4jGraph

    settings = context.settings
    login = settings.graph_url.apart()
    password = login.password or settings.graph_password or Secret("")
    checks_certificate = login.url.partition("://")[0].endswith("+s")
    engine = Neo4jEngine(
        login.url,
        user=login.user or settings.graph_user,
        password=password.reveal(),
        group=settings.namespace,
        timeout=settings.store_timeout,
        database=settings.graph_database,
        trusted_ca=settings.tls_ca_file if checks_certificate else None,
        create=context.create,
        holds_vectors=settings.graph_vectors == "on",
    )
    return Neo4jGraph(engine, context.records)


def _embedded_postgres(context: StoreContext) -> Database:
    from apex_cli.stores.postgres.connection import Database

    settings = context.settings
    return Database(
        context.servers.postgres.dsn,
        namespace=settings.namespace,
        timeout=settings.store_timeout,
        size=_EMBEDDED_CONNECTIONS,
        create=context.create,
        files=context.home.postgres_data,
    )


def postgres_server(settings: Settings, *, create: bool) -> Database:
    """The PostgreSQL server of the settings, not open. Without `create` no schema is made."""
    from apex_cli.stores.postgres.connection import Database

    return Database(
        settings.postgres_url.reveal(),
        namespace=settings.namespace,
        timeout=settings.store_timeout,
        password=settings.postgres_password,
        tls=_tls(settings),
        create=create,
    )


def _postgres(context: StoreContext) -> Database:
    return postgres_server(context.settings, create=context.create)


def _qdrant_edge(context: StoreContext) -> VectorStore:
    from apex_cli.stores.qdrant.collections import PurgeableCollections
    from apex_cli.stores.qdrant.edge import QdrantEdgeStore

    def collection(model: str, create: bool) -> QdrantEdgeStore:
        return QdrantEdgeStore(
            context.home.vectors,
            namespace=context.settings.namespace,
            model=model,
            dimensions=dimensions_of(model),
            create=create,
            later=context.reads,
        )

    return PurgeableCollections(collection, context.embedder.name, create=context.create)


def _qdrant_edge_folder(context: StoreContext) -> Path:
    from apex_cli.stores.qdrant.points import collection_name

    embedder = context.embedder
    return context.home.vectors / collection_name(context.settings.namespace, embedder.name, embedder.dimensions)


def _qdrant(context: StoreContext) -> VectorStore:
    from apex_cli.stores.qdrant.collections import ModelCollections
    from apex_cli.stores.qdrant.connection import Connector
    from apex_cli.stores.qdrant.server import QdrantServerStore

    settings = context.settings
    connector = Connector(
        settings.qdrant_url.reveal(),
        api_key=settings.qdrant_api_key,
        grpc_port=settings.qdrant_grpc_port,
        timeout=settings.store_timeout,
        tls=context.tls,
    )

    def collection(model: str, create: bool) -> QdrantServerStore:
        return QdrantServerStore(
            connector, namespace=settings.namespace, model=model, dimensions=dimensions_of(model), create=create
        )

    return ModelCollections(collection, context.embedder.name, create=context.create)


def _valkey(context: StoreContext) -> CacheStore:
    from apex_cli.stores.redis.cache import RedisCache

    servers = context.servers
    socket = servers.start_valkey if servers.valkey_later else servers.valkey.socket_path
    return RedisCache(unix_socket=socket, namespace=context.settings.namespace)


def _redis(context: StoreContext) -> CacheStore:
    from apex_cli.stores.redis.cache import RedisCache

    settings = context.settings
    return RedisCache(
        settings.redis_url.reveal(), namespace=settings.namespace, password=settings.redis_password, tls=context.tls
    )


GRAPH = StoreBackends("graph", "graph_url", _ladybug, _neo4j, _ladybug_file, "neo4j")
POSTGRES = StoreBackends(
    "postgres", "postgres_url", _embedded_postgres, _postgres, lambda context: context.home.postgres_data
)
VECTORS = StoreBackends("vectors", "qdrant_url", _qdrant_edge, _qdrant, _qdrant_edge_folder, "qdrant_client")
CACHE = StoreBackends("cache", "redis_url", _valkey, _redis, lambda context: context.home.valkey_data)

ALL: tuple[StoreBackends[Any], ...] = (GRAPH, POSTGRES, VECTORS, CACHE)
"""The four stores, in the order in which `apex doctor` reports them."""
