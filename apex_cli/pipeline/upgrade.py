"""Opens the stores for every verb, and brings a graph of an older version up to date.

PostgreSQL holds every version with its entities and claims, and the graph is a pure function of those. So the
embedded graph needs no migrations: a graph with an older schema is built again beside the old one, which it replaces at
the end. A graph on a server is emptied and filled again in place. A rebuild that is killed goes on with the next
command. No model is asked, but for the vectors of names and sentences where the graph holds them.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING

from apex_cli import faults
from apex_cli.config import Settings
from apex_cli.errors import Fenced, StoreUnavailable
from apex_cli.model import Plan, PlanKind, Record, RecordVersion, Superseded
from apex_cli.readers.opened import StoresReader
from apex_cli.readers.server import serving
from apex_cli.stores.backends import uses_home
from apex_cli.stores.factory import Stores, open_stores
from apex_cli.stores.journal import SagaState
from apex_cli.stores.postgres.catalog import CurrentVersion, StoredVersion
from apex_cli.stores.protocol import PivotStore, Rebuildable, Refillable

if TYPE_CHECKING:
    from apex_cli.llm.models import Models

Commit = Callable[[Sequence[Plan]], Awaitable[bool]]
"""Writes plans into the graph that is built again; whether it needs more."""
_BATCH = 250
_SETTLE_TRIES = 6
_SETTLE_SECONDS = 1.0
_log = logging.getLogger(__name__)


@asynccontextmanager
async def open_upgraded(
    settings: Settings, models: Models | None = None, *, reads: bool = False
) -> AsyncIterator[Stores]:
    """All four stores, ready and up to date; see `open_stores`. Other processes are answered while they are open."""
    async with open_stores(settings, models, reads=reads) as stores:
        if isinstance(stores.graph, Rebuildable) and stores.graph.needs_rebuild:
            await rebuild_graph(settings, stores, stores.graph, trusted=True)
        if isinstance(stores.graph, Refillable) and stores.graph.needs_refill:
            await _refill(settings, stores, stores.graph)
        async with serving(settings, StoresReader(stores)) if uses_home(settings) else nullcontext():
            yield stores


async def _refill(settings: Settings, stores: Stores, graph: Refillable) -> None:
    """Write all records into a graph that was emptied. Several processes may do so at once, and one that is killed
    leaves the rest to the next: a record that is there is written only once.

    Open attempts are settled first: the marker that shows whether one passed the pivot is overwritten.
    """

    async def commit(plans: Sequence[Plan]) -> bool:
        try:
            return await graph.refill(plans)
        except Fenced as error:
            if len(plans) > 1:
                return all([await commit([plan]) for plan in plans])
            # PostgreSQL is older than the graph, after a restore. `apex verify` reports the record.
            _log.warning("left out of the graph: %s", error.message)
            return True

    await _settle(settings, stores)
    current = {one.record_id: one.marker async for batch in stores.catalog.expected() for one in batch}
    await _write_missing(settings, stores, stores.graph, current, commit)
    await graph.refilled()


async def rebuild_graph(settings: Settings, stores: Stores, graph: Rebuildable, *, trusted: bool) -> int:
    """Build the graph again from PostgreSQL; returns how many records it wrote. See `Rebuildable` for `trusted`.

    Open attempts are settled first: only the old graph knows whether they passed the pivot. The new graph gets, of
    every record, the fence; of a record with a current version, its content and its marker as well.
    """
    await _settle(settings, stores)
    current = {one.record_id: one.marker async for batch in stores.catalog.expected() for one in batch}
    async with graph.rebuilding(trusted=trusted) as rebuilt:
        present = await _markers(rebuilt)

        async def commit(plans: Sequence[Plan]) -> bool:
            await rebuilt.commit(plans)
            return True

        written = await _write_missing(settings, stores, rebuilt, current, commit)
        async for epochs in stores.catalog.epochs():
            gone = {record_id: epoch for record_id, epoch in epochs.items() if record_id not in current}
            await rebuilt.commit([removal(settings.namespace, one, gone[one]) for one in gone if one in present])
            await rebuilt.settle(list(gone.items()))
    return written


async def _write_missing(
    settings: Settings, stores: Stores, graph: PivotStore, current: Mapping[str, str], commit: Commit
) -> int:
    """Write those of these records (record id → marker) that the graph does not have; returns how many.

    Ends early where `commit` says that the graph needs no more.
    """
    present = await _markers(graph)
    missing = [record_id for record_id, marker in current.items() if present.get(record_id) != marker]
    _log.warning("rebuilding the graph of this home from PostgreSQL: %s records", f"{len(missing):,}")
    for start in range(0, len(missing), _BATCH):
        await faults.reach("graph.rebuild.before")
        if not await commit(await _plans(settings, stores, missing[start : start + _BATCH])):
            break
        await faults.reach("graph.rebuild.after")
    return len(missing)


async def _markers(graph: PivotStore) -> dict[str, str]:
    return {one.record_id: one.saga_id async for batch in graph.scan() for one in batch}


async def _settle(settings: Settings, stores: Stores) -> None:
    """Decide all open attempts. Raises `StoreUnavailable` where one stays undecided.

    Another process that does the same at this moment holds some of them; it is waited for.
    """
    from apex_cli.pipeline.context import coordinator_for

    coordinator = coordinator_for(settings, stores)
    for attempt in range(_SETTLE_TRIES):
        await asyncio.sleep(attempt and _SETTLE_SECONDS)
        recovered = await coordinator.recover()
        undecided = [saga for saga in await stores.journal.open_sagas() if saga.state is not SagaState.COMMITTED]
        if not undecided:
            return
        if recovered.reason:
            break
    why = recovered.reason.message if recovered.reason else "another run holds their records"
    raise StoreUnavailable(
        f"graph: it cannot be built again while {len(undecided)} attempts are undecided: {why}",
        hint="try again in a minute; if that does not help, `apex doctor` checks every store",
    )


async def _plans(settings: Settings, stores: Stores, ids: Sequence[str]) -> list[Plan]:
    """The plans that write these records with all their versions; none for a record without a current one."""
    # Not above: it imports the rules of all sources, which who only reads does without.
    from apex_cli.pipeline.stored_versions import journalled, record_of

    current = await stores.catalog.by_id(ids)
    versions = [
        version
        for some in (await stores.catalog.versions(ids)).values()
        for version in some
        if version.replaced_by is None
    ]
    embedded = await stores.embedding.apply([journalled(version) for version in versions])
    history: dict[str, list[RecordVersion]] = {}
    for version, one in zip(versions, embedded, strict=True):
        history.setdefault(version.record_id, []).append(RecordVersion(version.saga_id, one.extraction, one))
    newest = {version.record_id: version for version in versions if version.current}
    return [
        _rebuilt(
            current[record_id],
            newest[record_id],
            history[record_id],
            record_of(newest[record_id], settings.namespace),
        )
        for record_id in ids
        if record_id in current and record_id in newest
    ]


def _rebuilt(current: CurrentVersion, newest: StoredVersion, history: Sequence[RecordVersion], record: Record) -> Plan:
    """The plan that writes a record with all its versions: what the sagas of all of them have made of it."""
    return Plan(
        saga_id=current.marker,
        record_id=current.record_id,
        epoch=current.epoch,
        revision=current.revision,
        kind=PlanKind.WRITE,
        group_id=record.namespace,
        chunks=newest.chunks,
        record=record,
        embedded=next(version.embedded for version in history if version.saga_id == newest.saga_id),
        history=tuple(version for version in history if version.saga_id != newest.saga_id),
    )


def removal(namespace: str, record_id: str, epoch: int, superseded: Superseded | None = None) -> Plan:
    """A plan that removes what one saga wrote, or, without `superseded`, what a killed rebuild wrote of a record."""
    return Plan(
        saga_id=superseded.saga_id if superseded else str(uuid.uuid4()),
        record_id=record_id,
        epoch=epoch,
        revision=0,
        kind=PlanKind.FORGET,
        group_id=namespace,
        chunks=0,
        superseded=(superseded,) if superseded else (),
    )
