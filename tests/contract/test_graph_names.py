"""Texts that name things: in any order of arrival the same text mentions the same thing, and no other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import pytest

from apex_cli.model import Entity, EntityType, Phrase, Plan
from apex_cli.stores.protocol import PivotStore
from tests.graph_helpers import entity, forget, only, opened
from tests.graph_server import empty
from tests.plans import GROUP, make_plan

LAKES = "lakeshorehaulage"


def mail(record: str = "mail", *names: str, epoch: int = 1) -> Plan:
    """A message whose text may name these things."""
    message = entity(EntityType.MESSAGE, f"message:id:{record}")
    phrases = [Phrase(message.key, f"value:said:{name}", name.title(), {"rule": "known name"}) for name in names]
    return make_plan(record, epoch=epoch, entities=[message], phrases=phrases, source="frontapp", data_type="message")


def carrier(number: int, name: str = LAKES) -> Entity:
    return entity(EntityType.CARRIER, f"carrier:mc:{number}", names=(f"carrier:name:{name}",), name=f"{name} LLC")


def person(address: str, name: str) -> Entity:
    return entity(EntityType.PERSON, f"person:email:{address}", names=(f"person:name:{name}",), name=name)


async def mentioned(graph: PivotStore, record: str = "mail") -> list[str]:
    """The names of what a message mentions."""
    plan = mail(record)
    view = (await graph.read([plan.record_id]))[plan.record_id]
    assert {one.name for one in view.entities} == {record, *(fact.object for fact in view.facts)}
    return sorted(fact.object for fact in view.facts if fact.predicate == "MENTIONS")


async def test_a_text_mentions_what_becomes_known_later(graph: PivotStore) -> None:
    await graph.commit([mail("mail", LAKES)])
    assert await mentioned(graph) == []
    assert await graph.find_entities(LAKES) == []
    await graph.commit([make_plan("c1", entities=[carrier(1)])])
    assert await mentioned(graph) == [f"{LAKES} LLC"]
    (fact,) = await graph.facts((await only(graph, LAKES)).id)
    assert (fact.subject, fact.sentence, fact.attributes) == (
        "mail",
        "Message mail mentions Lakeshorehaulage.",
        {"rule": "known name"},
    )
    assert (await only(graph, LAKES)).aliases == ("carrier:mc:1", f"carrier:name:{LAKES}")


async def test_a_text_no_more_mentions_what_is_forgotten(graph: PivotStore) -> None:
    await graph.commit([make_plan("c1", entities=[carrier(1)])])
    await graph.commit([mail("mail", LAKES)])
    assert await mentioned(graph) == [f"{LAKES} LLC"]
    await graph.commit([forget("c1", 2)])
    assert await mentioned(graph) == []
    assert await graph.find_entities(LAKES) == []
    await graph.commit([make_plan("c1", epoch=3, entities=[carrier(1)])])
    assert await mentioned(graph) == [f"{LAKES} LLC"]


async def test_a_name_of_two_is_no_mention_until_one_of_them_goes(graph: PivotStore) -> None:
    await graph.commit([make_plan("c1", entities=[carrier(1)]), mail("mail", LAKES)])
    await graph.commit([make_plan("c2", entities=[carrier(2)])])
    assert await mentioned(graph) == []
    await graph.commit([forget("c1", 2)])
    assert await mentioned(graph) == [f"{LAKES} LLC"]


async def test_a_text_that_is_corrected_mentions_what_it_names_now(graph: PivotStore) -> None:
    await graph.commit([make_plan("c1", entities=[carrier(1), carrier(2, "acmefoods")]), mail("mail", LAKES)])
    await graph.commit([mail("mail", "acmefoods", epoch=2)])
    assert await mentioned(graph) == ["acmefoods LLC"]


@pytest.mark.parametrize(
    ("things", "expected"),
    [
        ([carrier(1), person("x@example.com", "tomasbeltran")], [f"{LAKES} LLC", "tomasbeltran"]),
        ([carrier(1), entity(EntityType.CUSTOMER, f"customer:name@turvo:{LAKES}")], [f"{LAKES} LLC"]),
        ([entity(EntityType.CUSTOMER, f"customer:name@turvo:{LAKES}")], [LAKES]),
        ([carrier(1), carrier(2)], []),
        ([carrier(1), entity(EntityType.CARRIER, f"carrier:name@json:{LAKES}", name="bare")], [f"{LAKES} LLC"]),
    ],
)
async def test_no_order_of_arrival_shows(
    engine: str, things: Sequence[Entity], expected: list[str], tmp_path: Path
) -> None:
    plans = [mail("mail", LAKES, "tomasbeltran"), *(make_plan(f"r{n}", entities=[one]) for n, one in enumerate(things))]
    for number, ordered in enumerate(permutations(plans)):
        if engine == "neo4j":
            await empty(GROUP)
        async with opened(engine, tmp_path / str(number)) as graph:
            for plan in ordered:
                await graph.commit([plan])
            assert await mentioned(graph) == expected


async def test_a_company_beside_its_label_is_the_one_that_is_known(graph: PivotStore) -> None:
    said = entity(EntityType.CARRIER, f"carrier:said:{LAKES}", name="Lakeshore Haulage", certain=False)
    await graph.commit([make_plan("doc", entities=[said])])
    assert (await only(graph, LAKES)).name == "Lakeshore Haulage"
    await graph.commit([make_plan("shipment", entities=[entity(EntityType.CARRIER, f"carrier:name@turvo:{LAKES}")])])
    assert (await only(graph, LAKES)).name == LAKES
