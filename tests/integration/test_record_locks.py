"""Locks on records between runs: on a real server, without a clock that anybody waits for in vain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from apex_cli.embedded.valkey import EmbeddedValkey
from apex_cli.saga.locks import RecordLocks
from apex_cli.stores.lock_owner import is_gone, new_owner
from apex_cli.stores.redis.cache import RedisCache
from tests.owners import owner_that_died

NAMES = [f"record-{number}" for number in range(100)]
LONG = 3600.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    valkey = EmbeddedValkey(tmp_path / "valkey")
    valkey.start()
    yield valkey
    valkey.stop()


@pytest.fixture
async def cache(server: EmbeddedValkey) -> AsyncIterator[RedisCache]:
    opened = RedisCache(unix_socket=server.socket_path, namespace="test")
    await opened.open()
    yield opened
    await opened.close()


def test_a_run_is_gone_when_its_process_is_on_this_machine() -> None:
    dead = owner_that_died()
    assert is_gone(dead)
    assert not is_gone(new_owner())
    assert not is_gone("embedded")
    assert not is_gone("elsewhere/" + dead)
    assert new_owner() != new_owner()


async def test_two_runs_that_want_the_same_records_take_turns(cache: RedisCache) -> None:
    inside: list[int] = []

    async def run(number: int, names: list[str]) -> None:
        owner = new_owner()
        locks = RecordLocks(cache, owner, ttl=LONG)
        for _ in range(5):
            async with locks.held(names) as leases:
                assert leases.mine == set(NAMES)
                inside.append(number)
                assert inside == [number]
                assert await cache.owners(NAMES) == dict.fromkeys(NAMES, owner)
                assert inside == [number]
                inside.remove(number)

    async with asyncio.timeout(60):
        await asyncio.gather(run(1, NAMES), run(2, NAMES[::-1]))


async def test_locks_of_a_run_that_was_killed_here_are_free_at_once(cache: RedisCache) -> None:
    await cache.lock(NAMES[:40], owner_that_died(), LONG)
    async with RecordLocks(cache, new_owner(), ttl=LONG).held(NAMES, wait=False) as leases:
        assert leases.mine == set(NAMES)
    assert await cache.owners(NAMES) == {}


async def test_locks_of_a_live_run_are_left_to_it(cache: RedisCache) -> None:
    alive = new_owner()
    await cache.lock(NAMES[:40], alive, LONG)
    async with RecordLocks(cache, new_owner(), ttl=LONG).held(NAMES, wait=False) as leases:
        assert leases.mine == set(NAMES[40:])
        assert leases.foreign == set(NAMES[:40])
    assert await cache.owners(NAMES) == dict.fromkeys(NAMES[:40], alive)


async def test_a_cache_that_fails_costs_the_locks_and_nothing_else(cache: RedisCache, server: EmbeddedValkey) -> None:
    server.stop()
    async with RecordLocks(cache, new_owner(), ttl=LONG).held(NAMES) as leases:
        assert not leases.mine | leases.foreign
