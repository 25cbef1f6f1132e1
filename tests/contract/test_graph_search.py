"""Graphiti's own search finds what apex wrote: offline, with no model of any kind behind it.

A Neo4j server that holds the vectors of names and facts answers alone. A graph without vectors searches by the other
stores, so a whole memory is opened.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

from apex_cli.config import Settings, load
from apex_cli.embed.local import LocalEmbedder
from apex_cli.errors import StoreTerminal
from apex_cli.model import EntityType, Plan, Predicate
from apex_cli.pipeline.context import coordinator_for
from apex_cli.stores.factory import Stores, open_stores
from apex_cli.stores.graph.store import GraphStore
from tests import namespaces, profiles
from tests.graph_helpers import claim, entity, forget, ping, place, vehicle
from tests.graph_server import connected, empty
from tests.graphiti_search import found_facts
from tests.plans import GROUP, make_plan, vector_of, vectors_of
from tests.servers import server_url

TRUCK = vehicle("vehicle:unit:TRUCK-6520")
SHIPMENT = entity(EntityType.SHIPMENT, "shipment:id:SHIP-2025-10-19-002")
ACME = entity(EntityType.CUSTOMER, "customer:name@turvo:acme", name="Acme Manufacturing Corp")
BOOKED = "Shipment SHIP-2025-10-19-002 is for Acme Manufacturing Corp"
SENTENCE = "TRUCK-6520 LOCATED_AT gary"


def with_text(plan: Plan, text: str) -> Plan:
    """The plan of a record whose text says what it claims."""
    assert plan.embedded is not None
    extraction = replace(plan.embedded.extraction, text=text, chunks=(text,))
    return replace(plan, embedded=replace(plan.embedded, extraction=extraction, chunk_vectors=vectors_of([text])))


PLANS = [
    with_text(
        make_plan(
            "booking",
            entities=[SHIPMENT, ACME],
            claims=[claim(SHIPMENT, Predicate.FOR_CUSTOMER, ACME, 0, sentence=BOOKED)],
        ),
        BOOKED,
    ),
    with_text(ping("one", TRUCK, place("chicago"), 1), "TRUCK-6520 LOCATED_AT chicago"),
    with_text(ping("two", TRUCK, place("gary"), 2), SENTENCE),
]


class Memory(Protocol):
    """A filled memory: its graph, the external ids of its records by record id, and its namespace."""

    @property
    def graph(self) -> GraphStore: ...

    @property
    def records(self) -> Mapping[str, str]: ...

    @property
    def namespace(self) -> str: ...

    async def forget(self, external_id: str) -> None: ...


class GraphAlone:
    """A server's graph with vectors."""

    namespace = GROUP
    records: Mapping[str, str] = {plan.record_id: plan.record.external_id for plan in PLANS if plan.record}

    def __init__(self, graph: GraphStore) -> None:
        self.graph = graph

    async def forget(self, external_id: str) -> None:
        await self.graph.commit([forget(external_id, 2)])


class WholeMemory:
    """All four stores, written by the saga."""

    def __init__(self, settings: Settings, stores: Stores) -> None:
        assert isinstance(stores.graph, GraphStore)
        self.graph = stores.graph
        self.namespace = settings.namespace
        self.records: dict[str, str] = {}
        self._coordinator = coordinator_for(settings, stores)

    async def write(self, plans: Sequence[Plan]) -> None:
        for plan in plans:
            assert plan.record is not None
            assert plan.embedded is not None
            record = replace(plan.record, namespace=self.namespace)
            (result,) = await self._coordinator.write([(record, replace(plan.embedded, model=LocalEmbedder.name))])
            assert result.error is None
            self.records[record.record_id] = record.external_id

    async def forget(self, external_id: str) -> None:
        (record,) = (record for record, name in self.records.items() if name == external_id)
        await self._coordinator.forget([record])


@asynccontextmanager
async def whole(settings: Settings) -> AsyncIterator[Memory]:
    async with open_stores(settings) as stores:
        memory = WholeMemory(settings, stores)
        await memory.write(PLANS)
        yield memory
        assert await memory.graph.audit() == []


@pytest.fixture(params=["embedded", "server", "server without vectors"])
async def memory(request: pytest.FixtureRequest, short_tmp: Path, tmp_path: Path) -> AsyncIterator[Memory]:
    home = short_tmp / tmp_path.name
    if request.param == "embedded":
        async with whole(load({"home": home}, cwd=tmp_path, environ={})) as memory:
            yield memory
        return
    server_url("GRAPH")
    if request.param == "server":
        async with connected() as graph:
            await graph.commit(PLANS)
            yield GraphAlone(graph)
        await empty(GROUP)
        return
    environ = {**profiles.on_servers(home), "APEX_GRAPH_VECTORS": "off"}
    settings = load({"home": home}, cwd=tmp_path, environ=environ)
    async with whole(settings) as memory:
        yield memory
    namespaces.drop(settings.namespace)


def near(text: str) -> list[float]:
    return [float(number) for number in vector_of(text)]


