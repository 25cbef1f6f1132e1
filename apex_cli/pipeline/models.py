"""The models of a run, and the enricher that uses them on what the memory knows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from apex_cli.config import Settings
from apex_cli.embed.apply import entity_text
from apex_cli.extract import keys
from apex_cli.model import Entity, EntityType
from apex_cli.pipeline.context import IngestRequest
from apex_cli.stores.factory import Stores

if TYPE_CHECKING:
    from apex_cli.enrich.enricher import CachedEnricher
    from apex_cli.enrich.resolve import Candidate
    from apex_cli.llm.models import Models

_CANDIDATES = 5


@asynccontextmanager
async def models_for(settings: Settings, request: IngestRequest) -> AsyncIterator[Models | None]:
    """The models of a run, checked; None for a run that needs none. Raises `ConfigError` for a model out of reach."""
    if not request.uses_model(settings) and settings.embedder == "local":
        yield None
        return
    from apex_cli.llm.models import open_models

    async with open_models(settings, batch=request.llm_batch) as models:
        await models.check()
        yield models


def enricher_for(
    settings: Settings, request: IngestRequest, stores: Stores, models: Models | None
) -> CachedEnricher | None:
    """The enricher of a run; None for a run without a model."""
    if models is None or not request.uses_model(settings):
        return None
    from apex_cli.enrich.enricher import CachedEnricher, ModelExtractor

    return CachedEnricher(ModelExtractor(models.model, _KnownInGraph(stores), models.meter), models.cache)


class _KnownInGraph:
    """`enrich.resolve.Known`: what the extractor may ask of the memory, answered by the graph."""

    def __init__(self, stores: Stores) -> None:
        self._graph = stores.graph
        self._embedder = stores.embedding.embedder

    async def aliases(self, keys: Sequence[str]) -> frozenset[str]:
        """See `Known`."""
        return await self._graph.known(keys) if keys else frozenset()

    async def similar(self, entities: Sequence[Entity]) -> Sequence[Sequence[Candidate]]:
        """See `Known`. Alike is what has near vectors of names; a candidate is named by its best key."""
        from apex_cli.enrich.resolve import Candidate

        if not entities:
            return []
        vectors = await self._embedder.embed([entity_text(entity) for entity in entities])
        return [
            [
                Candidate(min(view.aliases, key=keys.rank), view.name, EntityType(view.type))
                for view in await self._graph.alike(entity.type, vector.tolist(), limit=_CANDIDATES)
            ]
            for entity, vector in zip(entities, vectors, strict=True)
        ]
