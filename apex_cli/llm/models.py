"""The models of one run, opened and closed together, and forecasts of their cost for dry runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from apex_cli.config import Settings
from apex_cli.errors import ConfigError
from apex_cli.extras import install_hint, missing_modules
from apex_cli.llm.batch import Batching, BatchModel
from apex_cli.llm.batch_api import BatchApi
from apex_cli.llm.batch_store import BatchStore
from apex_cli.llm.cache import AnswerCache, CachedModel
from apex_cli.llm.client import OpenAIModel
from apex_cli.llm.connection import Connection, endpoint
from apex_cli.llm.embeddings import EmbeddingFormat
from apex_cli.llm.limits import Clock, ProviderLimits, Sleep
from apex_cli.llm.protocol import Prompt, Size
from apex_cli.llm.usage import AS_OF, Budget, ModelUsage, ModelUsageMeter, Price, Prices


@dataclass(frozen=True, slots=True)
class Models:
    """The models of one run, with their cache, meter and budget.

    Ask `model`: it sends the server only what is not in the cache, at once or, with `batching`, in the next batch.
    `live` is the same model without cache or batches. `embeddings`: the format of the embedding model, if a server
    embeds (see `embed.openai.open_embedder`).
    """

    connection: Connection
    live: OpenAIModel
    model: CachedModel
    embeddings: EmbeddingFormat | None
    cache: AnswerCache
    meter: ModelUsageMeter
    budget: Budget
    batching: Batching | None

    async def check(self) -> None:
        """Check that the server answers, accepts the key and knows the models. Raises `ConfigError`."""
        embedding = {self.embeddings.model} if self.embeddings is not None else set()
        await self.connection.check(self.live.models | embedding)


@asynccontextmanager
async def open_models(
    settings: Settings, *, batch: bool = False, clock: Clock = time.monotonic, sleep: Sleep = asyncio.sleep
) -> AsyncIterator[Models]:
    """Open the models for the block. No request is sent yet: see `Models.check`.

    With `batch`, what is not in the cache is queued in `Models.batching`: call `collect` first and `flush` last.

    Raises `ConfigError`: the packages are not installed, no key, a cache that cannot be opened, a budget in dollars for
    a model without a price.
    """
    if missing := missing_modules("llm"):
        raise ConfigError(
            f"language models need {' and '.join(missing)}, which is not installed", hint=install_hint("llm")
        )
    server = endpoint(settings)
    names = model_names(settings)
    embeddings = None
    if settings.embeds_by_server:
        embeddings = EmbeddingFormat(settings.embedding_model, settings.embedding_dimensions)
    meter = ModelUsageMeter(Prices(_configured(settings), listed=server.openai))
    _check_prices(settings, meter)
    limits = ProviderLimits(
        concurrency=settings.concurrency, requests=settings.llm_rpm, tokens=settings.llm_tpm, clock=clock, sleep=sleep
    )
    budget = Budget(meter, max_cost=settings.max_cost, max_tokens=settings.max_tokens)
    connection = Connection(server, limits=limits, meter=meter, budget=budget, timeout=settings.llm_timeout)
    cache = AnswerCache(settings.home / "cache" / "llm", max_bytes=settings.llm_cache_max_bytes)
    await cache.open()
    live = OpenAIModel(connection, names)
    batching = None
    if batch:
        store = BatchStore(settings.home / "batches")
        batching = Batching(BatchApi(connection), store, cache, meter=meter, budget=budget, embeddings=embeddings)
    model = CachedModel(live if batching is None else BatchModel(live, batching), cache)
    try:
        yield Models(connection, live, model, embeddings, cache, meter, budget, batching)
    finally:
        await model.close()
        await connection.close()
        await cache.close()


def model_names(settings: Settings) -> Mapping[Size, str]:
    """The model for each size; there is one for both unless a smaller one is named."""
    return {Size.MAIN: settings.llm_model, Size.SMALL: settings.llm_small_model or settings.llm_model}


def _configured(settings: Settings) -> dict[str, Price]:
    prices = {}
    if settings.llm_price_input is not None or settings.llm_price_output is not None:
        into, out = settings.llm_price_input or 0.0, settings.llm_price_output or 0.0
        prices = {name: Price(into, into, out) for name in model_names(settings).values()}
    if settings.embedding_price is not None:
        prices[settings.embedding_model] = Price(settings.embedding_price, settings.embedding_price)
    return prices


def _check_prices(settings: Settings, meter: ModelUsageMeter) -> None:
    models = {*model_names(settings).values()}
    if settings.embeds_by_server:
        models.add(settings.embedding_model)
    unknown = sorted(model for model in models if meter.prices.of(model) is None)
    if settings.max_cost is not None and unknown:
        raise ConfigError(
            f"--max-cost needs the price of {', '.join(unknown)}, which is not among the prices of {AS_OF}",
            hint="set APEX_LLM_PRICE_INPUT, APEX_LLM_PRICE_OUTPUT and APEX_EMBEDDING_PRICE, or use --max-tokens",
        )


async def forecast(models: Models, prompts: Iterable[Prompt]) -> ModelUsage:
    """An estimate of what the distinct prompts that are not in the cache take. Asks no model."""
    usage = ModelUsage()
    for prompt in {prompt.key(models.model.name): prompt for prompt in prompts}.values():
        if await models.model.cached(prompt) is None:
            usage.add(models.live.estimate(prompt))
    return usage
