"""The order of arrival and the size of batches do not show in the graph."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from apex_cli.stores.graph.model import timelines
from apex_cli.stores.graph.model.operations import GraphTransaction
from apex_cli.stores.protocol import PivotStore
from tests.graph_helpers import Step, forget, history, opened, ping, place, random_history, shuffled, snapshot, vehicle
from tests.graph_server import empty
from tests.plans import GROUP


async def graph_of(
    engine: str, folder: Path, histories: list[list[Step]], batches: list[list[Step]]
) -> dict[str, object]:
    if engine == "neo4j":
        await empty(GROUP)
    async with opened(engine, folder) as graph:
        for batch in batches:
            await graph.commit([step.plan() for step in batch])
            assert await graph.audit() == []
        return await snapshot(graph, histories)


@pytest.mark.parametrize("tangled", [False, True], ids=["clear", "tangled"])
@pytest.mark.parametrize("seed", range(6))
async def test_any_order_and_batching_gives_the_same_graph(
    engine: str, seed: int, tangled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timelines, "PAGE_RUNS", 1 + seed % 3)
    rng = random.Random(seed)
    histories = random_history(rng, tangled=tangled)
    one = await graph_of(engine, tmp_path / "one", histories, shuffled(rng, histories))
    other = await graph_of(engine, tmp_path / "other", histories, shuffled(rng, histories))
    assert one == other
    last = [[versions[-1]] for versions in histories]
    rng.shuffle(last)
    fresh = await graph_of(engine, tmp_path / "fresh", histories, last)
    assert one == fresh


async def test_a_long_history_is_read_only_where_it_can_change(
    graph: PivotStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    truck, read = vehicle("vehicle:unit:T1"), []
    plain = timelines._read

    def counted(transaction: GraphTransaction, pages: Sequence[str]) -> dict[str, tuple[list[str], list[int]]]:
        found = plain(transaction, pages)
        read.append(sum(len(evidence) for evidence, _ in found.values()))
        return found

    await graph.commit([ping(f"r{number}", truck, place(f"p{number}"), 2 * number) for number in range(400)])
    # Counts what is read, and changes nothing: what a statement reads shows nowhere else.
    monkeypatch.setattr(timelines, "_read", counted)
    await graph.commit([ping("late", truck, place("late"), 301)])
    await graph.commit([ping("new", truck, place("new"), 900)])
    await graph.commit([forget("r200", 2)])
    monkeypatch.undo()
    assert max(read) <= 4 * timelines.PAGE_RUNS
    expected = [(f"p{number}", 2 * number) for number in range(400) if number != 200] + [
        ("late", 301),
        ("new", 900),
    ]
    held = await history(graph, "T1")
    assert [(name, start) for name, start, _ in held] == sorted(expected, key=lambda one: one[1])
    assert [end for *_, end in held] == [start for _, start, _ in held[1:]] + [None]
