"""What a run may spend. Asked before every request, with an estimate of what it will cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from apex_cli.errors import BudgetExhausted
from apex_cli.llm.meter import ModelUsageMeter
from apex_cli.llm.usage import ModelUsage


class Budget:
    """Limits in US dollars and tokens; None is no limit.

    What is in flight counts with its estimate, so that many requests at once do not overspend together. A request
    whose answer is longer than was estimated can still end above the limit, by its own excess.
    """

    def __init__(self, meter: ModelUsageMeter, *, max_cost: float | None = None, max_tokens: int | None = None) -> None:
        self._meter = meter
        self._max_cost = max_cost
        self._max_tokens = max_tokens
        self._held = ModelUsage()
        self._prepaid = ModelUsage()
        self._refused = False

    @property
    def exhausted(self) -> bool:
        """Whether a request was refused, or nothing is left: no further record should be taken."""
        cost, tokens = self._used()
        spent = (self._max_cost is not None and cost >= self._max_cost) or (
            self._max_tokens is not None and tokens >= self._max_tokens
        )
        return self._refused or spent

    @contextmanager
    def reserve(self, estimate: ModelUsage) -> Iterator[None]:
        """Hold `estimate` while the block sends its request. Raises `BudgetExhausted` when it is not left."""
        self.hold(estimate)
        try:
            yield
        finally:
            self._count(estimate, -1)

    def hold(self, estimate: ModelUsage) -> None:
        """Set `estimate` aside for good, for what will be paid for later. Raises `BudgetExhausted`."""
        cost, tokens = self._used()
        cost += self._held.cost + estimate.cost
        tokens += self._held.tokens + estimate.tokens
        if self._max_cost is not None and cost > self._max_cost:
            raise self._refusal(f"${self._max_cost:g} of --max-cost")
        if self._max_tokens is not None and tokens > self._max_tokens:
            raise self._refusal(f"{self._max_tokens} tokens of --max-tokens")
        self._count(estimate, 1)

    def prepaid(self, usage: ModelUsage) -> None:
        """Leave `usage`, which is on the meter, to the run that set it aside."""
        self._prepaid.add(usage)

    def _used(self) -> tuple[float, int]:
        total = self._meter.total
        return total.cost - self._prepaid.cost, total.tokens - self._prepaid.tokens

    def _count(self, estimate: ModelUsage, sign: int) -> None:
        self._held.cost += sign * estimate.cost
        self._held.input_tokens += sign * estimate.input_tokens
        self._held.output_tokens += sign * estimate.output_tokens

    def _refusal(self, limit: str) -> BudgetExhausted:
        self._refused = True
        cost, tokens = self._used()
        return BudgetExhausted(
            f"the next request would go over the {limit}: ${cost:.4f} and {tokens} tokens are used",
            hint="what is left stays staged: run again, or allow more",
        )
