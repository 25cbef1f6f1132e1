"""Entities by type and by the beginning of their name, and how many there are: the same on every engine."""

from __future__ import annotations

from apex_cli.model import EntityType, Predicate
from apex_cli.stores.protocol import PivotStore
from tests.graph_helpers import claim, entity, forget, minute, place, vehicle
from tests.plans import make_plan

TRUCKS = [vehicle(f"vehicle:unit:truck-{number}", name=f"Truck-{number}") for number in range(3)]
CHICAGO, BOSTON = place("Chicago"), place("Boston")
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


async def test_facts_that_hold_at_a_time_are_listed_those_that_begin_last_first(graph: PivotStore) -> None:
    moves = [claim(TRUCKS[0], Predicate.LOCATED_AT, CHICAGO, 0), claim(TRUCKS[0], Predicate.LOCATED_AT, BOSTON, 20)]
    later = claim(TRUCKS[1], Predicate.LOCATED_AT, CHICAGO, 10)
    await graph.commit([make_plan("r1", entities=[*TRUCKS, CHICAGO, BOSTON], claims=[*moves, later])])

    async def listed(until: int, limit: int = 10) -> list[tuple[str, str]]:
        found = await graph.facts_then(Predicate.LOCATED_AT, at=minute(until), limit=limit)
        return [(one.subject, one.object) for one in found]

    assert await listed(-1) == []
    assert await listed(10) == [("Truck-1", "Chicago"), ("Truck-0", "Chicago")]
    assert await listed(20) == [("Truck-0", "Boston"), ("Truck-1", "Chicago")]
    assert await listed(20, limit=1) == [("Truck-0", "Boston")]
    assert await graph.facts_then(Predicate.HAS_STATUS, at=minute(20), limit=10) == []


async def test_what_free_text_claims_is_listed(graph: PivotStore) -> None:
    ship, note = (entity(EntityType.SHIPMENT, "shipment:id:S-1"), entity(EntityType.MESSAGE, "message:id:M-1"))
    says = claim(note, Predicate.MENTIONS, ship, 5, attributes={"states": "delivered"})
    only_named = claim(note, Predicate.MENTIONS, TRUCKS[0], 6, attributes={"span": [0, 4]})
    read = claim(ship, Predicate.HAS_STATUS, STATUS, 7, certain=False)
    known = claim(ship, Predicate.HAS_STATUS, STATUS, 1)
    await graph.commit([make_plan("r1", entities=[ship, note, TRUCKS[0]], claims=[says, only_named])])
    await graph.commit([make_plan("r2", entities=[ship, STATUS], claims=[read])])
    found = await graph.free_text_claims(at=minute(9), limit=10)
    assert [(one.predicate, one.certain) for one in found] == [("HAS_STATUS", False), ("MENTIONS", True)]
    assert [one.predicate for one in await graph.free_text_claims(at=minute(5), limit=10)] == ["MENTIONS"]
    assert len(await graph.free_text_claims(at=minute(9), limit=1)) == 1
    await graph.commit([make_plan("r2", epoch=2, entities=[ship, STATUS], claims=[known])])
    assert [one.predicate for one in await graph.free_text_claims(at=minute(9), limit=10)] == ["MENTIONS"]


async def test_what_is_stated_of_entities_is_read_at_once(graph: PivotStore) -> None:
    ships = [entity(EntityType.SHIPMENT, f"shipment:id:S-{number}") for number in range(2)]
    stop = entity(EntityType.STOP, "stop:id:S-0/1")
    claims = [claim(ships[1], Predicate.HAS_STATUS, STATUS, 3), claim(ships[0], Predicate.HAS_STOP, stop, 2)]
    claims += [claim(ships[0], Predicate.ORIGIN, CHICAGO, 1), claim(TRUCKS[0], Predicate.LOCATED_AT, CHICAGO, 0)]
    await graph.commit([make_plan("r1", entities=[*ships, stop, STATUS, CHICAGO, TRUCKS[0]], claims=claims)])
    ids = [one.id for name in ("S-0", "S-1", "Truck-0") for one in await graph.find_entities(name)]
    assert [one.predicate for one in await graph.statements([*ids, "nothing"])] == ["HAS_STOP", "HAS_STATUS"]
    assert await graph.statements([]) == []


async def test_entities_are_read_by_their_ids(graph: PivotStore) -> None:
    await fill(graph)
    (truck,) = await graph.find_entities("Truck-1")
    (chicago,) = await graph.find_entities("Chicago")
    assert await graph.entities([chicago.id, truck.id, "nothing"]) == [chicago, truck]
