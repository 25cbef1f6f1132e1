"""What the memory knows of the names in a text: for a model, which decides whether two names are of one thing.

No store has vectors of names. A name that resembles another one stands in the texts of records, and these are indexed:

1. records whose text has words of the name, or is near to it       in PostgreSQL, in the vectors of each model
2. the entities of its type that they mention                       in the graph
3. of these the nearest names, by vectors that are computed now

Example: a text says "Lakeshore". Shipments say "hauled by Lakeshore Haulage Inc", so that carrier is a candidate.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from apex_cli.embed.apply import name_text
from apex_cli.enrich.resolve import Candidate
from apex_cli.extract import keys
from apex_cli.model import Entity, EntityType
from apex_cli.stores.factory import Stores
from apex_cli.stores.protocol import EntityView

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
        records = await asyncio.gather(*(self._records(entity.name) for entity in entities))
        mentioned = await self._stores.graph.mentioned(sorted({each for some in records for each in some}))
        candidates = [
            {view.id: view for record in some for view in mentioned.get(record, ()) if view.type == entity.type}
            for entity, some in zip(entities, records, strict=True)
        ]
        return [
            [Candidate(min(view.aliases, key=keys.rank), view.name, EntityType(view.type)) for view in near]
            for near in await self._nearest(entities, candidates)
        ]

    async def _records(self, name: str) -> set[str]:
        """The records whose text has words of the name, or is near to it."""
        stores = self._stores

        async def near(model: str) -> list[str]:
            question = await stores.embedding.models[model].question(name)
            return [hit.record_id for hit in await stores.vectors.search(model, question.tolist(), limit=_RECORDS)]

        async def matching() -> list[str]:
            return [hit.record_id for hit in await stores.catalog.search(name, limit=_RECORDS)]

        found = await asyncio.gather(matching(), *(near(model) for model in stores.vectors.models))
        return {record for some in found for record in some}

    async def _nearest(
        self, entities: Sequence[Entity], candidates: Sequence[Mapping[str, EntityView]]
    ) -> list[list[EntityView]]:
        """Of the candidates of each entity those whose names are at least `LIKE` near its own, the nearest first."""
        texts = {
            *(name_text(entity.type.value, entity.name) for entity in entities),
            *(name_text(view.type, view.name) for some in candidates for view in some.values()),
        }
        ordered = sorted(texts)
        vectors = dict(zip(ordered, await self._stores.embedding.embedder.embed(ordered), strict=True))
        found = []
        for entity, some in zip(entities, candidates, strict=True):
            own = vectors[name_text(entity.type.value, entity.name)]
            scored = [(float(own @ vectors[name_text(view.type, view.name)]), view) for view in some.values()]
            near = sorted((pair for pair in scored if pair[0] > LIKE), key=lambda pair: (-pair[0], pair[1].id))
            found.append([view for _, view in near[:_CANDIDATES]])
        return found
