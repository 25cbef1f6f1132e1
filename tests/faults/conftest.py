"""Homes for fault tests: one for each module, for its scenes have shipments of their own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.apex import new_home
from tests.faults.scene import Scene, scene


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
