"""A namespace of an older or newer apex on a server: emptied and filled again by one process or several, or refused."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from apex_cli.errors import Fenced, StoreTerminal, StoreUnavailable
from apex_cli.stores.graph.neo4j import schema
from apex_cli.stores.graph.neo4j.engine import Neo4jGraph
from tests.graph_helpers import (
    forget,
    history,
    only,
    ping,
    place,
    vehicle,
)
from tests.graph_server import connected, empty, rows, server_graph
from tests.plans import GROUP

TRUCK = vehicle("vehicle:unit:T1")
CHICAGO, GARY = place("chicago"), place("gary")
OLD_SCHEMA = (
    "CREATE CONSTRAINT apex_slot IF NOT EXISTS FOR (n:ApexSlot) REQUIRE (n.group_id, n.page) IS UNIQUE",
    "CREATE INDEX apex_entity_folded IF NOT EXISTS FOR (n:Entity) ON (n.group_id, n.folded)",
)


async def make_old(namespace: str, version: int | None = None) -> None:
    """Give a namespace an older version; None is that of an apex that kept no version, and called pages slots."""
    if version is None:
        for statement in (
            *OLD_SCHEMA,
            "MATCH (p:ApexTimeline {group_id: $group}) SET p:ApexSlot REMOVE p:ApexTimeline",
        ):
            await rows(statement, group=namespace)
    statement = "MATCH (g:ApexGroup {group_id: $group}) SET g.schema_version = $version"
    await rows(statement, group=namespace, version=version)


async def held(namespace: str) -> set[str]:
    """The labels of all nodes of a namespace."""
    statement = "MATCH (n {group_id: $group}) UNWIND labels(n) AS label RETURN DISTINCT label"
    return {row["label"] for row in await rows(statement, group=namespace)}


async def version_of(namespace: str) -> int | None:
    statement = "MATCH (g:ApexGroup {group_id: $group}) RETURN g.schema_version AS version"
    (found,) = await rows(statement, group=namespace)
    version: int | None = found["version"]
    return version


async def old_schema() -> set[str]:
    names = "SHOW INDEXES YIELD name WHERE name IN ['apex_slot', 'apex_entity_folded'] RETURN name"
    return {row["name"] for row in await rows(names)}


PINGS = [ping(f"r{number}", TRUCK, (CHICAGO, GARY)[number % 2], number) for number in range(5)]
HISTORY = [("chicago", 0, 1), ("gary", 1, 2), ("chicago", 2, 3), ("gary", 3, 4), ("chicago", 4, None)]
GONE = forget("gone", 2)
MARKERS = {plan.record_id: plan.saga_id for plan in (*PINGS, GONE)}


async def fill(graph: Neo4jGraph) -> None:
    await graph.commit([*PINGS, ping("gone", TRUCK, GARY, 7)])
    await graph.commit([GONE])
    assert await history(graph, "T1") == HISTORY


@pytest.mark.parametrize("version", [None, 1])
async def test_an_older_namespace_is_emptied_and_filled_by_two_processes_at_once(
    server: Neo4jGraph, monkeypatch: pytest.MonkeyPatch, version: int | None
) -> None:
    monkeypatch.setattr(schema, "_BATCH", 2)
    await fill(server)
    assert not server.needs_refill
    old, known = (await only(server, "T1")).id, str(uuid.uuid4())
    for label, name in (("Entity", "uuid"), ("ApexAlias", "entity")):
        statement = f"MATCH (n:{label} {{group_id: $group, {name}: $old}}) SET n.{name} = $new"
        await rows(statement, group=GROUP, old=old, new=known)
    await make_old(GROUP, version)
    first, second = server_graph(GROUP), server_graph(GROUP)
    try:
        await asyncio.gather(first.open(), second.open())
        assert (first.needs_refill, second.needs_refill, await version_of(GROUP)) == (True, True, schema.NEWEST)
        assert await held(GROUP) == {"ApexGroup", "ApexRecord", "ApexFormerAlias"}
        assert await first.audit() == []
        assert (await first.check())["schema_missing"] == []
        # What only the graph knows is still there: which attempts passed the pivot, and the fences.
        assert await second.settle([(record_id, 2) for record_id in MARKERS]) == MARKERS
        again = [replace(plan, epoch=2) for plan in PINGS]
        with pytest.raises(Fenced):
            await first.refill(PINGS)
        assert all(await asyncio.gather(first.refill(again[:4]), second.refill(again[1:])))
        await asyncio.gather(first.refilled(), second.refilled())
        assert not first.needs_refill
        assert not second.needs_refill
        assert await history(first, "T1") == HISTORY
        assert (await only(second, "T1")).id == known
    finally:
        await asyncio.gather(first.close(), second.close())
    assert "ApexFormerAlias" not in await held(GROUP)
    async with connected() as third:
        assert not third.needs_refill
        assert await third.read([GONE.record_id]) == {}


async def test_a_process_that_was_slow_changes_nothing_in_a_graph_that_another_one_filled(server: Neo4jGraph) -> None:
    await fill(server)
    await make_old(GROUP, 1)
    overtaken = False

    async def slowly(statement: str, parameters: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        nonlocal overtaken
        if "DELETE" in statement and not overtaken:
            overtaken = True
            async with connected() as quick:
                assert await quick.refill(PINGS)
                await quick.refilled()
                await quick.commit([forget("r4", 2)])
        return await server._engine._ask_locked(statement, parameters)

    assert not await schema.empty_older(server._engine._ask, slowly)
    assert overtaken
    # It read PostgreSQL before the record was forgotten.
    assert not await server.refill([replace(PINGS[4], epoch=2)])
    assert await history(server, "T1") == [*HISTORY[:3], ("gary", 3, None)]


async def test_an_emptying_that_was_killed_half_way_goes_on(
    server: Neo4jGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(server)
    await make_old(GROUP, 1)
    # Stops between two statements of one opening, which pass no fault point.
    monkeypatch.setattr(schema, "_REMOVALS", (*schema._REMOVALS[:1], "this is no statement"))
    with pytest.raises(StoreUnavailable):
        await server_graph(GROUP).open()
    assert "Entity" in await held(GROUP)
    assert not await server.refill(PINGS)
    monkeypatch.undo()
    async with connected() as graph:
        assert graph.needs_refill
        assert await held(GROUP) == {"ApexGroup", "ApexRecord", "ApexFormerAlias"}
        assert await graph.refill(PINGS)
    # The note that it is filled is missing: another process fills what is missing, here nothing.
    async with connected() as graph:
        assert graph.needs_refill
        assert await graph.refill(PINGS)
        await graph.refilled()
        assert await history(graph, "T1") == HISTORY


async def test_old_indexes_stay_until_the_last_namespace_is_migrated(server: Neo4jGraph) -> None:
    other = f"{GROUP}-old"
    try:
        async with connected(namespace=other) as elsewhere:
            await elsewhere.commit([ping("one", TRUCK, CHICAGO, 0, group_id=other)])
        await server.commit([ping("one", TRUCK, GARY, 0)])
        await make_old(GROUP)
        await make_old(other)
        async with connected() as graph:
            assert graph.needs_refill
        assert await old_schema() == {"apex_slot", "apex_entity_folded"}
        async with connected(namespace=other) as graph:
            assert graph.needs_refill
        # Namespaces of other tests on this server may be old at this moment.
        statement = "MATCH (g:ApexGroup) WHERE coalesce(g.schema_version, 0) < $newest RETURN count(*) AS n"
        if (await rows(statement, newest=schema.NEWEST))[0]["n"] == 0:
            assert await old_schema() == set()
    finally:
        await empty(other)


async def test_a_namespace_of_a_newer_apex_is_refused(server: Neo4jGraph) -> None:
    await server.commit([ping("one", TRUCK, CHICAGO, 0)])
    await rows("MATCH (g:ApexGroup {group_id: $group}) SET g.schema_version = 99", group=GROUP)
    with pytest.raises(StoreUnavailable, match="schema version 99") as refused:
        await server_graph(GROUP).open()
    assert "newer apex" in str(refused.value.hint)
    # A process that was running when the newer one came does not write old names either.
    with pytest.raises(StoreTerminal, match="migrated"):
        await server.commit([ping("two", TRUCK, GARY, 1)])
    statement = "MATCH (g:ApexGroup {group_id: $group}) SET g.schema_version = $newest"
    await rows(statement, group=GROUP, newest=schema.NEWEST)
    assert await history(server, "T1") == [("chicago", 0, None)]


async def test_a_new_namespace_has_the_newest_version(server: Neo4jGraph) -> None:
    await server.commit([ping("one", TRUCK, CHICAGO, 0)])
    assert await version_of(GROUP) == schema.NEWEST
