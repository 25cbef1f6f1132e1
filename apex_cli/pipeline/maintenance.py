"""`apex forget`, `apex recover` and `apex verify --repair`: the saga without an input.

A repair writes again what a store lacks, and removes what no current version has. A repair that is killed is settled
like any other run. PostgreSQL is the authority: what is lost there cannot be restored, and stays in the report.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from apex_cli.config import Settings
from apex_cli.errors import UsageError
from apex_cli.exit_codes import ExitCode
from apex_cli.model import Superseded
from apex_cli.pipeline.context import coordinator_for
from apex_cli.pipeline.rewrite import write_again
from apex_cli.pipeline.upgrade import open_upgraded, rebuild_graph, removal
from apex_cli.queries import find_record
from apex_cli.results import RecordResult
from apex_cli.run_stats import RunStats
from apex_cli.saga.coordinator import Coordinator
from apex_cli.saga.recovery import Recovered
from apex_cli.stores.factory import Stores
from apex_cli.stores.postgres.catalog import CurrentVersion, ForgottenRecord, shown_points
from apex_cli.stores.protocol import PreparedStore, Rebuildable
from apex_cli.stores.views import StoredSummary
from apex_cli.verify import Discrepancy, DiscrepancyReport, verify

_BATCH = 500


async def forget(settings: Settings, ident: str) -> RecordResult:
    """Remove one record, all its versions, from all four stores. Its content is remembered as forgotten.

    Raises `UsageError` where no record, or several, have that name.
    """
    run_id = str(uuid.uuid4())
    async with open_upgraded(settings) as stores:
        stats = RunStats()
        coordinator = coordinator_for(settings, stores, run_id=run_id, stats=stats)
        await coordinator.recover()
        version = await find_record(stores, ident)
        await stores.runs.start(run_id, "forget", {"record_id": version.record_id})
        [result] = await coordinator.forget([version.record_id])
        if result.error is None:
            await stores.places.remove([version.record_id])
            await stores.synced.remove([version.record_id])
            await stores.synced.remove_empty()
        failed = int(result.error is not None)
        counts = {"forgotten": 1 - failed, "failed": failed}
        summary = {**counts, "by_source": {version.source: counts}, **stats.as_json()}
        await stores.runs.finish(run_id, summary, ExitCode.RECORDS_FAILED if failed else ExitCode.OK)
        return replace(result, source=version.source, data_type=version.data_type, external_id=version.external_id)


async def unforget(settings: Settings, ident: str) -> ForgottenRecord:
    """Let the forgotten content of one record be taken again. Raises `UsageError` where there is none, or several."""
    source, _, external_id = ident.partition(":")
    async with open_upgraded(settings) as stores:
        found = await stores.catalog.forgotten(ident, source, external_id)
        if not found:
            raise UsageError(
                f"nothing of {ident!r} was forgotten", hint="name it as it was forgotten", code="not_found"
            )
        if len(found) > 1:
            listed = ", ".join(f"{one.record_id} ({one.data_type})" for one in found)
            raise UsageError(f"{len(found)} records are called {ident!r}", hint=f"name one by its id: {listed}")
        await stores.catalog.unforget(found[0].record_id)
        return found[0]


async def recover(settings: Settings) -> Recovered:
    """Settle the sagas that killed runs left open."""
    async with open_upgraded(settings) as stores:
        return await coordinator_for(settings, stores).recover()


async def repair(settings: Settings) -> DiscrepancyReport:
    """Settle, compare, repair, compare again. The report is that of the second comparison; it counts the repairs."""
    async with open_upgraded(settings) as stores:
        return await _repair(settings, stores)


async def _repair(settings: Settings, stores: Stores) -> DiscrepancyReport:
    coordinator = coordinator_for(settings, stores)
    recovered = await coordinator.recover()
    report = await verify(stores)
    repaired = await _remove_orphans(settings, stores, report.problems)
    broken = any(found.store == "graph" and found.kind != "stale" for found in report.problems)
    rebuilt = False
    if broken and not report.in_flight and isinstance(stores.graph, Rebuildable):
        # What the graph derives from many records at once cannot be repaired from one of them.
        repaired += await rebuild_graph(settings, stores, stores.graph, trusted=False)
        rebuilt = True
    incomplete = {
        found.record_id
        for found in report.problems
        if found.kind in ("missing", "stale", "invisible") and not (rebuilt and found.store == "graph")
    }
    repaired += await _write_again(settings, stores, coordinator, sorted(incomplete))
    if report.problems:
        report = await verify(stores)
    report.repaired = repaired + recovered.rolled_forward + recovered.aborted
    return report


async def _write_again(settings: Settings, stores: Stores, coordinator: Coordinator, ids: Sequence[str]) -> int:
    """Write these records once more; returns how many versions were written."""
    repaired = 0
    for start in range(0, len(ids), _BATCH):
        results = await write_again(settings, stores, coordinator, ids[start : start + _BATCH])
        repaired += sum(result.error is None for result in results)
    return repaired


async def _remove_orphans(settings: Settings, stores: Stores, problems: Iterable[Discrepancy]) -> int:
    """Remove what vectors and cache hold of versions that are not current in PostgreSQL."""
    prepared: Mapping[str, PreparedStore] = {"vectors": stores.vectors, "cache": stores.cache}
    # Discrepancies within the graph concern entities and facts too: those have no record id.
    wanted = {
        (found.store, found.record_id) for found in problems if found.kind == "orphan" and found.store in prepared
    }
    current = await stores.catalog.by_id(sorted({record_id for _, record_id in wanted}))
    removed = 0
    for name, store in prepared.items():
        async for batch in store.scan():
            orphans = [
                held
                for held in batch
                if (name, held.record_id) in wanted and not _is_current(held, current.get(held.record_id))
            ]
            # Asked after reading the store, so that what another run prepares is never taken for an orphan.
            open_sagas = await stores.journal.open_sagas([held.record_id for held in orphans])
            in_flight = {saga.plan.record_id for saga in open_sagas}
            cached = await stores.cache.read([held.record_id for held in orphans])
            removals = [
                # One above the orphan's own epoch: the record's next version is newer still, and is accepted.
                removal(
                    settings.namespace,
                    held.record_id,
                    1 + int(cached.get(held.record_id, {}).get("epoch", 0)),
                    Superseded(held.saga_id, held.parts),
                )
                for held in orphans
                if held.record_id not in in_flight
            ]
            await store.publish(removals)
            removed += len(removals)
    return removed


def _is_current(held: StoredSummary, version: CurrentVersion | None) -> bool:
    return version is not None and held.saga_id in shown_points(version)
