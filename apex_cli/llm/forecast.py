"""What asking would cost, before anything is asked: for dry runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from apex_cli.llm.embeddings import requests
from apex_cli.llm.models import Models
from apex_cli.llm.protocol import Prompt
from apex_cli.llm.tokens import estimate
from apex_cli.llm.usage import ModelUsage


@dataclass(frozen=True, slots=True)
class Forecast:
    """`usage` is what is still to be paid, about; `cached` counts prompts or texts whose answers are kept."""

    usage: ModelUsage = field(default_factory=ModelUsage)
    cached: int = 0


async def forecast(models: Models, prompts: Iterable[Prompt]) -> Forecast:
    """Calls, tokens and dollars of these prompts, each counted once, net of what is in the cache. Asks no model."""
    distinct = {prompt.key(models.model.name): prompt for prompt in prompts}
    usage, cached = ModelUsage(), 0
    for prompt in distinct.values():
        if await models.model.kept(prompt) is None:
            usage.add(models.live.estimate(prompt))
        else:
            cached += 1
    return Forecast(usage, cached)


async def forecast_vectors(models: Models, texts: Iterable[str]) -> Forecast:
    """The same for embedding these texts; nothing when it is done here and not by a server."""
    form = models.form
    if form is None:
        return Forecast()
    wanted = {form.key(text): text for text in map(form.prepared, texts) if text}
    kept = await models.cache.get(list(wanted))
    missing = {key: text for key, text in wanted.items() if key not in kept}
    used = ModelUsage(calls=sum(1 for _ in requests(missing)), input_tokens=sum(map(estimate, missing.values())))
    return Forecast(models.meter.priced(form.model, used), len(wanted) - len(missing))
