"""The four stores as the saga sees them, each behind a guard: fault points, a time limit, retries and a breaker.

A transient error is tried again after 1, 2 and 4 seconds (with jitter). A store that keeps failing trips its breaker:
calls then fail at once, so that the run ends soon and leaves the rest staged, until one probe after the cool-down
works.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import stamina

from apex_cli import faults
from apex_cli.errors import StoreTransient
from apex_cli.model import Plan
from apex_cli.run_stats import RunStats, StoreStats
from apex_cli.stores.journal import Journal
from apex_cli.stores.protocol import CacheStore, PivotStore, Store, VectorStore

T = TypeVar("T")
_Step = Callable[[Sequence[Plan]], Coroutine[Any, Any, None]]
Restore = Callable[[Sequence[Plan], Set[str]], Awaitable[Sequence[Plan]]]
"""Gives plans from the journal their records again, and those of the named sagas their vectors too. Plans that cannot
have them any more are left out. Raises `StoreTransient` where a model does not answer.
"""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a transient failure is tried again, and how long the first and the longest wait are, in seconds."""

    attempts: int = 4
    wait_initial: float = 1.0
    wait_max: float = 4.0


class Breaker:
    """Counts consecutive failures; open after `failures` of them, for `cooldown` seconds, then one probe at a time."""

    def __init__(self, store: str, *, failures: int, cooldown: float, clock: Callable[[], float] = time.monotonic):
        self.store = store
        self._limit = failures
        self._cooldown = cooldown
        self._clock = clock
        self._failures = 0
        self._opened_at: float | None = None
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether calls are refused just now."""
        if self._opened_at is None:
            return False
        return self._probing or self._clock() - self._opened_at < self._cooldown

    def admit(self) -> None:
        """Let a call through or raise `StoreTransient`; after the cool-down the first one through is the probe."""
        if self.is_open:
            raise StoreTransient(self.store, f"not tried: it failed {self._failures} times in a row")
        self._probing = self._opened_at is not None

    def succeeded(self) -> None:
        self._failures, self._opened_at, self._probing = 0, None, False

    def failed(self) -> bool:
        """Count a failure; returns whether it is the one that trips the breaker. A failed probe keeps it tripped."""
        was_open = self._opened_at is not None
        self._failures += 1
        self._probing = False
        if self._failures >= self._limit:
            self._opened_at = self._clock()
        return self._opened_at is not None and not was_open


class Guard:
    """The way to one store: `await guard("prepare", partial(store.prepare, plans))`. `stats` counts its calls."""

    def __init__(
        self, store: str, breaker: Breaker, *, timeout: float, retry: RetryPolicy, stats: StoreStats | None = None
    ) -> None:
        self.breaker = breaker
        self._stats = stats or StoreStats()
        self._store = store
        self._timeout = timeout
        self._retry = retry

    async def __call__(self, step: str, call: Callable[[], Awaitable[T]], *, idempotent: bool = True) -> T:
        """Run one step. Raises the store's own error when retries are used up; a time-out is a `StoreTransient`."""
        self.breaker.admit()
        self._stats.calls += 1
        async for attempt in stamina.retry_context(
            on=StoreTransient,
            attempts=self._retry.attempts if idempotent else 1,
            wait_initial=self._retry.wait_initial,
            wait_max=self._retry.wait_max,
            timeout=None,
        ):
            with attempt, self._counted(step):
                async with asyncio.timeout(self._timeout):
                    await faults.reach(f"{self._store}.{step}.before")
                    result = await call()
                    await faults.reach(f"{self._store}.{step}.after")
                    return result
        raise AssertionError("a retry either returns or raises")

    @contextmanager
    def _counted(self, step: str) -> Iterator[None]:
        """One try of a call, for the stats and the breaker."""
        try:
            with self._stats.attempt(step):
                yield
        except TimeoutError as error:
            self._stats.trips += self.breaker.failed()
            raise StoreTransient(self._store, f"{step} took longer than {self._timeout:g} s") from error
        except StoreTransient:
            self._stats.trips += self.breaker.failed()
            raise
        self.breaker.succeeded()


class Participants:
    """Stores and guards, and what they measure.

    Without `restore` nothing can be written again that a loss of power has taken.
    Each guard has a breaker of its own (cache: 3 failures, 30 s; the others: 5, 60 s).
    """

    def __init__(
        self,
        *,
        journal: Journal,
        graph: PivotStore,
        vectors: VectorStore,
        cache: CacheStore,
        timeout: float,
        restore: Restore | None = None,
        retry: RetryPolicy | None = None,
        stats: RunStats | None = None,
    ) -> None:
        self.journal, self.graph, self.vectors, self.cache = journal, graph, vectors, cache
        self.restore = restore
        self.stats = measured = stats or RunStats()
        policy = retry or RetryPolicy()

        def guard(name: str, store: Store, failures: int = 5, cooldown: float = 60.0) -> Guard:
            breaker = Breaker(name, failures=failures, cooldown=cooldown)
            return Guard(name, breaker, timeout=timeout, retry=policy, stats=measured.store(store.name))

        self.journal_guard = guard("journal", journal)
        self.graph_guard = guard("graph", graph)
        self.vectors_guard = guard("vectors", vectors)
        self.cache_guard = guard("cache", cache, failures=3, cooldown=30.0)

    async def prepare(self, plans: Sequence[Plan]) -> None:
        """Step 3: unseen data into both prepared stores, side by side."""
        await self._prepared("prepare", self.vectors.prepare, self.cache.prepare, plans)

    async def discard(self, plans: Sequence[Plan]) -> None:
        """Undo step 3: the sagas are rolled back."""
        await self._prepared("discard", self.vectors.discard, self.cache.discard, plans)
        self.stats.rollbacks += len(plans)

    async def publish(self, plans: Sequence[Plan]) -> None:
        """Step 6: make visible, drop what was superseded."""
        await self._prepared("publish", self.vectors.publish, self.cache.publish, plans)

    @property
    def needs_flush(self) -> bool:
        """Whether a loss of power may take what is published."""
        return self.vectors.needs_flush or self.cache.needs_flush

    async def finish(self, plans: Sequence[Plan]) -> None:
        """Step 7, for plans that are published: put them on the disk in every store, then close their sagas."""
        await _both(
            self.vectors_guard("flush", self.vectors.flush),
            self.cache_guard("flush", self.cache.flush),
        )
        await self.journal_guard("done", partial(self.journal.done, plans))

    async def _prepared(self, step: str, vectors: _Step, cache: _Step, plans: Sequence[Plan]) -> None:
        """One step of the prepared stores, side by side. Vectors hold what readers see, the cache current versions."""
        shown = [plan for plan in plans if plan.shown]
        current = [plan for plan in plans if plan.current]
        await _both(
            self.vectors_guard(step, partial(vectors, shown)),
            self.cache_guard(step, partial(cache, current)),
        )

    def tripped(self) -> bool:
        """Whether any store's breaker refuses calls just now."""
        guards = (self.journal_guard, self.graph_guard, self.vectors_guard, self.cache_guard)
        return any(guard.breaker.is_open for guard in guards)


async def _both(first: Coroutine[Any, Any, None], second: Coroutine[Any, Any, None]) -> None:
    """Run both to their end, then raise the first error: nothing may still be writing when the caller cleans up."""
    for outcome in await asyncio.gather(first, second, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
