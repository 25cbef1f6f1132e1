"""The four stores as the saga sees them: each behind its guard."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any

from apex_cli.model import Plan
from apex_cli.run_stats import RunStats
from apex_cli.saga.guard import Breaker, Guard, RetryPolicy
from apex_cli.stores.journal import Journal
from apex_cli.stores.protocol import CacheStore, PivotStore, Store, VectorStore


class Participants:
    """Stores and guards, and what they measure.

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
        retry: RetryPolicy | None = None,
        stats: RunStats | None = None,
    ) -> None:
        self.journal, self.graph, self.vectors, self.cache = journal, graph, vectors, cache
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
        await _both(
            self.vectors_guard("prepare", partial(self.vectors.prepare, plans)),
            self.cache_guard("prepare", partial(self.cache.prepare, plans)),
        )

    async def discard(self, plans: Sequence[Plan]) -> None:
        """Undo step 3: the sagas are rolled back."""
        await _both(
            self.vectors_guard("discard", partial(self.vectors.discard, plans)),
            self.cache_guard("discard", partial(self.cache.discard, plans)),
        )
        self.stats.rollbacks += len(plans)

    async def publish(self, plans: Sequence[Plan]) -> None:
        """Step 6 and the end: make visible, drop what was superseded, close the sagas."""
        await _both(
            self.vectors_guard("publish", partial(self.vectors.publish, plans)),
            self.cache_guard("publish", partial(self.cache.publish, plans)),
        )
        await self.journal_guard("done", partial(self.journal.done, plans))

    def tripped(self) -> bool:
        """Whether any store's breaker refuses calls just now."""
        guards = (self.journal_guard, self.graph_guard, self.vectors_guard, self.cache_guard)
        return any(guard.breaker.is_open for guard in guards)


async def _both(first: Coroutine[Any, Any, None], second: Coroutine[Any, Any, None]) -> None:
    """Run both to their end, then raise the first error: nothing may still be writing when the caller cleans up."""
    for outcome in await asyncio.gather(first, second, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
