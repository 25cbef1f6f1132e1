"""What a run measures while it goes: seconds by stage and by store, retries, tripped breakers, rollbacks.

One object for each run, handed to whoever does the work; it is only ever touched on the event loop.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

STAGES = ("read", "extract", "embed", "commit")
"""The stages of an ingest. They overlap, so their seconds may add up to more than the run took."""

STORES = ("graph", "postgres", "vectors", "cache")


def _seconds() -> defaultdict[str, float]:
    return defaultdict(float)


@dataclass(slots=True)
class StoreStats:
    """The saga's calls of one store. `attempts` counts every try of a call; `seconds` are theirs, by step."""

    seconds: defaultdict[str, float] = field(default_factory=_seconds)
    calls: int = 0
    attempts: int = 0
    trips: int = 0

    @property
    def retries(self) -> int:
        """Tries beyond the first of each call."""
        return self.attempts - self.calls

    @contextmanager
    def attempt(self, step: str) -> Iterator[None]:
        """Count and time one try, however it ends."""
        self.attempts += 1
        with _timed(self.seconds, step):
            yield


@dataclass(slots=True)
class RunStats:
    """All that one run measures. `rollbacks` counts sagas that were undone before their pivot."""

    stages: defaultdict[str, float] = field(default_factory=_seconds)
    stores: dict[str, StoreStats] = field(default_factory=dict)
    rollbacks: int = 0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a part of a stage, however it ends."""
        with _timed(self.stages, name):
            yield

    def store(self, name: str) -> StoreStats:
        """The stats of one store: the same object at every call."""
        return self.stores.setdefault(name, StoreStats())

    def as_json(self) -> dict[str, Any]:
        """The measured part of a run's summary. Stores without calls are left out."""
        stores = sorted(self.stores.items())
        return {
            "stage_seconds": _rounded(self.stages),
            "store_seconds": {name: _rounded(store.seconds) for name, store in stores if store.seconds},
            "store_calls": {name: store.calls for name, store in stores if store.calls},
            "store_retries": {name: store.retries for name, store in stores if store.retries},
            "breaker_trips": {name: store.trips for name, store in stores if store.trips},
            "rollbacks": self.rollbacks,
        }


@contextmanager
def _timed(seconds: defaultdict[str, float], name: str) -> Iterator[None]:
    started = time.monotonic()
    try:
        yield
    finally:
        seconds[name] += time.monotonic() - started


def _rounded(seconds: defaultdict[str, float]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in sorted(seconds.items())}
