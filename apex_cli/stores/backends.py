"""Which engine each store is: the embedded one or a server, each by its own setting and without regard to the others.

Server clients are imported only here and only when a URL asks for them. Nothing is opened yet. Every function raises
`ConfigError` or `StoreUnavailable` when the setting cannot be followed.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from apex_cli.addresses import Secret
from apex_cli.config import Settings
from apex_cli.embed.apply import Embedder
from apex_cli.embedded.home import Home
from apex_cli.embedded.servers import EmbeddedServers
from apex_cli.errors import ConfigError
from apex_cli.stores.lock_owner import new_owner
from apex_cli.stores.protocol import CacheStore, PivotStore, VectorStore
from apex_cli.stores.tls import Tls

if TYPE_CHECKING:
    from apex_cli.stores.postgres.connection import Database

EMBEDDED_OWNER = "embedded"
"""Owner of record locks in an embedded cache: the home's lock admits one writer, so a dead run's locks are ours."""


def uses_home(settings: Settings) -> bool:
    """Whether any store is embedded. Then one run at a time has the home; on servers alone any number may run."""
    return any(
        url.embedded for url in (settings.graph_url, settings.postgres_url, settings.qdrant_url, settings.redis_url)
    )


def embedded_servers(settings: Settings, home: Home) -> EmbeddedServers:
    """The embedded servers that are wanted, maybe none; not started."""
    return EmbeddedServers(home, postgres=settings.postgres_url.embedded, valkey=settings.redis_url.embedded)


def lock_owner(settings: Settings) -> str:
    """The name for record locks. On a server it is this run's alone."""
    return EMBEDDED_OWNER if settings.redis_url.embedded else new_owner()


def graph(settings: Settings, home: Home) -> PivotStore:
    """The graph: Ladybug in the home, or Neo4j."""
    if settings.graph_url.embedded:
        from apex_cli.stores.graph.ladybug.store import LadybugGraph

        return LadybugGraph(home.graph, namespace=settings.namespace)
    need_driver("neo4j", "APEX_GRAPH_URL")
    from apex_cli.stores.graph.neo4j.store import Neo4jGraph

    login = settings.graph_url.apart()
    password = login.password or settings.graph_password or Secret("")
    checked = login.url.partition("://")[0].endswith("+s")
    return Neo4jGraph(
        login.url,
        user=login.user or settings.graph_user,
        password=password.reveal(),
        namespace=settings.namespace,
        timeout=settings.store_timeout,
        database=settings.graph_database,
        trusted_ca=settings.tls_ca_file if checked else None,
    )


def database(settings: Settings, servers: EmbeddedServers, *, migrating: bool = True) -> Database:
    """PostgreSQL: the embedded one, or a server. Its schema is brought up to date when it is opened, if `migrating`."""
    from apex_cli.stores.postgres.connection import Database

    embedded = settings.postgres_url.embedded
    return Database(
        servers.postgres.dsn if embedded else settings.postgres_url.reveal(),
        namespace=settings.namespace,
        timeout=settings.store_timeout,
        password=None if embedded else settings.postgres_password,
        tls=Tls() if embedded else _tls(settings),
        migrating=migrating,
    )


def vectors(settings: Settings, home: Home, embedder: Embedder) -> VectorStore:
    """The vectors of this embedder: Qdrant's engine in the home, or a Qdrant server."""
    if settings.qdrant_url.embedded:
        from apex_cli.stores.qdrant.edge import QdrantEdgeStore

        return QdrantEdgeStore(
            home.vectors, namespace=settings.namespace, model=embedder.name, dimensions=embedder.dimensions
        )
    need_driver("qdrant_client", "APEX_QDRANT_URL")
    from apex_cli.stores.qdrant import QdrantServerStore, connector

    connect = connector(
        settings.qdrant_url.reveal(),
        api_key=settings.qdrant_api_key,
        grpc_port=settings.qdrant_grpc_port,
        timeout=settings.store_timeout,
        tls=_tls(settings),
    )
    return QdrantServerStore(
        connect,
        namespace=settings.namespace,
        model=embedder.name,
        dimensions=embedder.dimensions,
        encrypted=settings.qdrant_url.startswith("https:"),
        grpc=settings.qdrant_grpc_port is not None,
    )


def cache(settings: Settings, servers: EmbeddedServers) -> CacheStore:
    """The cache: the embedded Valkey, or a Redis server."""
    from apex_cli.stores.redis import RedisCache

    if settings.redis_url.embedded:
        return RedisCache(unix_socket=servers.valkey.socket_path, namespace=settings.namespace)
    return RedisCache(
        settings.redis_url.reveal(),
        namespace=settings.namespace,
        password=settings.redis_password,
        tls=_tls(settings),
    )


def _tls(settings: Settings) -> Tls:
    return Tls(settings.tls_ca_file, settings.tls_cert_file, settings.tls_key_file)


def need_driver(module: str, variable: str) -> None:
    """Raise `ConfigError` where the driver of a server is not installed."""
    if find_spec(module) is None:
        raise ConfigError(
            f"{variable} names a server, and its driver ({module}) is not installed",
            hint="pip install '.[servers]'",
        )
