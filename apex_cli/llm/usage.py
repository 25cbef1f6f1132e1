"""What calls of models cost: counted, added up, and told apart by who asked."""

from __future__ import annotations

from dataclasses import dataclass


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
        """All tokens, in and out."""
        return self.input_tokens + self.output_tokens

    def add(self, other: ModelUsage) -> None:
        """Count `other` in."""
        self.calls += other.calls
        self.input_tokens += other.input_tokens
        self.cached_tokens += other.cached_tokens
        self.output_tokens += other.output_tokens
        self.cost += other.cost
        self.unpriced += other.unpriced
