"""What `apex facts` answers about one entity: what holds, since when and when it was last seen, what contradicts it,
what held before, and who mentions it; each with the records that say so.

What holds is what the graph says. A contradiction changes nothing: it stands beside what holds. There are two kinds:

- Free text that is not earlier than the beginning of the current value states another one. Example: Turvo says
  `in_transit` since 08:00, a message of 21:15 says "delivered". The rules keep this as an attribute of a mention; what
  a model reads is a fact that the source's own overrules.
- Another system of record states another value at the same time, or has not taken its value back since the current one
  began. Example: Turvo says `in_transit` since the 19th, and a McLeod row of the 20th still says `delivered`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from apex_cli import queries
from apex_cli.extract.status_words import agrees
from apex_cli.known_facts import known_facts
from apex_cli.model import FUNCTIONAL, Predicate
from apex_cli.queries import EntityFacts
from apex_cli.stores.postgres.sightings import SeenRecord
from apex_cli.stores.views import EntityView, FactView
from apex_cli.whole_reads import Differences, read_whole

if TYPE_CHECKING:
    from apex_cli.stores.factory import Stores

_NOW_EACH = 10
_NEWEST_PAST = 20
_NEWEST_MENTIONS = 5
_COMPARED = 50
"""So many of the latest values of one relation are compared with the current one."""
_MENTIONS_OF_A_STATUS = 3
_MOST_SOURCES = 20
_MOMENTARY = frozenset({Predicate.LOCATED_AT, Predicate.HAS_ENGINE_STATE, Predicate.INSIDE_GEOFENCE})
"""What a source reads at a moment, and does not go on to state."""

SeenRecords = Mapping[str, SeenRecord]
"""Records by their ids."""


@dataclass(frozen=True, slots=True)
class AnsweredFact:
    """A fact, when a supporting record last stated it, and these records as `source:external_id`, the newest first.

    `sources` are at most 20; `fact.records` are all.
    """

    fact: FactView
    last_seen: datetime
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """`fact` holds, and `other` states `value` instead. `is_mention`: `other` is free text."""

    fact: AnsweredFact
    other: AnsweredFact
    value: str
    is_mention: bool


@dataclass(frozen=True, slots=True)
class Part:
    """Facts in the order of their beginning; `left_out` are more that are older, or of a relation with many."""

    facts: Sequence[AnsweredFact] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of an entity at `at`. `later` begins after it: appointments. `candidates` are likely the same.

    `differing` counts records whose facts are of another version than the one that PostgreSQL shows, although no saga
    is under way.
    """

    entity: EntityView
    at: datetime
    now: Part
    later: Part
    history: Part
    mentions: Part
    contradictions: Sequence[Contradiction]
    candidates: Sequence[EntityView]
    differing: int = 0

    @property
    def facts(self) -> list[AnsweredFact]:
        """All facts, oldest first."""
        parts = (self.now, self.later, self.history, self.mentions)
        return sorted((one for part in parts for one in part.facts), key=lambda one: _order(one.fact))


async def answer(
    stores: Stores,
    entity: str,
    *,
    at: datetime | None = None,
    predicate: str | None = None,
    everything: bool = False,
    known_at: datetime | None = None,
) -> Answer:
    """The answer about an entity, found by any of its names; with `at` only what held then, with `known_at` by what
    the memory knew then (see `known_facts`).

    Without `everything` long parts are cut to the newest. Raises `AmbiguousEntity` when several have the name,
    `UsageError` when none does.
    """
    if known_at is not None:
        found = await queries.find_entity(stores, entity)
        known = await known_facts(stores, found, known_at)
        selection = select(EntityFacts(found, known.facts, ()), at=at, predicate=predicate, everything=everything)
        return selection.answer(known.records)

    async def in_graph() -> FactSelection:
        return select(await queries.facts(stores, entity), at=at, predicate=predicate, everything=everything)

    async def join(selection: FactSelection) -> tuple[Answer, Differences]:
        records = await stores.sightings.of_records(selection.record_ids)
        return selection.answer(records), selection.differences(records)

    whole, differences = await read_whole(stores.journal, in_graph, join)
    return replace(whole, differing=len(differences))


