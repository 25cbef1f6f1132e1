"""Graphiti's own search finds what apex wrote: offline, with no model of any kind behind it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

import pytest

from apex_cli.errors import StoreTerminal
from apex_cli.model import EntityType, Predicate
from apex_cli.stores.protocol import PivotStore
from tests.graph_helpers import claim, entity, forget, ping, place, vehicle
from tests.plans import GROUP, make_plan, vector_of

if TYPE_CHECKING:
    from graphiti_core.driver.driver import GraphDriver

TRUCK = vehicle("vehicle:unit:TRUCK-6520")
SHIPMENT = entity(EntityType.SHIPMENT, "shipment:id:SHIP-2025-10-19-002")
ACME = entity(EntityType.CUSTOMER, "customer:name@turvo:acme", name="Acme Manufacturing Corp")
BOOKING = make_plan(
    "booking",
    entities=[SHIPMENT, ACME],
    claims=[
        claim(
            SHIPMENT, Predicate.FOR_CUSTOMER, ACME, 0, sentence="Shipment SHIP-2025-10-19-002 is for Acme Manufacturing"
        )
    ],
)
IN_CHICAGO = ping("one", TRUCK, place("chicago"), 1)
IN_GARY = ping("two", TRUCK, place("gary"), 2)
SENTENCE = "TRUCK-6520 LOCATED_AT gary"


class Graph(PivotStore, Protocol):
    """A graph that Graphiti can read."""

    def graphiti_driver(self) -> GraphDriver: ...


@pytest.fixture(name="graph")
async def filled(graph: Graph) -> Graph:
    await graph.commit([BOOKING, IN_CHICAGO, IN_GARY])
    return graph


def near(text: str) -> list[float]:
    return [float(number) for number in vector_of(text)]


async def found(graph: Graph, text: str, vector: list[float]) -> list[str]:
    return [hit.record_id for hit in await graph.search(text, vector, limit=5)]


async def test_words_find_the_record_of_a_fact(graph: Graph) -> None:
    (hit, *_) = await graph.search("manufacturing shipment", near("nothing like it"), limit=5)
    assert hit.record_id == BOOKING.record_id
    assert hit.saga_id == BOOKING.saga_id
    assert "Acme" in hit.text


async def test_an_identifier_finds_its_record_first(graph: Graph) -> None:
    assert (await found(graph, "ship-2025-10-19-002", near("nothing")))[0] == BOOKING.record_id


async def test_a_vector_finds_the_record_of_a_fact(graph: Graph) -> None:
    assert (await found(graph, "zzz", near(SENTENCE))) == [IN_GARY.record_id]


async def test_nothing_alike_finds_nothing(graph: Graph) -> None:
    assert await found(graph, "zzz", near("zzz")) == []
    assert await found(graph, "  ", near("zzz")) == []


async def test_a_forgotten_record_is_not_found(graph: Graph) -> None:
    await graph.commit([forget("two", 2)])
    assert IN_GARY.record_id not in await found(graph, "gary", near(SENTENCE))


async def test_a_thing_that_is_parted_from_its_namesake_keeps_the_vector_of_its_name(graph: Graph) -> None:
    names = ("carrier:name@turvo:star", "carrier:name:star")
    first, second = (
        entity(EntityType.CARRIER, key, name="Star", names=names) for key in ("carrier:mc:1", "carrier:mc:2")
    )
    bare = entity(EntityType.CARRIER, names[0], name="Star", hints=names[1:])
    for number, one in enumerate((bare, first, second)):
        await graph.commit([make_plan(f"star {number}", entities=[one])])
    rows, *_ = await graph.graphiti_driver().execute_query(
        "MATCH (n:Entity) WHERE n.name = 'Star' RETURN n.name_embedding AS vector"
    )
    assert [row["vector"] for row in rows] == [pytest.approx(near("Carrier Star"))] * 3


async def test_graphiti_itself_searches_the_graph(graph: Graph) -> None:
    driver = graph.graphiti_driver()
    from graphiti_core import Graphiti
    from graphiti_core.cross_encoder.client import CrossEncoderClient
    from graphiti_core.embedder.client import EmbedderClient
    from graphiti_core.llm_client.client import LLMClient
    from graphiti_core.llm_client.config import LLMConfig

    class Embedder(EmbedderClient):
        async def create(self, input_data: str | list[str] | Iterable[int] | Iterable[Iterable[int]]) -> list[float]:
            return near(str(next(iter(input_data))))

    class NoModel(LLMClient):
        async def _generate_response(self, *args: object, **kwargs: object) -> dict[str, object]:
            raise AssertionError(f"a search asked a model: {args} {kwargs}")

    class NoRanker(CrossEncoderClient):
        async def rank(self, query: str, passages: list[str]) -> list[tuple[str, float]]:
            raise AssertionError(f"a search asked a ranker: {query} {passages}")

    graphiti = Graphiti(
        graph_driver=driver, llm_client=NoModel(LLMConfig()), embedder=Embedder(), cross_encoder=NoRanker()
    )
    (by_words, *_) = await graphiti.search("acme manufacturing", group_ids=[GROUP])
    assert by_words.name == "FOR_CUSTOMER"
    assert by_words.episodes == [BOOKING.record_id]
    (by_vector, *_) = await graphiti.search(SENTENCE, group_ids=[GROUP])
    assert (by_vector.fact, by_vector.invalid_at) == (SENTENCE, None)
    assert by_vector.valid_at == IN_GARY.embedded.extraction.event_time if IN_GARY.embedded else False
    past = [edge for edge in await graphiti.search("chicago", group_ids=[GROUP]) if "chicago" in edge.fact]
    assert [edge.invalid_at for edge in past] == [by_vector.valid_at]


async def test_graphiti_cannot_write(graph: Graph) -> None:
    driver = graph.graphiti_driver()
    with pytest.raises(StoreTerminal, match="not write"):
        await driver.execute_query("MATCH (n:Entity) SET n.name = 'x'")
    with pytest.raises(StoreTerminal, match="not write"):
        driver.session()
    assert await graph.audit() == []
