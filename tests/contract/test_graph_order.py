"""The order of arrival and the size of batches do not show in the graph."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from apex_cli.stores.ladybug import slots
from apex_cli.stores.ladybug.store import LadybugGraph
from tests.graph_world import Step, random_world, shuffled, snapshot


async def graph_of(folder: Path, world: list[list[Step]], batches: list[list[Step]]) -> dict[str, object]:
    graph = LadybugGraph(folder, namespace="test")
    await graph.open()
    try:
        for batch in batches:
            await graph.commit([step.plan() for step in batch])
            assert await graph.audit() == []
        return await snapshot(graph, world)
    finally:
        await graph.close()


@pytest.mark.parametrize("seed", range(12))
async def test_any_order_and_batching_gives_the_same_graph(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "PAGE_RUNS", 1 + seed % 3)
    rng = random.Random(seed)
    world = random_world(rng)
    one = await graph_of(tmp_path / "one", world, shuffled(rng, world))
    other = await graph_of(tmp_path / "other", world, shuffled(rng, world))
    assert one == other
    last = [[versions[-1]] for versions in world]
    rng.shuffle(last)
    fresh = await graph_of(tmp_path / "fresh", world, last)
    assert one == fresh
