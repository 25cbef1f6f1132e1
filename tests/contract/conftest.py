"""Graphs for the contract suite: one of each engine; on a server the test's data goes at its end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from apex_cli.stores.protocol import PivotStore
from tests.graph_server import empty
from tests.graph_world import IMPLEMENTATIONS, opened
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
