"""Homes for fault tests: one for each module, because each scenario has shipments of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.apex import new_home
from tests.faults.scenario import FaultScenario, fault_scenario
from tests.faults.server_cluster import SIZE, ServerCluster, server_cluster
from tests.servers import server_url


@pytest.fixture(scope="module")
def new_scenario(short_tmp: Path) -> Iterator[Callable[[], FaultScenario]]:
    """Makes scenarios, all in one home."""
    numbers = itertools.count(1)
    with new_home(short_tmp) as home:
        yield lambda: fault_scenario(home, next(numbers))


@pytest.fixture
def home(short_tmp: Path) -> Iterator[Path]:
    """A home that does not exist yet."""
    with new_home(short_tmp) as place:
        yield place


@pytest.fixture(scope="session")
def servers() -> Iterator[ServerCluster]:
    """Servers for the fault tests alone. Started only if servers for tests are configured."""
    server_url("GRAPH")
    with server_cluster() as own:
        yield own


@pytest.fixture
def server_scenario(servers: ServerCluster, short_tmp: Path) -> Iterator[FaultScenario]:
    """A scenario in a home of its own. All servers answer before it and after it."""
    servers.restore()
    with new_home(short_tmp) as place:
        yield fault_scenario(place, 1, size=SIZE, env=servers.direct(place))
    servers.restore()