async def found(memory: Memory, text: str, vector: list[float]) -> list[str]:
    facts = await found_facts(memory.graph, memory.namespace, text, vector)
    return [memory.records[record] for fact in facts for record in fact.episodes]


async def test_words_find_the_record_of_a_fact(memory: Memory) -> None:
    assert (await found(memory, "manufacturing shipment", near("nothing like it")))[0] == "booking"


async def test_an_identifier_finds_its_record_first(memory: Memory) -> None:
    assert (await found(memory, "ship-2025-10-19-002", near("nothing")))[0] == "booking"


async def test_a_vector_finds_the_record_of_a_fact(memory: Memory) -> None:
    assert (await found(memory, "zzz", near(SENTENCE)))[0] == "two"


async def test_nothing_alike_finds_nothing(memory: Memory) -> None:
    assert await found(memory, "zzz", near("zzz")) == []
    assert await found(memory, "  ", near("zzz")) == []


async def test_a_forgotten_record_is_not_found(memory: Memory) -> None:
    await memory.forget("two")
    assert "two" not in await found(memory, "gary", near(SENTENCE))


async def test_graphiti_itself_searches_the_graph(memory: Memory) -> None:
    driver = memory.graph.graphiti_driver()
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
    groups = [memory.namespace]
    (by_words, *_) = await graphiti.search("acme manufacturing", group_ids=groups)
    assert by_words.name == "FOR_CUSTOMER"
    assert [memory.records[record] for record in by_words.episodes] == ["booking"]
    (by_vector, *_) = await graphiti.search(SENTENCE, group_ids=groups)
    assert (by_vector.fact, by_vector.invalid_at) == (SENTENCE, None)
    assert PLANS[2].embedded is not None
    assert by_vector.valid_at == PLANS[2].embedded.extraction.event_time
    past = [edge for edge in await graphiti.search("chicago", group_ids=groups) if "chicago" in edge.fact]
    assert [edge.invalid_at for edge in past] == [by_vector.valid_at]


async def test_graphitis_filters_count(memory: Memory) -> None:
    driver = memory.graph.graphiti_driver()
    from graphiti_core.search.search_filters import SearchFilters
    from graphiti_core.search.search_utils import (
        edge_fulltext_search,
        edge_similarity_search,
        episode_fulltext_search,
        node_fulltext_search,
        node_similarity_search,
    )

    groups, anything = [memory.namespace], SearchFilters()
    customers = SearchFilters(node_labels=["Customer"])
    assert [one.name for one in await node_fulltext_search(driver, "acme shipment", customers, groups)] == [ACME.name]
    assert await node_fulltext_search(driver, "acme shipment", customers, ["another"]) == []
    nodes = await node_similarity_search(driver, near("nothing"), anything, groups, 10, 0.6)
    assert nodes == []
    located = SearchFilters(edge_types=["LOCATED_AT"])
    assert await edge_fulltext_search(driver, "acme", located, groups) == []
    (edge,) = await edge_fulltext_search(driver, "gary", located, groups)
    ends = (edge.source_node_uuid, edge.target_node_uuid)
    assert edge.fact == SENTENCE
    assert [
        one.uuid for one in await edge_similarity_search(driver, near(SENTENCE), *ends, anything, groups, 10, 0.6)
    ] == [edge.uuid]
    assert await edge_similarity_search(driver, near(SENTENCE), ends[1], None, anything, groups, 10, 0.6) == []
    if not memory.graph.holds_vectors:
        episodes = await episode_fulltext_search(driver, "gary", anything, groups)
        assert [memory.records[one.uuid] for one in episodes] == ["two"]


async def test_graphiti_cannot_write(memory: Memory) -> None:
    driver = memory.graph.graphiti_driver()
    with pytest.raises(StoreTerminal, match="not write"):
        await driver.execute_query("MATCH (n:Entity) SET n.name = 'x'")
    with pytest.raises(StoreTerminal, match="not write"):
        driver.session()


@pytest.mark.parametrize("vectors", [True, False])
async def test_a_thing_that_is_parted_from_its_namesake_keeps_the_vector_of_its_name(vectors: bool) -> None:
    names = ("carrier:name@turvo:star", "carrier:name:star")
    first, second = (
        entity(EntityType.CARRIER, key, name="Star", names=names) for key in ("carrier:mc:1", "carrier:mc:2")
    )
    bare = entity(EntityType.CARRIER, names[0], name="Star", hints=names[1:])
    async with connected(holds_vectors=vectors) as graph:
        for number, one in enumerate((bare, first, second)):
            await graph.commit([make_plan(f"star {number}", entities=[one])])
        rows, *_ = await graph.graphiti_driver().execute_query(
            "MATCH (n:Entity {group_id: $group}) WHERE n.name = 'Star' RETURN n.name_embedding AS vector", group=GROUP
        )
    await empty(GROUP)
    wanted = pytest.approx(near("Carrier Star")) if vectors else None
    assert [row["vector"] for row in rows] == [wanted] * 3
