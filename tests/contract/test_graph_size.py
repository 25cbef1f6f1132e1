"""Reading by key from an embedded graph of 20,000 records: 27,000 entities and 72,000 facts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from apex_cli.stores.graph.ladybug.store import LadybugGraph
from apex_cli.stores.graph.ladybug.transaction import LadybugTransaction
from apex_cli.stores.graph.model import operations as ops
from apex_cli.stores.graph.model.operations import Access
from tests.plans import GROUP, NOON

RECORDS, ENTITIES, FACTS = 20_000, 27_000, 72_000
_PAGE = 12_000
_TIMES = pa.timestamp("us")
SENTENCE = "Trailer ZX-4711 stands at the needle yard"


class BulkWriter:
    """Copies rows into the tables of an open graph, which is much faster than its own logged statements."""

    def __init__(self, graph: LadybugGraph) -> None:
        self._graph = graph

    async def copy(self, table: str, columns: dict[str, Any], options: str = "") -> None:
        rows = pa.table(columns)
        statement = f"COPY {table} FROM $df {options}"

        def job(session: LadybugTransaction) -> None:
            session.run(statement, {"df": rows})

        await self._graph._engine.run(job, Access.WRITE)

    async def entities(self, start: int, end: int) -> None:
        names = [f"Carrier {number} of fleet {number % 97}" for number in range(start, end)]
        await self.copy(
            "Entity(uuid, name, group_id, labels, created_at, summary, attributes)",
            {
                "uuid": [entity_id(number) for number in range(start, end)],
                "name": names,
                "group_id": [GROUP] * len(names),
                "labels": [["Entity", "Carrier"]] * len(names),
                "created_at": times(len(names)),
                "summary": names,
                "attributes": ["{}"] * len(names),
            },
        )

    async def facts(self, start: int, end: int) -> None:
        sentences = [f"Truck {number} is at stop {number % 1000}" for number in range(start, end)]
        ids = [f"fact-{number}" for number in range(start, end)]
        if end == FACTS:
            sentences[-1] = SENTENCE
        await self.copy(
            "RelatesToNode_(uuid, group_id, created_at, name, fact, episodes, valid_at, attributes)",
            {
                "uuid": ids,
                "group_id": [GROUP] * len(ids),
                "created_at": times(len(ids)),
                "name": ["LOCATED_AT"] * len(ids),
                "fact": sentences,
                "episodes": [[record_of(number)] for number in range(start, end)],
                "valid_at": times(len(ids)),
                "attributes": ["{}"] * len(ids),
            },
        )
        subjects = [entity_id(number % ENTITIES) for number in range(start, end)]
        objects = [entity_id((number * 31 + 5) % ENTITIES) for number in range(start, end)]
        await self.copy("RELATES_TO", {"from": subjects, "to": ids}, "(from='Entity', to='RelatesToNode_')")
        await self.copy("RELATES_TO", {"from": ids, "to": objects}, "(from='RelatesToNode_', to='Entity')")

    async def records(self) -> None:
        ids = [record_of(number) for number in range(RECORDS)]
        await self.copy(
            "Episodic(uuid, name, group_id, created_at, valid_at)",
            {
                "uuid": ids,
                "name": ids,
                "group_id": [GROUP] * RECORDS,
                "created_at": times(RECORDS),
                "valid_at": times(RECORDS),
            },
        )
        await self.copy(
            "ApexRecord",
            {
                "record_id": ids,
                "epoch": [1] * RECORDS,
                "saga_id": ids,
                "present": [True] * RECORDS,
                "claims": ["[]"] * RECORDS,
            },
        )


def entity_id(number: int) -> str:
    return f"entity-{number}"


def record_of(number: int) -> str:
    return f"record-{number % RECORDS}"


def times(count: int) -> pa.Array:
    return pa.array([NOON.replace(tzinfo=None)] * count, _TIMES)


async def build(folder: Path) -> None:
    graph = LadybugGraph(folder, namespace=GROUP)
    await graph.open()
    try:
        writer = BulkWriter(graph)
        for start in range(0, ENTITIES, _PAGE):
            await writer.entities(start, min(ENTITIES, start + _PAGE))
        for start in range(0, FACTS, _PAGE):
            await writer.facts(start, start + _PAGE)
        await writer.records()
    finally:
        await graph.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the graph is, built once."""
    path: Path = tmp_path_factory.mktemp("large")
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, build(path)).result()
    return path


@pytest.fixture
async def large_graph(folder: Path) -> AsyncIterator[LadybugGraph]:
    graph = LadybugGraph(folder, namespace=GROUP)
    await graph.open()
    yield graph
    await graph.close()


async def test_a_condition_on_the_ends_of_facts_fits_the_buffer_pool_too(large_graph: LadybugGraph) -> None:
    driver = large_graph.graphiti_driver()
    ids = [f"fact-{number}" for number in range(FACTS - 1000, FACTS)]
    rows = await driver.rows_by_key(
        f"{driver.edges_by_key} WHERE n.uuid = $subject RETURN e.fact AS fact, n.uuid AS subject",
        ids,
        {"subject": entity_id((FACTS - 1) % ENTITIES)},
    )
    assert list(rows) == [{"fact": SENTENCE, "subject": entity_id((FACTS - 1) % ENTITIES)}]


async def test_facts_are_read_by_key_from_a_large_graph(large_graph: LadybugGraph) -> None:
    ids = [f"fact-{number}" for number in range(0, FACTS, 1000)]
    rows = await large_graph._engine.run(lambda graph: graph.look_up(ops.FACTS, ids), Access.EXACT)
    assert sorted(row["id"] for row in rows) == sorted(ids)
