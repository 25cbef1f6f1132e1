"""Locks on records, held in the cache while a batch is under way.

They only save two runs from doing the same work twice. A lock that was lost, a flushed cache or a process that slept
past its lease does no harm: epochs decide, and every store refuses an older one.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from apex_cli.errors import StoreError
from apex_cli.stores.lock_owner import is_gone
from apex_cli.stores.protocol import CacheStore

TTL_SECONDS = 60.0
_POLL_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Leases:
    """`mine`: held by this run. `foreign`: held by a run that is alive, for all that is known; what is in neither was
    left without a lock because the cache failed.
    """

    mine: frozenset[str] = frozenset()
    foreign: frozenset[str] = frozenset()


class RecordLocks:
    """Leases on record ids under one owner name, renewed while held."""

    def __init__(self, cache: CacheStore, owner: str, *, ttl: float = TTL_SECONDS) -> None:
        self._cache = cache
        self._owner = owner
        self._ttl = ttl

    @contextlib.asynccontextmanager
    async def held(self, record_ids: Sequence[str], *, wait: bool = True) -> AsyncIterator[Leases]:
        """Hold what can be had, waiting up to one lease for the others.

        A cache that fails costs the locks, not the work: nothing is held then, and nothing is foreign.
        """
        leases = await self._acquire(frozenset(record_ids), self._ttl if wait else 0.0)
        renewal = asyncio.create_task(self._renew(sorted(leases.mine)))
        try:
            yield leases
        finally:
            renewal.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await renewal
            with contextlib.suppress(StoreError):
                await self._cache.unlock(sorted(leases.mine), self._owner)

    async def _acquire(self, wanted: frozenset[str], patience: float) -> Leases:
        """All of `wanted`, or after `patience` seconds those that are free.

        While some are missing none is kept: two runs that each held what the other waits for would wait in vain.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience
        try:
            while True:
                mine = await self._cache.lock(sorted(wanted), self._owner, self._ttl)
                if mine == wanted:
                    return Leases(mine)
                if await self._free_from_the_dead(wanted - mine):
                    continue
                if loop.time() >= deadline:
                    return Leases(mine, wanted - mine)
                await self._cache.unlock(sorted(mine), self._owner)
                await asyncio.sleep(_POLL_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - to keep out of step
        except StoreError:
            return Leases()

    async def _free_from_the_dead(self, names: frozenset[str]) -> bool:
        """Drop the locks of runs that died on this machine, which else would wait for their time to live."""
        owners = await self._cache.owners(sorted(names))
        dead = {owner for owner in owners.values() if is_gone(owner)}
        for owner in dead:
            await self._cache.unlock(sorted(names), owner)
        return bool(dead)

    async def _renew(self, record_ids: Sequence[str]) -> None:
        while record_ids:
            await asyncio.sleep(self._ttl / 3)
            with contextlib.suppress(StoreError):
                await self._cache.lock(record_ids, self._owner, self._ttl)
