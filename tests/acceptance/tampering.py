"""Damage done behind the back of `apex`: each store is opened as apex opens it, and one thing in it is changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from apex_cli.config import load
from apex_cli.model import Plan
from apex_cli.stores.factory import Stores, open_stores
from apex_cli.stores.graph.ladybug.store import LadybugGraph
from apex_cli.stores.graph.model.operations import Access
from apex_cli.stores.qdrant.collections import ModelCollections
from apex_cli.stores.qdrant.edge import QdrantEdgeStore
from apex_cli.stores.redis.cache import RedisCache
from tests.plans import make_plan, new_saga_id

STRAY = "STRAY-1"
"""The shipment that damage is done with of which PostgreSQL knows nothing."""

Damage = Callable[[Stores, str], Awaitable[object]]
"""What is done to the stores; the record id says to which record, where there is one."""


def tamper(home: Path, *damages: tuple[Damage, str]) -> None:
    """Open the stores of `home`, do each damage to its record, close them."""

    async def work() -> None:
        async with open_stores(load({"home": home}, cwd=home.parent, environ={})) as stores:
            for damage, record_id in damages:
                await damage(stores, record_id)

    asyncio.run(work())


async def no_episode(stores: Stores, record_id: str) -> None:
    await _cypher(stores, "MATCH (e:Episodic {uuid: $id}) DETACH DELETE e", {"id": record_id})


async def no_marker(stores: Stores, record_id: str) -> None:
    await _cypher(stores, "MATCH (r:ApexRecord {record_id: $id}) SET r.saga_id = 'another'", {"id": record_id})


async def no_facts(stores: Stores, record_id: str) -> None:
    await _cypher(
        stores, "MATCH (f:RelatesToNode_) WHERE list_contains(f.episodes, $id) DETACH DELETE f", {"id": record_id}
    )


async def renamed_entities(stores: Stores, record_id: str) -> None:
    await _cypher(
        stores, "MATCH (:Episodic {uuid: $id})-[:MENTIONS]->(n:Entity) SET n.name = 'tampered'", {"id": record_id}
    )


def _collection(stores: Stores) -> QdrantEdgeStore:
    """The only collection of vectors."""
    assert isinstance(stores.vectors, ModelCollections)
    [collection] = stores.vectors._open.values()
    assert isinstance(collection, QdrantEdgeStore)
    return collection


async def no_points(stores: Stores, record_id: str) -> None:
    vectors = _collection(stores)
    vectors._delete([point.id for point in (await vectors.read([record_id]))[record_id]])


async def hidden_points(stores: Stores, record_id: str) -> None:
    from qdrant_edge import UpdateOperation

    vectors = _collection(stores)
    points: list[int | UUID | str] = [point.id for point in (await vectors.read([record_id]))[record_id]]
    vectors._shard.update(UpdateOperation.set_payload(points, {"visible": 0}))


async def no_cache(stores: Stores, record_id: str) -> None:
    cache = stores.cache
    assert isinstance(cache, RedisCache)
    assert await cache._client.delete(cache._key("rec", record_id)) == 1


async def stale_cache(stores: Stores, record_id: str) -> None:
    cache = stores.cache
    assert isinstance(cache, RedisCache)
    key = cache._key("rec", record_id)
    value = json.loads(await cache._client.hget(key, "value") or "")
    await cache._client.hset(key, "value", json.dumps({**value, "saga_id": new_saga_id()}))


async def all_of_the_cache(stores: Stores, _: str) -> None:
    cache = stores.cache
    assert isinstance(cache, RedisCache)
    await cache._client.flushall()


async def stray_points(stores: Stores, _: str) -> None:
    await _stray(stores, stores.vectors.prepare, stores.vectors.publish)


async def stray_cache(stores: Stores, _: str) -> None:
    await _stray(stores, stores.cache.prepare, stores.cache.publish)


async def stray_record(stores: Stores, _: str) -> None:
    await stores.graph.commit([make_plan(STRAY, group_id="apex")])


async def stray_entity(stores: Stores, _: str) -> None:
    await _cypher(stores, "CREATE (:Entity {uuid: 'stray', name: 'Stray', group_id: 'apex'})", {})


async def lost_version(stores: Stores, record_id: str) -> None:
    await stores.catalog._database.rows(
        "DELETE FROM record_version WHERE record_id = %(id)s RETURNING saga_id", {"id": record_id}
    )


async def _stray(
    stores: Stores, prepare: Callable[[list[Plan]], Awaitable[None]], show: Callable[[list[Plan]], Awaitable[None]]
) -> None:
    plan = make_plan(STRAY, group_id="apex", model=stores.vectors.models[0])
    await prepare([plan])
    await show([plan])


async def _cypher(stores: Stores, query: str, parameters: Mapping[str, Any]) -> None:
    graph = stores.graph
    assert isinstance(graph, LadybugGraph)
    await graph._engine.run(lambda transaction: transaction.run(query, parameters), Access.WRITE)
