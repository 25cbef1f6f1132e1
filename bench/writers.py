"""One raw writer for each engine: batches of plain writes, at once visible; no journal, no fence, no lock, no reading.

Each writes what an ingest writes of a record, in the form that the engine takes fastest, and returns when the engine
has acknowledged it as durably as it does for an ingest.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from apex_cli.embed.local import LocalEmbedder
from apex_cli.model import named_uuid
from apex_cli.stores.ladybug.engine import Engine, Session
from apex_cli.stores.ladybug.schema import TABLES
from apex_cli.stores.postgres.extraction import as_json
from apex_cli.stores.postgres.values import pg_json, pg_text
from bench.dataset import Item
from bench.layout import GraphRows

if TYPE_CHECKING:
    import psycopg
    from qdrant_edge import EdgeShard
    from redis.asyncio import Redis

    from apex_cli.stores.ladybug.arrow import Columns


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch as the writers take it."""

    items: Sequence[Item]
    graph: GraphRows


class Writer(Protocol):
    """Opened once, given every batch in turn, closed at the end."""

    name: str

    async def open(self) -> None: ...

    async def write(self, batch: Batch) -> None: ...

    async def close(self) -> None: ...


class PostgresWriter:
    """`COPY` into a plain table."""

    name = "postgres"
    _TABLE = """CREATE TABLE raw (record_id uuid PRIMARY KEY, source text, data_type text, external_id text,
        content_hash text, event_time timestamptz, observed_at timestamptz, title text, text text, payload jsonb,
        extraction jsonb, chunks integer)"""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: psycopg.AsyncConnection | None = None

    async def open(self) -> None:
        import psycopg

        self._connection = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True)
        await self._connection.execute(self._TABLE)

    async def write(self, batch: Batch) -> None:
        assert self._connection is not None
        async with self._connection.cursor() as cursor, cursor.copy("COPY raw FROM STDIN") as copy:
            for item in batch.items:
                await copy.write_row(_postgres_row(*item))

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
