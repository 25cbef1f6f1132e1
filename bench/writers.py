"""One raw writer for each engine: batches of plain writes, visible at once; no journal, no fence, no lock, no reading.

Each writes what an ingest writes of a record, in the way that the engine takes fastest, and returns when the engine has
acknowledged the batch as durably as it does for an ingest.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from redis.asyncio import Redis

from apex_cli.embed.local import LocalEmbedder
from apex_cli.model import Embedded, Record, point_ids
from apex_cli.stores.ladybug.engine import Engine, Session
from apex_cli.stores.ladybug.schema import TABLES
from apex_cli.stores.postgres.extraction import as_json
from apex_cli.stores.postgres.values import pg_json, pg_text
from apex_cli.stores.qdrant_edge import QdrantEdgeStore
from bench.dataset import Item
from bench.layout import GraphRows

if TYPE_CHECKING:
    from apex_cli.stores.graph.operations import Columns

Write = Callable[[Sequence[Item], GraphRows], Awaitable[None]]
"""Writes one batch: its records, and what they add to the graph."""

_TABLE = """CREATE TABLE raw (record_id uuid PRIMARY KEY, source text, data_type text, external_id text,
    content_hash text, event_time timestamptz, observed_at timestamptz, title text, text text, payload jsonb,
    extraction jsonb, chunks integer)"""
_COPIES: tuple[tuple[str, str, Columns], ...] = (
    (
        "entities",
        "COPY Entity (uuid, name, group_id, labels, created_at, name_embedding, summary, attributes) FROM $df",
        {
            "uuid": "text",
            "name": "text",
            "group_id": "text",
            "labels": "texts",
            "created_at": "time",
            "name_embedding": "vector",
            "summary": "text",
            "attributes": "text",
        },
    ),
    (
        "episodes",
        """COPY Episodic (uuid, name, source, source_description, content, valid_at, group_id, created_at, entity_edges)
        FROM $df""",
        {
            "uuid": "text",
            "name": "text",
            "source": "text",
            "source_description": "text",
            "content": "text",
            "valid_at": "time",
            "group_id": "text",
            "created_at": "time",
            "entity_edges": "texts",
        },
    ),
    (
        "mentions",
        "COPY MENTIONS (uuid, group_id, created_at) FROM $df",
        {"from": "text", "to": "text", "uuid": "text", "group_id": "text", "created_at": "time"},
    ),
    (
        "facts",
        """COPY RelatesToNode_ (uuid, group_id, created_at, name, fact, fact_embedding, attributes, valid_at,
        reference_time, episodes, invalid_at, expired_at) FROM $df""",
        {
            "uuid": "text",
            "group_id": "text",
            "created_at": "time",
            "name": "text",
            "fact": "text",
            "fact_embedding": "vector",
            "attributes": "text",
            "valid_at": "time",
            "reference_time": "time",
            "episodes": "texts",
            "invalid_at": "time",
            "expired_at": "time",
        },
    ),
    ("subjects", "COPY RELATES_TO FROM $df (from='Entity', to='RelatesToNode_')", {"f": "text", "t": "text"}),
    ("objects", "COPY RELATES_TO FROM $df (from='RelatesToNode_', to='Entity')", {"f": "text", "t": "text"}),
)
"""What of `GraphRows` goes where, nodes before the relations between them."""


@asynccontextmanager
async def postgres(conninfo: str) -> AsyncIterator[Write]:
    """`COPY` into a plain table, one transaction a batch."""

    async def write(items: Sequence[Item], _: GraphRows) -> None:
        async with connection.cursor() as cursor, cursor.copy("COPY raw FROM STDIN") as copy:
            for record, embedded in items:
                await copy.write_row(_postgres_row(record, embedded))

    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        await connection.execute(_TABLE)
        yield write


@asynccontextmanager
async def vectors(folder: Path) -> AsyncIterator[Write]:
    """Upserts of points that are visible at once, into a shard that the product's own code has made."""
    from qdrant_edge import EdgeShard, Point, UpdateOperation

    store = QdrantEdgeStore(folder, namespace="bench", model=LocalEmbedder.name, dimensions=LocalEmbedder.dimensions)
    await store.open()
    await store.close()
    loop = asyncio.get_running_loop()

    def upsert(items: Sequence[Item]) -> None:
        points = [Point(*row) for record, embedded in items for row in _point_rows(record, embedded)]
        shard.update(UpdateOperation.upsert_points(points))

    async def write(items: Sequence[Item], _: GraphRows) -> None:
        await loop.run_in_executor(thread, upsert, items)

    with ThreadPoolExecutor(1) as thread:
        shard = await loop.run_in_executor(thread, EdgeShard.load, str(folder / store.collection))
        try:
            yield write
        finally:
            await loop.run_in_executor(thread, shard.close)


@asynccontextmanager
async def cache(socket: Path) -> AsyncIterator[Write]:
    """Pipelined `SET`s, one round trip a batch."""

    async def write(items: Sequence[Item], _: GraphRows) -> None:
        async with client.pipeline(transaction=False) as pipe:
            for record, embedded in items:
                pipe.set(f"raw:{record.record_id}", _cached(record, embedded))
            await pipe.execute()

    async with Redis(unix_socket_path=str(socket)) as client:
        yield write


@asynccontextmanager
async def graph(folder: Path) -> AsyncIterator[Write]:
    """`COPY` from Arrow tables, one transaction a batch; every entity and fact is written once and never read."""
    engine = Engine(folder / "raw.lbug")

    async def write(_: Sequence[Item], rows: GraphRows) -> None:
        def copy(session: Session) -> None:
            for name, statement, columns in _COPIES:
                session.join(statement, columns, getattr(rows, name))

        await engine.run(copy, write=True)

    await engine.open(TABLES)
    try:
        yield write
    finally:
        await engine.close()


def _postgres_row(record: Record, embedded: Embedded) -> tuple[Any, ...]:
    extraction = embedded.extraction
    return (
        record.record_id,
        record.source,
        record.data_type,
        pg_text(record.external_id),
        record.content_hash,
        extraction.event_time,
        record.observed_at,
        pg_text(extraction.title),
        pg_text(extraction.text),
        pg_json(record.payload),
        pg_json(as_json(extraction)),
        len(extraction.chunks),
    )


def _point_rows(record: Record, embedded: Embedded) -> Iterator[tuple[str, list[float], dict[str, Any]]]:
    extraction = embedded.extraction
    shared = {
        "record_id": record.record_id,
        "saga_id": record.record_id,
        "source": record.source,
        "data_type": record.data_type,
        "external_id": record.external_id,
        "event_time": extraction.event_time.isoformat(),
        "visible": 1,
    }
    identifiers = point_ids(record.record_id, len(extraction.chunks))
    rows = zip(identifiers, embedded.chunk_vectors.tolist(), extraction.chunks, strict=True)
    for index, (identifier, vector, text) in enumerate(rows):
        yield identifier, vector, {**shared, "chunk": index, "text": text}


def _cached(record: Record, embedded: Embedded) -> str:
    return json.dumps(
        {
            "saga_id": record.record_id,
            "epoch": 1,
            "revision": 1,
            "content_hash": record.content_hash,
            "source": record.source,
            "data_type": record.data_type,
            "external_id": record.external_id,
            "title": embedded.extraction.title,
        }
    )
