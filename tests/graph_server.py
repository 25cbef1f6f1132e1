"""The Neo4j server of the tests: a graph on it, what it holds, and namespaces emptied again."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from neo4j import AsyncDriver, AsyncGraphDatabase

from apex_cli.stores.graph.neo4j.engine import Neo4jEngine, Neo4jGraph
from tests.plans import GROUP
from tests.servers import server_url

LABELS = ("Entity", "Episodic", "ApexGroup", "ApexRecord", "ApexAlias", "ApexFormerAlias", "ApexTimeline", "ApexSlot")


def credentials() -> tuple[str, str]:
    """User and password of `APEX_TEST_GRAPH_USER` and `APEX_TEST_GRAPH_PASSWORD`."""
    return os.environ.get("APEX_TEST_GRAPH_USER", "neo4j"), os.environ.get("APEX_TEST_GRAPH_PASSWORD", "")


def server_graph(namespace: str, **settings: Any) -> Neo4jGraph:
    """A graph on the server of `APEX_TEST_GRAPH_URL`. Skips where there is none."""
    user, password = credentials()
    usual = {"url": server_url("GRAPH"), "user": user, "password": password, "timeout": 60.0}
    return Neo4jGraph(Neo4jEngine(**{**usual, **settings}, group=namespace))


@asynccontextmanager
async def connected(**settings: Any) -> AsyncIterator[Neo4jGraph]:
    """A graph on the server; it must obey its own rules when it is closed."""
    graph = server_graph(settings.pop("namespace", GROUP), **settings)
    await graph.open()
    try:
        yield graph
        assert await graph.audit() == []
    finally:
        await graph.close()


@asynccontextmanager
async def client() -> AsyncIterator[AsyncDriver]:
    """A driver that is not the store's."""
    async with AsyncGraphDatabase.driver(server_url("GRAPH"), auth=credentials()) as driver:
        yield driver


async def rows(statement: str, **parameters: Any) -> list[dict[str, Any]]:
    """What the server itself answers."""
    async with client() as driver:
        answer = await driver.execute_query(statement, parameters, database_="neo4j")
        return [record.data() for record in answer.records]


async def empty(namespace: str) -> None:
    """Remove all that a namespace holds, and nothing else."""
    for label in LABELS:
        await rows(f"MATCH (n:{label} {{group_id: $group}}) DETACH DELETE n", group=namespace)
