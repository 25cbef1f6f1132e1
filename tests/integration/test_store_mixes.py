"""Each store is embedded or a server by its own setting; only what is embedded is started, and needs a home."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from psycopg import sql

from apex_cli.addresses import StoreUrl
from apex_cli.config import Settings
from apex_cli.errors import ConfigError, Locked, StoreUnavailable
from apex_cli.stores import backends
from apex_cli.stores.factory import open_stores, probe_stores
from tests.acceptance.apex import engines, new_home
from tests.plans import make_embedded, make_plan, make_record
from tests.servers import server_url

NOWHERE: dict[str, Any] = {
    "graph_url": StoreUrl("bolt://127.0.0.1:1"),
    "postgres_url": StoreUrl("postgresql://apex@127.0.0.1:1/apex"),
    "qdrant_url": StoreUrl("http://127.0.0.1:1"),
    "redis_url": StoreUrl("redis://127.0.0.1:1"),
}


@pytest.fixture
def settings(short_tmp: Path) -> Iterator[Settings]:
    with new_home(short_tmp) as home:
        yield Settings(home=home, staging_dir=home / "staging")


@pytest.fixture
def namespace() -> Iterator[str]:
    """A namespace of its own on both servers, gone afterwards."""
    name = f"t{uuid.uuid4().hex[:20]}"
    yield name
    with psycopg.connect(server_url("POSTGRES")) as connection:
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(name)))
    with redis.Redis.from_url(server_url("REDIS")) as client:
        for key in client.scan_iter(f"apex:{name}:*"):
            client.delete(key)


def servers_of(home: Path) -> set[str]:
    return {process.name() for process in engines(home)}


@pytest.mark.parametrize(("store", "starts"), [("POSTGRES", "valkey-server"), ("REDIS", "postgres")])
async def test_one_store_on_a_server_and_the_others_in_the_home(
    settings: Settings, namespace: str, store: str, starts: str
) -> None:
    url: dict[str, Any] = {f"{store.lower()}_url": StoreUrl(server_url(store))}
    mixed = replace(settings, namespace=namespace, **url)
    async with open_stores(mixed) as stores:
        assert servers_of(mixed.home) == {starts}
        plan = make_plan()
        await stores.cache.publish([plan])
        assert set(await stores.cache.read([plan.record_id])) == {plan.record_id}
        items = [(make_record(), make_embedded())]
        assert len((await stores.journal.begin_write(items, run_id=None, group_id=namespace)).plans) == 1
        assert (stores.lock_owner == backends.EMBEDDED_OWNER) == (store != "REDIS")
        with pytest.raises(Locked):
            async with open_stores(mixed):
                pass
    assert servers_of(mixed.home) == set()


async def test_no_server_is_started_beside_two_that_are_there(settings: Settings, namespace: str) -> None:
    urls: dict[str, Any] = {
        "postgres_url": StoreUrl(server_url("POSTGRES")),
        "redis_url": StoreUrl(server_url("REDIS")),
    }
    async with open_stores(replace(settings, namespace=namespace, **urls)) as stores:
        assert servers_of(settings.home) == set()
        assert (await stores.journal.check())["schema"]


def test_the_home_is_needed_while_any_store_is_in_it(settings: Settings) -> None:
    assert backends.uses_home(settings)
    servers = replace(settings, **NOWHERE)
    assert not backends.uses_home(servers)
    for name in NOWHERE:
        assert backends.uses_home(replace(servers, **{name: getattr(settings, name)}))


@pytest.mark.parametrize("store", ["postgres_url", "qdrant_url", "redis_url"])
async def test_an_unreachable_server_is_named_by_its_variable(settings: Settings, store: str) -> None:
    # Neither of the embedded servers is waited for.
    urls = {**{name: NOWHERE[name] for name in ("postgres_url", "redis_url")}, store: NOWHERE[store]}
    probes = {probe.store: probe for probe in await probe_stores(replace(settings, **urls))}
    assert probes["graph"].error is None
    assert not settings.home.exists()
    name = {"postgres_url": "postgres", "qdrant_url": "vectors", "redis_url": "cache"}[store]
    error = probes[name].error
    assert isinstance(error, StoreUnavailable)
    assert f"APEX_{store.upper()}" in str(error.hint)


def test_a_missing_driver_comes_with_the_command_that_installs_it() -> None:
    with pytest.raises(ConfigError, match="APEX_GRAPH_URL") as caught:
        backends.need_driver("no_such_driver", "APEX_GRAPH_URL")
    assert caught.value.hint == "pip install '.[servers]'"
