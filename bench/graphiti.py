"""Plain `graphiti.add_episode`, one message after the other, on the engine that an ingest writes to.

Graphiti's own driver for this dialect needs another package, and the product's only reads: here is one that writes what
Graphiti asks it to, all of one `execute_write` in one transaction. It embeds as the product does by default.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from graphiti_core import Graphiti
from graphiti_core.cross_encoder.openai_reranker_client import OpenAIRerankerClient
from graphiti_core.driver.driver import GraphDriverSession, GraphProvider
from graphiti_core.driver.search_interface.search_interface import SearchInterface
from graphiti_core.edges import EntityEdge
from graphiti_core.embedder.client import EmbedderClient
from graphiti_core.llm_client.config import LLMConfig
from graphiti_core.llm_client.openai_generic_client import OpenAIGenericClient
from graphiti_core.nodes import EntityNode, EpisodeType, EpisodicNode

import apex_cli.graphiti  # noqa: F401 - before anything here imports graphiti_core itself
from apex_cli.embed.local import LocalEmbedder
from apex_cli.enrich import ontology
from apex_cli.stores.graph.ladybug import schema
from apex_cli.stores.graph.ladybug.engine import LadybugEngine
from apex_cli.stores.graph.ladybug.graphiti_driver import EmbeddedDriver, bound
from apex_cli.stores.graph.ladybug.transaction import LadybugTransaction
from apex_cli.stores.graph.model.operations import Access


async def add_messages(url: str, key: str, model: str, folder: Path, messages: Sequence[Mapping[str, Any]]) -> float:
    """Add messages to a new graph by the `model` at `url`; the seconds that it took, without opening and closing."""
    engine = LadybugEngine(folder / "graphiti.lbug")
    await engine.open()
    try:
        await engine.run(schema.create, Access.WRITE)
        config = LLMConfig(api_key=key, base_url=url, model=model, small_model=model)
        graph = Graphiti(
            graph_driver=WritingDriver(engine),
            llm_client=OpenAIGenericClient(config),
            embedder=_Embedder(),
            cross_encoder=OpenAIRerankerClient(config),
        )
        await LocalEmbedder().embed(["a first text loads the model"])
        started = time.monotonic()
        for message in messages:
            await graph.add_episode(
                name=message["message_id"],
                episode_body=message["body"],
                source_description="message",
                reference_time=datetime.fromisoformat(message["sent_at"]),
                source=EpisodeType.text,
                group_id="bench",
                entity_types=ontology.entity_types(),
                edge_types=ontology.edge_types(),
                edge_type_map=ontology.edge_type_map(),
                custom_extraction_instructions=ontology.INSTRUCTIONS,
            )
        return time.monotonic() - started
    finally:
        await engine.close()


class WritingDriver(EmbeddedDriver):
    """The product's driver, with writes, and with Graphiti's own search by vectors, which it writes."""

    def __init__(self, engine: LadybugEngine) -> None:
        super().__init__(engine, None)
        self.search_interface = _Scanning()
        self._writer = engine

    def session(self, database: str | None = None) -> GraphDriverSession:  # noqa: ARG002 - Graphiti's signature
        return _Session(self._writer)


class _Scanning(SearchInterface):
    """Graphiti's own search by vectors. Words are looked for by a scan: the index for them would be a download."""

    async def node_similarity_search(self, driver: Any, *arguments: Any) -> list[Any]:
        found: list[Any] = await driver.search_ops.node_similarity_search(driver, *arguments)
        return found

    async def edge_similarity_search(self, driver: Any, *arguments: Any) -> list[Any]:
        found: list[Any] = await driver.search_ops.edge_similarity_search(driver, *arguments)
        return found

    async def node_fulltext_search(self, driver: Any, query: str, *arguments: Any) -> list[Any]:
        return await _having(driver, EntityNode, "MATCH (x:Entity)", "x.name", query, arguments[-1])

    async def edge_fulltext_search(self, driver: Any, query: str, *arguments: Any) -> list[Any]:
        return await _having(driver, EntityEdge, "MATCH (x:RelatesToNode_)", "x.fact", query, arguments[-1])

    async def episode_fulltext_search(self, driver: Any, query: str, *arguments: Any) -> list[Any]:
        return await _having(driver, EpisodicNode, "MATCH (x:Episodic)", "x.content", query, arguments[-1])


async def _having(driver: Any, kind: Any, matched: str, text: str, query: str, limit: int) -> list[Any]:
    """Those whose text has a word of the query."""
    words = f"any(word IN $words WHERE lower({text}) CONTAINS word)"
    rows, *_ = await driver.execute_query(
        f"{matched} WHERE {words} RETURN x.uuid AS uuid LIMIT $limit", words=query.lower().split(), limit=limit
    )
    found: list[Any] = await kind.get_by_uuids(driver, [row["uuid"] for row in rows]) if rows else []
    return found


class _Session(GraphDriverSession):
    """Collects statements and runs them when the function that added them is done."""

    provider = GraphProvider.KUZU

    def __init__(self, engine: LadybugEngine) -> None:
        self._engine = engine
        self._queued: list[tuple[str, dict[str, Any]]] = []

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def run(self, query: Any, **kwargs: Any) -> None:
        self._queued.append((query, kwargs))

    async def close(self) -> None:
        """Nothing to release."""

    async def execute_write(self, func: Any, *args: Any, **kwargs: Any) -> None:
        await func(self, *args, **kwargs)
        queued, self._queued = self._queued, []

        def write(session: LadybugTransaction) -> None:
            for query, values in queued:
                session.rows(query, bound(query, values))

        await self._engine.run(write, Access.WRITE)


class _Embedder(EmbedderClient):
    def __init__(self) -> None:
        self._local = LocalEmbedder()

    async def create(self, input_data: Any) -> list[float]:
        [row] = await self.create_batch([input_data] if isinstance(input_data, str) else list(input_data)[:1])
        return row

    async def create_batch(self, input_data_list: list[str]) -> list[list[float]]:
        rows: list[list[float]] = (await self._local.embed(input_data_list)).tolist()
        return rows
