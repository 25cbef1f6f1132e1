"""What models cost. The built-in figures age: they are OpenAI's list prices as published by `AS_OF`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from apex_cli.llm.usage import ModelUsage

AS_OF = "2026-11-06"
BATCH_DISCOUNT = 0.5
"""What the Batch API asks of the price."""

_SNAPSHOT = re.compile(r"-\d{4}-\d\d-\d\d$")


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens. `cached` is input that the provider has seen before."""

    input: float
    cached: float
    output: float = 0.0

    def of(self, usage: ModelUsage, *, batch: bool = False) -> float:
        """Dollars for the tokens of `usage`."""
        fresh = usage.input_tokens - usage.cached_tokens
        full = fresh * self.input + usage.cached_tokens * self.cached + usage.output_tokens * self.output
        return full / 1e6 * (BATCH_DISCOUNT if batch else 1.0)


LIST: Mapping[str, Price] = {
    "gpt-6-astra": Price(10.0, 1.0, 50.0),
    "gpt-6-sol": Price(2.0, 0.2, 10.0),
    "gpt-6.1-sol": Price(2.0, 0.1, 10.0),
    "gpt-6.1-terra": Price(1.0, 0.05, 5.0),
    "gpt-6-luna": Price(0.1, 0.01, 0.5),
    "gpt-5.6-terra": Price(2.0, 0.2, 12.0),
    "gpt-5.6-luna": Price(0.2, 0.02, 1.2),
    "gpt-5-mini": Price(0.25, 0.025, 2.0),
    "gpt-4.1": Price(2.0, 0.5, 8.0),
    "gpt-4.1-mini": Price(0.4, 0.1, 1.6),
    "gpt-4.1-nano": Price(0.1, 0.025, 0.4),
    "gpt-4o-mini": Price(0.15, 0.075, 0.6),
    "text-embedding-3-small": Price(0.02, 0.02),
    "text-embedding-3-large": Price(0.13, 0.13),
}
"""Standard tier, prompts up to 272,000 tokens (longer ones cost more; ours are far shorter)."""


class Prices:
    """Prices by model: those configured first, then OpenAI's list if it is OpenAI that is asked."""

    def __init__(self, configured: Mapping[str, Price], *, listed: bool) -> None:
        self._configured = configured
        self._listed = LIST if listed else {}

    def of(self, model: str) -> Price | None:
        """The price of `model`, whose dated snapshots (`…-2026-09-22`) cost the same; None if it is not known."""
        return self._configured.get(model) or self._listed.get(_SNAPSHOT.sub("", model))
