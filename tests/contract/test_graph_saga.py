"""The graph as the saga's pivot: fence, marker, all or nothing, and what a kill leaves."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from apex_cli.errors import Fenced, StoreTerminal, StoreTransient, StoreUnavailable
from apex_cli.model import Plan
from apex_cli.stores.protocol import PivotStore
from tests.graph_helpers import IMPLEMENTATIONS, forget, history, opened, ping, place, vehicle
from tests.plans import GROUP

TRUCK = vehicle("vehicle:unit:T1")
CHICAGO, GARY = place("chicago"), place("gary")


def version(epoch: int, saga_id: str = "") -> Plan:
    return ping("one", TRUCK, CHICAGO, epoch, epoch=epoch, saga_id=saga_id or f"saga {epoch}")


async def marker(graph: PivotStore, record_id: str) -> str | None:
    view = (await graph.read([record_id])).get(record_id)
    return view.saga_id if view else None


async def test_committing_again_changes_nothing(graph: PivotStore) -> None:
    plan = version(1)
    await graph.commit([plan])
    before = await graph.read([plan.record_id])
    await graph.commit([plan])
    await graph.commit([plan, ping("two", TRUCK, GARY, 9)])
    assert await history(graph, "T1") == [("chicago", 1, 9), ("gary", 9, None)]
    assert (await graph.read([plan.record_id]))[plan.record_id].saga_id == before[plan.record_id].saga_id


async def test_an_older_epoch_is_refused_with_its_whole_batch(graph: PivotStore) -> None:
    await graph.commit([version(5)])
    other = ping("two", TRUCK, GARY, 9)
    with pytest.raises(Fenced, match=version(4).record_id):
        await graph.commit([other, version(4)])
    assert await graph.read([other.record_id]) == {}
    assert await marker(graph, version(5).record_id) == "saga 5"


async def test_a_forgotten_record_still_fences(graph: PivotStore) -> None:
    await graph.commit([version(1)])
    await graph.commit([forget("one", 5)])
    with pytest.raises(Fenced):
        await graph.commit([version(4)])


async def test_settling_raises_the_fence_and_gives_the_marker(graph: PivotStore) -> None:
    await graph.commit([version(1)])
    record = version(1).record_id
    assert await graph.settle([(record, 3), ("never seen", 2)]) == {record: "saga 1", "never seen": None}
    assert await graph.settle([(record, 3)]) == {record: "saga 1"}
    with pytest.raises(Fenced):
        await graph.commit([version(2)])
    with pytest.raises(Fenced):
        await graph.settle([(record, 2)])
    await graph.commit([version(4)])
    assert await marker(graph, record) == "saga 4"


async def test_a_record_that_was_only_settled_is_not_there_but_fenced(graph: PivotStore) -> None:
    record = version(1).record_id
    await graph.settle([(record, 3)])
    assert await graph.read([record]) == {}
    assert [batch async for batch in graph.scan()] in ([], [[]])
    with pytest.raises(Fenced):
        await graph.commit([version(2)])
    await graph.commit([version(3)])
    assert await marker(graph, record) == "saga 3"


async def test_the_marker_of_a_forget_is_its_saga(graph: PivotStore) -> None:
    await graph.commit([version(1)])
    plan = forget("one", 2)
    await graph.commit([plan])
    assert await graph.settle([(plan.record_id, 3)]) == {plan.record_id: plan.saga_id}


async def test_what_was_committed_is_there_after_reopening(engine: str, tmp_path: Path) -> None:
    async with opened(engine, tmp_path) as graph:
        await graph.commit([version(1)])
    async with opened(engine, tmp_path) as graph:
        assert await history(graph, "T1") == [("chicago", 1, None)]


async def test_a_closed_graph_says_so_and_closes_again(engine: str, tmp_path: Path) -> None:
    graph = IMPLEMENTATIONS[engine](tmp_path, GROUP)
    with pytest.raises(StoreTransient):
        await graph.commit([version(1)])
    await graph.open()
    await graph.close()
    await graph.close()
    with pytest.raises(StoreTransient):
        await graph.read(["x"])


async def test_a_plan_of_another_namespace_is_refused(graph: PivotStore) -> None:
    stranger = ping("one", TRUCK, CHICAGO, 1, group_id="another")
    with pytest.raises(StoreTerminal, match="another group"):
        await graph.commit([version(1), stranger])
    assert await graph.read([version(1).record_id, stranger.record_id]) == {}


async def test_a_second_opening_in_one_process_is_refused(tmp_path: Path) -> None:
    async with opened("ladybug", tmp_path):
        other = IMPLEMENTATIONS["ladybug"](tmp_path, GROUP)
        with pytest.raises(StoreUnavailable):
            await other.open()
        await other.close()
        third = IMPLEMENTATIONS["ladybug"](tmp_path, GROUP)
        with pytest.raises(StoreUnavailable):
            await third.open()


WRITER = """
import asyncio, sys
from pathlib import Path
from tests.plans import GROUP
from tests.graph_helpers import IMPLEMENTATIONS, ping, place, vehicle

async def main():
    engine, folder, group = sys.argv[1:]
    graph = IMPLEMENTATIONS[engine](Path(folder), group)
    await graph.open()
    for batch in range(1000):
        trucks = [vehicle(f"vehicle:unit:T{one}") for one in range(20)]
        where = place(f"p{batch}")
        await graph.commit([ping(f"{batch}-{one.name}", one, where, batch, group_id=group) for one in trucks])
        print(batch, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("batches", [1, 3, 6])
async def test_a_killed_writer_loses_nothing_that_was_acknowledged(engine: str, batches: int, tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, engine, str(tmp_path), GROUP, cwd=root, stdout=asyncio.subprocess.PIPE
    )
    assert writer.stdout is not None
    acknowledged = [int(await writer.stdout.readline()) for _ in range(batches)][-1]
    writer.kill()
    await writer.communicate()
    async with opened(engine, tmp_path) as graph:
        held = [one.record_id async for batch in graph.scan() for one in batch]
        assert len(held) % 20 == 0
        wanted = [
            ping(f"{batch}-T{one}", TRUCK, CHICAGO, 0).record_id
            for batch in range(acknowledged + 1)
            for one in range(20)
        ]
        assert set(wanted) <= set(held)
        assert len(await history(graph, "T7")) == len(held) // 20
