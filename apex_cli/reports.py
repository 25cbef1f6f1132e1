"""What `apex report` and `apex show` are made of: each is one question, so the stores are opened once.

Both are bounded: a portrait holds the newest facts of an entity, a report the first gaps of each kind; and both say how
much they leave out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from apex_cli import answers, inventory
from apex_cli.answers import Contradiction
from apex_cli.gaps import DAY, Gaps, gaps
from apex_cli.inventory import Neighbourhood, Overview
from apex_cli.model import EntityType, Predicate
from apex_cli.stores.postgres.activity import Activity
from apex_cli.stores.postgres.inventory import ListedRecord
from apex_cli.stores.views import EntityView, FactView

if TYPE_CHECKING:
    from apex_cli.stores.factory import Stores

_MOST_RECORDS = 20_000
"""So many supporting records are looked at to find the newest of each fact."""
_LONGEST_TRAIL = 200
_RUNS = timedelta(days=30)
"""So long the runs are looked back at: each has a summary that takes its time to read."""
_MOST_OF_A_NEIGHBOUR = 5


@dataclass(frozen=True, slots=True)
class MemoryReport:
    """The memory at a glance. `records` are those that the gaps name; `newest` is the newest record of each fact of a
    contradiction, by ids.
    """

    overview: Overview
    activity: Activity
    gaps: Gaps
    newest: Mapping[str, str]
    records: Sequence[ListedRecord]

    @property
    def record_names(self) -> Mapping[str, str]:
        """What the records are called, as `apex get` takes it, by their ids."""
        return _names(self.records)


@dataclass(frozen=True, slots=True)
class Portrait:
    """An entity at a moment: its facts until then (without a moment those that begin later, too), oldest first, its
    contradictions and neighbours then, and the records that are named.

    `left_out` counts older facts. `trails` are positions of vehicles while the driver of the shipment drove them,
    oldest first. `newest` is the newest record of each fact until then, by ids, for those facts of which it is known.
    """

    entity: EntityView
    at: datetime
    facts: Sequence[FactView]
    left_out: int
    contradictions: Sequence[Contradiction]
    neighbourhood: Neighbourhood
    trails: Sequence[FactView]
    newest: Mapping[str, str]
    records: Sequence[ListedRecord]

    @property
    def record_names(self) -> Mapping[str, str]:
        """What the records are called, as `apex get` takes it, by their ids."""
        return _names(self.records)


async def report(
    stores: Stores,
    *,
    at: datetime | None = None,
    since: datetime | None = None,
    unseen_seconds: float = DAY,
    limit: int = 100,
) -> MemoryReport:
    """The report: what the runs did from `since`, by default for 30 days, until now; the gaps `at` a
    moment.
    """
    now = datetime.now(UTC)
    found = await gaps(stores, at=at or now, unseen_seconds=unseen_seconds, limit=limit)
    newest = await _newest_records(stores, _compared(found.contradictions), found.at)
    named = [
        *(one.record_id for one in found.unseen),
        *(one.record_id for one in found.overdue),
        *newest.values(),
    ]
    return MemoryReport(
        overview=await inventory.overview(stores),
        activity=await stores.activities.between(since or now - _RUNS, now),
        gaps=found,
        newest=newest,
        records=await _records(stores, named),
    )


async def portrait(
    stores: Stores, entity: str, *, at: datetime | None = None, limit: int = 300, neighbours: int = 40
) -> Portrait:
    """An entity for a picture: at most `limit` positions and `limit` other facts, the newest. Raises as
    `queries.find_entity` does.
    """
    moment = at or datetime.now(UTC)
    known = await answers.answer(stores, entity, everything=True)
    ident = known.entity.id
    then = known if at is None else await answers.answer(stores, ident, at=at)
    until = [one.fact for one in known.facts if at is None or one.fact.valid_at <= at]
    kept = _newest(until, limit)
    trails = await _trails(stores, known.entity, until, moment)
    around = await inventory.neighbours(stores, ident, at=moment, limit=neighbours)
    named = [
        *kept,
        *trails,
        *(fact for one in around.neighbours for fact in one.facts[-_MOST_OF_A_NEIGHBOUR:]),
        *_compared(then.contradictions),
    ]
    newest = await _newest_records(stores, named, datetime.max.replace(tzinfo=UTC) if at is None else at)
    return Portrait(
        entity=known.entity,
        at=moment,
        facts=kept,
        left_out=len(until) - len(kept),
        contradictions=then.contradictions,
        neighbourhood=around,
        trails=trails,
        newest=newest,
        records=await _records(stores, newest.values()),
    )


def _compared(found: Iterable[Contradiction]) -> list[FactView]:
    return [side.fact for one in found for side in (one.fact, one.other)]


def _newest(facts: Sequence[FactView], limit: int) -> list[FactView]:
    """The newest positions and the newest of the rest: a truck's many positions push nothing else out."""
    positions = [one for one in facts if one.predicate == Predicate.LOCATED_AT]
    others = [one for one in facts if one.predicate != Predicate.LOCATED_AT]
    kept = {one.id for one in (*positions[-limit:], *others[-limit:])}
    return [one for one in facts if one.id in kept]


async def _trails(stores: Stores, entity: EntityView, facts: Iterable[FactView], at: datetime) -> list[FactView]:
    """Where the vehicles were that the drivers of a shipment drove, while they drove them for it."""
    if entity.type != EntityType.SHIPMENT:
        return []
    driven = [one for one in facts if one.predicate == Predicate.ASSIGNED_DRIVER and one.certain]
    found: list[FactView] = []
    for drives in await stores.graph.statements([one.object_id for one in driven]):
        if drives.predicate != Predicate.DRIVES:
            continue
        spans = [_overlap(drives, one, at) for one in driven if one.object_id == drives.subject_id]
        positions = await stores.graph.facts(drives.object_id, predicate=Predicate.LOCATED_AT)
        found += [one for one in positions if any(begin <= one.valid_at < end for begin, end in spans)]
    return sorted({one.id: one for one in found}.values(), key=lambda one: one.valid_at)[-_LONGEST_TRAIL:]


def _overlap(one: FactView, other: FactView, at: datetime) -> tuple[datetime, datetime]:
    return max(one.valid_at, other.valid_at), min(one.invalid_at or at, other.invalid_at or at, at)


async def _newest_records(stores: Stores, facts: Iterable[FactView], until: datetime) -> Mapping[str, str]:
    """The id of the newest record that supports each fact, of those that count until then."""
    groups: dict[str, Sequence[str]] = {}
    left = _MOST_RECORDS
    for fact in facts:
        groups[fact.id] = fact.records[:left]
        left -= len(groups[fact.id])
    last = await stores.sightings.last_of(groups, until=until)
    return {fact: one.record_id for fact, one in last.items()}


async def _records(stores: Stores, ids: Iterable[str]) -> Sequence[ListedRecord]:
    wanted = [one for one in dict.fromkeys(ids) if one]
    return (await stores.inventory.records(among=wanted, limit=len(wanted))).records if wanted else []


def _names(records: Iterable[ListedRecord]) -> dict[str, str]:
    return {one.record_id: f"{one.source}:{one.external_id}" for one in records}
