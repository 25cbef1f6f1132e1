"""`apex verify`: PostgreSQL says what should be there; the other three are compared with it, record by record.

Both ways: what a current version lacks elsewhere (missing, stale, invisible), and what another store holds beyond it
(orphan). Attempts that are still open are counted, not complained about: they settle by themselves. On servers other
runs may be at work meanwhile, so what is found wrong is looked at again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from apex_cli.stores.factory import Stores
from apex_cli.stores.postgres.catalog import Expected, Version
from apex_cli.stores.protocol import GraphView, PointView

_BATCH = 200


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One disagreement. `kind`: missing, stale, orphan, invisible or journal."""

    record_id: str
    store: str
    kind: str
    detail: str


@dataclass(slots=True)
class Report:
    """The whole comparison. `in_flight` counts open sagas, `repaired` what `--repair` mended."""

    records: int = 0
    problems: list[Discrepancy] = field(default_factory=list)
    in_flight: int = 0
    repaired: int = 0

    @property
    def ok(self) -> bool:
        return not self.problems


async def verify(stores: Stores) -> Report:
    """Compare all four stores. Memory: one saga id per record, and one batch of records at a time."""
    open_records = {saga.plan.record_id for saga in await stores.journal.open_sagas()}
    report = Report(in_flight=len(open_records))
    current: dict[str, str] = {}
    async for batch in stores.catalog.expected():
        report.records += len(batch)
        current.update((expected.record_id, expected.saga_id) for expected in batch)
        settled = [expected for expected in batch if expected.record_id not in open_records]
        report.problems += await _compare_batch(stores, settled)
    report.problems += [finding for finding in await _orphans(stores, current) if finding.record_id not in open_records]
    report.problems = await _seen_twice(stores, report.problems)
    report.problems += [
        Discrepancy(record_id, "postgres", "journal", detail) for record_id, detail in await stores.catalog.broken()
    ]
    report.problems += [
        Discrepancy(subject, "graph", "orphan", detail) for subject, detail in await stores.graph.audit()
    ]
    return report


async def _seen_twice(stores: Stores, findings: Sequence[Discrepancy]) -> list[Discrepancy]:
    """Those findings whose records are still wrong, and have neither an open attempt nor another version since."""
    confirmed: set[tuple[str, str, str]] = set()
    ids = sorted({finding.record_id for finding in findings})
    for start in range(0, len(ids), _BATCH):
        part = ids[start : start + _BATCH]
        before = await stores.catalog.by_id(part)
        again = await _compare_batch(stores, [_expected(version) for version in before.values()])
        again += await _strays(stores, [record_id for record_id in part if record_id not in before])
        at_work = {saga.plan.record_id for saga in await stores.journal.open_sagas(part)}
        after = await stores.catalog.by_id(part)
        confirmed |= {
            (finding.record_id, finding.store, finding.kind)
            for finding in again
            if finding.record_id not in at_work and before.get(finding.record_id) == after.get(finding.record_id)
        }
    return [finding for finding in findings if (finding.record_id, finding.store, finding.kind) in confirmed]


def _expected(version: Version) -> Expected:
    return Expected(
        version.record_id, version.saga_id, version.epoch, version.revision, version.chunks, version.content_hash
    )


async def _strays(stores: Stores, ids: Sequence[str]) -> list[Discrepancy]:
    """What the other stores hold of records that PostgreSQL does not know."""
    held = await asyncio.gather(stores.graph.read(ids), stores.vectors.read(ids), stores.cache.read(ids))
    return [
        Discrepancy(record_id, name, "orphan", "no such record")
        for name, found in zip(("graph", "vectors", "cache"), held, strict=True)
        for record_id in found
    ]


async def _compare_batch(stores: Stores, batch: Sequence[Expected]) -> list[Discrepancy]:
    ids = [expected.record_id for expected in batch]
    versions, graph, points, cache = await asyncio.gather(
        stores.catalog.by_id(ids), stores.graph.read(ids), stores.vectors.read(ids), stores.cache.read(ids)
    )
    findings: list[Discrepancy] = []
    for expected in batch:
        record_id = expected.record_id
        version = versions.get(record_id)
        if version is not None:
            findings += _in_graph(expected, version, graph.get(record_id))
        findings += _in_vectors(expected, points.get(record_id, ()))
        cached = cache.get(record_id)
        # A cache may forget; what it says must be true.
        if cached is not None and cached["saga_id"] != expected.saga_id:
            findings.append(
                Discrepancy(record_id, "cache", "stale", f"holds {cached['saga_id']}, not {expected.saga_id}")
            )
        if cached is None:
            findings.append(Discrepancy(record_id, "cache", "missing", "not cached"))
    return findings


def _in_graph(expected: Expected, version: Version, view: GraphView | None) -> list[Discrepancy]:
    record_id = expected.record_id
    if view is None:
        return [Discrepancy(record_id, "graph", "missing", "no episode")]
    if view.saga_id != expected.saga_id:
        return [Discrepancy(record_id, "graph", "stale", f"marker {view.saga_id}, not {expected.saga_id}")]
    findings = []
    wanted = {key for entity in version.extraction["entities"] if entity["type"] != "Value" for key in entity["keys"]}
    known = {alias for entity in view.entities for alias in entity.aliases}
    if wanted - known:
        findings.append(Discrepancy(record_id, "graph", "missing", f"entities {sorted(wanted - known)}"))
    predicates = {claim["predicate"] for claim in version.extraction["claims"]}
    held = {fact.predicate for fact in view.facts}
    if predicates - held:
        findings.append(Discrepancy(record_id, "graph", "missing", f"facts {sorted(predicates - held)}"))
    return findings


def _in_vectors(expected: Expected, points: Sequence[PointView]) -> list[Discrepancy]:
    record_id = expected.record_id
    mine = [point for point in points if point.saga_id == expected.saga_id]
    findings = []
    if len(mine) < expected.chunks:
        findings.append(Discrepancy(record_id, "vectors", "missing", f"{len(mine)} of {expected.chunks} points"))
    hidden = sum(1 for point in mine if not point.visible)
    if hidden:
        findings.append(Discrepancy(record_id, "vectors", "invisible", f"{hidden} points"))
    if len(points) > len(mine):
        findings.append(
            Discrepancy(record_id, "vectors", "orphan", f"{len(points) - len(mine)} points of other attempts")
        )
    return findings


async def _orphans(stores: Stores, current: Mapping[str, str]) -> list[Discrepancy]:
    findings = []
    for name, store in (("graph", stores.graph), ("vectors", stores.vectors), ("cache", stores.cache)):
        async for batch in store.scan():
            for held in batch:
                if held.record_id not in current:
                    findings.append(
                        Discrepancy(held.record_id, name, "orphan", f"{held.parts} parts of {held.saga_id}")
                    )
    return findings
