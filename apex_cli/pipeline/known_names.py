"""What the memory knows of the names in a text: for a model, which decides whether two names are of one thing.

No store has vectors of names. A name that resembles another one stands in the texts of records, and these are indexed:

1. records whose text has words of the name, or is near to it       in PostgreSQL, in the vectors
2. the entities of its type that they mention                       in the graph
3. of these the nearest names, by vectors that are computed now

Example: a text says "Lakeshore". Shipments say "hauled by Lakeshore Haulage Inc", so that carrier is a candidate.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence, Set
from typing import TYPE_CHECKING

from apex_cli.embed.apply import name_text
from apex_cli.enrich.resolve import Candidate
from apex_cli.extract import keys
from apex_cli.model import Entity, EntityType
from apex_cli.stores.factory import Stores
from apex_cli.stores.views import EntityView

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = Mapping[str, NDArray[np.float32]]

_CANDIDATES = 5
_RECORDS = 50
"""Records that each index is asked for. One entity may be in many of them."""
LIKE = 0.7
"""Cosine similarity from which two names may be of one entity. A model decides it: a needless question costs a request,
a missing one costs a duplicate entity.
"""


class KnownNames:
    """`enrich.resolve.Known` over the open stores."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    async def aliases(self, keys: Sequence[str]) -> frozenset[str]:
        """See `Known`."""
        return await self._stores.graph.known(keys) if keys else frozenset()

    async def similar(self, entities: Sequence[Entity]) -> Sequence[Sequence[Candidate]]:
        """See `Known`. A candidate is named by its best key."""
        if not entities:
            return []
        vectors = await self._vectors({name_text(entity.type.value, entity.name) for entity in entities})
        records = await asyncio.gather(*(self._records(entity, vectors) for entity in entities))
        mentioned = await self._stores.graph.mentioned(sorted({each for some in records for each in some}))
        candidates = [
            {view.id: view for record in some for view in mentioned.get(record, ()) if view.type == entity.type}
            for entity, some in zip(entities, records, strict=True)
        ]
        named = {name_text(view.type, view.name) for some in candidates for view in some.values()}
        vectors |= await self._vectors(named - vectors.keys())
        return [
            [Candidate(min(view.aliases, key=keys.rank), view.name, EntityType(view.type)) for view in near]
            for near in (_nearest(entity, some, vectors) for entity, some in zip(entities, candidates, strict=True))
        ]

    async def _vectors(self, texts: Set[str]) -> dict[str, NDArray[np.float32]]:
        """The vectors of these texts by the memory's own model: one request for all."""
        ordered = sorted(texts)
        return dict(zip(ordered, await self._stores.embedding.embedder.embed(ordered), strict=True)) if ordered else {}

    async def _records(self, entity: Entity, vectors: Vectors) -> set[str]:
        """The records whose text has words of the name, or is near to it."""
        stores = self._stores
        vector = vectors[name_text(entity.type.value, entity.name)].tolist()
        # Records that have vectors of another model only, such as messages, are found by their words.
        found = await asyncio.gather(
            stores.catalog.search(entity.name, limit=_RECORDS),
            stores.vectors.search(stores.embedding.embedder.name, vector, limit=_RECORDS),
        )
        return {hit.record_id for some in found for hit in some}


def _nearest(entity: Entity, candidates: Mapping[str, EntityView], vectors: Vectors) -> list[EntityView]:
    """The candidates whose names are at least `LIKE` near that of the entity, the nearest first."""
    own = vectors[name_text(entity.type.value, entity.name)]
    scored = [(float(own @ vectors[name_text(view.type, view.name)]), view) for view in candidates.values()]
    near = sorted((pair for pair in scored if pair[0] > LIKE), key=lambda pair: (-pair[0], pair[1].id))
    return [view for _, view in near[:_CANDIDATES]]
