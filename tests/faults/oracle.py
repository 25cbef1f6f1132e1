"""Looks into the four stores of a home, past every verb, and says which version of a record they hold.

It knows no journal and trusts no audit: what PostgreSQL calls current must be what the other three hold, whole.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from apex_cli.config import load
from apex_cli.model import DEFAULT_NAMESPACE, record_id
from apex_cli.stores.factory import Stores, open_stores
from apex_cli.stores.postgres.catalog import Version
from apex_cli.verify import verify
from tests import profiles

Env = Mapping[str, str]


@asynccontextmanager
async def opened(home: Path, env: Env | None = None) -> AsyncIterator[Stores]:
    """The four stores of a home that no run holds; `env` says where, if not where the profile has them."""
    settings = load({"home": home}, cwd=home.parent, environ=_place(home, env))
    async with open_stores(settings) as stores:
        yield stores


def identity(home: Path, shipment: str, env: Env | None = None) -> str:
    """The record id of a shipment in the namespace of a home."""
    return record_id("turvo", "shipment", shipment, _place(home, env).get("APEX_NAMESPACE", DEFAULT_NAMESPACE))


def _place(home: Path, env: Env | None) -> Env:
    return profiles.variables(home) if env is None else env


async def statuses(home: Path, shipments: Iterable[str], env: Env | None = None) -> list[str | None]:
    """The status of each shipment as all four stores hold it; None for one that none of them knows.

    Fails where a record is half there, half gone, or of two versions at once.
    """
    async with opened(home, env) as stores:
        return [await _status(stores, identity(home, shipment, env)) for shipment in shipments]


async def held_once(home: Path, payloads: Sequence[dict[str, Any]], env: Env | None = None) -> None:
    """Fail unless each of these shipments is there with its status, and no two versions or leftovers of any record."""
    async with opened(home, env) as stores:
        for payload in payloads:
            known_as = identity(home, payload["shipmentId"], env)
            assert await _status(stores, known_as) == payload["status"], payload
            [entity] = await stores.graph.find_entities(payload["shipmentId"])
            facts = await stores.graph.facts(entity.id, predicate="HAS_STATUS")
            assert [(fact.object, fact.records) for fact in facts] == [(payload["status"], (known_as,))]
        await count(stores)


async def count(stores: Stores) -> int:
    """How many records there are, the same in every store, with nothing wrong and nothing in flight."""
    report = await verify(stores)
    assert (report.problems, report.in_flight) == ([], 0)
    seen: list[set[str]] = []
    for store in (stores.graph, stores.vectors, stores.cache):
        ids = [held.record_id async for batch in store.scan() for held in batch if held.visible]
        assert len(ids) == len(set(ids)), store.name
        seen.append(set(ids))
    assert seen[0] == seen[1] == seen[2]
    assert len(seen[0]) == report.records
    assert not await stores.vectors.list_unpublished()
    assert not await stores.cache.list_unpublished()
    return report.records


async def _status(stores: Stores, known_as: str) -> str | None:
    version = (await stores.catalog.by_id([known_as])).get(known_as)
    graph = (await stores.graph.read([known_as])).get(known_as)
    points = (await stores.vectors.read([known_as])).get(known_as, ())
    cached = (await stores.cache.read([known_as])).get(known_as)
    if version is None:
        assert (graph, list(points), cached) == (None, [], None)
        return None
    assert graph is not None
    assert cached is not None
    assert graph.saga_id == version.saga_id
    assert [(point.saga_id, point.visible) for point in points] == [(version.saga_id, True)] * version.chunks
    assert (cached["saga_id"], cached["content_hash"]) == (version.saga_id, version.content_hash)
    status = str(version.payload["status"])
    assert [fact.object for fact in graph.facts if fact.predicate == "HAS_STATUS"] == [status]
    _told(version, [point.text for point in points], status)
    return status


def _told(version: Version, texts: Sequence[str], status: str) -> None:
    """The words that are found by search are those of this version."""
    assert status in version.text
    assert status in " ".join(texts)
