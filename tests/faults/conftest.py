"""Homes for fault tests: one for each module, for its scenes have shipments of their own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.apex import new_home
from tests.faults.scene import Scene, scene
from tests.faults.site import SIZE, Site, site
from tests.servers import server_url


@pytest.fixture(scope="module")
def new_scene(short_tmp: Path) -> Iterator[Callable[[], Scene]]:
    """Makes scenes, all in one home."""
    numbers = itertools.count(1)
    with new_home(short_tmp) as home:
        yield lambda: scene(home, next(numbers))


@pytest.fixture
def home(short_tmp: Path) -> Iterator[Path]:
    """A home that does not exist yet."""
    with new_home(short_tmp) as place:
        yield place


@pytest.fixture(scope="session")
def servers() -> Iterator[Site]:
    """Servers for fault tests alone; wanted where tests on servers are."""
    server_url("GRAPH")
    with site() as own:
        yield own


@pytest.fixture
def server_scene(servers: Site, short_tmp: Path) -> Iterator[Scene]:
    """A scene in a home of its own, on servers that are well before and after."""
    servers.mend()
    with new_home(short_tmp) as place:
        yield scene(place, 1, size=SIZE, env=servers.direct(place))
    servers.mend()
