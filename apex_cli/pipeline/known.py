"""What the extractor may ask of the memory, answered by the graph."""

from __future__ import annotations

from collections.abc import Sequence

from apex_cli.embed.apply import Embedder, entity_text
from apex_cli.enrich.resolve import Candidate
from apex_cli.extract import keys
from apex_cli.model import Entity, EntityType
from apex_cli.stores.protocol import EntityView, PivotStore

_CANDIDATES = 5


class KnownInGraph:
    """`resolve.Known` on the pivot store."""

    def __init__(self, graph: PivotStore, embedder: Embedder) -> None:
        self._graph = graph
        self._embedder = embedder

    async def aliases(self, keys: Sequence[str]) -> frozenset[str]:
        """See `Known`."""
        return await self._graph.known(keys) if keys else frozenset()

    async def similar(self, entities: Sequence[Entity]) -> Sequence[Sequence[Candidate]]:
        """See `Known`. Nearness of the names' vectors."""
        if not entities:
            return []
        vectors = await self._embedder.embed([entity_text(entity) for entity in entities])
        return [
            [_candidate(view) for view in await self._graph.alike(entity.type, vector.tolist(), limit=_CANDIDATES)]
            for entity, vector in zip(entities, vectors, strict=True)
        ]


def _candidate(view: EntityView) -> Candidate:
    """By its best key, which reaches it whatever becomes of its id."""
    return Candidate(min(view.aliases, key=keys.rank), view.name, EntityType(view.type))
