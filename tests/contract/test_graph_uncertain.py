"""Uncertain claims are kept beside those of systems of record and never change them."""

from __future__ import annotations

from apex_cli.model import EntityType, Plan, Predicate
from apex_cli.stores.protocol import PivotStore
from apex_cli.stores.views import FactView
from tests.graph_helpers import claim, entity, forget, minute
from tests.plans import make_plan

LOAD = entity(EntityType.SHIPMENT, "shipment:id:L1")
ACME = entity(EntityType.CARRIER, "carrier:turvo:7", name="Acme Haulage", names=("carrier:name:acme haulage",))
LAKES = entity(EntityType.CARRIER, "carrier:name@frontapp:twin lakes", name="Twin Lakes", certain=False)


def hauled_by(record: str, carrier: str, at: int, *, certain: bool) -> Plan:
    """A record that says who hauls the load."""
    target = ACME if carrier == "Acme Haulage" else LAKES
    said = claim(LOAD, Predicate.HAULED_BY, target, at, certain=certain)
    return make_plan(record, entities=(LOAD, target), claims=(said,), event_time=minute(at))


async def hauled(graph: PivotStore) -> list[FactView]:
    [load] = await graph.find_entities("L1")
    return list(await graph.facts(load.id, predicate="HAULED_BY"))


async def test_free_text_does_not_end_what_a_system_of_record_says(graph: PivotStore) -> None:
    await graph.commit([hauled_by("turvo", "Acme Haulage", 0, certain=True)])
    await graph.commit([hauled_by("mail", "Twin Lakes", 5, certain=False)])
    [fact] = await hauled(graph)
    assert (fact.object, fact.invalid_at, fact.certain) == ("Acme Haulage", None, True)
    both = await graph.facts(fact.subject_id, overruled=True)
    assert [(one.object, one.overruled) for one in both] == [("Acme Haulage", False), ("Twin Lakes", True)]


async def test_in_whatever_order_they_come(graph: PivotStore) -> None:
    await graph.commit([hauled_by("mail", "Twin Lakes", 5, certain=False)])
    [before] = await hauled(graph)
    assert (before.object, before.certain) == ("Twin Lakes", False)
    await graph.commit([hauled_by("turvo", "Acme Haulage", 9, certain=True)])
    [after] = await hauled(graph)
    assert (after.object, after.certain) == ("Acme Haulage", True)


async def test_the_record_that_states_it_still_shows_it(graph: PivotStore) -> None:
    plan = hauled_by("mail", "Twin Lakes", 5, certain=False)
    await graph.commit([plan, hauled_by("turvo", "Acme Haulage", 0, certain=True)])
    view = (await graph.read([plan.record_id]))[plan.record_id]
    assert [(fact.object, fact.certain) for fact in view.facts] == [("Twin Lakes", False)]


async def test_free_text_is_no_evidence_for_a_certain_fact(graph: PivotStore) -> None:
    sure = hauled_by("turvo", "Acme Haulage", 0, certain=True)
    await graph.commit([sure, hauled_by("mail", "Acme Haulage", 5, certain=False)])
    [fact] = await hauled(graph)
    assert fact.records == (sure.record_id,)


async def test_free_text_ends_free_text_by_event_time(graph: PivotStore) -> None:
    await graph.commit([hauled_by("late", "Twin Lakes", 9, certain=False)])
    await graph.commit([hauled_by("early", "Acme Haulage", 1, certain=False)])
    assert [(fact.object, fact.invalid_at) for fact in await hauled(graph)] == [
        ("Acme Haulage", minute(9)),
        ("Twin Lakes", None),
    ]


async def test_what_the_system_of_record_forgets_free_text_still_knows(graph: PivotStore) -> None:
    await graph.commit(
        [hauled_by("turvo", "Acme Haulage", 0, certain=True), hauled_by("mail", "Twin Lakes", 5, certain=False)]
    )
    await graph.commit([forget("turvo", 2)])
    [fact] = await hauled(graph)
    assert (fact.object, fact.certain) == ("Twin Lakes", False)


async def test_known_and_mentioned(graph: PivotStore) -> None:
    plan = hauled_by("turvo", "Acme Haulage", 0, certain=True)
    await graph.commit([plan])
    assert await graph.known(["carrier:turvo:7", "carrier:name:acme haulage", "carrier:turvo:8"]) == {
        "carrier:turvo:7",
        "carrier:name:acme haulage",
    }
    found = await graph.mentioned([plan.record_id, "another"])
    assert {record: sorted(one.name for one in some) for record, some in found.items()} == {
        plan.record_id: ["Acme Haulage", "L1"]
    }
