"""Locks on records, held in the cache while a batch is under way.

They only save two runs from doing the same work twice. A lock that was lost, a flushed cache or a process that slept
past its lease does no harm: epochs decide, and every store refuses an older one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from apex_cli.errors import StoreError
from apex_cli.stores.protocol import CacheStore

TTL_SECONDS = 60.0
_POLL_SECONDS = 0.25


class RecordLocks:
    """Leases on record ids under one owner name, renewed while held."""

    def __init__(self, cache: CacheStore, owner: str, *, ttl: float = TTL_SECONDS) -> None:
        self._cache = cache
        self._owner = owner
        self._ttl = ttl

    @contextlib.asynccontextmanager
    async def held(self, record_ids: Sequence[str], *, wait: bool = True) -> AsyncIterator[frozenset[str]]:
        """Hold what can be had, waiting up to one lease for the others; yields the ids that are held.

        A cache that fails costs the locks, not the work: nothing is held then.
        """
        held = await self._acquire(record_ids, self._ttl if wait else 0.0)
        renewal = asyncio.create_task(self._renew(sorted(held)))
        try:
            yield held
        finally:
            renewal.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await renewal
            with contextlib.suppress(StoreError):
                await self._cache.unlock(sorted(held), self._owner)

    async def _acquire(self, record_ids: Sequence[str], patience: float) -> frozenset[str]:
        wanted, held = set(record_ids), frozenset[str]()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience
        with contextlib.suppress(StoreError):
            while wanted:
                held |= await self._cache.lock(sorted(wanted), self._owner, self._ttl)
                wanted -= held
                if not wanted or loop.time() >= deadline:
                    break
                await asyncio.sleep(_POLL_SECONDS)
        return held

    async def _renew(self, record_ids: Sequence[str]) -> None:
        while record_ids:
            await asyncio.sleep(self._ttl / 3)
            with contextlib.suppress(StoreError):
                await self._cache.lock(record_ids, self._owner, self._ttl)
