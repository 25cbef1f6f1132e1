"""`apex verify`: compares the graph, the vectors and the cache with PostgreSQL, record by record.

It looks both ways: for data of a current version that a store lacks (missing, stale, invisible), and for data of no
current version (orphan). Records with an open saga are counted, not reported: the saga will be settled. Other runs may
write to servers meanwhile, so each discrepancy is checked a second time before it is reported.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from apex_cli.extract.key_forms import renewed
from apex_cli.model import NOTHING, EntityType
from apex_cli.serialization import to_entity
from apex_cli.stores.postgres.catalog import CurrentVersion, Expected, shown_points
from apex_cli.stores.views import GraphView, PointView

if TYPE_CHECKING:
    from apex_cli.stores.factory import Stores

_BATCH = 200


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A difference between PostgreSQL and another store. `kind`: missing, stale, orphan, invisible or journal."""

    record_id: str
    store: str
    kind: str
    detail: str


@dataclass(slots=True)
class DiscrepancyReport:
    """What the comparison found. `in_flight` counts open sagas, `repaired` the records that `--repair` wrote again."""

    records: int = 0
    problems: list[Discrepancy] = field(default_factory=list)
    in_flight: int = 0
    repaired: int = 0

    @property
    def ok(self) -> bool:
        return not self.problems


async def verify(stores: Stores) -> DiscrepancyReport:
    """Compare all four stores. In memory: the id of each record, and one batch of records."""
    open_records = {saga.plan.record_id for saga in await stores.journal.open_sagas()}
    report = DiscrepancyReport(in_flight=len(open_records))
    current: set[str] = set()
    async for batch in stores.catalog.expected():
        report.records += len(batch)
        current.update(expected.record_id for expected in batch)
        settled = [expected for expected in batch if expected.record_id not in open_records]
        report.problems += await _compare(stores, settled)
    report.problems += [orphan for orphan in await _orphans(stores, current) if orphan.record_id not in open_records]
    report.problems = await _confirm(stores, report.problems)
    report.problems += [
        Discrepancy(record_id, "postgres", "journal", detail) for record_id, detail in await stores.catalog.broken()
    ]
    report.problems += [
        Discrepancy(subject, "graph", "orphan", detail) for subject, detail in await stores.graph.audit()
    ]
    return report


async def _confirm(stores: Stores, found: Sequence[Discrepancy]) -> list[Discrepancy]:
    """Those that are found again, of records that have neither an open saga nor a newer version since."""
    confirmed: set[tuple[str, str, str]] = set()
    ids = sorted({one.record_id for one in found})
    for start in range(0, len(ids), _BATCH):
        part = ids[start : start + _BATCH]
        # Asked on both sides: a saga that is aborted in between takes back what it has prepared.
        open_before = await _in_flight(stores, part)
        before = await stores.catalog.by_id(part)
        again = await _compare(stores, list(before.values()))
        again += await _unknown_records(stores, [record_id for record_id in part if record_id not in before])
        in_flight = open_before | await _in_flight(stores, part)
        after = await stores.catalog.by_id(part)
        confirmed |= {
            (one.record_id, one.store, one.kind)
            for one in again
            if one.record_id not in in_flight and before.get(one.record_id) == after.get(one.record_id)
        }
    return [one for one in found if (one.record_id, one.store, one.kind) in confirmed]


async def _in_flight(stores: Stores, ids: Sequence[str]) -> set[str]:
    return {saga.plan.record_id for saga in await stores.journal.open_sagas(ids)}


async def _unknown_records(stores: Stores, ids: Sequence[str]) -> list[Discrepancy]:
    """Data in the other stores of records that PostgreSQL does not know."""
    held = await asyncio.gather(stores.graph.read(ids), stores.vectors.read(ids), stores.cache.read(ids))
    return [
        Discrepancy(record_id, name, "orphan", "no such record")
        for name, found in zip(("graph", "vectors", "cache"), held, strict=True)
        for record_id in found
    ]


async def _compare(stores: Stores, batch: Sequence[Expected | CurrentVersion]) -> list[Discrepancy]:
    ids = [expected.record_id for expected in batch]
    versions, graph, points, cache = await asyncio.gather(
        stores.catalog.by_id(ids), stores.graph.read(ids), stores.vectors.read(ids), stores.cache.read(ids)
    )
    found: list[Discrepancy] = []
    for expected in batch:
        record_id = expected.record_id
        version = versions.get(record_id)
        if version is not None:
            found += _in_graph(expected, version, graph.get(record_id))
        found += _in_vectors(expected, points.get(record_id, ()))
        cached = cache.get(record_id)
        # A cached version must be the current one.
        if cached is not None and cached["saga_id"] != expected.saga_id:
            found.append(Discrepancy(record_id, "cache", "stale", f"holds {cached['saga_id']}, not {expected.saga_id}"))
        if cached is None:
            found.append(Discrepancy(record_id, "cache", "missing", "not cached"))
    return found


def _in_graph(
    expected: Expected | CurrentVersion, version: CurrentVersion, view: GraphView | None
) -> list[Discrepancy]:
    record_id = expected.record_id
    if view is None:
        return [Discrepancy(record_id, "graph", "missing", "no episode")]
    if view.saga_id != expected.marker:
        return [Discrepancy(record_id, "graph", "stale", f"marker {view.saga_id}, not {expected.marker}")]
    found = []
    stated, _ = renewed(tuple(map(to_entity, version.extraction["entities"])), ())
    wanted = {key for entity in stated if entity.type is not EntityType.VALUE for key in entity.keys}
    known = {alias for entity in view.entities for alias in entity.aliases}
    if wanted - known:
        found.append(Discrepancy(record_id, "graph", "missing", f"entities {sorted(wanted - known)}"))
    predicates = {claim["predicate"] for claim in version.extraction["claims"] if claim["object"] != NOTHING}
    held = {fact.predicate for fact in view.facts}
    if predicates - held:
        found.append(Discrepancy(record_id, "graph", "missing", f"facts {sorted(predicates - held)}"))
    return found


def _in_vectors(expected: Expected | CurrentVersion, points: Sequence[PointView]) -> list[Discrepancy]:
    record_id = expected.record_id
    shown = shown_points(expected)
    own = [point for point in points if point.saga_id in shown]
    held = Counter(point.saga_id for point in own)
    found = []
    missing = sum(max(0, wanted - held[saga_id]) for saga_id, wanted in shown.items())
    if missing:
        found.append(Discrepancy(record_id, "vectors", "missing", f"{missing} of {sum(shown.values())} points"))
    hidden = sum(1 for point in own if not point.visible)
    if hidden:
        found.append(Discrepancy(record_id, "vectors", "invisible", f"{hidden} points"))
    if len(points) > len(own):
        found.append(Discrepancy(record_id, "vectors", "orphan", f"{len(points) - len(own)} points of other attempts"))
    return found


async def _orphans(stores: Stores, current: AbstractSet[str]) -> list[Discrepancy]:
    found = []
    for name, store in (("graph", stores.graph), ("vectors", stores.vectors), ("cache", stores.cache)):
        async for batch in store.scan():
            for held in batch:
                if held.record_id not in current:
                    found.append(Discrepancy(held.record_id, name, "orphan", f"{held.parts} parts of {held.saga_id}"))
    return found
