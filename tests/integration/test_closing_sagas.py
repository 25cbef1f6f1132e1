"""Sagas are closed in groups. What a loss of power took of an open one is written again from the journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from apex_cli.config import Settings
from apex_cli.model import Embedded, Plan, Record
from apex_cli.pipeline.context import coordinator_for
from apex_cli.pipeline.rewrite import write_again
from apex_cli.results import RecordStatus
from apex_cli.saga import group
from apex_cli.saga.recovery import Recovered
from apex_cli.sources.registry import extract
from apex_cli.stores.factory import Stores, open_stores
from apex_cli.stores.journal import SagaState
from apex_cli.verify import verify
from tests.plans import make_record


@pytest.fixture
def settings(short_tmp: Path, tmp_path: Path) -> Settings:
    home = short_tmp / tmp_path.name
    return Settings(home=home, staging_dir=home / "staging")


@pytest.fixture
async def stores(settings: Settings) -> AsyncIterator[Stores]:
    async with open_stores(settings) as opened:
        yield opened


async def shipments(
    settings: Settings, stores: Stores, count: int, status: str = "covered"
) -> list[tuple[Record, Embedded]]:
    """Shipments S0, S1, …, ready to be written. Another status is a later version of the same ones."""
    time = f"2025-10-{10 + len(status)}T08:00:00Z"
    records = [
        make_record(
            f"S{number}",
            payload={"shipmentId": f"S{number}", "status": status, "carrierName": "Acme", "updatedAt": time},
            namespace=settings.namespace,
        )
        for number in range(count)
    ]
    return list(zip(records, await stores.embedding.apply([extract(one) for one in records]), strict=True))


async def open_states(stores: Stores) -> Counter[SagaState]:
    return Counter(saga.state for saga in await stores.journal.open_sagas())


async def is_sound(stores: Stores, records: int) -> bool:
    report = await verify(stores)
    return (report.records, report.problems, report.in_flight) == (records, [], 0)


async def test_a_group_is_published_at_once_and_closed_at_its_end(settings: Settings, stores: Stores) -> None:
    coordinator = coordinator_for(settings, stores)
    items = await shipments(settings, stores, 4)
    async with coordinator.grouped():
        for part in (items[:2], items[2:]):
            assert {one.status for one in await coordinator.write(part)} == {RecordStatus.COMMITTED}
        assert await open_states(stores) == {SagaState.COMMITTED: 4}
        points = await stores.vectors.read([record.record_id for record, _ in items])
        assert [point.visible for each in points.values() for point in each] == [True] * 4
    assert await open_states(stores) == {}
    assert await is_sound(stores, 4)


async def test_a_group_that_is_large_enough_is_closed_before_its_end(
    settings: Settings, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group, "MOST_POINTS", 3)
    coordinator = coordinator_for(settings, stores)
    items = await shipments(settings, stores, 5)
    async with coordinator.grouped():
        await coordinator.write(items[:2])
        assert await open_states(stores) == {SagaState.COMMITTED: 2}
        await coordinator.write(items[2:4])
        assert await open_states(stores) == {}
        await coordinator.write(items[4:])
        assert await open_states(stores) == {SagaState.COMMITTED: 1}
    assert await is_sound(stores, 5)


async def test_the_next_version_of_a_record_closes_the_one_before(settings: Settings, stores: Stores) -> None:
    coordinator = coordinator_for(settings, stores)
    async with coordinator.grouped():
        await coordinator.write(await shipments(settings, stores, 3))
        again = await coordinator.write((await shipments(settings, stores, 1, "delivered"))[:1])
        assert [one.status for one in again] == [RecordStatus.UPDATED]
        assert await open_states(stores) == {SagaState.COMMITTED: 1}
    assert await is_sound(stores, 3)


async def test_forgetting_in_a_group_is_closed_at_once(settings: Settings, stores: Stores) -> None:
    coordinator = coordinator_for(settings, stores)
    items = await shipments(settings, stores, 2)
    await coordinator.write(items)
    async with coordinator.grouped():
        await coordinator.forget([items[0][0].record_id])
        assert await open_states(stores) == {}
    assert await is_sound(stores, 1)


@pytest.mark.parametrize("known", [False, True], ids=["new", "updated"])
@pytest.mark.parametrize("is_reported", [False, True], ids=["past the pivot", "committed"])
async def test_what_was_lost_past_the_pivot_is_written_again(
    settings: Settings, stores: Stores, known: bool, is_reported: bool
) -> None:
    coordinator = coordinator_for(settings, stores)
    if known:
        await coordinator.write(await shipments(settings, stores, 3))
    plans = await lost(settings, stores, await shipments(settings, stores, 3, "delivered"), is_reported=is_reported)
    assert await coordinator.recover() == Recovered(rolled_forward=3)
    assert await is_sound(stores, 3)
    found = await stores.vectors.read([plan.record_id for plan in plans])
    assert {point.saga_id for each in found.values() for point in each} == {plan.saga_id for plan in plans}
    assert all("delivered" in point.text for each in found.values() for point in each)
    model, vector = stores.embedding.embedder.name, await stores.embedding.embedder.embed(["delivered"])
    hits = await stores.vectors.search(model, vector[0].tolist(), limit=3)
    assert {hit.record_id for hit in hits} == {plan.record_id for plan in plans}


async def test_what_cannot_be_made_again_is_reported_and_repaired(settings: Settings, stores: Stores) -> None:
    """The rules of a newer version cut the text into another number of chunks than the journal says."""
    ((record, embedded),) = await shipments(settings, stores, 1)
    chunks = ("one", "two")
    vectors = await stores.embedding.embedder.embed(chunks)
    other = Embedded(replace(embedded.extraction, chunks=chunks), embedded.model, vectors)
    await lost(settings, stores, [(record, other)], is_reported=True)
    coordinator = coordinator_for(settings, stores)
    assert await coordinator.recover() == Recovered(rolled_forward=1)
    assert {(one.store, one.kind) for one in (await verify(stores)).problems} == {
        ("vectors", "missing"),
        ("cache", "missing"),
    }
    await write_again(settings, stores, coordinator, [record.record_id])
    assert await is_sound(stores, 1)


async def lost(
    settings: Settings, stores: Stores, items: Sequence[tuple[Record, Embedded]], *, is_reported: bool
) -> list[Plan]:
    """Sagas past their pivot of which vectors and cache have nothing: what was not synced when the power went."""
    begun = await stores.journal.begin_write(items, run_id=None, group_id=settings.namespace)
    await stores.graph.commit(begun.plans)
    if is_reported:
        assert await stores.journal.commit(begun.plans) == {plan.saga_id for plan in begun.plans}
    return list(begun.plans)
