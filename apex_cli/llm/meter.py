"""Counts what models are asked and what it costs: for the run, and for whoever is asking."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace

from apex_cli.llm.prices import Prices
from apex_cli.llm.usage import ModelUsage

_SCOPES: ContextVar[tuple[ModelUsage, ...]] = ContextVar("apex_llm_scopes", default=())


class ModelUsageMeter:
    """The books of one run. `total` is everything; `unpriced` names models whose price is not known."""

    def __init__(self, prices: Prices) -> None:
        self.prices = prices
        self.total = ModelUsage()
        self.unpriced: set[str] = set()

    @contextmanager
    def scope(self) -> Iterator[ModelUsage]:
        """What is used inside the block, and by tasks that are started in it, is added to the usage it gives.

        Scopes nest: an inner one's usage counts in the outer one too. Work that several ask for at once is counted
        for the one that asked first.
        """
        usage = ModelUsage()
        token = _SCOPES.set((*_SCOPES.get(), usage))
        try:
            yield usage
        finally:
            _SCOPES.reset(token)

    def record(self, model: str, used: ModelUsage, *, batch: bool = False) -> ModelUsage:
        """Count one answer's calls and tokens; gives them with their cost."""
        priced = self.priced(model, used, batch=batch)
        if priced.unpriced:
            self.unpriced.add(model)
        self.total.add(priced)
        for usage in _SCOPES.get():
            usage.add(priced)
        return priced

    def priced(self, model: str, used: ModelUsage, *, batch: bool = False) -> ModelUsage:
        """`used` with its cost, counted nowhere."""
        price = self.prices.of(model)
        if price is None:
            return replace(used, cost=0.0, unpriced=used.calls)
        return replace(used, cost=price.of(used, batch=batch), unpriced=0)
