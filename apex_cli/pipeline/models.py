"""Whether a run asks models, and everything that this takes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from apex_cli.config import Settings
from apex_cli.pipeline.request import IngestRequest
from apex_cli.stores.factory import Stores

if TYPE_CHECKING:
    from apex_cli.enrich.enricher import CachedEnricher
    from apex_cli.llm.models import Models


@asynccontextmanager
async def models_for(settings: Settings, request: IngestRequest) -> AsyncIterator[Models | None]:
    """The models of a run, asked whether they are there; None for a run that needs none.

    Raises `ConfigError` where one is needed and cannot be used.
    """
    if not reads_text(settings, request) and settings.embedder == "local":
        yield None
        return
    from apex_cli.llm.models import open_models

    async with open_models(settings, batch=request.llm_batch) as models:
        await models.check()
        yield models


def reads_text(settings: Settings, request: IngestRequest) -> bool:
    """Whether a model reads free text: `llm` says so, `auto` where a key or a server is configured."""
    if request.extractor == "auto":
        return settings.has_model
    return request.extractor == "llm"


def reading_for(
    settings: Settings, request: IngestRequest, stores: Stores, models: Models | None
) -> CachedEnricher | None:
    """The model's part of understanding, where it has one."""
    if models is None or not reads_text(settings, request):
        return None
    from apex_cli.enrich.enricher import CachedEnricher, ModelExtractor
    from apex_cli.pipeline.known import KnownInGraph

    known = KnownInGraph(stores.graph, stores.embedding.embedder)
    return CachedEnricher(ModelExtractor(models.model, known, models.meter), models.cache)
