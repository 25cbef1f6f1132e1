"""Tokens and dollars: estimates before a request, prices, the meter of a run, and its budget.

Prices age: the list holds OpenAI's prices as published at `AS_OF`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace

from apex_cli.errors import BudgetExhausted

AS_OF = "2026-11-06"
BATCH_DISCOUNT = 0.5
"""The Batch API costs this share of the price."""
OUTPUT_TOKENS = 400
"""The estimate of an answer's length: the entities or facts of a message, as JSON."""

_SNAPSHOT = re.compile(r"-\d{4}-\d\d-\d\d$")


def estimate_tokens(text: str) -> int:
    """About how many tokens `text` has; rather too many than too few for text written by people.

    Not by tiktoken: it downloads its vocabularies at first use and knows OpenAI's models only. English and JSON have
    three to four characters a token, other scripts two to four bytes of UTF-8.
    """
    return max(len(text) // 3, len(text.encode("utf-8", "replace")) // 4) + 1


def in_parts(sizes: Iterable[tuple[str, int]], *, count: int, total: int) -> Iterator[list[str]]:
    """Keys in parts that each fit one request: at most `count`, of sizes up to `total` together; a larger one alone."""
    part: list[str] = []
    used = 0
    for key, size in sizes:
        if part and (len(part) == count or used + size > total):
            yield part
            part, used = [], 0
        part.append(key)
        used += size
    if part:
        yield part


@dataclass(slots=True)
class ModelUsage:
    """Calls, tokens and US dollars. `input_tokens` include the `cached_tokens`, which the provider had seen before.

    `unpriced` counts calls whose model has no known price: `cost` is then too low by what they cost.
    """

    calls: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    unpriced: int = 0

    @property
    def tokens(self) -> int:
        """All tokens, input and output."""
        return self.input_tokens + self.output_tokens

    def add(self, other: ModelUsage) -> None:
        """Add the counts of `other` to these."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


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
    """Prices by model: the configured ones, then OpenAI's list if the server is OpenAI's (`listed`)."""

    def __init__(self, configured: Mapping[str, Price], *, listed: bool) -> None:
        self._configured = configured
        self._listed = LIST if listed else {}

    def of(self, model: str) -> Price | None:
        """The price of `model`, whose dated snapshots (`…-2026-09-22`) cost the same; None if it is not known."""
        return self._configured.get(model) or self._listed.get(_SNAPSHOT.sub("", model))


_SCOPES: ContextVar[tuple[ModelUsage, ...]] = ContextVar("apex_llm_scopes", default=())


class ModelUsageMeter:
    """The usage of one run. `total` is all of it; `unpriced` names the models whose price is not known."""

    def __init__(self, prices: Prices) -> None:
        self.prices = prices
        self.total = ModelUsage()
        self.unpriced: set[str] = set()

    @contextmanager
    def scope(self) -> Iterator[ModelUsage]:
        """Count what the block uses, and the tasks that are started in it, in the usage that it yields.

        Scopes nest: an inner one's usage counts in the outer one too. A request that several scopes wait for counts
        in the one that asked first.
        """
        usage = ModelUsage()
        token = _SCOPES.set((*_SCOPES.get(), usage))
        try:
            yield usage
        finally:
            _SCOPES.reset(token)

    def record(self, model: str, used: ModelUsage, *, batch: bool = False) -> ModelUsage:
        """Count one answer's calls and tokens; returns them with their cost."""
        priced = self.priced(model, used, batch=batch)
        if priced.unpriced:
            self.unpriced.add(model)
        self.total.add(priced)
        for usage in _SCOPES.get():
            usage.add(priced)
        return priced

    def priced(self, model: str, used: ModelUsage, *, batch: bool = False) -> ModelUsage:
        """`used` with its cost, without counting it."""
        price = self.prices.of(model)
        if price is None:
            return replace(used, cost=0.0, unpriced=used.calls)
        return replace(used, cost=price.of(used, batch=batch), unpriced=0)


class Budget:
    """Limits in US dollars and tokens, checked before every request with an estimate of it; None is no limit.

    Requests in flight count with their estimates, so that many at once do not overspend together. A request whose
    answer is longer than estimated can still end above the limit, by its own excess.
    """

    def __init__(self, meter: ModelUsageMeter, *, max_cost: float | None = None, max_tokens: int | None = None) -> None:
        self._meter = meter
        self._max_cost = max_cost
        self._max_tokens = max_tokens
        self._reserved = ModelUsage()
        self._prepaid = ModelUsage()
        self._refused = False

    @property
    def exhausted(self) -> bool:
        """Whether a request was refused, or the limit is reached: the run takes no further record."""
        cost, tokens = self._used()
        spent = (self._max_cost is not None and cost >= self._max_cost) or (
            self._max_tokens is not None and tokens >= self._max_tokens
        )
        return self._refused or spent

    @contextmanager
    def reserve(self, estimate: ModelUsage) -> Iterator[None]:
        """Reserve `estimate` while the block sends its request. Raises `BudgetExhausted` when it is not left."""
        self.hold(estimate)
        try:
            yield
        finally:
            self._count(estimate, -1)

    def hold(self, estimate: ModelUsage) -> None:
        """Reserve `estimate` until the end of the run: a batch is paid for later. Raises `BudgetExhausted`."""
        cost, tokens = self._used()
        cost += self._reserved.cost + estimate.cost
        tokens += self._reserved.tokens + estimate.tokens
        if self._max_cost is not None and cost > self._max_cost:
            raise self._refusal(f"${self._max_cost:g} of --max-cost")
        if self._max_tokens is not None and tokens > self._max_tokens:
            raise self._refusal(f"{self._max_tokens} tokens of --max-tokens")
        self._count(estimate, 1)

    def prepaid(self, usage: ModelUsage) -> None:
        """Do not count `usage`, which is on the meter: the run that sent the batch has reserved it."""
        self._prepaid.add(usage)

    def _used(self) -> tuple[float, int]:
        total = self._meter.total
        return total.cost - self._prepaid.cost, total.tokens - self._prepaid.tokens

    def _count(self, estimate: ModelUsage, sign: int) -> None:
        self._reserved.cost += sign * estimate.cost
        self._reserved.input_tokens += sign * estimate.input_tokens
        self._reserved.output_tokens += sign * estimate.output_tokens

    def _refusal(self, limit: str) -> BudgetExhausted:
        self._refused = True
        cost, tokens = self._used()
        return BudgetExhausted(
            f"the next request would go over the {limit}: ${cost:.4f} and {tokens} tokens are used",
            hint="what is left stays staged: run again, or allow more",
        )
