"""Settles sagas whose outcome is unknown.

The graph decides. One transaction raises the record's fence and reads its marker. The fence stops a writer that may
still come. The marker shows whether the saga passed the pivot: marker = this saga → roll forward, else abort.

Journal and graph sync what they commit, vectors and cache only what is flushed. So after a loss of power a saga may be
past its pivot and its prepared data gone. It is written again then, from the version in the journal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from apex_cli.errors import StoreError, StoreTransient
from apex_cli.halving import Attempt, halve
from apex_cli.model import Plan, PlanKind
from apex_cli.saga.locks import RecordLocks
from apex_cli.saga.participants import Participants
from apex_cli.stores.journal import OpenSaga, SagaState

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Recovered:
    """What recovery did: sagas rolled forward, aborted, left open (held by another run); prepared data removed.

    `needs_manual_recovery` are the record ids of sagas that a store rejects permanently. `reason` is the first
    rejection.
    """

    rolled_forward: int = 0
    aborted: int = 0
    left: int = 0
    swept: int = 0
    needs_manual_recovery: tuple[str, ...] = ()
    reason: StoreError | None = None


async def settle(stores: Participants, sagas: Sequence[OpenSaga]) -> frozenset[str]:
    """Bring each saga to its end; returns the saga ids that are committed.

    Idempotent, and safe beside the writer of the saga. Raises `StoreError` when a store does not answer; the sagas
    then stay open for the next time.
    """
    undecided = [saga for saga in sagas if saga.state is not SagaState.COMMITTED]
    if undecided:
        epochs = await stores.journal_guard("claim", lambda: stores.journal.claim(undecided))
        markers = await stores.graph_guard("settle", lambda: stores.graph.settle(sorted(epochs.items())))
        passed = frozenset(saga.plan.saga_id for saga in undecided if markers[saga.plan.record_id] == saga.plan.saga_id)
        await stores.journal_guard("resolve", lambda: stores.journal.resolve(undecided, epochs, passed))
        aborted = [saga.plan for saga in undecided if saga.plan.saga_id not in passed]
        if aborted:
            await stores.discard(aborted)
    else:
        passed = frozenset()
    committed = passed | {saga.plan.saga_id for saga in sagas if saga.state is SagaState.COMMITTED}
    plans = [saga.plan for saga in sagas if saga.plan.saga_id in committed]
    if plans:
        plans = await _prepare_lost(stores, plans)
        await stores.publish(plans)
        await stores.finish(plans)
    return committed


async def _prepare_lost(stores: Participants, plans: Sequence[Plan]) -> list[Plan]:
    """Prepare once more what the prepared stores have lost of these plans; returns the plans to publish.

    A plan that cannot be made again is published as it is: `apex verify` reports what its record lacks.
    """
    writes = [plan for plan in plans if plan.kind is PlanKind.WRITE]
    if not writes or stores.restore is None:
        return list(plans)
    ids = [plan.record_id for plan in writes]
    points, cached = await asyncio.gather(stores.vectors.read(ids), stores.cache.read(ids))
    pointless = {
        plan.saga_id
        for plan in writes
        if plan.shown and not {*plan.point_ids()} <= {point.id for point in points.get(plan.record_id, ())}
    }
    uncached = {
        plan.saga_id
        for plan in writes
        if plan.current and cached.get(plan.record_id, {}).get("saga_id") != plan.saga_id
    }
    lost = [plan for plan in writes if plan.saga_id in pointless | uncached]
    if not lost:
        return list(plans)
    restored = {plan.saga_id: plan for plan in await stores.restore(lost, pointless)}
    again = [plan for plan in restored.values() if plan.saga_id in pointless]
    if again:
        await stores.vectors_guard("prepare", partial(stores.vectors.prepare, again))
    return [restored.get(plan.saga_id, plan) for plan in plans]


async def recover(stores: Participants, locks: RecordLocks) -> Recovered:
    """Settle every open saga that no live run holds, then remove prepared data of closed sagas.

    Raises `StoreTransient` when a store does not answer. A saga that a store rejects stays open and is reported, and
    does not keep the others from being settled.
    """
    sagas = await stores.journal.open_sagas()
    settled: list[tuple[OpenSaga, bool | StoreError]] = []
    for start in range(0, len(sagas), _BATCH):
        batch = sagas[start : start + _BATCH]
        async with locks.held([saga.plan.record_id for saga in batch], wait=False) as leases:
            mine = [saga for saga in batch if saga.plan.record_id in leases.mine]
            if mine:
                settled += await halve(
                    mine,
                    partial(_try_to_settle, stores),
                    failed=lambda saga, error: (saga, error),
                    divisible=lambda _: True,
                )
    swept = await _sweep(stores)
    rejected = [(saga.plan.record_id, result) for saga, result in settled if isinstance(result, StoreError)]
    return Recovered(
        rolled_forward=sum(result is True for _, result in settled),
        aborted=sum(result is False for _, result in settled),
        left=len(sagas) - len(settled),
        swept=swept,
        needs_manual_recovery=tuple(record_id for record_id, _ in rejected),
        reason=rejected[0][1] if rejected else None,
    )


async def _try_to_settle(
    stores: Participants, sagas: Sequence[OpenSaga]
) -> Attempt[OpenSaga, tuple[OpenSaga, bool | StoreError], StoreError]:
    """Whether each of these sagas is committed. Raises `StoreTransient`: a store is down for all of them."""
    try:
        committed = await settle(stores, sagas)
    except StoreTransient:
        raise
    except StoreError as error:
        return Attempt([], sagas, error)
    return Attempt([(saga, saga.plan.saga_id in committed) for saga in sagas])


async def _sweep(stores: Participants) -> int:
    """Remove unpublished data of closed sagas: a writer that woke after its saga was aborted may have left some.

    Data is listed first and the journal asked afterwards, so a saga that begins in between is never swept.
    """
    swept = 0
    for store in (stores.vectors, stores.cache):
        list_unpublished = await store.list_unpublished()
        if list_unpublished:
            still_open = {saga.plan.saga_id for saga in await stores.journal.open_sagas()}
            swept += await store.sweep(list_unpublished - still_open)
    return swept


def describe(error: StoreError) -> str:
    """The reason that the journal keeps with an aborted saga."""
    return f"{error.code}: {error.message}"[:1000]
