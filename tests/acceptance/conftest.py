"""Homes for black-box tests, and one that several modules read from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.apex import new_home, run, write_lines
from tests.acceptance.seeds import SEEDS, TWIN_LAKES, WANDERING


@pytest.fixture
def home(short_tmp: Path) -> Iterator[Path]:
    """A home that does not exist yet, in an empty folder. No engine of it may be left when the test is over."""
    with new_home(short_tmp) as place:
        yield place


@pytest.fixture(scope="session")
def seeded(short_tmp: Path) -> Iterator[Path]:
    """A home with the seeds and what `tests.acceptance.seeds` adds to them, for tests that only read."""
    with new_home(short_tmp) as place:
        drop = write_lines(place.parent / "drop.jsonl", [*SEEDS, *WANDERING, TWIN_LAKES])
        run(place, "ingest", drop, "-q").expect(0)
        yield place
