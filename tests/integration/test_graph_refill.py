"""A graph on a Neo4j server that an older version made is emptied, and filled again from PostgreSQL; see `upgrade`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from apex_cli import faults
from apex_cli.config import Settings, load
from apex_cli.embed.local import LocalEmbedder
from apex_cli.errors import StoreTransient
from apex_cli.model import Embedded, Plan, Record
from apex_cli.pipeline import upgrade
from apex_cli.pipeline.context import coordinator_for
from apex_cli.results import RecordStatus
from apex_cli.saga.participants import Participants
from apex_cli.stores.factory import Stores, open_stores
from apex_cli.stores.graph.neo4j.engine import Neo4jGraph
from apex_cli.stores.lock_owner import new_owner
from apex_cli.verify import verify
from tests import namespaces, profiles
from tests.graph_helpers import history, ping, place, vehicle
from tests.graph_server import rows, server_graph
from tests.owners import owner_that_died

TRUCK = vehicle("vehicle:unit:T1")
CHICAGO, GARY, HAMMOND = place("chicago"), place("gary"), place("hammond")
LONG = 3600.0
Item = tuple[Record, Embedded]


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """All on servers but the vectors; the namespace is gone afterwards."""
    home = tmp_path / "home"
    found = load({"home": home}, cwd=tmp_path, environ=profiles.on_servers(home))
    yield found
    namespaces.drop(found.namespace)


def item(settings: Settings, plan: Plan) -> Item:
    assert plan.record is not None
    assert plan.embedded is not None
    # The model of the memory: another process opens its collection only.
    return replace(plan.record, namespace=settings.namespace), replace(plan.embedded, model=LocalEmbedder.name)


def items(settings: Settings) -> list[Item]:
    return [item(settings, ping(f"r{n}", TRUCK, (CHICAGO, GARY)[n % 2], n)) for n in range(4)]


HISTORY = [("chicago", 0, 1), ("gary", 1, 2), ("chicago", 2, 3), ("gary", 3, None)]


async def statuses(stores: Stores, settings: Settings, some: Sequence[Item]) -> set[RecordStatus]:
    return {result.status for result in await coordinator_for(settings, stores).write(some)}


async def died(stores: Stores, settings: Settings, one: Item, *, past_the_pivot: bool) -> None:
    """What a run leaves that is killed before or after its pivot."""
    await stores.cache.lock([one[0].record_id], owner_that_died(), LONG)
    begun = await stores.journal.begin_write([one], run_id=None, group_id=settings.namespace)
    parts = Participants(
        journal=stores.journal, graph=stores.graph, vectors=stores.vectors, cache=stores.cache, timeout=60
    )
    await parts.prepare(begun.plans)
    if past_the_pivot:
        await stores.graph.commit(begun.plans)


async def make_old(settings: Settings) -> None:
    """As the version before left it, but for the data that is removed anyway."""
    statement = "MATCH (g:ApexGroup {group_id: $group}) SET g.schema_version = 1"
    await rows(statement, group=settings.namespace)


@asynccontextmanager
async def another_process(settings: Settings, stores: Stores) -> AsyncIterator[Stores]:
    """The same stores with a graph and an owner of locks of their own."""
    graph = server_graph(settings.namespace)
    await graph.open()
    try:
        yield replace(stores, graph=graph, lock_owner=new_owner())
    finally:
        await graph.close()


async def filled(settings: Settings, stores: Stores) -> None:
    assert isinstance(stores.graph, Neo4jGraph)
    await upgrade._refill(settings, stores, stores.graph)


async def assert_whole(stores: Stores, records: int) -> None:
    report = await verify(stores)
    assert (report.records, report.problems, report.in_flight) == (records, [], 0)


async def test_an_older_graph_is_filled_and_attempts_end_as_their_markers_say(settings: Settings) -> None:
    other_place = item(settings, ping("r4", TRUCK, HAMMOND, 4))
    never = item(settings, ping("r5", TRUCK, CHICAGO, 5))
    gone = item(settings, ping("gone", TRUCK, HAMMOND, 9))
    async with open_stores(settings) as stores:
        assert await statuses(stores, settings, [*items(settings), gone]) == {RecordStatus.COMMITTED}
        await coordinator_for(settings, stores).forget([gone[0].record_id])
        await died(stores, settings, other_place, past_the_pivot=True)
        await died(stores, settings, never, past_the_pivot=False)
    await make_old(settings)
    async with upgrade.open_upgraded(settings) as stores:
        assert await history(stores.graph, "T1") == [*HISTORY[:3], ("gary", 3, 4), ("hammond", 4, None)]
        assert set(await stores.graph.read([never[0].record_id, gone[0].record_id])) == set()
        await assert_whole(stores, 5)
        assert await statuses(stores, settings, [never]) == {RecordStatus.COMMITTED}
        assert await statuses(stores, settings, items(settings)) == {RecordStatus.UNCHANGED}
        await assert_whole(stores, 6)


async def test_processes_fill_a_graph_at_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrade, "_BATCH", 1)
    async with open_stores(settings) as stores:
        await statuses(stores, settings, items(settings))
        await died(stores, settings, item(settings, ping("r5", TRUCK, CHICAGO, 5)), past_the_pivot=False)
    await make_old(settings)
    async with open_stores(settings) as first, another_process(settings, first) as second:
        await asyncio.gather(filled(settings, first), filled(settings, second))
        await assert_whole(first, 4)
        assert await history(second.graph, "T1") == HISTORY


async def test_a_filling_that_is_killed_goes_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(upgrade, "_BATCH", 1)
    request.addfinalizer(lambda: faults.arm(None))
    async with open_stores(settings) as stores:
        await statuses(stores, settings, items(settings))
    await make_old(settings)
    faults.arm("graph.rebuild.after:error:2")
    with pytest.raises(StoreTransient):
        async with upgrade.open_upgraded(settings):
            pass
    faults.arm(None)
    async with upgrade.open_upgraded(settings) as stores:
        await assert_whole(stores, 4)
        assert await history(stores.graph, "T1") == HISTORY


async def test_a_process_that_is_overtaken_does_not_bring_back_what_was_forgotten(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = items(settings)
    forgotten = known[3][0].record_id
    async with open_stores(settings) as stores:
        await statuses(stores, settings, known)
    await make_old(settings)
    async with open_stores(settings) as slow, another_process(settings, slow) as quick:
        read = upgrade._plans

        async def overtaken(some: Settings, stores: Stores, ids: Sequence[str]) -> list[Plan]:
            plans = await read(some, stores, ids)
            if stores is slow:
                await filled(settings, quick)
                await coordinator_for(settings, quick).forget([forgotten])
            return plans

        # The point between two reads of one process is in no fault point: it hangs a process, and both are this one.
        monkeypatch.setattr(upgrade, "_plans", overtaken)
        await filled(settings, slow)
        await assert_whole(quick, 3)
        assert await quick.graph.read([forgotten]) == {}
