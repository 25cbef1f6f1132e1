"""The read side: one record as the four stores hold it, its history, and the facts of an entity."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from apex_cli.errors import StoreTransient, UsageError
from apex_cli.extract import clean, keys
from apex_cli.extract.identity import trimmed
from apex_cli.extract.timestamps import rfc3339
from apex_cli.model import EntityType
from apex_cli.payloads import Change, changes
from apex_cli.stores.postgres.catalog import CurrentVersion, StoredVersion, order_of, shown_points, versions_by_then
from apex_cli.stores.postgres.places import PlaceView
from apex_cli.stores.views import EntityView, FactView, GraphView, PointView
from apex_cli.text_cleaning import replace_unencodable
from apex_cli.whole_reads import Differences, read_whole

if TYPE_CHECKING:
    from apex_cli.stores.factory import Stores

_NAMED = frozenset((EntityType.CUSTOMER, EntityType.CARRIER, EntityType.DRIVER, EntityType.PERSON, EntityType.GEOFENCE))
"""Types of things that people spell in many ways."""
_LOOKS = 5
"""How often a name is looked up when what it led to is gone at the next step."""


class AmbiguousEntity(UsageError):
    """Several entities have the name that was given. `candidates` are these entities."""

    candidates: Sequence[EntityView]
    code = "ambiguous"

    def __init__(self, text: str, candidates: Sequence[EntityView]) -> None:
        super().__init__(
            f"{len(candidates)} entities answer to {text!r}", hint="name one of them by its id or by one of its keys"
        )
        self.candidates = candidates


@dataclass(frozen=True, slots=True)
class RecordView:
    """What each of the four stores holds of one record, and where it was found, if it is a document.

    `differing` are the stores that hold another version than PostgreSQL, although no saga is under way.
    """

    version: CurrentVersion
    graph: GraphView | None
    points: Sequence[PointView]
    cache: Mapping[str, Any] | None
    places: Sequence[PlaceView] = ()
    differing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version of a record, and what changed since the version before it; nothing for the first, and for replaced
    ones."""

    version: StoredVersion
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class RecordHistory:
    """All versions of a record by as-of time; a replaced one stands before its correction."""

    versions: Sequence[VersionView]


@dataclass(frozen=True, slots=True)
class EntityFacts:
    """An entity and its facts, oldest first. `candidates` are other entities that are likely the same thing.

    `markers` are those of the records that support the facts, at the moment of the facts.
    """

    entity: EntityView
    facts: Sequence[FactView]
    candidates: Sequence[EntityView]
    markers: Mapping[str, str] = field(default_factory=dict)


async def find_record(stores: Stores, ident: str) -> CurrentVersion:
    """The current version of a record, by record id or `source:external_id`. Raises `UsageError` (none or several)."""
    found: Sequence[CurrentVersion] = ()
    record_id = _as_uuid(ident)
    if record_id is not None:
        found = list((await stores.catalog.by_id([record_id])).values())
    if not found and ":" in ident:
        source, _, external_id = ident.partition(":")
        found = await stores.catalog.by_name(source, trimmed(external_id))
    if not found:
        raise UsageError(
            f"no record {ident!r}",
            hint="name it by its record id or as source:external_id, e.g. turvo:SHIP-2025-10-19-002",
            code="not_found",
        )
    if len(found) > 1:
        listed = ", ".join(f"{version.record_id} ({version.data_type} {version.external_id})" for version in found)
        raise UsageError(f"{len(found)} records are called {ident!r}", hint=f"name one by its id: {listed}")
    return found[0]


async def get(stores: Stores, ident: str) -> RecordView:
    """One record out of all four stores, in one version. Raises `UsageError` when there is none, or several."""

    async def in_graph() -> GraphView | None:
        record_id = (await find_record(stores, ident)).record_id
        return (await stores.graph.read([record_id])).get(record_id)

    async def join(graph: GraphView | None) -> tuple[RecordView, Differences]:
        version = await find_record(stores, ident)
        record_id = version.record_id
        ids = [record_id]
        points, cache, places = await asyncio.gather(
            stores.vectors.read(ids), stores.cache.read(ids), stores.places.of_records(ids)
        )
        shown = shown_points(version)
        # Without what readers cannot see of other attempts: a saga under way has prepared it.
        own = [point for point in points.get(record_id, ()) if point.visible or point.saga_id in shown]
        view = RecordView(version, graph, own, cache.get(record_id), places.get(record_id, ()))
        differing = tuple(_differing(view))
        if not differing:
            return view, frozenset()
        held = (version.marker, view.graph.saga_id if view.graph else "", *sorted({point.saga_id for point in own}))
        return replace(view, differing=differing), frozenset({(record_id, *differing, *held)})

    view, _ = await read_whole(stores.journal, in_graph, join)
    return view


