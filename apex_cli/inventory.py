"""What the memory holds: an overview, lists of records and entities, and the neighbours of an entity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from apex_cli import queries
from apex_cli.stores.postgres.inventory import RecordGroup, RecordList
from apex_cli.stores.postgres.runs import OpenSagaCount, Run
from apex_cli.stores.views import EntityView, FactView

if TYPE_CHECKING:
    from apex_cli.stores.factory import Stores

_RUNS = 5
_MOST_MENTIONS = 1_000_000
"""So many of the newest records that mention an entity are looked at."""
_RECORDS_OF_A_FACT = 20


@dataclass(frozen=True, slots=True)
class Overview:
    """How much the memory holds, and how its last runs ended. `entities` are counted by type, without plain values."""

    groups: Sequence[RecordGroup]
    entities: Mapping[str, int]
    facts: int
    runs: Sequence[Run]
    open_sagas: Sequence[OpenSagaCount]

    @property
    def records(self) -> int:
        return sum(group.records for group in self.groups)


@dataclass(frozen=True, slots=True)
class EntityList:
    """Entities by name, and whether there are more."""

    entities: Sequence[EntityView]
    more: bool


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another entity, and the facts that join it with the one that was asked for, oldest first."""

    entity: EntityView
    facts: Sequence[FactView]


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """An entity and its neighbours, those with the newest facts first. `left_out` counts those beyond the limit.

    `names` are the records that support the facts, the latest 20 of each fact, by id: as `apex get` takes them.
    """

    entity: EntityView
    neighbours: Sequence[Neighbour]
    left_out: int
    names: Mapping[str, str] = field(default_factory=dict)


async def overview(stores: Stores) -> Overview:
    """Counts everything: takes the longer the more there is."""
    groups = await stores.inventory.groups()
    entities, facts = await stores.graph.count_by_type()
    return Overview(groups, entities, facts, await stores.runs.list(limit=_RUNS), await stores.runs.open_sagas())


async def list_records(
    stores: Stores,
    *,
    source: str | None = None,
    data_type: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    entity: str | None = None,
    limit: int = 20,
) -> RecordList:
    """The newest records, by event time: at or after `since`, before `until`, only those that mention `entity`.

    Raises as `queries.find_entity` does.
    """
    among: Sequence[str] | None = None
    if entity is not None:
        found = await queries.find_entity(stores, entity)
        among = await stores.graph.newest_records(found.id, limit=_MOST_MENTIONS)
    return await stores.inventory.records(
        source=source, data_type=data_type, since=since, until=until, among=among, limit=limit
    )


async def list_entities(stores: Stores, *, kind: str | None = None, beginning: str = "", limit: int = 20) -> EntityList:
    """Entities by name, in any case: of one type, and those whose name begins so. Plain values are left out."""
    found = await stores.graph.list_entities(kind=kind, beginning=beginning, limit=limit + 1)
    return EntityList(found[:limit], len(found) > limit)


async def neighbours(stores: Stores, entity: str, *, at: datetime | None = None, limit: int = 50) -> Neighbourhood:
    """What an entity is joined with by facts that hold `at` a moment, by default now.

    Raises as `queries.find_entity` does.
    """
    known = await queries.facts(stores, entity)
    moment = at or datetime.now(UTC)
    joining: dict[str, list[FactView]] = {}
    for fact in known.facts:
        if not fact.overruled and fact.holds(moment):
            other = fact.object_id if fact.subject_id == known.entity.id else fact.subject_id
            joining.setdefault(other, []).append(fact)
    joining.pop(known.entity.id, None)
    views = await stores.graph.entities(list(joining))
    found = [Neighbour(view, joining[view.id]) for view in views]
    found.sort(key=lambda one: (one.facts[-1].valid_at, one.entity.name), reverse=True)
    shown = found[:limit]
    ids = {record for one in shown for fact in one.facts for record in fact.records[-_RECORDS_OF_A_FACT:]}
    names = {record: seen.name for record, seen in (await stores.sightings.of_records(ids)).items()}
    return Neighbourhood(known.entity, shown, max(0, len(found) - limit), names)
