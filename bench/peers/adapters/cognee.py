"""cognee: `add_data_points` in batches, into its default stores (LadybugDB, LanceDB)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from bench.peers.adapters import shared
from bench.peers.adapters.shared import DIMENSIONS, Held, Item


def _settings(folder: Path) -> None:
    """Everything in `folder`, no login, no telemetry. To be called before cognee is imported."""
    os.environ.update(
        SYSTEM_ROOT_DIRECTORY=str(folder / "system"),
        DATA_ROOT_DIRECTORY=str(folder / "data"),
        CACHE_ROOT_DIRECTORY=str(folder / "cache"),
        COGNEE_LOGS_DIR=str(folder / "logs"),
        COGNEE_LOG_FILE="false",
        LOG_LEVEL="ERROR",
        TELEMETRY_DISABLED="true",
        COGNEE_TRACING_ENABLED="false",
        ENABLE_BACKEND_ACCESS_CONTROL="false",
        LLM_API_KEY="none",
        EMBEDDING_DIMENSIONS=str(DIMENSIONS),
    )


def load(items: Sequence[Item], folder: Path) -> None:
    """Add all batches, one after the other."""
    _settings(folder)
    embed = shared.embedder()

    from cognee.infrastructure.databases.vector.embeddings.EmbeddingEngine import EmbeddingResult

    class Engine:
        """cognee's protocol of an embedding engine."""

        max_completion_tokens = 8_192

        async def embed_text(self, text: list[str]) -> Any:
            return EmbeddingResult(embed(text).tolist(), tokens=0)

        def get_vector_size(self) -> int:
            return DIMENSIONS

        def get_batch_size(self) -> int:
            return 36

        async def input_limit(self) -> None:
            return None

    from importlib import import_module

    # cognee takes no function of its user's: its factory of engines is replaced.
    engine = Engine()
    import_module("cognee.infrastructure.databases.vector.create_vector_engine").get_embedding_engine = lambda: engine  # type: ignore[attr-defined]
    from cognee.low_level import setup
    from cognee.tasks.storage.add_data_points import add_data_points

    async def add() -> None:
        await setup()
        for batch in shared.batches(items):
            points, edges = _points(batch)
            await add_data_points(points, custom_edges=edges)

    asyncio.run(add())


def _indexed(name: str) -> dict[str, list[str]]:
    return {"index_fields": [name]}


def _points(batch: Sequence[Item]) -> tuple[list[Any], list[Any]]:
    from cognee.infrastructure.engine import DataPoint
    from pydantic import SkipValidation

    class Thing(DataPoint):  # type: ignore[misc]  # cognee is not among apex's packages
        name: str
        kind: str
        metadata: Any = _indexed("name")

    class Paper(DataPoint):  # type: ignore[misc]
        title: str
        text: str
        mentions: SkipValidation[Any] = None
        metadata: Any = _indexed("text")

    things = {
        one["id"]: Thing(id=UUID(one["id"]), name=one["name"], kind=one["type"]) for one in shared.entities(batch)
    }
    papers = [
        Paper(
            id=UUID(item["id"]),
            title=item["title"],
            text=item["text"],
            mentions=[things[one] for one in {entity["id"] for entity in item["entities"]}],
        )
        for item in batch
    ]
    edges = {
        (fact["subject"], fact["object"], fact["predicate"]): {
            "relationship_name": fact["predicate"],
            "edge_text": fact["sentence"],
            "valid_at": fact["valid_at"],
        }
        for item in batch
        for fact in item["facts"]
    }
    return [*papers, *things.values()], [(*ends, properties) for ends, properties in edges.items()]


def count(folder: Path) -> Held:
    """Read the graph through cognee's engine, and LanceDB by its own client."""
    _settings(folder)
    import lancedb

    async def graph() -> Any:
        from cognee.infrastructure.databases.graph import get_graph_engine

        return await (await get_graph_engine()).get_graph_data()

    nodes, edges = asyncio.run(graph())
    tables: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*.lance")):
        if path.is_dir():
            rows = lancedb.connect(path.parent).open_table(path.stem).to_arrow().select(["id"]).to_pylist()
            tables[path.stem] = [str(row["id"]) for row in rows]
    kinds = {str(node): properties.get("type") for node, properties in nodes}
    facts = [(str(one), name, str(other)) for one, other, name, _ in edges]
    return {
        "records": {
            "graph": [node for node, kind in kinds.items() if kind == "Paper"],
            "vectors": tables.get("Paper_text", []),
        },
        "entities": {
            "graph": [node for node, kind in kinds.items() if kind == "Thing"],
            "vectors": tables.get("Thing_name", []),
        },
        "facts": {"graph": [" ".join(fact) for fact in facts if fact[1] != "mentions"]},
        "mentions": {"graph": [f"{one} {other}" for one, name, other in facts if name == "mentions"]},
        "vectors": tables,
    }


if __name__ == "__main__":
    shared.main(load, count)
