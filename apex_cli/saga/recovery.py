"""Settling attempts whose end nobody saw.

The graph knows. Raising the record's fence there and reading its marker, in one transaction, both stops a writer that
might still be on its way and tells whether it had passed the pivot: marker = this saga → roll forward, else abort.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apex_cli.errors import StoreError, StoreTransient
from apex_cli.saga.locks import RecordLocks
from apex_cli.saga.participants import Participants
from apex_cli.stores.journal import OpenSaga, SagaState

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Recovered:
    """What recovery did: sagas rolled forward, sagas aborted, those left open (in use elsewhere), leftovers swept.

    `stuck` are record ids of sagas that a store refuses to settle, now and later: a person must. `why` is the first
    refusal.
    """

    rolled_forward: int = 0
    aborted: int = 0
    left: int = 0
    swept: int = 0
    stuck: tuple[str, ...] = ()
    why: StoreError | None = None


async def settle(stores: Participants, sagas: Sequence[OpenSaga]) -> frozenset[str]:
    """Bring each attempt to its end; returns the saga ids that are committed.

    Idempotent, and safe beside the writer of the attempt. Raises `StoreError` when a store does not answer; the sagas
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
        await stores.publish(plans)
    return committed


async def recover(stores: Participants, locks: RecordLocks) -> Recovered:
    """Settle every open saga that no live run holds, then sweep what attempts without a saga left behind.

    Raises `StoreTransient` when a store does not answer. What a store refuses is left, and said: it must not keep
    everything else from going on.
    """
    sagas = await stores.journal.open_sagas()
    forward = aborted = 0
    refused: list[tuple[str, StoreError]] = []
    for start in range(0, len(sagas), _BATCH):
        batch = sagas[start : start + _BATCH]
        async with locks.held([saga.plan.record_id for saga in batch], wait=False) as leases:
            mine = [saga for saga in batch if saga.plan.record_id in leases.mine]
            settled, committed = await _settle_most(stores, mine, refused)
            forward += committed
            aborted += settled - committed
    swept = await _sweep(stores)
    left = len(sagas) - forward - aborted - len(refused)
    stuck = tuple(record_id for record_id, _ in refused)
    return Recovered(forward, aborted, left, swept, stuck, refused[0][1] if refused else None)


async def _settle_most(
    stores: Participants, sagas: Sequence[OpenSaga], refused: list[tuple[str, StoreError]]
) -> tuple[int, int]:
    """How many were settled, and how many of these are committed; those that are refused are found by halving."""
    if not sagas:
        return 0, 0
    try:
        return len(sagas), len(await settle(stores, sagas))
    except StoreTransient:
        raise
    except StoreError as error:
        if len(sagas) == 1:
            refused.append((sagas[0].plan.record_id, error))
            return 0, 0
        middle = len(sagas) // 2
        first = await _settle_most(stores, sagas[:middle], refused)
        second = await _settle_most(stores, sagas[middle:], refused)
        return first[0] + second[0], first[1] + second[1]


async def _sweep(stores: Participants) -> int:
    """Remove unseen data of closed attempts: a writer that woke after its attempt was aborted may have left some.

    What is there is listed first and the journal asked afterwards, so a saga that begins meanwhile is never swept.
    """
    swept = 0
    for store in (stores.vectors, stores.cache):
        list_unpublished = await store.list_unpublished()
        if list_unpublished:
            still_open = {saga.plan.saga_id for saga in await stores.journal.open_sagas()}
            swept += await store.sweep(list_unpublished - still_open)
    return swept


def describe(error: StoreError) -> str:
    """The reason kept in the journal beside an aborted attempt."""
    return f"{error.code}: {error.message}"[:1000]
