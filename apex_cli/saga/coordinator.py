"""Commits batches of records by the saga: prepare everywhere, one pivot, publish everywhere, flush.

Nothing visible is ever undone. Whatever can fail because of the data fails before or in the pivot; a batch that a store
refuses is halved until the bad record stands alone. After the pivot there is only forward: what cannot be finished now
is finished by the next run.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TypeVar

from apex_cli.errors import IdentityConflict, StoreError, StoreTransient
from apex_cli.halving import Attempt, halve
from apex_cli.model import Embedded, Plan, PlanKind, Position, Record
from apex_cli.results import RecordResult, RecordStatus
from apex_cli.saga.group import PublishedSagas
from apex_cli.saga.locks import RecordLocks
from apex_cli.saga.participants import Participants
from apex_cli.saga.recovery import Recovered, describe, recover, settle
from apex_cli.saga.turns import Turn
from apex_cli.stores.journal import Begun, KnownContent, KnownVersions

Item = tuple[Record, Embedded]
T = TypeVar("T")
_BEGIN_TRIES = 3
_STATUS = {
    Position.FIRST: RecordStatus.COMMITTED,
    Position.SUCCEEDS: RecordStatus.UPDATED,
    Position.CORRECTS: RecordStatus.UPDATED,
    Position.LATE: RecordStatus.LATE,
}


class Coordinator:
    """Runs sagas for one run.

    Batches may be committed side by side: while one is in the graph's transaction, others prepare and publish. A record
    may be in one of them at a time, so that its versions keep their order.
    """

    def __init__(
        self,
        stores: Participants,
        locks: RecordLocks,
        *,
        run_id: str | None,
        group_id: str,
        owns_journal: bool = False,
    ) -> None:
        """`owns_journal`: no other process can see a saga of this run and settle it meanwhile."""
        self._stores = stores
        self._locks = locks
        self._run_id = run_id
        self._group_id = group_id
        self._published = PublishedSagas(stores)
        self._pivot = asyncio.Lock()
        self._owns_journal = owns_journal
        self._grouping = False

    @asynccontextmanager
    async def grouped(self) -> AsyncIterator[None]:
        """Within this block one flush closes the sagas of many `write`s, if no other process shares the journal.

        Elsewhere each `write` flushes. What is reported in between is lost by no crash: the next run publishes again
        what is not closed. At its end the block closes all. Raises `StoreError` where that fails.
        """
        self._grouping = self._owns_journal and self._stores.needs_flush
        try:
            yield
        except BaseException:
            with suppress(StoreError):
                await self._published.finish()
            raise
        finally:
            self._grouping = False
        await self._published.finish()

    async def known(self, record_ids: Sequence[str]) -> KnownContent:
        """The content that the memory has, or has forgotten, of these records. Raises `StoreError`."""
        return await self._stores.journal_guard("known", partial(self._stores.journal.known, record_ids))

    async def known_versions(self, record_ids: Sequence[str]) -> KnownVersions:
        """The versions that the memory has of these records. Raises `StoreError`."""
        if not record_ids:
            return frozenset()
        return await self._stores.journal_guard(
            "known", partial(self._stores.journal.known_versions, list(dict.fromkeys(record_ids)))
        )

    async def note_forgotten(self, records: Sequence[Record]) -> None:
        """Note content that another memory has forgotten, of records out of its export. Raises `StoreError`."""
        await self._stores.journal_guard("note", partial(self._stores.journal.note_forgotten, records))

    async def recover(self) -> Recovered:
        """Settle the sagas that earlier runs left open; see `recovery.recover`."""
        return await recover(self._stores, self._locks)

    def write(
        self, items: Sequence[Item], *, again: bool = False, turn: Turn | None = None
    ) -> Awaitable[list[RecordResult]]:
        """Commit records; a record may appear once. Every record gets exactly one result; never raises for a store.

        `again` takes content that the memory has, or has forgotten: this rewrites a record into stores that lost it.
        Batches that are committed side by side pass the pivot in the order of their `turn`s.
        """
        begin = partial(self._stores.journal.begin_write, run_id=self._run_id, group_id=self._group_id, again=again)
        return self._under_locks(items, lambda item: item[0].record_id, begin, turn)

    def forget(self, record_ids: Sequence[str], *, lasting: bool = True) -> Awaitable[list[RecordResult]]:
        """Remove records by the same saga; those that are not there are `UNCHANGED`.

        `lasting`: their content is not taken again.
        """
        begin = partial(
            self._stores.journal.begin_forget, run_id=self._run_id, group_id=self._group_id, lasting=lasting
        )
        return self._under_locks(record_ids, lambda record_id: record_id, begin)

    def tripped(self) -> bool:
        """Whether a store has failed so often that further batches would only fail too."""
        return self._stores.tripped()

    async def _under_locks(
        self,
        items: Sequence[T],
        key: Callable[[T], str],
        begin: Callable[[Sequence[T]], Awaitable[Begun]],
        turn: Turn | None = None,
    ) -> list[RecordResult]:
        """Hold the locks of the records, and leave to another live run the records that it holds."""
        async with self._locks.held([key(item) for item in items]) as leases:
            free = [item for item in items if key(item) not in leases.foreign]
            busy = [_busy(record_id) for record_id in sorted(leases.foreign)]
            if not free:
                return busy
            return busy + await halve(
                free,
                partial(self._attempt, key=key, begin=begin, turn=turn),
                failed=lambda item, error: RecordResult(RecordStatus.FAILED, key(item), error),
                # A store that is down fails the whole batch; refused data is looked for.
                divisible=lambda error: not isinstance(error, StoreTransient),
            )

    async def _attempt(
        self,
        items: Sequence[T],
        *,
        key: Callable[[T], str],
        begin: Callable[[Sequence[T]], Awaitable[Begun]],
        turn: Turn | None,
    ) -> Attempt[T, RecordResult, StoreError]:
        """One saga for each of these records, all steps."""
        try:
            begun = await self._begin(items, key, begin)
        except StoreError as error:
            return Attempt([], items, error)
        results = [RecordResult(RecordStatus.UNCHANGED, record_id) for record_id in sorted(begun.unchanged)]
        results += [RecordResult(RecordStatus.FORGOTTEN, record_id) for record_id in sorted(begun.forgotten)]
        results += [_conflict(record_id) for record_id in sorted(begun.conflicts)]
        results += [_busy(record_id) for record_id in sorted(begun.busy)]
        if not begun.plans:
            return Attempt(results)
        decided, stopped = await self._commit(begun.plans, turn)
        results += decided
        done = {result.record_id for result in results}
        return Attempt(results, [item for item in items if key(item) not in done], stopped)

    async def _begin(
        self, items: Sequence[T], key: Callable[[T], str], begin: Callable[[Sequence[T]], Awaitable[Begun]]
    ) -> Begun:
        """Steps 1 and 2. Records with an open saga are settled first and tried again."""
        stores = self._stores
        if self._published.has_any(map(key, items)):
            await self._published.finish()
        plans: list[Plan] = []
        unchanged: frozenset[str] = frozenset()
        forgotten: frozenset[str] = frozenset()
        conflicts: frozenset[str] = frozenset()
        busy: frozenset[str] = frozenset()
        wanted: Sequence[T] = items
        for _ in range(_BEGIN_TRIES):
            begun = await stores.journal_guard("prepare", partial(begin, wanted), idempotent=False)
            plans += begun.plans
            unchanged |= begun.unchanged
            forgotten |= begun.forgotten
            conflicts |= begun.conflicts
            busy = begun.busy
            if not busy:
                break
            await settle(stores, await stores.journal.open_sagas(sorted(busy)))
            wanted = [item for item in wanted if key(item) in busy]
        return Begun(plans, unchanged, busy, forgotten, conflicts)

    async def _commit(self, plans: Sequence[Plan], turn: Turn | None) -> tuple[list[RecordResult], StoreError | None]:
        """Steps 3 to 7. Returns the results that are final, and the error that stopped the others (all undone)."""
        stores = self._stores
        try:
            await stores.prepare(plans)
        except StoreError as error:
            await self._undo(plans, error)
            return [], error
        try:
            # The wait for the batch before is not the store's time.
            if turn is not None:
                await turn.come()
            async with self._pivot:
                await stores.graph_guard("commit", partial(stores.graph.commit, plans))
            if turn is not None:
                turn.pass_on()
        except StoreError as error:
            return await self._settle(plans, error)
        return await self._finish(plans), None

    async def _settle(self, plans: Sequence[Plan], error: StoreError) -> tuple[list[RecordResult], StoreError | None]:
        """The pivot raised, which does not mean that it was not applied: ask the graph.

        A saga of ours that is not open any more was settled by another run. That run may have committed a newer
        version since, so our content is void: to try it again would overwrite the newer version.
        """
        stores = self._stores
        ours = {plan.saga_id for plan in plans}
        try:
            sagas = await stores.journal.open_sagas([plan.record_id for plan in plans])
            sagas = [saga for saga in sagas if saga.plan.saga_id in ours]
            settled = await settle(stores, sagas)
        except StoreError as doubt:
            return [_unfinished(plan, doubt) for plan in plans], None
        still_ours = {saga.plan.saga_id for saga in sagas}
        results = [_done(plan) for plan in plans if plan.saga_id in settled]
        results += [_taken_over(plan) for plan in plans if plan.saga_id not in still_ours]
        return results, error if len(results) < len(plans) else None

    async def _finish(self, plans: Sequence[Plan]) -> list[RecordResult]:
        """Steps 5 to 7, after the pivot: only forward.

        Forgetting is finished at once: only then are the record's versions removed, and its next one may come.
        """
        stores = self._stores
        try:
            committed = await stores.journal_guard("commit", partial(stores.journal.commit, plans))
            published = [plan for plan in plans if plan.saga_id in committed]
            await stores.publish(published)
            wait = (PlanKind.WRITE,) if self._grouping else ()
            await self._published.add([plan for plan in published if plan.kind in wait])
            if rest := [plan for plan in published if plan.kind not in wait]:
                await stores.finish(rest)
        except StoreError as error:
            return [_unfinished(plan, error) for plan in plans]
        return [_done(plan) if plan.saga_id in committed else _taken_over(plan) for plan in plans]

    async def _undo(self, plans: Sequence[Plan], error: StoreError) -> None:
        """Before the pivot: drop what was prepared and close the sagas. What fails here is left to recovery."""
        stores = self._stores
        try:
            await stores.discard(plans)
            await stores.journal_guard("abort", partial(stores.journal.abort, plans, describe(error)))
        except StoreError as second:
            error.add_note(f"and while undoing: {second.message}")


def _busy(record_id: str) -> RecordResult:
    error = StoreTransient("journal", "another run is working on this record", hint="run `apex ingest` again")
    return RecordResult(RecordStatus.FAILED, record_id, error)


def _conflict(record_id: str) -> RecordResult:
    error = IdentityConflict("the memory has another thing with this id, and this is no version of it")
    return RecordResult(RecordStatus.FAILED, record_id, error)


def _taken_over(plan: Plan) -> RecordResult:
    error = StoreTransient("journal", "another run took this record over", hint="run `apex ingest` again")
    return _unfinished(plan, error)


def _unfinished(plan: Plan, error: StoreError) -> RecordResult:
    """The saga may be past the pivot: it is not tried again, and the next run settles it."""
    return RecordResult(RecordStatus.FAILED, plan.record_id, error)


def _done(plan: Plan) -> RecordResult:
    if plan.kind is PlanKind.FORGET:
        return RecordResult(RecordStatus.FORGOTTEN, plan.record_id)
    return RecordResult(_STATUS[plan.position], plan.record_id)
