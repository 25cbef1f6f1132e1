"""`apex verify --repair`: what PostgreSQL has and another store lacks is written again; what it lacks itself goes.

Both by the saga itself, so a repair that is killed is settled like any other run. PostgreSQL is the authority: what is
lost there cannot be mended from the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

from apex_cli.audit import Finding, Report, verify
from apex_cli.config import Settings
from apex_cli.extract.rules import extract
from apex_cli.model import Extraction, Plan, PlanKind, Record, Superseded
from apex_cli.pipeline.sagas import sagas
from apex_cli.plainform import to_claim, to_entity
from apex_cli.saga.coordinator import Coordinator, Fate
from apex_cli.saga.recovery import recover
from apex_cli.stores.factory import Stores
from apex_cli.stores.postgres.catalog import Version
from apex_cli.stores.protocol import Held

_BATCH = 500


async def repair(settings: Settings, stores: Stores) -> Report:
    """Settle, compare, mend, compare again; the report is the second comparison's, with what was mended counted."""
    coordinator, participants, locks = sagas(settings, stores, run_id=None)
    recovered = await recover(participants, locks)
    report = await verify(stores)
    mended = await _remove_orphans(settings, stores, report.problems)
    mended += await _write_again(settings, stores, coordinator, report.problems)
    if mended:
        report = await verify(stores)
    report.repaired = mended + recovered.rolled_forward + recovered.aborted
    return report


async def _write_again(
    settings: Settings, stores: Stores, coordinator: Coordinator, problems: Iterable[Finding]
) -> int:
    """A new version of each record that some store lacks, from the payload that PostgreSQL holds."""
    ids = sorted({finding.record_id for finding in problems if finding.kind in ("missing", "stale", "invisible")})
    mended = 0
    for start in range(0, len(ids), _BATCH):
        versions = list((await stores.catalog.by_id(ids[start : start + _BATCH])).values())
        records = [_record(version, settings.namespace) for version in versions]
        extractions = await asyncio.to_thread(_extractions, versions, records)
        embedded = await stores.embedding.apply(extractions)
        results = await coordinator.write(list(zip(records, embedded, strict=True)), again=True)
        mended += sum(result.fate is Fate.UPDATED for result in results)
    return mended


def _extractions(versions: Sequence[Version], records: Sequence[Record]) -> list[Extraction]:
    return [_extraction(version, record) for version, record in zip(versions, records, strict=True)]


def _extraction(version: Version, record: Record) -> Extraction:
    """What the record was committed with: its text by the rules, entities and claims as journalled.

    A model may have read some of these, and is not asked again.
    """
    told = version.extraction
    return replace(
        extract(record),
        entities=tuple(map(to_entity, told["entities"])),
        claims=tuple(map(to_claim, told["claims"])),
    )


async def _remove_orphans(settings: Settings, stores: Stores, problems: Iterable[Finding]) -> int:
    """Drop what the vectors and the cache hold of attempts that PostgreSQL does not call current."""
    wanted = {(finding.store, finding.record_id) for finding in problems if finding.kind == "orphan"}
    current = await stores.catalog.by_id(sorted({record_id for _, record_id in wanted}))
    removed = 0
    for name, store in (("vectors", stores.vectors), ("cache", stores.cache)):
        async for batch in store.scan():
            orphans = [
                held
                for held in batch
                if (name, held.record_id) in wanted and not _is_current(held, current.get(held.record_id))
            ]
            # Asked after the look at the store: what a live run prepares meanwhile is never taken for an orphan.
            attempts = await stores.journal.open_sagas([held.record_id for held in orphans])
            at_work = {saga.plan.record_id for saga in attempts}
            farewells = [_farewell(held, settings.namespace) for held in orphans if held.record_id not in at_work]
            await store.publish(farewells)
            removed += len(farewells)
    return removed


def _is_current(held: Held, version: Version | None) -> bool:
    return version is not None and version.saga_id == held.saga_id


def _farewell(held: Held, group_id: str) -> Plan:
    """A plan that removes exactly what one attempt left."""
    return Plan(
        saga_id=held.saga_id,
        record_id=held.record_id,
        epoch=2**53,
        revision=0,
        kind=PlanKind.FORGET,
        group_id=group_id,
        chunks=0,
        superseded=Superseded(held.saga_id, held.parts),
    )


def _record(version: Version, namespace: str) -> Record:
    return Record(
        source=version.source,
        data_type=version.data_type,
        external_id=version.external_id,
        payload=version.payload,
        content_hash=version.content_hash,
        observed_at=version.observed_at,
        locator=f"record {version.record_id}",
        namespace=namespace,
    )
