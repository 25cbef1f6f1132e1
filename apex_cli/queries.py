"""The read side: one record as the four stores hold it, search, and the facts of an entity.

PostgreSQL knows which version of a record is current. Search never answers with data of another version.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from apex_cli.errors import ApexError, RecordError, RunHalted, StoreError, StoreTransient, UsageError
from apex_cli.extract import clean, keys
from apex_cli.extract.identity import trimmed
from apex_cli.model import EntityType
from apex_cli.payloads import Change, changes
from apex_cli.stores.postgres.catalog import CurrentVersion, StoredVersion, shown_points
from apex_cli.stores.postgres.places import PlaceView
from apex_cli.stores.protocol import EntityView, FactView, GraphView, Hit, PointView
from apex_cli.text_cleaning import replace_unencodable
from apex_cli.whole_reads import Differences, read_whole

if TYPE_CHECKING:
    from apex_cli.embed.apply import Embedding
    from apex_cli.stores.factory import Stores

_NAMED = frozenset((EntityType.CUSTOMER, EntityType.CARRIER, EntityType.DRIVER, EntityType.PERSON, EntityType.GEOFENCE))
"""Types of things that people spell in many ways."""
_RRF = 60
"""Rank constant of reciprocal rank fusion (Cormack, Clarke, Büttcher, SIGIR 2009)."""
_LOOKS = 5
"""How often a name is looked up when what it led to is gone at the next step."""
_LEADS = 4
"""How many times the vectors of a model for text count what all other parts count together, by their scores.

Sums of scores find more than ranks do (Bruch, Gai and Ingber, TOIS 2023): by rank a part counts the same for what it
hardly finds, and words and the graph always find something.
"""


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


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A record found. `matched_by` lists the parts of the search that found it: `vector`, `keyword`, `graph`.

    `place` is where `text` is in its file ("rate-con.pdf, page 2"); empty where there is nothing to say.
    """

    rank: int
    score: float
    record_id: str
    source: str
    external_id: str
    text: str
    matched_by: tuple[str, ...]
    place: str = ""