@dataclass(frozen=True, slots=True)
class FactSelection:
    """What an answer shows of an entity's facts: the four parts, each with how many are left out, and what is compared
    for contradictions. `at` is None where the question names no time, `now` the time that counts then.
    """

    known: EntityFacts
    at: datetime | None
    now: datetime
    parts: Sequence[tuple[Sequence[FactView], int]]
    compared: Sequence[tuple[FactView, FactView]]

    @property
    def record_ids(self) -> set[str]:
        """The records that support what is shown."""
        shown = [view for part, _ in self.parts for view in part] + [view for pair in self.compared for view in pair]
        return {record for view in shown for record in view.records}

    def answer(self, records: SeenRecords) -> Answer:
        """The answer, with what these records are called and when they stated it."""
        holding, later, history, mentions = (
            Part([answered(view, records, self.at) for view in part], left_out) for part, left_out in self.parts
        )
        against = contradictions(self.compared, records, self.now)
        return Answer(self.known.entity, self.now, holding, later, history, mentions, against, self.known.candidates)

    def differences(self, records: SeenRecords) -> Differences:
        """The records of which PostgreSQL shows another version than the one whose facts these are."""
        markers = self.known.markers
        shown = {one: records[one].marker if one in records else "" for one in self.record_ids if one in markers}
        return frozenset((one, marker, markers[one]) for one, marker in shown.items() if marker != markers[one])


def select(
    known: EntityFacts, *, at: datetime | None = None, predicate: str | None = None, everything: bool = False
) -> FactSelection:
    """Choose what to show; see `answer`."""
    now = at or datetime.now(UTC)
    standing = [view for view in known.facts if predicate in (None, view.predicate) and not view.overruled]
    chosen = [view for view in standing if at is None or view.holds(at)]
    compared = [pair for pair in _pairs(known.facts, known.entity.id, now) if predicate in (None, pair[0].predicate)]
    return FactSelection(known, at, now, _divided(chosen, now, everything=everything), compared)


def answered(fact: FactView, records: SeenRecords, at: datetime | None = None) -> AnsweredFact:
    """The fact with its records; `at` leaves out what they stated later. Records that are gone are left out."""
    seen = []
    for record in fact.records:
        if known := records.get(record):
            time = known.last_stated(fact.predicate, before=fact.invalid_at, until=at)
            seen.append((time or fact.valid_at, known.name))
    seen.sort(key=lambda pair: pair[1])
    seen.sort(key=lambda pair: pair[0], reverse=True)
    names = tuple(dict.fromkeys(name for _, name in seen))
    return AnsweredFact(fact, seen[0][0] if seen else fact.valid_at, names[:_MOST_SOURCES])


def contradictions(
    compared: Iterable[tuple[FactView, FactView]], records: SeenRecords, at: datetime
) -> list[Contradiction]:
    """Those of the pairs (what holds, what may contradict it) in which the second does; see the head of this module."""
    found: list[Contradiction] = []
    for held, other in compared:
        if other.predicate == Predicate.MENTIONS or other.overruled:
            said = other.object if other.overruled else str(other.attributes["states"])
            found.append(Contradiction(answered(held, records, at), answered(other, records, at), said, True))
            continue
        own = {records[record].source for record in held.records if record in records}
        still = [
            record
            for record in other.records
            if (known := records.get(record))
            and known.source not in own
            and (other.valid_at == held.valid_at or _still_states(known, held, at))
        ]
        if own and still:
            those = {record: records[record] for record in still}
            found.append(Contradiction(answered(held, records, at), answered(other, those), other.object, False))
    return found


def _still_states(record: SeenRecord, held: FactView, at: datetime) -> bool:
    if not record.is_state or held.predicate in _MOMENTARY:
        return False
    last = record.last_stated(held.predicate, until=at)
    return last is not None and last >= held.valid_at


