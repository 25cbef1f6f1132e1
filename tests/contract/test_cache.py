"""What every `CacheStore` holds to, on a real server; each implementation is one more parameter of `server`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from apex_cli.errors import StoreError, StoreTransient, StoreUnavailable
from apex_cli.model import Plan, PlanKind
from apex_cli.stores.embedded.valkey import EmbeddedValkey
from apex_cli.stores.protocol import CacheStore, Held
from apex_cli.stores.redis_cache import PREPARED_SECONDS, RedisCache
from tests.plans import from_journal, make_plan, new_saga_id

NAMESPACE = "test"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    valkey = EmbeddedValkey(tmp_path / "valkey")
    valkey.start()
    yield valkey
    valkey.stop()


@pytest.fixture
async def store(server: EmbeddedValkey) -> AsyncIterator[CacheStore]:
    cache = RedisCache(unix_socket=server.socket_path, namespace=NAMESPACE)
    await cache.open()
    yield cache
    await cache.close()


@pytest.fixture
async def redis(server: EmbeddedValkey) -> AsyncIterator[Redis]:
    client = Redis(unix_socket_path=str(server.socket_path), decode_responses=True)
    yield client
    await client.aclose()


def value_of(plan: Plan) -> dict[str, object]:
    assert plan.record is not None
    assert plan.embedded is not None
    return {
        "saga_id": plan.saga_id,
        "epoch": plan.epoch,
        "revision": plan.revision,
        "content_hash": plan.record.content_hash,
        "source": plan.record.source,
        "data_type": plan.record.data_type,
        "external_id": plan.record.external_id,
        "title": plan.embedded.extraction.title,
    }


async def held(store: CacheStore) -> set[Held]:
    return {item async for batch in store.scan() for item in batch}


async def test_prepared_is_unseen_and_goes_by_itself(store: CacheStore, redis: Redis) -> None:
    plan = make_plan()
    await store.prepare([plan])
    assert await store.read([plan.record_id]) == {}
    assert await held(store) == set()
    assert 0 < await redis.ttl(f"apex:{NAMESPACE}:prep:{plan.saga_id}") <= PREPARED_SECONDS


@pytest.mark.parametrize("after_crash", [False, True])
async def test_publish_shows_the_version(store: CacheStore, redis: Redis, after_crash: bool) -> None:
    plan = make_plan(title="NUL \0 \ud800 🚚")
    await store.prepare([plan])
    for _ in range(2):
        await store.publish([from_journal(plan) if after_crash else plan])
        assert await store.read([plan.record_id, new_saga_id()]) == {plan.record_id: value_of(plan)}
    assert await held(store) == {Held(plan.record_id, plan.saga_id, parts=1, visible=True)}
    assert await redis.keys() == [f"apex:{NAMESPACE}:rec:{plan.record_id}"]
    assert await redis.ttl(f"apex:{NAMESPACE}:rec:{plan.record_id}") == -1


async def test_an_older_epoch_never_comes_back(store: CacheStore) -> None:
    old = make_plan(epoch=9)
    new = make_plan(epoch=10, supersedes=old)
    await store.prepare([old, new])
    await store.publish([new])
    await store.publish([old])
    await store.publish([from_journal(old)])
    assert await store.read([old.record_id]) == {new.record_id: value_of(new)}


async def test_another_saga_of_the_same_epoch_is_refused(store: CacheStore) -> None:
    first, second = make_plan(epoch=1), make_plan(epoch=1)
    await store.publish([first])
    await store.publish([second])
    assert (await store.read([first.record_id]))[first.record_id]["saga_id"] == first.saga_id


async def test_forget_leaves_a_fence_that_expires(store: CacheStore, redis: Redis) -> None:
    plan = make_plan(epoch=1)
    forget = make_plan(epoch=2, kind=PlanKind.FORGET, supersedes=plan)
    await store.publish([plan])
    await store.prepare([forget])
    await store.publish([forget])
    await store.publish([forget])
    await store.publish([plan])
    assert await store.read([plan.record_id]) == {}
    assert await held(store) == set()
    assert 0 < await redis.ttl(f"apex:{NAMESPACE}:rec:{plan.record_id}") <= 86_400
    again = make_plan(epoch=3)
    await store.publish([again])
    assert await store.read([plan.record_id]) == {plan.record_id: value_of(again)}
    assert await redis.ttl(f"apex:{NAMESPACE}:rec:{plan.record_id}") == -1


async def test_a_flushed_server_costs_only_time(store: CacheStore, redis: Redis) -> None:
    old = make_plan(epoch=1)
    new = make_plan(epoch=2, supersedes=old)
    await store.publish([old])
    await store.prepare([new])
    await redis.flushall()
    await redis.script_flush()
    await store.publish([from_journal(new)])
    assert await store.read([new.record_id]) == {}
    await store.publish([old])
    assert await store.read([new.record_id]) == {}
    await store.publish([new])
    assert await store.read([new.record_id]) == {new.record_id: value_of(new)}


async def test_a_lost_preparation_drops_the_old_value(store: CacheStore, redis: Redis) -> None:
    old = make_plan(epoch=1)
    new = make_plan(epoch=2, supersedes=old)
    await store.publish([old])
    await store.prepare([new])
    await redis.delete(f"apex:{NAMESPACE}:prep:{new.saga_id}")
    await store.publish([from_journal(new)])
    assert await store.read([new.record_id]) == {}


async def test_discard_and_sweep_touch_only_preparations(store: CacheStore, redis: Redis) -> None:
    shown, dropped, waiting, orphan = (make_plan(name) for name in "abcd")
    await store.publish([shown])
    await store.prepare([dropped, waiting, orphan])
    await store.discard([from_journal(dropped)])
    await store.discard([from_journal(dropped)])
    assert await store.unseen() == {waiting.saga_id, orphan.saga_id}
    assert await store.sweep(frozenset({orphan.saga_id, dropped.saga_id, shown.saga_id})) == 1
    assert set(await redis.keys("*prep*")) == {f"apex:{NAMESPACE}:prep:{waiting.saga_id}"}
    assert set(await store.read([shown.record_id])) == {shown.record_id}


async def test_many_at_once(store: CacheStore) -> None:
    plans = [make_plan(f"r-{number}") for number in range(2_500)]
    await store.prepare(plans)
    await store.publish(plans)
    assert {item.saga_id for item in await held(store)} == {plan.saga_id for plan in plans}
    assert len(await store.read([plan.record_id for plan in plans])) == len(plans)


async def test_empty_batches_are_no_work(store: CacheStore) -> None:
    await store.prepare([])
    await store.publish([])
    await store.discard([])
    await store.unlock([], "me")
    assert await store.read([]) == {}
    assert await store.lock([], "me", 1) == frozenset()
    assert await store.sweep(frozenset()) == 0


async def test_locks_have_one_owner(store: CacheStore, redis: Redis) -> None:
    assert await store.lock(["a", "b"], "first", 60) == {"a", "b"}
    assert await store.lock(["b", "c"], "second", 60) == {"c"}
    assert await store.lock(["a", "c"], "first", 120) == {"a"}
    assert await redis.pttl(f"apex:{NAMESPACE}:lock:a") > 60_000
    await store.unlock(["a", "b", "c"], "first")
    assert await store.lock(["a", "b", "c"], "third", 60) == {"a", "b"}


async def test_a_lock_runs_out(store: CacheStore) -> None:
    assert await store.lock(["a"], "first", 0.02) == {"a"}
    async with asyncio.timeout(10):
        while not await store.lock(["a"], "second", 60):  # noqa: ASYNC110 - only the server knows when
            await asyncio.sleep(0.01)


async def test_namespaces_do_not_meet(store: CacheStore, server: EmbeddedValkey) -> None:
    other = RedisCache(unix_socket=server.socket_path, namespace="other")
    await other.open()
    plan = make_plan()
    await store.publish([plan])
    assert await other.read([plan.record_id]) == {}
    assert await held(other) == set()
    await other.close()


async def test_a_server_that_went_is_a_passing_failure(store: CacheStore, server: EmbeddedValkey) -> None:
    facts = await store.check()
    assert facts["engine"] == "valkey"
    assert facts["version"]
    server.stop()
    for call in (store.read(["x"]), store.prepare([make_plan()]), store.publish([make_plan()]), store.check()):
        with pytest.raises(StoreTransient):
            await call
    await store.close()
    await store.close()
    with pytest.raises(StoreError):
        await store.check()


async def test_no_server_is_told_at_the_start(tmp_path: Path) -> None:
    cache = RedisCache(unix_socket=tmp_path / "none.sock", namespace=NAMESPACE)
    with pytest.raises(StoreUnavailable) as caught:
        await cache.open()
    assert caught.value.hint
    await cache.close()
