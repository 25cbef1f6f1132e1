"""What contract tests run on: every implementation, embedded and server; on a server a test's data goes at its end."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from psycopg import sql

from apex_cli.embedded.postgres import EmbeddedPostgres
from apex_cli.stores.graph.neo4j.engine import Neo4jGraph
from apex_cli.stores.postgres.connection import Database
from apex_cli.stores.protocol import PivotStore
from tests.graph_helpers import IMPLEMENTATIONS, opened
from tests.graph_server import connected, empty
from tests.plans import GROUP
from tests.servers import server_url


@pytest.fixture(params=sorted(IMPLEMENTATIONS))
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The name of an engine; a test of a server's is skipped where there is none."""
    name: str = request.param
    if name == "ladybug":
        yield name
        return
    server_url("GRAPH")
    yield name
    await empty(GROUP)


@pytest.fixture
async def graph(engine: str, tmp_path: Path) -> AsyncIterator[PivotStore]:
    """An empty graph."""
    async with opened(engine, tmp_path) as graph:
        yield graph


@pytest.fixture
async def server() -> AsyncIterator[Neo4jGraph]:
    """An empty graph on the server."""
    async with connected() as graph:
        yield graph
    await empty(GROUP)


@pytest.fixture(params=["embedded", "server"])
def postgres_url(request: pytest.FixtureRequest) -> str:
    if request.param == "server":
        return server_url("POSTGRES")
    server: EmbeddedPostgres = request.getfixturevalue("postgres_server")
    return server.dsn


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """A migrated, empty namespace, gone afterwards."""
    database = Database(postgres_url, namespace=f"t{uuid.uuid4().hex[:20]}", timeout=30)
    await database.open()
    yield database
    await _drop(database)
    await database.close()


async def _drop(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(database.namespace)))
