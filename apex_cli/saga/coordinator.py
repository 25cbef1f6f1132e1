"""Carries batches of records through the saga: prepare everywhere, one pivot, publish everywhere.

Nothing visible is ever undone. Whatever can fail because of the data fails before the pivot; a batch that the stores
refuse is halved until the bad record stands alone. After the pivot there is only forward: what cannot be finished now
is finished by the next run.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TypeVar

from apex_cli.errors import StoreError, StoreTransient
from apex_cli.model import Embedded, Plan, PlanKind, Record
from apex_cli.saga.locks import RecordLocks
from apex_cli.saga.participants import Participants
from apex_cli.saga.recovery import describe, settle
from apex_cli.stores.journal import Begun

Item = tuple[Record, Embedded]
T = TypeVar("T")
_BEGIN_TRIES = 3


class Fate(StrEnum):
    """What became of one record. `UNSETTLED`: past the pivot but not finished, the next run completes it."""

    COMMITTED = "committed"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FORGOTTEN = "forgotten"
    FAILED = "failed"
    UNSETTLED = "unsettled"


@dataclass(frozen=True, slots=True)
class Result:
    """The fate of one record, with the error that decided it for `FAILED` and `UNSETTLED`."""

    record_id: str
    fate: Fate
    error: StoreError | None = None


class Coordinator:
    """Runs sagas for one run. Batches are carried one after the other, so a record's versions keep their order."""

    def __init__(self, stores: Participants, locks: RecordLocks, *, run_id: str | None, group_id: str) -> None:
        self._stores = stores
        self._locks = locks
        self._run_id = run_id
        self._group_id = group_id

    async def known(self, record_ids: Sequence[str]) -> Mapping[str, str]:
        """Content hash of the current version of each record that has one. Raises `StoreError`."""
        journal = self._stores.journal
        return await self._stores.journal_guard("known", lambda: journal.current_hashes(record_ids))

    async def write(self, items: Sequence[Item], *, again: bool = False) -> list[Result]:
        """Commit records; a record may appear once. Every record gets exactly one result; never raises for a store.

        `again` makes a new version of unchanged content too: how a record is written anew into stores that lost it.
        """

        async def begin(some: Sequence[Item]) -> Begun:
            journal = self._stores.journal
            return await journal.begin_write(some, run_id=self._run_id, group_id=self._group_id, again=again)

        return await self._under_locks(items, lambda item: item[0].record_id, begin)

    async def forget(self, record_ids: Sequence[str]) -> list[Result]:
        """Remove records by the same saga; those that are not there are `UNCHANGED`."""

        async def begin(ids: Sequence[str]) -> Begun:
            return await self._stores.journal.begin_forget(ids, run_id=self._run_id, group_id=self._group_id)

        return await self._under_locks(record_ids, lambda record_id: record_id, begin)

    def tripped(self) -> bool:
        """Whether a store has failed so often that further batches would only fail too."""
        return self._stores.tripped()

    async def _under_locks(
        self, items: Sequence[T], key: Callable[[T], str], begin: Callable[[Sequence[T]], Awaitable[Begun]]
    ) -> list[Result]:
        """Leave a live run's records to it: settling its attempts would be right, and only cost both of them time."""
        async with self._locks.held([key(item) for item in items]) as leases:
            free = [item for item in items if key(item) not in leases.foreign]
            results = [_busy(record_id) for record_id in sorted(leases.foreign)]
            return results + (await self._run(free, key, begin) if free else [])

    async def _run(
        self, items: list[T], key: Callable[[T], str], begin: Callable[[Sequence[T]], Awaitable[Begun]]
    ) -> list[Result]:
        try:
            begun = await self._begin(items, key, begin)
        except StoreError as error:
            return await self._halve(items, key, begin, error)
        results = [Result(record_id, Fate.UNCHANGED) for record_id in sorted(begun.unchanged)]
        results += [_busy(record_id) for record_id in sorted(begun.busy)]
        if not begun.plans:
            return results
        fates, stopped = await self._carry(begun.plans)
        results += fates
        if stopped is not None:
            decided = {result.record_id for result in results}
            results += await self._halve([item for item in items if key(item) not in decided], key, begin, stopped)
        return results

    async def _begin(
        self, items: Sequence[T], key: Callable[[T], str], begin: Callable[[Sequence[T]], Awaitable[Begun]]
    ) -> Begun:
        """Step 1 and 2. Records with an open attempt are settled first and tried again."""
        stores = self._stores
        plans: list[Plan] = []
        unchanged: frozenset[str] = frozenset()
        busy: frozenset[str] = frozenset()
        wanted: Sequence[T] = items
        for _ in range(_BEGIN_TRIES):
            begun = await stores.journal_guard("prepare", partial(begin, wanted), idempotent=False)
            plans += begun.plans
            unchanged |= begun.unchanged
            busy = begun.busy
            if not busy:
                break
            await settle(stores, await stores.journal.open_sagas(sorted(busy)))
            wanted = [item for item in wanted if key(item) in busy]
        return Begun(plans, unchanged, busy)

    async def _halve(
        self,
        items: list[T],
        key: Callable[[T], str],
        begin: Callable[[Sequence[T]], Awaitable[Begun]],
        error: StoreError,
    ) -> list[Result]:
        """A batch was refused. A store that is down fails all of it; refused data is looked for by halving."""
        if len(items) <= 1 or isinstance(error, StoreTransient):
            return [Result(key(item), Fate.FAILED, error) for item in items]
        middle = len(items) // 2
        return await self._run(items[:middle], key, begin) + await self._run(items[middle:], key, begin)

    async def _carry(self, plans: Sequence[Plan]) -> tuple[list[Result], StoreError | None]:
        """Steps 3 to 6. Returns the fates that are decided, and the error that stopped the others (all undone)."""
        stores = self._stores
        try:
            await stores.prepare(plans)
        except StoreError as error:
            await self._undo(plans, error)
            return [], error
        try:
            await stores.graph_guard("commit", lambda: stores.graph.commit(plans))
        except StoreError as error:
            return await self._settle(plans, error)
        return await self._finish(plans), None

    async def _settle(self, plans: Sequence[Plan], error: StoreError) -> tuple[list[Result], StoreError | None]:
        """The pivot raised, which does not mean that it was not applied: the graph is asked.

        An attempt of ours that is open no more was settled by another run, which may have brought a newer version
        since: what we hold of that record is void, and trying it again would lay it over the newer one.
        """
        stores = self._stores
        ours = {plan.saga_id for plan in plans}
        try:
            attempts = await stores.journal.open_sagas([plan.record_id for plan in plans])
            attempts = [saga for saga in attempts if saga.plan.saga_id in ours]
            settled = await settle(stores, attempts)
        except StoreError as doubt:
            return [Result(plan.record_id, Fate.UNSETTLED, doubt) for plan in plans], None
        still_ours = {saga.plan.saga_id for saga in attempts}
        results = [_done(plan) for plan in plans if plan.saga_id in settled]
        results += [_taken_over(plan) for plan in plans if plan.saga_id not in still_ours]
        return results, error if len(results) < len(plans) else None

    async def _finish(self, plans: Sequence[Plan]) -> list[Result]:
        """Steps 5 and 6, after the pivot: only forward."""
        stores = self._stores
        try:
            committed = await stores.journal_guard("commit", lambda: stores.journal.commit(plans))
            mine = [plan for plan in plans if plan.saga_id in committed]
            await stores.publish(mine)
        except StoreError as error:
            return [Result(plan.record_id, Fate.UNSETTLED, error) for plan in plans]
        return [_done(plan) if plan.saga_id in committed else _taken_over(plan) for plan in plans]

    async def _undo(self, plans: Sequence[Plan], error: StoreError) -> None:
        """Before the pivot: drop what was prepared and close the sagas. What fails here is left to recovery."""
        stores = self._stores
        try:
            await stores.discard(plans)
            await stores.journal_guard("abort", lambda: stores.journal.abort(plans, describe(error)))
        except StoreError as second:
            error.add_note(f"and while undoing: {second.message}")


def _busy(record_id: str) -> Result:
    error = StoreTransient("journal", "another run is working on this record", hint="run `apex ingest` again")
    return Result(record_id, Fate.FAILED, error)


def _taken_over(plan: Plan) -> Result:
    error = StoreTransient("journal", "another run took this record over", hint="run `apex ingest` again")
    return Result(plan.record_id, Fate.UNSETTLED, error)


def _done(plan: Plan) -> Result:
    if plan.kind is PlanKind.FORGET:
        return Result(plan.record_id, Fate.FORGOTTEN)
    return Result(plan.record_id, Fate.UPDATED if plan.superseded else Fate.COMMITTED)
