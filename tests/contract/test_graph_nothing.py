"""What a record says to have no value ends the value before: a vehicle that is seen outside of all geofences."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from apex_cli.model import NOTHING, EntityType, Plan, Predicate
from apex_cli.stores.graph.model import timelines
from apex_cli.stores.protocol import PivotStore
from tests.graph_helpers import claim, entity, forget, history, minute, vehicle
from tests.plans import make_plan

TRUCK = vehicle("vehicle:unit:T1")
YARD, DOCK = (entity(EntityType.GEOFENCE, f"geofence:id:{name}") for name in ("yard", "dock"))
INSIDE = Predicate.INSIDE_GEOFENCE


def seen(record: str, at: int, *fences: str) -> Plan:
    """A reading inside of a geofence, or outside of all."""
    if not fences:
        outside = replace(claim(TRUCK, INSIDE, YARD, at), object=NOTHING)
        return make_plan(record, entities=[TRUCK], claims=[outside], event_time=minute(at))
    fence = YARD if fences == ("yard",) else DOCK
    return make_plan(record, entities=[TRUCK, fence], claims=[claim(TRUCK, INSIDE, fence, at)], event_time=minute(at))


@pytest.mark.parametrize("seed", range(4))
async def test_a_geofence_ends_where_the_vehicle_is_seen_outside(
    graph: PivotStore, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timelines, "PAGE_RUNS", 1 + seed)
    plans = [
        seen("r0", 0),
        seen("r1", 1, "yard"),
        seen("r2", 3, "yard"),
        seen("r3", 5),
        seen("r4", 6),
        seen("r5", 9, "dock"),
    ]
    random.Random(seed).shuffle(plans)
    for plan in plans:
        await graph.commit([plan])
        assert await graph.audit() == []
    assert await history(graph, "T1") == [("yard", 1, 5), ("dock", 9, None)]
    await graph.commit([seen("r6", 12)])
    assert await history(graph, "T1") == [("yard", 1, 5), ("dock", 9, 12)]
    await graph.commit([forget("r3", 2)])
    assert await history(graph, "T1") == [("yard", 1, 6), ("dock", 9, 12)]
    await graph.commit([forget("r4", 2), forget("r6", 2)])
    assert await history(graph, "T1") == [("yard", 1, 9), ("dock", 9, None)]


async def test_many_readings_outside_leave_no_fact(graph: PivotStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timelines, "PAGE_RUNS", 2)
    plans = [seen(f"r{at}", at, *(["yard"] if at % 5 == 0 else [])) for at in range(40)]
    random.Random(1).shuffle(plans)
    await graph.commit(plans[:13])
    await graph.commit(plans[13:])
    assert await history(graph, "T1") == [("yard", at, at + 1) for at in range(0, 40, 5)]
    only_outside = [forget(f"r{at}", 2) for at in range(0, 40, 5)]
    await graph.commit(only_outside)
    assert await history(graph, "T1") == []
