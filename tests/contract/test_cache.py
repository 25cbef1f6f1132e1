"""What every `CacheStore` holds to, on real servers; each is one more parameter of `url`."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from redis.asyncio import Redis

from apex_cli.embedded.valkey import EmbeddedValkey
from apex_cli.errors import StoreError, StoreTransient, StoreUnavailable
from apex_cli.model import Plan, PlanKind
from apex_cli.stores.protocol import CacheStore
from apex_cli.stores.redis.cache import PREPARED_SECONDS, RedisCache
from apex_cli.stores.redis.connection import check_server
from apex_cli.stores.views import StoredSummary
from tests.plans import from_journal, make_plan, new_saga_id
from tests.servers import server_url


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(tmp_path / "valkey")
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["embedded", "server"])
def url(request: pytest.FixtureRequest) -> str:
    if request.param == "server":
        return server_url("REDIS")
    return f"unix://{request.getfixturevalue('valkey').socket_path}"


@pytest.fixture
def namespace() -> str:
    return f"t{uuid.uuid4().hex[:20]}"


@pytest.fixture
async def redis(url: str, namespace: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(url, decode_responses=True)
    yield client
    await drop(client, namespace)
    await client.aclose()


@pytest.fixture
async def store(url: str, namespace: str, redis: Redis) -> AsyncIterator[CacheStore]:
    cache = RedisCache(url, namespace=namespace)
    await cache.open()
    yield cache
    await cache.close()


async def keys(redis: Redis, namespace: str) -> list[str]:
    return [key async for key in redis.scan_iter(f"apex:{namespace}:*")]


async def drop(redis: Redis, namespace: str) -> None:
    """All that a flushed server would forget of a namespace; others share the server."""
    if held := await keys(redis, namespace):
        await redis.delete(*held)


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


async def held(store: CacheStore) -> set[StoredSummary]:
    return {item async for batch in store.scan() for item in batch}


async def test_prepared_data_is_not_visible_and_expires(store: CacheStore, redis: Redis, namespace: str) -> None:
    plan = make_plan()
    await store.prepare([plan])
    assert await store.read([plan.record_id]) == {}
    assert await held(store) == set()
    assert 0 < await redis.ttl(f"apex:{namespace}:prep:{plan.saga_id}") <= PREPARED_SECONDS


@pytest.mark.parametrize("after_crash", [False, True])
async def test_publish_shows_the_version(store: CacheStore, redis: Redis, namespace: str, after_crash: bool) -> None:
    plan = make_plan(title="NUL \0 \ud800 🚚")
    await store.prepare([plan])
    for _ in range(2):
        await store.publish([from_journal(plan) if after_crash else plan])
        assert await store.read([plan.record_id, new_saga_id()]) == {plan.record_id: value_of(plan)}
    assert await held(store) == {StoredSummary(plan.record_id, plan.saga_id, parts=1, visible=True)}
    assert await keys(redis, namespace) == [f"apex:{namespace}:rec:{plan.record_id}"]
    assert await redis.ttl(f"apex:{namespace}:rec:{plan.record_id}") == -1


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


async def test_forget_leaves_a_fence_that_expires(store: CacheStore, redis: Redis, namespace: str) -> None:
    plan = make_plan(epoch=1)
    forget = make_plan(epoch=2, kind=PlanKind.FORGET, supersedes=plan)
    await store.publish([plan])
    await store.prepare([forget])
    await store.publish([forget])
    await store.publish([forget])
    await store.publish([plan])
    assert await store.read([plan.record_id]) == {}
    assert await held(store) == set()
    assert 0 < await redis.ttl(f"apex:{namespace}:rec:{plan.record_id}") <= 86_400
    again = make_plan(epoch=3)
    await store.publish([again])
    assert await store.read([plan.record_id]) == {plan.record_id: value_of(again)}
    assert await redis.ttl(f"apex:{namespace}:rec:{plan.record_id}") == -1


async def test_a_flushed_server_costs_only_time(store: CacheStore, redis: Redis, namespace: str) -> None:
    old = make_plan(epoch=1)
    new = make_plan(epoch=2, supersedes=old)
    await store.publish([old])
    await store.prepare([new])
    await drop(redis, namespace)
    await redis.script_flush()
    await store.publish([from_journal(new)])
    assert await store.read([new.record_id]) == {}
    await store.publish([old])
    assert await store.read([new.record_id]) == {}
    await store.publish([new])
    assert await store.read([new.record_id]) == {new.record_id: value_of(new)}


async def test_a_lost_preparation_drops_the_old_value(store: CacheStore, redis: Redis, namespace: str) -> None:
    old = make_plan(epoch=1)
    new = make_plan(epoch=2, supersedes=old)
    await store.publish([old])
    await store.prepare([new])
    await redis.delete(f"apex:{namespace}:prep:{new.saga_id}")
    await store.publish([from_journal(new)])
    assert await store.read([new.record_id]) == {}


async def test_discard_and_sweep_touch_only_preparations(store: CacheStore, redis: Redis, namespace: str) -> None:
    shown, dropped, waiting, orphan = (make_plan(name) for name in "abcd")
    await store.publish([shown])
    await store.prepare([dropped, waiting, orphan])
    await store.discard([from_journal(dropped)])
    await store.discard([from_journal(dropped)])
    assert await store.list_unpublished() == {waiting.saga_id, orphan.saga_id}
    assert await store.sweep(frozenset({orphan.saga_id, dropped.saga_id, shown.saga_id})) == 1
    assert [key for key in await keys(redis, namespace) if ":prep:" in key] == [
        f"apex:{namespace}:prep:{waiting.saga_id}"
    ]
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
    assert await store.owners([]) == {}
    assert await store.sweep(frozenset()) == 0


async def test_locks_have_one_owner(store: CacheStore, redis: Redis, namespace: str) -> None:
    assert await store.lock(["a", "b"], "first", 60) == {"a", "b"}
    assert await store.lock(["b", "c"], "second", 60) == {"c"}
    assert await store.lock(["a", "c"], "first", 120) == {"a"}
    assert await redis.pttl(f"apex:{namespace}:lock:a") > 60_000
    assert await store.owners(["a", "c", "d"]) == {"a": "first", "c": "second"}
    await store.unlock(["a", "b", "c"], "first")
    assert await store.lock(["a", "b", "c"], "third", 60) == {"a", "b"}


async def test_a_lock_runs_out(store: CacheStore) -> None:
    assert await store.lock(["a"], "first", 0.02) == {"a"}
    async with asyncio.timeout(10):
        while not await store.lock(["a"], "second", 60):  # noqa: ASYNC110 - only the server knows when
            await asyncio.sleep(0.01)


async def test_namespaces_do_not_meet(store: CacheStore, url: str, namespace: str) -> None:
    other = RedisCache(url, namespace=namespace + "x")
    await other.open()
    plan = make_plan()
    await store.publish([plan])
    assert await other.read([plan.record_id]) == {}
    assert await held(other) == set()
    await other.close()


async def test_the_server_says_what_it_is(store: CacheStore) -> None:
    facts = await store.check()
    assert facts["engine"] in ("valkey", "redis")
    assert int(facts["version"].partition(".")[0]) >= 6
    assert facts["maxmemory_policy"]
    assert facts["tls"] == "off"
    assert abs(facts["clock_skew_seconds"]) < 5


async def test_a_server_that_went_is_a_passing_failure(valkey: EmbeddedValkey) -> None:
    store = RedisCache(unix_socket=valkey.socket_path, namespace="test")
    await store.open()
    assert (await store.check())["persistence"] == "append-only file"
    valkey.stop()
    for call in (store.read(["x"]), store.prepare([make_plan()]), store.publish([make_plan()]), store.check()):
        with pytest.raises(StoreTransient):
            await call
    await store.close()
    await store.close()
    with pytest.raises(StoreError):
        await store.check()


async def test_a_server_that_starts_at_the_first_call(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path / "valkey")
    starts = []

    async def start() -> Path:
        starts.append("start")
        # In a thread that stays: the kernel ends a server with the thread that started it.
        await asyncio.get_running_loop().run_in_executor(thread, server.start)
        return server.socket_path

    with ThreadPoolExecutor(1) as thread:
        unused = RedisCache(unix_socket=start, namespace="test")
        await unused.open()
        await unused.close()
        assert starts == []
        assert not server.log.exists()
        store = RedisCache(unix_socket=start, namespace="test")
        await store.open()
        plan = make_plan()
        _, found, facts = await asyncio.gather(store.prepare([plan]), store.read(["x"]), store.check())
        assert starts == ["start"]
        assert (found, facts["engine"]) == ({}, "valkey")
        assert await store.list_unpublished() == {plan.saga_id}
        await store.close()
        for closed in (store, unused):
            with pytest.raises(StoreTransient):
                await closed.read(["x"])
        assert starts == ["start"]
        await asyncio.get_running_loop().run_in_executor(thread, server.stop)


async def test_a_missing_server_is_reported_at_the_start(tmp_path: Path) -> None:
    cache = RedisCache(unix_socket=tmp_path / "none.sock", namespace="test")
    with pytest.raises(StoreUnavailable) as caught:
        await cache.open()
    assert caught.value.hint
    await cache.close()


@pytest.mark.parametrize(
    ("info", "words"),
    [
        ({"redis_version": "6.0.16"}, "Redis 6.0.16, and apex needs 6.2"),
        ({"redis_version": "5.0.14"}, "needs 6.2"),
        ({"redis_version": "7.2.4", "cluster_enabled": 1}, "cluster"),
    ],
)
def test_unusable_servers_are_refused(info: dict[str, object], words: str) -> None:
    with pytest.raises(StoreUnavailable, match=words) as caught:
        check_server(info)
    assert "APEX_REDIS_URL" in str(caught.value.hint)
    check_server({"redis_version": "6.2.0", "cluster_enabled": 0})
