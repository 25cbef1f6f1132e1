"""Raw writers that only servers need, each by the server's official client; see `writers`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from neo4j import AsyncDriver, AsyncManagedTransaction
from psycopg import sql
from psycopg.conninfo import make_conninfo

from apex_cli.config import Settings
from apex_cli.embed.local import LocalEmbedder
from apex_cli.stores.qdrant.connection import Connector
from apex_cli.stores.qdrant.server import QdrantServerStore
from apex_cli.stores.servers import NO_TLS_FILES
from bench import writers
from bench.dataset import COLUMNS, VECTOR_COLUMNS, GraphRows, Item, lay_out
from bench.figures import RawSample
from bench.processor import difference, tree_seconds
from bench.writers import Write, Writers, point_rows
from tests.graph_server import client as graph_client

_STATEMENTS: Mapping[str, str] = {
    "entities": """UNWIND $rows AS row
        CREATE (n:$(row.labels) {uuid: row.uuid, name: row.name, group_id: row.group_id, summary: row.summary,
            attributes: row.attributes, created_at: datetime({epochMillis: row.created_at})})""",
    "episodes": """UNWIND $rows AS row
        CREATE (:Episodic {uuid: row.uuid, name: row.name, source: row.source, content: row.content,
            source_description: row.source_description, valid_at: datetime({epochMillis: row.valid_at}),
            group_id: row.group_id, created_at: datetime({epochMillis: row.created_at}),
            entity_edges: row.entity_edges})""",
    "mentions": """UNWIND $rows AS row
        MATCH (e:Episodic {uuid: row.from}) USING INDEX e:Episodic(uuid)
        MATCH (n:Entity {uuid: row.to}) USING INDEX n:Entity(uuid)
        CREATE (e)-[:MENTIONS {uuid: row.uuid, group_id: row.group_id,
            created_at: datetime({epochMillis: row.created_at})}]->(n)""",
    "facts": """UNWIND $rows AS row
        MATCH (s:Entity {uuid: row.subject}) USING INDEX s:Entity(uuid)
        MATCH (o:Entity {uuid: row.object}) USING INDEX o:Entity(uuid)
        CREATE (s)-[f:RELATES_TO {uuid: row.uuid, group_id: row.group_id, name: row.name, fact: row.fact,
            attributes: row.attributes, episodes: row.episodes, created_at: datetime({epochMillis: row.created_at}),
            valid_at: datetime({epochMillis: row.valid_at}),
            reference_time: datetime({epochMillis: row.reference_time}),
            invalid_at: CASE WHEN row.invalid_at IS NOT NULL THEN datetime({epochMillis: row.invalid_at}) END,
            expired_at: CASE WHEN row.expired_at IS NOT NULL THEN datetime({epochMillis: row.expired_at}) END}]->(o)""",
    "name_vectors": """UNWIND $rows AS row MATCH (n:Entity {uuid: row.k}) USING INDEX n:Entity(uuid)
        CALL db.create.setNodeVectorProperty(n, 'name_embedding', row.vector)""",
    "fact_vectors": """UNWIND $rows AS row MATCH ()-[f:RELATES_TO {uuid: row.k}]->() USING INDEX f:RELATES_TO(uuid)
        CALL db.create.setRelationshipVectorProperty(f, 'fact_embedding', row.vector)""",
}
"""Into the schema that an ingest has made, so with all its constraints and indexes."""

_SENT: Mapping[str, Callable[[Any], Any]] = {
    "vector": lambda vector: np.asarray(vector, dtype=np.float32).tolist(),
    "time": lambda time: None if time is None else time // 1000,
}
"""Kinds of columns that the driver takes more quickly as something else."""


@asynccontextmanager
async def on_servers(home: Path, settings: Settings) -> AsyncIterator[Writers]:
    """Into the servers that the settings name, all of it in their namespace; the vectors into `home` if embedded."""
    namespace, postgres = settings.namespace, settings.postgres_url.reveal()
    async with await psycopg.AsyncConnection.connect(postgres, autocommit=True) as connection:
        await connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(namespace)))
    async with AsyncExitStack() as stack:
        driver = await stack.enter_async_context(graph_client())
        yield {
            "postgres": await stack.enter_async_context(
                writers.postgres(make_conninfo(postgres, options=f"-c search_path={namespace}"))
            ),
            "vectors": await stack.enter_async_context(_vectors(home, settings)),
            "cache": await stack.enter_async_context(
                writers.cache(settings.redis_url.reveal(), f"apex:{namespace}:raw:")
            ),
            "graph": await stack.enter_async_context(graph(driver)),
        }


def _vectors(home: Path, settings: Settings) -> AbstractAsyncContextManager[Write]:
    if settings.qdrant_url.embedded:
        return writers.vectors(home)
    url, key = settings.qdrant_url.reveal(), settings.qdrant_api_key
    return vectors(Connector(url, api_key=key, timeout=settings.store_timeout, tls=NO_TLS_FILES), settings.namespace)


@asynccontextmanager
async def graph(driver: AsyncDriver) -> AsyncIterator[Write]:
    """`UNWIND` batches that create, one transaction a batch; what a relation joins is found by its id."""

    async def write(_: Sequence[Item], rows: GraphRows) -> None:
        batches = {name: by_name(name, rows) for name in _STATEMENTS}
        for fact, (subject, _fact), (_fact, target) in zip(batches["facts"], rows.subjects, rows.objects, strict=True):
            fact |= {"subject": subject, "object": target}

        async def create(transaction: AsyncManagedTransaction) -> None:
            for name, statement in _STATEMENTS.items():
                await (await transaction.run(statement, {"rows": batches[name]})).consume()

        async with driver.session() as session:
            await session.execute_write(create)

    yield write


async def write_graph(batches: Sequence[Sequence[Item]], groups: Sequence[str]) -> RawSample:
    """Raw writes of all batches to the graph alone: an equal share of them into each group, by a connection of its own.

    Each share is laid out by itself: what several of them mention is written by each. So no writer waits for another
    one's rows, and what limits them is the server.
    """
    shares = [lay_out(batches[number :: len(groups)], group) for number, group in enumerate(groups)]

    async def write_share(write: Write, share: Sequence[GraphRows]) -> None:
        for added in share:
            await write((), added)

    async with graph_client() as driver, graph(driver) as write:
        started, spent_before = time.monotonic(), tree_seconds()
        await asyncio.gather(*(write_share(write, share) for share in shares))
        return RawSample(time.monotonic() - started, {}, difference(spent_before, tree_seconds()))


@asynccontextmanager
async def vectors(connect: Connector, namespace: str) -> AsyncIterator[Write]:
    """Upserts of points that are visible at once, into a collection that the product's own code has made."""
    from qdrant_client.models import PointStruct

    store = QdrantServerStore(
        connect, namespace=namespace, model=LocalEmbedder.name, dimensions=LocalEmbedder.dimensions
    )
    await store.open()
    await store.close()
    client = connect()

    async def write(items: Sequence[Item], _: GraphRows) -> None:
        rows = [row for record, embedded in items for row in point_rows(record, embedded)]
        points = [PointStruct(id=identifier, vector=vector, payload=payload) for identifier, vector, payload in rows]
        await client.upsert(store.collection, points, wait=True)

    try:
        yield write
    finally:
        await client.close()


def by_name(what: str, rows: GraphRows) -> list[dict[str, Any]]:
    """Rows of one list as the statements take them: times in milliseconds, vectors as lists."""
    columns = {**COLUMNS, **VECTOR_COLUMNS}[what]
    sent = [dict(zip(columns, row, strict=True)) for row in getattr(rows, what)]
    for name, kind in columns.items():
        if kind in _SENT:
            for row in sent:
                row[name] = _SENT[kind](row[name])
    return sent
