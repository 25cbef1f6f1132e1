"""One raw writer for each engine: batches of plain writes, visible at once; no journal, no fence, no lock, no reading.

Those of PostgreSQL and the cache write to servers, too; the others that servers need are in `server_writers`.

Each writes what an ingest writes of a record, in the way that the engine takes fastest, and returns when the engine has
acknowledged the batch as durably as it does for an ingest.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from redis.asyncio import Redis

from apex_cli.embed.local import LocalEmbedder
from apex_cli.embedded.home import Home
from apex_cli.embedded.servers import EmbeddedServers
from apex_cli.extract.stated import stated_of
from apex_cli.model import Embedded, Record, point_ids
from apex_cli.stores.graph.ladybug import schema
from apex_cli.stores.graph.ladybug.engine import LadybugEngine
from apex_cli.stores.graph.ladybug.transaction import LadybugTransaction
from apex_cli.stores.graph.model.operations import Access
from apex_cli.stores.postgres.connection import pg_json
from apex_cli.stores.qdrant.edge import QdrantEdgeStore
from apex_cli.text_cleaning import replace_unencodable
from bench.dataset import COLUMNS, GraphRows, Item
from bench.figures import RawSample
from bench.processor import difference, tree_seconds

Write = Callable[[Sequence[Item], GraphRows], Awaitable[None]]
"""Writes one batch: its records, and what they add to the graph."""
Writers = Mapping[str, Write]
"""One for each store, by the names that an ingest has for them."""

_TABLE = """CREATE TABLE raw (record_id uuid PRIMARY KEY, source text, data_type text, external_id text,
    content_hash text, event_time timestamptz, observed_at timestamptz, title text, text text, payload jsonb,
    extraction jsonb, chunks integer)"""
_COPIES: Mapping[str, str] = {
    "entities": "COPY Entity (uuid, name, group_id, labels, created_at, summary, attributes) FROM $df",
    "episodes": """COPY Episodic (uuid, name, source, source_description, content, valid_at, group_id, created_at,
        entity_edges) FROM $df""",
    "mentions": "COPY MENTIONS (uuid, group_id, created_at) FROM $df",
    "facts": """COPY RelatesToNode_ (uuid, group_id, created_at, name, fact, attributes, valid_at,
        reference_time, episodes, invalid_at, expired_at) FROM $df""",
    "subjects": "COPY RELATES_TO FROM $df (from='Entity', to='RelatesToNode_')",
    "objects": "COPY RELATES_TO FROM $df (from='RelatesToNode_', to='Entity')",
}
"""What of `GraphRows` goes where."""


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
        points = [Point(*row) for record, embedded in items for row in point_rows(record, embedded)]
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
async def cache(url: str, prefix: str) -> AsyncIterator[Write]:
    """Pipelined `SET`s, one round trip a batch."""

    async def write(items: Sequence[Item], _: GraphRows) -> None:
        async with client.pipeline(transaction=False) as pipe:
            for record, embedded in items:
                pipe.set(f"{prefix}{record.record_id}", _cached(record, embedded))
            await pipe.execute()

    async with Redis.from_url(url) as client:
        yield write


@asynccontextmanager
async def graph(folder: Path) -> AsyncIterator[Write]:
    """`COPY` from Arrow tables, one transaction a batch; every entity and fact is written once and never read."""
    engine = LadybugEngine(folder / "raw.lbug")

    async def write(_: Sequence[Item], rows: GraphRows) -> None:
        def copy(session: LadybugTransaction) -> None:
            for name, columns in COLUMNS.items():
                session.join(_COPIES[name], columns, getattr(rows, name))

        await engine.run(copy, Access.WRITE)

    await engine.open()
    try:
        await engine.run(schema.create, Access.WRITE)
        yield write
    finally:
        await engine.close()


def _postgres_row(record: Record, embedded: Embedded) -> tuple[Any, ...]:
    extraction = embedded.extraction
    return (
        record.record_id,
        record.source,
        record.data_type,
        replace_unencodable(record.external_id),
        record.content_hash,
        extraction.event_time,
        record.observed_at,
        replace_unencodable(extraction.title),
        replace_unencodable(extraction.text),
        pg_json(record.payload),
        pg_json(stated_of(extraction)),
        len(extraction.chunks),
    )


def point_rows(record: Record, embedded: Embedded) -> Iterator[tuple[str, list[float], dict[str, Any]]]:
    """Id, vector and payload of each of a record's points."""
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


@asynccontextmanager
async def embedded(folder: Path) -> AsyncIterator[Writers]:
    """Into fresh embedded stores under `folder`."""
    home = Home(folder)
    home.create()
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(EmbeddedServers(home))
        yield {
            "postgres": await stack.enter_async_context(postgres(servers.postgres.dsn)),
            "vectors": await stack.enter_async_context(vectors(home.vectors)),
            "cache": await stack.enter_async_context(cache(f"unix://{quote(str(servers.valkey.socket_path))}", "raw:")),
            "graph": await stack.enter_async_context(graph(home.graph)),
        }


async def write_raw(
    stores: Writers, batches: Sequence[Sequence[Item]], rows: Sequence[GraphRows], *, side_by_side: bool
) -> RawSample:
    """Write all batches, one after the other; within a batch store after store, or `side_by_side`.

    Starting and stopping engines and connections is not counted.
    """
    seconds = dict.fromkeys(stores, 0.0)
    started, spent_before = time.monotonic(), tree_seconds()
    for items, added in zip(batches, rows, strict=True):
        jobs = [_timed(name, write, items, added, seconds) for name, write in stores.items()]
        if side_by_side:
            await asyncio.gather(*jobs)
        else:
            for job in jobs:
                await job
    return RawSample(time.monotonic() - started, seconds, difference(spent_before, tree_seconds()))


async def _timed(name: str, write: Write, items: Sequence[Item], rows: GraphRows, seconds: dict[str, float]) -> None:
    started = time.monotonic()
    await write(items, rows)
    seconds[name] += time.monotonic() - started
