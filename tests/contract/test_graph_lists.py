"""Entities by type and by the beginning of their name, and how many there are: the same on every engine."""

from __future__ import annotations

from apex_cli.model import EntityType, Predicate
from apex_cli.stores.protocol import PivotStore
from tests.graph_helpers import claim, entity, forget, place, vehicle
from tests.plans import make_plan

TRUCKS = [vehicle(f"vehicle:unit:truck-{number}", name=f"Truck-{number}") for number in range(3)]
CHICAGO = place("Chicago")
STATUS = entity(EntityType.VALUE, "value:status:in_transit")


async def fill(graph: PivotStore) -> None:
    facts = [claim(truck, Predicate.LOCATED_AT, CHICAGO, 0) for truck in TRUCKS]
    status = claim(TRUCKS[0], Predicate.HAS_STATUS, STATUS, 0)
    await graph.commit([make_plan("r1", entities=[*TRUCKS, CHICAGO, STATUS], claims=[*facts, status])])


async def names(graph: PivotStore, beginning: str = "", kind: str | None = None, limit: int = 10) -> list[str]:
    return [one.name for one in await graph.list_entities(kind=kind, beginning=beginning, limit=limit)]


async def test_entities_are_listed_by_name_without_plain_values(graph: PivotStore) -> None:
    await fill(graph)
    assert await names(graph) == ["Chicago", "Truck-0", "Truck-1", "Truck-2"]
    assert await names(graph, limit=2) == ["Chicago", "Truck-0"]
    assert await names(graph, "TRUCK-") == ["Truck-0", "Truck-1", "Truck-2"]
    assert await names(graph, kind="Location") == ["Chicago"]
    assert await names(graph, "t", kind="Location") == []
    assert await names(graph, "in_") == []
    assert await names(graph, "\ud800") == []


async def test_entities_and_facts_are_counted(graph: PivotStore) -> None:
    assert await graph.count_by_type() == ({}, 0)
    await fill(graph)
    assert await graph.count_by_type() == ({"Vehicle": 3, "Location": 1}, 4)
    await graph.commit([forget("r1", epoch=2)])
    assert await graph.count_by_type() == ({}, 0)


async def test_entities_are_read_by_their_ids(graph: PivotStore) -> None:
    await fill(graph)
    (truck,) = await graph.find_entities("Truck-1")
    (chicago,) = await graph.find_entities("Chicago")
    assert await graph.entities([chicago.id, truck.id, "nothing"]) == [chicago, truck]
