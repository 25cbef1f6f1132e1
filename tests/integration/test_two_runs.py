"""Two runs on the same stores, as on servers: neither disturbs the other, and neither waits for one that has died."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from apex_cli.config import Settings
from apex_cli.errors import Fenced
from apex_cli.model import Embedded, Plan, Record
from apex_cli.results import RecordStatus
from apex_cli.saga.coordinator import Coordinator
from apex_cli.saga.locks import RecordLocks
from apex_cli.saga.participants import Participants
from apex_cli.saga.recovery import Recovered, recover
from apex_cli.stores.factory import Stores, open_stores
from apex_cli.stores.lock_owner import new_owner
from apex_cli.verify import verify
from tests.owners import owner_that_died
from tests.plans import make_embedded, make_record

LONG = 3600.0
Item = tuple[Record, Embedded]


@pytest.fixture
async def stores(short_tmp: Path, tmp_path: Path) -> AsyncIterator[Stores]:
    home = short_tmp / tmp_path.name
    async with open_stores(Settings(home=home, staging_dir=home / "staging")) as opened:
        yield opened


def parts_of(stores: Stores) -> Participants:
    return Participants(
        journal=stores.journal, graph=stores.graph, vectors=stores.vectors, cache=stores.cache, timeout=60
    )


def locks_of(stores: Stores, owner: str | None = None) -> RecordLocks:
    return RecordLocks(stores.cache, owner or new_owner(), ttl=LONG)


def make_items(count: int, content: str = "a") -> list[Item]:
    embedded = make_embedded()
    return [
        (make_record(f"r-{number}", payload={"id": number, "content": content}), embedded) for number in range(count)
    ]


def ids_of(items: list[Item]) -> list[str]:
    return [record.record_id for record, _ in items]


async def half_way(stores: Stores, items: list[Item]) -> list[Plan]:
    """Journalled and prepared, and not past the pivot: where a run is when its batch takes long, or when it died."""
    begun = await stores.journal.begin_write(items, run_id=None, group_id="apex")
    await parts_of(stores).prepare(begun.plans)
    return list(begun.plans)


async def test_a_start_beside_a_live_run_leaves_its_records_to_it(stores: Stores) -> None:
    items = make_items(3)
    async with locks_of(stores).held(ids_of(items)):
        plans = await half_way(stores, items)
        assert await recover(parts_of(stores), locks_of(stores)) == Recovered(left=3)
        await stores.graph.commit(plans)
        assert await stores.journal.commit(plans) == {plan.saga_id for plan in plans}
        await parts_of(stores).publish(plans)
        await parts_of(stores).finish(plans)
    report = await verify(stores)
    assert (report.records, report.problems, report.in_flight) == (3, [], 0)


async def test_what_a_dead_run_left_is_settled_at_once(stores: Stores) -> None:
    items = make_items(3)
    await stores.cache.lock(ids_of(items), owner_that_died(), LONG)
    await half_way(stores, items)
    assert await recover(parts_of(stores), locks_of(stores)) == Recovered(aborted=3)
    report = await verify(stores)
    assert (report.records, report.problems, report.in_flight) == (0, [], 0)
    assert await stores.vectors.list_unpublished() == await stores.cache.list_unpublished() == frozenset()


async def test_a_run_that_lost_its_locks_is_fenced_and_nothing_is_half_done(stores: Stores) -> None:
    items = make_items(3)
    slow = locks_of(stores)
    async with slow.held(ids_of(items)):
        plans = await half_way(stores, items)
        owners = await stores.cache.owners(ids_of(items))
        await stores.cache.unlock(ids_of(items), owners[ids_of(items)[0]])
        quick = Coordinator(parts_of(stores), locks_of(stores), run_id=None, group_id="apex")
        results = await quick.write(make_items(3, "b"))
        assert {result.status for result in results} == {RecordStatus.COMMITTED}
        with pytest.raises(Fenced):
            await stores.graph.commit(plans)
        assert await stores.journal.commit(plans) == frozenset()
    report = await verify(stores)
    assert (report.records, report.problems, report.in_flight) == (3, [], 0)
    versions = await stores.catalog.by_id(ids_of(items))
    assert {version.payload["content"] for version in versions.values()} == {"b"}


async def test_a_record_that_a_live_run_keeps_fails_alone_and_undisturbed(stores: Stores) -> None:
    items = make_items(3)
    keeper = locks_of(stores)
    async with keeper.held(ids_of(items[:1])):
        await half_way(stores, items[:1])
        hasty = RecordLocks(stores.cache, new_owner(), ttl=0.5)
        coordinator = Coordinator(parts_of(stores), hasty, run_id=None, group_id="apex")
        statuses = {result.record_id: result.status for result in await coordinator.write(items)}
        assert statuses == dict(
            zip(ids_of(items), (RecordStatus.FAILED, RecordStatus.COMMITTED, RecordStatus.COMMITTED), strict=True)
        )
        assert [saga.plan.record_id for saga in await stores.journal.open_sagas()] == ids_of(items[:1])


async def test_a_comparison_beside_a_live_run_complains_of_nothing(stores: Stores) -> None:
    writer = Coordinator(parts_of(stores), locks_of(stores), run_id=None, group_id="apex")
    comparisons = 0

    async def write() -> None:
        number = 0
        while comparisons < 8:
            number += 1
            results = await writer.write(make_items(20, f"version {number}") + make_items(20 + number, "new")[20:])
            assert {result.status for result in results} <= {
                RecordStatus.COMMITTED,
                RecordStatus.UPDATED,
                RecordStatus.UNCHANGED,
            }

    async def compare() -> None:
        nonlocal comparisons
        while comparisons < 8:
            report = await verify(stores)
            comparisons += 1
            assert report.problems == []

    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        group.create_task(compare())