def _differing(view: RecordView) -> Iterator[str]:
    """The stores that hold another version of the record than PostgreSQL."""
    if view.graph is None or view.graph.saga_id != view.version.marker:
        yield "graph"
    visible = Counter(point.saga_id for point in view.points if point.visible)
    if visible != {saga_id: count for saga_id, count in shown_points(view.version).items() if count}:
        yield "vectors"
    if view.cache is None or view.cache.get("saga_id") != view.version.saga_id:
        yield "cache"


async def history(stores: Stores, ident: str, *, known_at: datetime | None = None) -> RecordHistory:
    """The versions of one record; with `known_at` as the memory knew it then, without what came later.

    Raises `UsageError` when there is none, or several records.
    """
    versions = await _versions(stores, ident)
    if known_at is not None:
        versions = _known(ident, versions, known_at)
    views: list[VersionView] = []
    before: StoredVersion | None = None
    for version in sorted(versions, key=order_of):
        counts = version.replaced_by is None
        differences = (
            changes(before.payload, version.payload, partial=not version.whole) if before is not None and counts else []
        )
        views.append(VersionView(version, differences))
        before = version if counts else before
    return RecordHistory(views)


def _known(ident: str, versions: Sequence[StoredVersion], at: datetime) -> Sequence[StoredVersion]:
    """See `versions_by_then`. Raises `UsageError` where there was none yet."""
    if found := versions_by_then(versions, at):
        return found
    first = rfc3339(min(version.written_at for version in versions))
    hint = f"it got the first version at {first}"
    raise UsageError(f"the memory did not have {ident!r} at {rfc3339(at)}", hint=hint, code="not_found")


async def _versions(stores: Stores, ident: str) -> Sequence[StoredVersion]:
    for _ in range(_LOOKS):
        record_id = (await find_record(stores, ident)).record_id
        if versions := (await stores.catalog.versions([record_id])).get(record_id):
            return versions
        # It was forgotten in between: the next look does not find it.
    raise StoreTransient("postgres", f"the versions of {ident!r} cannot be read", hint="run `apex verify`")


async def facts(stores: Stores, entity: str) -> EntityFacts:
    """An entity, all its facts with those that are overruled, and what else is likely the same thing.

    See `find_entity`.
    """
    for _ in range(_LOOKS):
        found = await find_entity(stores, entity)
        if known := await stores.graph.supported_facts(found.id):
            return EntityFacts(known.entity, known.facts, await _candidates(stores, known.entity), known.markers)
        # It went into another entity in between: the next look finds that one.
    raise StoreTransient("graph", f"{entity!r} changes faster than it can be read", hint="try again")


async def find_entity(stores: Stores, text: str) -> EntityView:
    """The entity that a text means: an id, a key, a name, a part of a name, or a record (`turvo:SHIP-1`), which stands
    for what it is about.

    Raises `AmbiguousEntity` when several may be meant, and `UsageError` with the nearest names when none is.
    """
    found = await stores.graph.find_entities(text) or await _about(stores, text)
    if len(found) > 1:
        raise AmbiguousEntity(text, found)
    if found:
        return found[0]
    near = [clean.line(one.name) for one in await stores.graph.resembling(text)]
    raise UsageError(
        f"nothing is known as {text!r}",
        hint=f"did you mean {' or '.join(map(repr, dict.fromkeys(near)))}?"
        if near
        else "search for a part of its text with `apex search`, or give the id of a shipment, vehicle or person",
        code="not_found",
    )


async def _candidates(stores: Stores, entity: EntityView) -> Sequence[EntityView]:
    """Other entities that are likely the same thing: their names are near, and no ids of one kind contradict it."""
    if entity.type not in _NAMED:
        return []
    near = await stores.graph.resembling(entity.name, kind=entity.type, limit=20)
    return [one for one in near if one.id != entity.id and not _contradict(entity, one)]


def _contradict(one: EntityView, other: EntityView) -> bool:
    """Whether both have keys of one exclusive kind, and none in common."""
    first, second = ({key for key in each.aliases if keys.is_exclusive(key)} for each in (one, other))
    shared = {keys.kind_of(key) for key in first} & {keys.kind_of(key) for key in second}
    return bool(shared) and first.isdisjoint(second)


async def _about(stores: Stores, text: str) -> Sequence[EntityView]:
    """What a record is about: the subject of most of its facts, or its only entity."""
    if ":" not in text or replace_unencodable(text) != text:
        return []
    source, _, external_id = text.partition(":")
    versions = await stores.catalog.by_name(source, external_id)
    found: dict[str, EntityView] = {}
    for view in (await stores.graph.read([version.record_id for version in versions])).values():
        subjects = Counter(fact.subject_id for fact in view.facts)
        by_id = {one.id: one for one in view.entities}
        main = max(subjects.keys() & by_id.keys(), key=lambda id: (subjects[id], id), default=None)
        if main is not None or len(by_id) == 1:
            one = by_id[main] if main is not None else view.entities[0]
            found[one.id] = one
    return list(found.values())


def _as_uuid(text: str) -> str | None:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return None
