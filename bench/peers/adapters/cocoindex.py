"""cocoindex: one component a record, rows in SQLite, chunks with vectors in LanceDB."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import cocoindex as coco
import numpy as np
from cocoindex.connectors import lancedb, sqlite
from cocoindex.resources.schema import VectorSchema
from numpy.typing import NDArray

from bench.peers.adapters import shared
from bench.peers.adapters.shared import DIMENSIONS, Held, Item

ROWS = coco.ContextKey("rows")
VECTORS = coco.ContextKey("vectors")
SCHEMA = VectorSchema(dtype=np.dtype(np.float32), size=DIMENSIONS)


@dataclass
class RecordRow:
    """A record."""

    id: str
    title: str
    text: str


@dataclass
class EntityRow:
    """An entity."""

    id: str
    name: str
    type: str


@dataclass
class FactRow:
    """What one record says of two entities."""

    id: str
    record: str
    subject: str
    predicate: str
    object: str
    sentence: str
    valid_at: str


@dataclass
class MentionRow:
    """A record mentions an entity."""

    record: str
    entity: str


@dataclass
class ChunkRow:
    """A text of a record, with its vector."""

    id: str
    record: str
    text: str
    vector: Annotated[NDArray[np.float32], SCHEMA]


def load(items: Sequence[Item], folder: Path) -> None:
    """Declare all rows; cocoindex writes those that differ from what it knows."""
    os.environ["COCOINDEX_DB"] = str(folder / "state")
    embed = shared.embedder()

    async def lifespan(builder: Any) -> AsyncIterator[None]:
        builder.provide_with(ROWS, sqlite.managed_connection(folder / "rows.sqlite"))
        builder.provide(VECTORS, await lancedb.connect_async(str(folder / "vectors")))
        yield

    async def table(module: Any, key: Any, name: str, kind: type, primary: Sequence[str]) -> Any:
        schema = await module.TableSchema.from_class(kind, primary_key=list(primary))
        return await module.mount_table_target(key, name, schema)

    async def declare_record(item: Item, records: Any, facts: Any, mentions: Any, chunks: Any) -> None:
        record = item["id"]
        records.declare_row(row=RecordRow(record, item["title"], item["text"]))
        for fact in item["facts"]:
            facts.declare_row(row=FactRow(record=record, **fact))
        for entity in {entity["id"] for entity in item["entities"]}:
            mentions.declare_row(row=MentionRow(record, entity))
        for place, (text, vector) in enumerate(zip(item["chunks"], embed(item["chunks"]), strict=True)):
            chunks.declare_row(row=ChunkRow(f"{record}:{place}", record, text, vector))

    async def declare_entities(found: list[Item], rows: Any) -> None:
        for entity in found:
            rows.declare_row(row=EntityRow(**entity))

    async def everything() -> None:
        tables = [
            await table(sqlite, ROWS, "records", RecordRow, ["id"]),
            await table(sqlite, ROWS, "facts", FactRow, ["id"]),
            await table(sqlite, ROWS, "mentions", MentionRow, ["record", "entity"]),
            await table(lancedb, VECTORS, "chunks", ChunkRow, ["id"]),
        ]
        rows = await table(sqlite, ROWS, "entities", EntityRow, ["id"])
        await coco.mount(coco.component_subpath("entities"), coco.fn(declare_entities), shared.entities(items), rows)
        await coco.mount_each(coco.fn(memo=True)(declare_record), [(item["id"], item) for item in items], *tables)

    coco.lifespan(lifespan)
    coco.App(coco.AppConfig(name="bench"), coco.fn(everything)).update_blocking()


def count(folder: Path) -> Held:
    """Read SQLite and LanceDB by their own clients."""
    import lancedb as client

    rows = sqlite3.connect(folder / "rows.sqlite")

    def column(query: str) -> list[str]:
        try:
            return [str(value) for (value,) in rows.execute(query)]
        except sqlite3.OperationalError:
            # The table is not there yet.
            return []

    chunks: list[dict[str, Any]] = []
    if (folder / "vectors" / "chunks.lance").exists():
        chunks = client.connect(folder / "vectors").open_table("chunks").to_arrow().select(["id", "record"]).to_pylist()
    return {
        "records": {"SQLite": column("SELECT id FROM records"), "LanceDB": [row["record"] for row in chunks]},
        "entities": {"SQLite": column("SELECT id FROM entities")},
        "facts": {"SQLite": column("SELECT id FROM facts")},
        "mentions": {"SQLite": column("SELECT record || ' ' || entity FROM mentions")},
        "vectors": {"chunks": [row["id"] for row in chunks]},
    }


if __name__ == "__main__":
    shared.main(load, count)
