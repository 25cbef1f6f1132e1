"""What the runs measured, added up: each run's summary is counted once, in the statement that ends it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MEASURES = (
    *("inputs", "recovered", "rollbacks", "llm_calls", "tokens", "cost_usd"),
    *("stage_seconds", "store_calls", "store_retries", "breaker_trips"),
    *("by_source", "store_seconds"),
)
"""Fields of a summary that are added up: numbers, numbers by one label, numbers by two."""


def columns(summary: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The measures of one summary, column by column, as the statement takes them. Absent ones are left out."""
    rows = [(measure, *row) for measure in MEASURES for row in _leaves(summary.get(measure))]
    return {
        name: [row[position] for row in rows]
        for position, name in enumerate(("measures", "labels", "sublabels", "values"))
    }


def _leaves(value: Any) -> Iterator[tuple[str, str, float]]:
    if isinstance(value, int | float):
        yield "", "", float(value)
    elif isinstance(value, Mapping):
        for label, below in value.items():
            for inner, _, number in _leaves(below):
                yield str(label), inner, number