def _pairs(views: Sequence[FactView], entity_id: str, at: datetime) -> list[tuple[FactView, FactView]]:
    """What holds of the entity at `at`, each with what may contradict it."""
    own = [view for view in views if view.subject_id == entity_id and view.certain and view.predicate in FUNCTIONAL]
    current = [view for view in own if view.holds(at)]
    pairs: list[tuple[FactView, FactView]] = []
    for held in current:
        pairs += [(held, claimed) for claimed in _claimed_since(views, held, at)]
        if held.predicate == Predicate.HAS_STATUS:
            pairs += [(held, mention) for mention in _stated_since(views, held, entity_id, at)]
        taken = set(held.records)
        earlier = [view for view in own if view.predicate == held.predicate and view.valid_at <= held.valid_at]
        # From the latest back: a record counts with the last value that it states.
        for view in sorted(earlier, key=_order, reverse=True)[:_COMPARED]:
            if view.id == held.id:
                continue
            if view.object_id != held.object_id and not taken.issuperset(view.records):
                rest = tuple(record for record in view.records if record not in taken)
                # It has not taken this back: when it stated it last is not bounded by the end of the interval.
                pairs.append((held, replace(view, records=rest, invalid_at=None)))
            taken.update(view.records)
    return pairs


def _claimed_since(views: Iterable[FactView], held: FactView, at: datetime) -> list[FactView]:
    """What free text claims instead, not before what holds: facts of the same relation that are overruled."""
    claimed = [
        view
        for view in views
        if view.overruled
        and (view.subject_id, view.predicate) == (held.subject_id, held.predicate)
        and view.object_id != held.object_id
        and held.valid_at <= view.valid_at
        and view.holds(at)
    ]
    if held.predicate == Predicate.HAS_STATUS:
        claimed = [view for view in claimed if not agrees(view.object, held.object)]
    return sorted(claimed, key=_order)


def _stated_since(views: Iterable[FactView], held: FactView, entity_id: str, at: datetime) -> list[FactView]:
    """The newest mentions of the entity, not older than what holds, that state a status which it does not allow."""
    found: dict[str, list[FactView]] = {}
    for view in sorted(views, key=_order):
        said = view.attributes.get("states")
        if view.predicate != Predicate.MENTIONS or view.object_id != entity_id or not isinstance(said, str):
            continue
        if held.valid_at <= view.valid_at and view.holds(at) and not agrees(said, held.object):
            found.setdefault(said, []).append(view)
    return sorted((view for some in found.values() for view in some[-_MENTIONS_OF_A_STATUS:]), key=_order)


def _divided(views: Iterable[FactView], at: datetime, *, everything: bool) -> list[tuple[list[FactView], int]]:
    """What holds, what begins later, what held, and the mentions: what to show of each, and how many are left out."""
    now, later, past, mentions = list[FactView](), list[FactView](), list[FactView](), list[FactView]()
    for view in sorted(views, key=_order):
        if view.predicate == Predicate.MENTIONS:
            mentions.append(view)
        elif view.holds(at):
            now.append(view)
        else:
            (later if view.valid_at > at else past).append(view)
    if everything:
        return [(part, 0) for part in (now, later, past, mentions)]
    return [_of_each(now), _of_each(later), _newest(past, _NEWEST_PAST), _newest(mentions, _NEWEST_MENTIONS)]


def _newest(views: Sequence[FactView], most: int) -> tuple[list[FactView], int]:
    return list(views[-most:]), max(0, len(views) - most)


def _of_each(views: Sequence[FactView]) -> tuple[list[FactView], int]:
    """The newest of each relation, what only free text says too only where no system of record says it."""
    certain = {(view.subject_id, view.predicate, view.object_id) for view in views if view.certain}
    views = [view for view in views if view.certain or (view.subject_id, view.predicate, view.object_id) not in certain]
    counts: Counter[str] = Counter()
    kept: list[FactView] = []
    for view in reversed(views):
        counts[view.predicate] += 1
        if counts[view.predicate] <= _NOW_EACH:
            kept.append(view)
    return kept[::-1], len(views) - len(kept)


def _order(view: FactView) -> tuple[datetime, str, str, str, str]:
    return view.valid_at, view.predicate, view.subject, view.object, view.id