@dataclass(frozen=True, slots=True)
class FailedPart:
    """A part of a search that could not answer, and why."""

    part: str
    error: ApexError


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The hits, best first, of all parts but those in `left_out`."""

    hits: Sequence[SearchHit]
    left_out: Sequence[FailedPart] = ()


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


async def history(stores: Stores, ident: str) -> RecordHistory:
    """The versions of one record. Raises `UsageError` when there is none, or several."""
    versions = await _versions(stores, ident)
    views: list[VersionView] = []
    before: StoredVersion | None = None
    for version in sorted(versions, key=lambda one: (one.event_time, one.whole, one.replaced_by is None, one.revision)):
        counts = version.replaced_by is None
        differences = (
            changes(before.payload, version.payload, partial=not version.whole) if before is not None and counts else []
        )
        views.append(VersionView(version, differences))
        before = version if counts else before
    return RecordHistory(views)


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


async def search(stores: Stores, text: str, *, limit: int = 10, source: str | None = None) -> SearchResult:
    """Records that fit `text`: by meaning, by words and by the graph, fused by reciprocal rank.

    A part that fails is left out and named in the result. Without a vector of `text`, these are `vector` and `graph`.
    Raises an `ApexError` when no part answers, or when PostgreSQL cannot say which versions are current.
    """

    async def join(found: tuple[_Fusion, list[FailedPart]]) -> tuple[SearchResult, Differences]:
        fused, left_out = found
        versions = await stores.catalog.by_id(fused.record_ids())
        hits = list(_ranked(fused, versions, limit, source))
        current = {hit.record_id: versions[hit.record_id] for hit in hits}
        return SearchResult(hits, left_out), frozenset(
            (record_id, version.marker, saga_id)
            for record_id, version in current.items()
            for saga_id in fused.sagas[record_id] - {version.marker, *shown_points(version)}
        )

    result, _ = await read_whole(
        stores.journal, partial(_find, stores, text, depth=max(50, limit * 5), source=source), join
    )
    return result


async def _find(stores: Stores, text: str, *, depth: int, source: str | None) -> tuple[_Fusion, list[FailedPart]]:
    """What each part of the search finds, and the parts that could not answer."""
    embedding = stores.embedding
    questions = {
        model: asyncio.ensure_future(embedding.models[model].question(text)) for model in stores.vectors.models
    }

    async def by_vector(model: str) -> Sequence[Hit]:
        return await stores.vectors.search(model, (await questions[model]).tolist(), limit=depth, source=source)

    async def by_graph() -> Sequence[Hit]:
        return await stores.graph.search(text, (await questions[embedding.embedder.name]).tolist(), limit=depth)

    parts = [
        *(("vector", by_vector(model)) for model in questions),
        ("keyword", stores.catalog.search(text, limit=depth, source=source)),
        ("graph", by_graph()),
    ]
    answers = await asyncio.gather(*(_answer(part) for _, part in parts))
    named = [(name, answer) for (name, _), answer in zip(parts, answers, strict=True)]
    left_out = [FailedPart(name, answer) for name, answer in named if isinstance(answer, ApexError)]
    if len(left_out) == len(parts):
        raise next((part.error for part in left_out if isinstance(part.error, StoreError)), left_out[0].error)
    fused = _Fusion()
    leading = list(questions).index(embedding.text.name) if _asks_for_meaning(embedding, text) else None
    for place, (part, answer) in enumerate(named):
        if not isinstance(answer, ApexError):
            fused.add(part, answer, share=_LEADS * (len(parts) - 1) / (_RRF + 1) if place == leading else None)
    return fused, left_out


def _asks_for_meaning(embedding: Embedding, text: str) -> bool:
    """Whether a question names no thing, which has a digit in its id, and a model for text knows what it means."""
    return embedding.text is not embedding.embedder and not any(map(str.isdigit, text))


async def _answer(part: Awaitable[Sequence[Hit]]) -> Sequence[Hit] | ApexError:
    """The hits of a part, or the error of its store or of the embedding model."""
    try:
        return await part
    except (StoreError, RecordError, RunHalted) as error:
        return error


@dataclass
class _Fusion:
    """Reciprocal rank fusion. A part adds 1 / (60 + rank) to the score of each record that it finds.

    Example: first by vector and third by graph is 1/61 + 1/63 = 0.0323, more than first in one part (0.0164).

    A part with a `share` adds by its own scores instead: the share for its best record, down to nothing for its last.
    """

    scores: dict[str, float] = field(default_factory=dict)
    parts: dict[str, dict[str, None]] = field(default_factory=dict)
    points: dict[str, Hit] = field(default_factory=dict)
    """The best point of each record found by vector: its text is the passage to show."""
    sagas: dict[str, set[str]] = field(default_factory=dict)
    """The sagas that wrote what the parts found of each record."""

    def add(self, part: str, hits: Sequence[Hit], *, share: float | None = None) -> None:
        """Count each record once a call, at its best rank."""
        seen: set[str] = set()
        for hit in hits:
            if hit.record_id in seen:
                continue
            seen.add(hit.record_id)
            self.sagas.setdefault(hit.record_id, set()).update(filter(None, [hit.saga_id]))
            self.scores[hit.record_id] = self.scores.get(hit.record_id, 0.0) + (
                1.0 / (_RRF + len(seen)) if share is None else share * _relative(hit, hits)
            )
            # A record that moves to another model may be found in both collections.
            self.parts.setdefault(hit.record_id, {})[part] = None
            if part == "vector":
                self.points[hit.record_id] = hit

    def record_ids(self) -> list[str]:
        return sorted(self.scores, key=lambda record_id: (-self.scores[record_id], record_id))


def _relative(hit: Hit, hits: Sequence[Hit]) -> float:
    """From 1 for the score of the first of these hits to 0 for that of the last."""
    best, last = hits[0].score, hits[-1].score
    return (hit.score - last) / (best - last) if best > last else 1.0


def _ranked(
    fused: _Fusion, versions: Mapping[str, CurrentVersion], limit: int, source: str | None
) -> Iterable[SearchHit]:
    current = [versions[record_id] for record_id in fused.record_ids() if record_id in versions]
    wanted = [version for version in current if source is None or version.source == source]
    for rank, version in enumerate(wanted[:limit], 1):
        record_id = version.record_id
        point = fused.points.get(record_id)
        shown = point if point is not None and point.saga_id in shown_points(version) else None
        piece, place = (shown.text, shown.place) if shown else (version.text, "")
        score, parts = round(fused.scores[record_id], 6), tuple(fused.parts[record_id])
        yield SearchHit(rank, score, record_id, version.source, version.external_id, piece[:500], parts, place)


def _as_uuid(text: str) -> str | None:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return None
