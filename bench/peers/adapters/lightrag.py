"""LightRAG: `insert_custom_kg` in batches, into its default stores (JSON, NanoVectorDB, NetworkX)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.peers.adapters import shared
from bench.peers.adapters.shared import DIMENSIONS, Held, Item


class Tokens:
    """Words for tokens: LightRAG's own tokenizer would be fetched over the network."""

    def __init__(self) -> None:
        self._words: dict[str, int] = {}
        self._names: list[str] = []

    def encode(self, content: str) -> list[int]:
        """A number for each word."""
        numbers = []
        for word in content.split():
            if word not in self._words:
                self._words[word] = len(self._names)
                self._names.append(word)
            numbers.append(self._words[word])
        return numbers

    def decode(self, tokens: Sequence[int]) -> str:
        """The words, with single spaces between them."""
        return " ".join(self._names[token] for token in tokens)


def load(items: Sequence[Item], folder: Path) -> None:
    """Insert all batches, one after the other."""
    from lightrag import LightRAG
    from lightrag.utils import EmbeddingFunc, Tokenizer

    embed = shared.embedder()

    async def vectors(texts: list[str], **_: Any) -> Any:
        return embed(list(texts))

    async def no_model(*_: Any, **__: Any) -> str:
        raise RuntimeError("no model is asked here")

    async def insert() -> None:
        rag = LightRAG(
            working_dir=str(folder),
            embedding_func=EmbeddingFunc(embedding_dim=DIMENSIONS, func=vectors, max_token_size=8_192),
            llm_model_func=no_model,
            tokenizer=Tokenizer("words", Tokens()),
        )
        await rag.initialize_storages()
        for batch in shared.batches(items):
            await rag.ainsert_custom_kg(_graph(batch))
        await rag.finalize_storages()

    asyncio.run(insert())


def _graph(batch: Sequence[Item]) -> dict[str, list[Item]]:
    """A batch as LightRAG takes it: things are known by their names, and a fact is about two of them."""
    chunks, things, relations = [], [], []
    for item in batch:
        names = {entity["id"]: entity["name"] for entity in item["entities"]}
        source = {"source_id": item["id"], "file_path": item["id"]}
        chunks += [{"content": text, "chunk_order_index": place, **source} for place, text in enumerate(item["chunks"])]
        things += [
            {"entity_name": one["name"], "entity_type": one["type"], "description": f"{one['type']} {one['name']}"}
            | source
            for one in item["entities"]
        ]
        relations += [
            {
                "src_id": names[fact["subject"]],
                "tgt_id": names[fact["object"]],
                "description": fact["sentence"],
                "keywords": fact["predicate"],
                **source,
            }
            for fact in item["facts"]
            if names[fact["subject"]].lower() != names[fact["object"]].lower()
        ]
    return {"chunks": chunks, "entities": things, "relationships": relations}


def count(folder: Path) -> Held:
    """Read the files that LightRAG keeps."""
    import networkx

    texts = _json(folder / "kv_store_text_chunks.json", {})
    nodes, edges = [], []
    path = folder / "graph_chunk_entity_relation.graphml"
    if path.exists():
        graph = networkx.read_graphml(path)
        nodes, edges = list(graph.nodes), [_pair(one, other) for one, other in graph.edges]
    chunks, things, relations = (
        _json(folder / f"vdb_{name}.json", {"data": []})["data"] for name in ("chunks", "entities", "relationships")
    )
    return {
        "records": {"text": list(texts), "vectors": [row["__id__"] for row in chunks]},
        "entities": {"graph": nodes, "vectors": [row["entity_name"] for row in things]},
        "facts": {"graph": edges, "vectors": [_pair(row["src_id"], row["tgt_id"]) for row in relations]},
        "mentions": {},
        "vectors": {
            name: [row["__id__"] for row in rows]
            for name, rows in (("chunks", chunks), ("entities", things), ("relations", relations))
        },
    }


def _json(path: Path, missing: Any) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else missing


def _pair(one: str, other: str) -> str:
    return " ~ ".join(sorted((one, other)))


if __name__ == "__main__":
    shared.main(load, count)
