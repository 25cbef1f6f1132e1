"""A world for tests that read free text: a home, and the double that is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.apex import new_home
from tests.llm_ingest import World
from tests.openai_server import OpenAIServer


@pytest.fixture(scope="module")
def shared(short_tmp: Path) -> Iterator[World]:
    """One home for a module: every test has records of its own."""
    with new_home(short_tmp) as home, OpenAIServer() as server:
        yield World(home, server)


@pytest.fixture
def world(shared: World) -> World:
    """The home of the module, with a double that has been asked nothing and misbehaves in nothing."""
    shared.server.ledger.reset()
    shared.server.switches.clear()
    shared.server.latency = 0.0
    return shared
