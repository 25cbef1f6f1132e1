"""Fifty messages at once that introduce ten companies: one node for each, and no message loses its mention."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apex_cli.stores.factory import Stores
from tests.acceptance.apex import new_home
from tests.llm_ingest import World, facts_of, message, sound
from tests.openai_server import OpenAIServer

MESSAGES = 50
NAMES = ("Alder", "Birch", "Cedar", "Dogwood", "Elmwood", "Fernhill", "Ginkgo", "Hawthorn", "Ironwood", "Juniper")


@pytest.fixture(scope="module")
def world(short_tmp: Path) -> Iterator[World]:
    with new_home(short_tmp) as home, OpenAIServer(latency=0.005) as server:
        yield World(home, server)


def mail(kind: str, first: int) -> list[dict[str, Any]]:
    """Each company in five messages, about as many shipments; numbers from `first` on."""
    return [
        message(number, f"SHIP-2025-10-21-{number:03} is hauled by {NAMES[number % 10]} {kind}.")
        for number in range(first, first + MESSAGES)
    ]


async def all_there(stores: Stores, kind: str, first: int) -> None:
    for place, name in enumerate(NAMES):
        facts = await facts_of(stores, f"{name} {kind}")
        numbers = range(first + place, first + MESSAGES, len(NAMES))
        mentioned = sorted(fact.subject for fact in facts if fact.predicate == "MENTIONS")
        assert mentioned == [f"MSG-{number:04}" for number in numbers], name
        hauled = sorted(fact.subject for fact in facts if fact.predicate == "HAULED_BY")
        assert hauled == [f"SHIP-2025-10-21-{number:03}" for number in numbers], name


async def test_in_one_run(world: World) -> None:
    # Long enough for all that may be asked at once to be under way together.
    world.server.latency = 0.2
    result = await world.ingest(mail("Freight", 0), {"APEX_CONCURRENCY": "20", "APEX_BATCH_SIZE": "20"})
    assert result.statuses == {"committed": MESSAGES}
    counts = world.server.ledger.counts()
    assert 10 < counts.peak <= 20
    assert counts.repeated() == []
    async with world.stores() as stores:
        await all_there(stores, "Freight", 0)
        assert await sound(stores) == MESSAGES


async def test_in_two_runs_one_after_the_other(world: World) -> None:
    messages = mail("Express", 100)
    for half in (messages[::2], messages[1::2]):
        result = await world.ingest(half, {"APEX_CONCURRENCY": "20"})
        assert result.statuses == {"committed": MESSAGES // 2}
    assert world.server.ledger.counts().repeated() == []
    async with world.stores() as stores:
        await all_there(stores, "Express", 100)
        await sound(stores)
