"""What every graph holds of records: entities, aliases, facts and their times."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apex_cli.errors import StoreTerminal
from apex_cli.extract import entities
from apex_cli.model import EntityType, Plan, Predicate
from apex_cli.stores.protocol import PivotStore
from tests.graph_helpers import (
    brief,
    claim,
    entity,
    forget,
    history,
    minute,
    only,
    ping,
    place,
    vehicle,
)
from tests.plans import make_plan

TRUCK = vehicle("vehicle:unit:T1")
CHICAGO, GARY, INDIANAPOLIS = place("chicago"), place("gary"), place("indianapolis")


async def test_a_record_is_read_as_it_was_written(graph: PivotStore) -> None:
    shipment = entity(EntityType.SHIPMENT, "shipment:id:SHIP-1", attributes={"weight": 12})
    acme = entity(EntityType.CUSTOMER, "customer:name@turvo:acme", name="Acme")
    status = entity(EntityType.VALUE, "value:HAS_STATUS:in_transit", name="in_transit")
    plan = make_plan(
        "ship-1",
        entities=[shipment, acme, status],
        claims=[claim(shipment, Predicate.FOR_CUSTOMER, acme, 0), claim(shipment, Predicate.HAS_STATUS, status, 0)],
    )
    await graph.commit([plan])
    view = (await graph.read([plan.record_id, "unknown"]))[plan.record_id]
    assert (view.saga_id, view.epoch) == (plan.saga_id, 1)
    assert [(one.type, one.name, one.attributes) for one in view.entities] == [
        ("Customer", "Acme", {}),
        ("Shipment", "SHIP-1", {"weight": 12}),
    ]
    assert [(fact.predicate, fact.object, fact.valid_at, fact.records) for fact in view.facts] == [
        ("FOR_CUSTOMER", "Acme", minute(0), (plan.record_id,)),
        ("HAS_STATUS", "in_transit", minute(0), (plan.record_id,)),
    ]
    assert [one.parts async for batch in graph.scan() for one in batch] == [3]


async def test_times_keep_their_microseconds(graph: PivotStore) -> None:
    moment = minute(0).replace(microsecond=123457)
    claimed = claim(TRUCK, Predicate.LOCATED_AT, CHICAGO, 0)
    exact = replace(claimed, valid_at=moment)
    await graph.commit([make_plan("one", entities=[TRUCK, CHICAGO], claims=[exact])])
    (fact,) = await graph.facts((await only(graph, "T1")).id)
    assert fact.valid_at == moment


async def test_facts_come_with_the_markers_of_their_records(graph: PivotStore) -> None:
    first, second, other = ping("one", TRUCK, CHICAGO, 0), ping("two", TRUCK, CHICAGO, 3), ping("three", TRUCK, GARY, 5)
    await graph.commit([first, second])
    await graph.commit([other, ping("elsewhere", vehicle("vehicle:unit:T2"), GARY, 5)])
    truck = await only(graph, "T1")
    found = await graph.supported_facts(truck.id)
    assert found is not None
    assert (found.entity, list(found.facts)) == (truck, list(await graph.facts(truck.id, overruled=True)))
    assert found.markers == {plan.record_id: plan.saga_id for plan in (first, second, other)}
    again = ping("two", TRUCK, INDIANAPOLIS, 4, epoch=2, supersedes=second)
    await graph.commit([again])
    later = await graph.supported_facts(truck.id)
    assert later is not None
    assert later.markers == {**found.markers, again.record_id: again.saga_id}
    assert await graph.supported_facts("00000000-0000-0000-0000-000000000000") is None


async def test_a_new_value_closes_the_one_before_and_a_late_one_is_inserted_closed(graph: PivotStore) -> None:
    await graph.commit([ping("one", TRUCK, CHICAGO, 0)])
    await graph.commit([ping("three", TRUCK, INDIANAPOLIS, 9)])
    await graph.commit([ping("two", TRUCK, GARY, 4)])
    assert await history(graph, "T1") == [("chicago", 0, 4), ("gary", 4, 9), ("indianapolis", 9, None)]


async def test_a_late_value_that_splits_a_fact_leaves_its_words_to_both_halves(graph: PivotStore) -> None:
    await graph.commit([ping("one", TRUCK, CHICAGO, 0), ping("three", TRUCK, CHICAGO, 9)])
    await graph.commit([ping("two", TRUCK, GARY, 4)])
    facts = await graph.facts((await only(graph, "T1")).id)
    assert brief(facts) == [("chicago", 0, 4), ("gary", 4, 9), ("chicago", 9, None)]
    assert [fact.sentence for fact in facts] == [f"T1 LOCATED_AT {name}" for name in ("chicago", "gary", "chicago")]


async def test_the_same_value_again_is_evidence_and_no_new_fact(graph: PivotStore) -> None:
    plans = [ping("one", TRUCK, CHICAGO, 0), ping("two", TRUCK, CHICAGO, 3)]
    for plan in plans:
        await graph.commit([plan])
    (fact,) = await graph.facts((await only(graph, "T1")).id)
    assert fact.records == tuple(sorted(plan.record_id for plan in plans))


async def test_facts_that_are_not_functional_stand_side_by_side(graph: PivotStore) -> None:
    message = entity(EntityType.MESSAGE, "message:id:m1")
    claims = [claim(message, Predicate.MENTIONS, one, 0) for one in (TRUCK, CHICAGO)]
    await graph.commit([make_plan("m1", entities=[message, TRUCK, CHICAGO], claims=claims)])
    assert await history(graph, "m1") == [("T1", 0, None), ("chicago", 0, None)]
    assert await history(graph, "t1") == [("T1", 0, None)]


async def test_facts_of_a_moment_and_of_a_predicate(graph: PivotStore) -> None:
    await graph.commit([ping("one", TRUCK, CHICAGO, 0), ping("two", TRUCK, GARY, 4)])
    truck = (await only(graph, "T1")).id
    assert brief(await graph.facts(truck, at=minute(3))) == [("chicago", 0, 4)]
    assert brief(await graph.facts(truck, at=minute(4))) == [("gary", 4, None)]
    assert await graph.facts(truck, at=minute(-1)) == []
    assert await graph.facts(truck, predicate="DRIVES") == []


async def test_a_replaced_record_takes_what_it_said_with_it(graph: PivotStore) -> None:
    await graph.commit([ping("one", TRUCK, CHICAGO, 0), ping("two", TRUCK, GARY, 4)])
    await graph.commit([ping("two", TRUCK, INDIANAPOLIS, 2, epoch=2)])
    assert await history(graph, "T1") == [("chicago", 0, 2), ("indianapolis", 2, None)]
    assert await graph.find_entities("gary") == []


async def test_a_replaced_record_may_change_only_its_words(graph: PivotStore) -> None:
    await graph.commit([ping("one", TRUCK, CHICAGO, 0)])
    said = claim(TRUCK, Predicate.LOCATED_AT, CHICAGO, 0, sentence="T1 stands in Chicago")
    await graph.commit([make_plan("one", epoch=2, entities=[TRUCK, CHICAGO], claims=[said], event_time=minute(0))])
    (fact,) = await graph.facts((await only(graph, "T1")).id)
    assert fact.sentence == "T1 stands in Chicago"


async def test_after_a_forget_the_value_before_is_current_again(graph: PivotStore) -> None:
    await graph.commit([ping("one", TRUCK, CHICAGO, 0), ping("two", TRUCK, GARY, 4)])
    await graph.commit([forget("two", 2)])
    assert await history(graph, "T1") == [("chicago", 0, None)]
    assert [one.record_id async for batch in graph.scan() for one in batch] == [ping("one", TRUCK, GARY, 0).record_id]


async def test_a_shared_entity_outlives_one_of_its_records_but_not_the_last(graph: PivotStore) -> None:
    await graph.commit([ping("one", TRUCK, CHICAGO, 0), ping("two", TRUCK, GARY, 4)])
    await graph.commit([forget("one", 2)])
    assert (await only(graph, "T1")).aliases == ("vehicle:unit:T1",)
    assert await graph.find_entities("chicago") == []
    await graph.commit([forget("two", 2)])
    assert await graph.find_entities("T1") == []
    assert await graph.read([ping("one", TRUCK, CHICAGO, 0).record_id]) == {}


async def test_a_forgotten_record_can_come_back(graph: PivotStore) -> None:
    await graph.commit([ping("one", TRUCK, CHICAGO, 0)])
    await graph.commit([forget("one", 2)])
    await graph.commit([ping("one", TRUCK, GARY, 1, epoch=3)])
    assert await history(graph, "T1") == [("gary", 1, None)]


async def test_any_key_reaches_the_node_and_is_learnt(graph: PivotStore) -> None:
    await graph.commit([ping("one", vehicle("vehicle:vin:V1", "vehicle:unit:T1", name="T1"), CHICAGO, 0)])
    await graph.commit([ping("two", vehicle("vehicle:unit:T1", "vehicle:samsara:88"), GARY, 4)])
    truck = await only(graph, "88")
    assert truck.aliases == ("vehicle:samsara:88", "vehicle:unit:T1", "vehicle:vin:V1")
    assert brief(await graph.facts(truck.id)) == [("chicago", 0, 4), ("gary", 4, None)]


async def test_keys_that_reach_two_nodes_make_them_one(graph: PivotStore) -> None:
    await graph.commit([ping("one", vehicle("vehicle:vin:V1"), CHICAGO, 0)])
    await graph.commit([ping("two", vehicle("vehicle:unit:T1"), GARY, 4)])
    await graph.commit([ping("three", vehicle("vehicle:samsara:88", "vehicle:vin:V1", "vehicle:unit:T1"), GARY, 6)])
    truck = await only(graph, "T1")
    assert truck == await only(graph, "V1")
    assert brief(await graph.facts(truck.id)) == [("chicago", 0, 4), ("gary", 4, None)]
    await graph.commit([forget("two", 2)])
    assert brief(await graph.facts(truck.id)) == [("chicago", 0, 6), ("gary", 6, None)]


async def test_one_batch_may_make_join_and_use_a_node(graph: PivotStore) -> None:
    await graph.commit([ping("zero", vehicle("vehicle:unit:T1"), INDIANAPOLIS, 0)])
    await graph.commit(
        [
            ping("one", vehicle("vehicle:vin:V1"), CHICAGO, 1),
            ping("two", vehicle("vehicle:vin:V1", "vehicle:unit:T1"), GARY, 2),
            ping("three", vehicle("vehicle:unit:T1"), CHICAGO, 3),
        ]
    )
    expected = [("indianapolis", 0, 1), ("chicago", 1, 2), ("gary", 2, 3), ("chicago", 3, None)]
    assert await history(graph, "V1") == expected


async def test_one_name_and_ids_of_one_kind_are_as_many_things_as_ids(graph: PivotStore) -> None:
    names = ("carrier:name@turvo:acme", "carrier:name:acme")
    first, second, by_dot = (
        entity(EntityType.CARRIER, key, name="Acme", names=names)
        for key in ("carrier:mc:1", "carrier:mc:2", "carrier:dot:9")
    )
    bare = entity(EntityType.CARRIER, names[0], name="Acme", hints=names[1:])
    await graph.commit([make_plan("bare", entities=[bare])])
    await graph.commit([make_plan("first", entities=[first])])
    assert (await only(graph, "acme")).aliases == ("carrier:mc:1", *reversed(names))
    await graph.commit([make_plan("second", entities=[second]), make_plan("by dot", entities=[by_dot])])
    assert sorted(one.aliases[0] for one in await graph.find_entities("acme")) == [
        "carrier:dot:9",
        "carrier:mc:1",
        "carrier:mc:2",
        "carrier:name@turvo:acme",
    ]
    for record in ("second", "by dot"):
        await graph.commit([forget(record, 2)])
    assert (await only(graph, "acme")).aliases == ("carrier:mc:1", *reversed(names))


async def test_a_shared_telephone_is_of_two_drivers_and_finds_both(graph: PivotStore) -> None:
    phone = "driver:phone:13125550100"
    tomas = entity(EntityType.DRIVER, "driver:phone+name:13125550100:tomas", name="Tomas", names=(phone,))
    priya = entity(EntityType.DRIVER, "driver:phone+name:13125550100:priya", name="Priya", names=(phone,))
    for one in (tomas, priya):
        await graph.commit([make_plan(one.name, entities=[one])])
    assert sorted(one.name for one in await graph.find_entities("+1 (312) 555-0100")) == ["Priya", "Tomas"]


async def test_a_hint_leads_to_what_is_known_elsewhere_whichever_comes_first(graph: PivotStore) -> None:
    hint = ("customer:name:acme",)
    mentioned = entity(EntityType.CUSTOMER, "customer:name@front:acme", name="acme", hints=hint, certain=False)
    await graph.commit([make_plan("before", entities=[mentioned])])
    assert await graph.known(hint) == frozenset()
    known = entity(EntityType.CUSTOMER, "customer:turvo:7", name="Acme", names=hint)
    await graph.commit([make_plan("known", entities=[known])])
    again = entity(EntityType.CUSTOMER, "customer:name@mail:acme", name="ACME", hints=hint, certain=False)
    await graph.commit([make_plan("after", entities=[again])])
    assert (await only(graph, "7")).aliases == (
        "customer:name:acme",
        "customer:name@front:acme",
        "customer:name@mail:acme",
        "customer:turvo:7",
    )
    await graph.commit([forget("known", 2)])
    assert len(await graph.find_entities("acme")) == 2


async def test_what_a_record_joined_is_two_things_again_when_it_is_forgotten(graph: PivotStore) -> None:
    vin, unit = vehicle("vehicle:vin:V1"), vehicle("vehicle:unit:T1")
    both = make_plan(
        "both",
        entities=[vin, unit, CHICAGO, GARY],
        claims=[claim(vin, Predicate.LOCATED_AT, CHICAGO, 0), claim(unit, Predicate.LOCATED_AT, GARY, 4)],
    )
    await graph.commit([both])
    await graph.commit([ping("joins", vehicle("vehicle:vin:V1", "vehicle:unit:T1"), INDIANAPOLIS, 9)])
    assert await history(graph, "V1") == [("chicago", 0, 4), ("gary", 4, 9), ("indianapolis", 9, None)]
    await graph.commit([forget("joins", 2)])
    assert await history(graph, "V1") == [("chicago", 0, None)]
    assert await history(graph, "T1") == [("gary", 4, None)]


async def test_the_latest_certain_word_names_an_entity(graph: PivotStore) -> None:
    def observing(record: str, name: str, at: int, certain: bool, **attributes: int) -> Plan:
        one = vehicle("vehicle:unit:T1", name=name, certain=certain, attributes=attributes)
        return make_plan(record, entities=[one], event_time=minute(at))

    plans = [
        observing("new", "New", 5, True, colour=5),
        observing("old", "Old", 1, True, colour=1, axles=1),
        observing("talk", "Talk", 9, False, colour=9, doors=9),
    ]
    for plan in plans:
        await graph.commit([plan])
    truck = await only(graph, "T1")
    assert (truck.name, truck.attributes) == ("New", {"axles": 1, "colour": 5, "doors": 9})
    await graph.commit([forget("new", 2)])
    truck = await only(graph, "T1")
    assert (truck.name, truck.attributes) == ("Old", {"axles": 1, "colour": 1, "doors": 9})


async def test_entities_are_found_by_every_spelling_that_readers_see(graph: PivotStore) -> None:
    status = entity(EntityType.VALUE, "value:HAS_STATUS:moving", name="moving")
    truck = vehicle("vehicle:unit:T1", "vehicle:link:https://x/1", name="Big Blue")
    star = entity(
        EntityType.CARRIER,
        "carrier:mc:948811",
        name="Star Line Transport LLC",
        names=("carrier:name:starlinetransport",),
    )
    await graph.commit([make_plan("one", entities=[truck, star, status])])
    found = await only(graph, " t1 ")
    for text in ("BIG BLUE", found.id, found.id.upper(), "https://x/1", "vehicle:unit:T1", "Big", "g bl"):
        assert await only(graph, text) == found, text
    carrier = await only(graph, "948811")
    for text in (
        "MC-948811",
        "mc 948811",
        "carrier:mc:948811",
        "Star-Line Transport, Inc.",
        "STAR LÍNE TRANSPORT",
        "Star",
    ):
        assert await only(graph, text) == carrier, text
    for text in ("moving", "1", "", "unit:t1", "Bi", "Caf\udce9", "nothing"):
        assert await graph.find_entities(text) == [], text


async def test_accents_of_a_place_do_not_matter(graph: PivotStore) -> None:
    accented, plain = entities.city("Montréal, QC"), entities.city("Montreal, QC")
    await graph.commit([make_plan("one", entities=[accented])])
    await graph.commit([make_plan("two", entities=[plain])])
    found = await only(graph, "Montréal, QC")
    for text in ("montreal, qc", "MONTRÉAL", "Montreal", "montre", "location:city:montréal, qc", "city montreal, qc"):
        assert await only(graph, text) == found, text


async def test_a_place_that_an_older_memory_knows_with_accents_is_the_same_place(graph: PivotStore) -> None:
    older = entity(EntityType.LOCATION, "location:city:montréal, qc", name="Montréal, QC")
    await graph.commit([make_plan("one", entities=[older])])
    await graph.commit([make_plan("two", entities=[entities.city("Montréal, QC")])])
    await graph.commit([make_plan("three", entities=[entities.city("Montreal, QC")])])
    assert await only(graph, "Montreal, QC") == await only(graph, "Montréal, QC")


async def test_what_resembles_a_name_is_offered_nearest_first(graph: PivotStore) -> None:
    companies = ("Acme Manufacturing Corp", "Acme Mfg Corp.", "Acme Trucking", "Acme Manufacturing 7")
    every = [
        entity(EntityType.CUSTOMER, f"customer:turvo:{number}", name=name) for number, name in enumerate(companies)
    ]
    person = entity(EntityType.PERSON, "person:email:a@x.com", name="Ann Lee")
    await graph.commit([make_plan("one", entities=[*every, person])])
    offered = await graph.resembling("Acme Manufacturing", kind="Customer")
    assert [one.name for one in offered] == ["Acme Manufacturing Corp", "Acme Mfg Corp."]
    assert [one.name for one in await graph.resembling("Lee, Ann")] == ["Ann Lee"]
    assert [one.name for one in await graph.resembling("Acme Truking")] == ["Acme Trucking"]
    for text in ("", "zzz", "\ud800"):
        assert await graph.resembling(text) == []


@pytest.mark.parametrize("text", ["nul \0 byte", "quote ' \" \\ $x", "emoji 😀 \u202e", "line\nbreak", "x" * 100_000])
async def test_hostile_text_is_kept_as_it_is(graph: PivotStore, text: str) -> None:
    truck = vehicle("vehicle:unit:T1", name=text, attributes={text: text})
    said = claim(truck, Predicate.LOCATED_AT, CHICAGO, 0, sentence=text)
    await graph.commit([make_plan("one", entities=[truck, CHICAGO], claims=[said], chunks=[text], title=text)])
    found = await only(graph, "T1")
    assert (found.name, found.attributes) == (text, {text: text})
    assert [fact.sentence for fact in await graph.facts(found.id)] == [text]


async def test_what_cannot_be_is_refused_and_leaves_nothing(graph: PivotStore) -> None:
    good = ping("good", TRUCK, CHICAGO, 0)
    foreign = make_plan("stray", entities=[TRUCK], claims=[claim(TRUCK, Predicate.LOCATED_AT, CHICAGO, 0)])
    lone = ping("lone", vehicle("vehicle:unit:T9", name="lone \ud800"), CHICAGO, 0)
    mixed = make_plan("mixed", entities=[TRUCK, entity(EntityType.DRIVER, "vehicle:unit:T1")])
    for bad in (foreign, lone, mixed):
        with pytest.raises(StoreTerminal):
            await graph.commit([good, bad])
        assert await graph.read([good.record_id, bad.record_id]) == {}
    await graph.commit([good])
    assert await history(graph, "T1") == [("chicago", 0, None)]
