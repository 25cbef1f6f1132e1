"""Everything that asking models takes, opened together for one run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec

from apex_cli.config import Settings
from apex_cli.errors import ConfigError
from apex_cli.llm.batch import Batching
from apex_cli.llm.batch_api import BatchApi
from apex_cli.llm.batch_store import BatchStore
from apex_cli.llm.batched import BatchModel
from apex_cli.llm.budget import Budget
from apex_cli.llm.cache import Cache
from apex_cli.llm.cached import CachedModel
from apex_cli.llm.client import OpenAIModel
from apex_cli.llm.connection import Connection
from apex_cli.llm.embeddings import EmbeddingForm
from apex_cli.llm.endpoint import endpoint
from apex_cli.llm.limits import Clock, ProviderLimits, Sleep
from apex_cli.llm.meter import ModelUsageMeter
from apex_cli.llm.prices import AS_OF, Price, Prices
from apex_cli.llm.protocol import Size


@dataclass(frozen=True, slots=True)
class Models:
    """One run's way to models.

    `model` is the one to ask: it asks the server only what is not in the cache, at once or, with `batching`, by the
    next batch. `form` is the embedding model's, if embedding is done by a server (see `embed.choose`).
    """

    connection: Connection
    live: OpenAIModel
    model: CachedModel
    form: EmbeddingForm | None
    cache: Cache
    meter: ModelUsageMeter
    budget: Budget
    batching: Batching | None

    async def check(self) -> None:
        """Whether the server is there, the key accepted and the models known. Raises `ConfigError`."""
        embedding = {self.form.model} if self.form is not None else set()
        await self.connection.check(self.live.models | embedding)


@asynccontextmanager
async def open_models(
    settings: Settings, *, batch: bool = False, clock: Clock = time.monotonic, sleep: Sleep = asyncio.sleep
) -> AsyncIterator[Models]:
    """Everything, closed at the end of the block; nothing is asked of the server yet: see `Models.check`.

    With `batch`, what is not in the cache is queued for `Models.batching`: `collect` it first, `flush` it last.

    Raises `ConfigError`: the packages are not installed, no key, a cache that cannot be opened, a budget in dollars for
    a model without a price.
    """
    _check_installed()
    server = endpoint(settings)
    names = model_names(settings)
    form = None
    if settings.embedder == "openai":
        form = EmbeddingForm(settings.embedding_model, settings.embedding_dimensions)
    meter = ModelUsageMeter(Prices(_configured(settings), listed=server.openai))
    _check_prices(settings, meter)
    limits = ProviderLimits(
        concurrency=settings.concurrency,
        requests=settings.llm_rpm,
        tokens=settings.llm_tpm,
        clock=clock,
        sleep=sleep,
    )
    budget = Budget(meter, max_cost=settings.max_cost, max_tokens=settings.max_tokens)
    connection = Connection(server, limits=limits, meter=meter, budget=budget, timeout=settings.llm_timeout)
    cache = Cache(settings.home / "cache" / "llm", max_bytes=settings.llm_cache_max_bytes)
    await cache.open()
    live = OpenAIModel(connection, names)
    batching = None
    if batch:
        book = BatchStore(settings.home / "batches")
        batching = Batching(BatchApi(connection), book, cache, meter=meter, budget=budget, form=form)
    model = CachedModel(live if batching is None else BatchModel(live, batching), cache)
    try:
        yield Models(connection, live, model, form, cache, meter, budget, batching)
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


def _check_installed() -> None:
    missing = [package for package in ("openai", "jsonschema") if find_spec(package) is None]
    if missing:
        raise ConfigError(
            f"language models need {' and '.join(missing)}, which is not installed",
            hint="pip install 'apex-cli[llm]'",
        )


def _check_prices(settings: Settings, meter: ModelUsageMeter) -> None:
    models = {*model_names(settings).values()}
    if settings.embedder == "openai":
        models.add(settings.embedding_model)
    unknown = sorted(model for model in models if meter.prices.of(model) is None)
    if settings.max_cost is not None and unknown:
        raise ConfigError(
            f"--max-cost needs the price of {', '.join(unknown)}, which is not among the prices of {AS_OF}",
            hint="set APEX_LLM_PRICE_INPUT, APEX_LLM_PRICE_OUTPUT and APEX_EMBEDDING_PRICE, or use --max-tokens",
        )
