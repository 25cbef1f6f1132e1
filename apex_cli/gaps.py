"""What the memory lacks at a moment, for the person who must ask: trucks not seen for a while, shipments past their
appointment that are not known as delivered, and contradictions over all entities.

All is looked at from the latest back, up to a number that the answer names, so the time it takes is bounded. Nothing
here says that a truck is lost or a shipment late: the memory only knows what came in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from apex_cli.answers import Contradiction, contradictions, select
from apex_cli.extract.status_words import agrees
from apex_cli.model import EntityType, Predicate
from apex_cli.queries import EntityFacts
from apex_cli.stores.postgres.sightings import LastSighting
from apex_cli.stores.views import EntityView, FactView

if TYPE_CHECKING:
    from apex_cli.stores.factory import Stores

DAY = 86_400.0
"""In seconds."""
_SEEN_BY = (Predicate.LOCATED_AT, Predicate.INSIDE_GEOFENCE, Predicate.HAS_ENGINE_STATE)
_MOST_FACTS = 5_000
"""So many facts of one predicate are looked at, the latest first."""
_MOST_CLAIMS = 2_000
"""So many claims of free text are looked at."""
_MOST_EVIDENCE = 200_000
"""So many readings are looked at to find when vehicles were last seen."""
_DELIVERS = ("deliver", "drop", "unload", "consignee", "destination")
"""Words in the type of a stop at which a shipment ends."""
_DUE_BY = ("appointment_until", "appointment")
_DUE_OF_SHIPMENT = ("delivery_appointment", "delivery_at")


@dataclass(frozen=True, slots=True)
class UnseenVehicle:
    """A vehicle, when it was last seen before the moment, and by which record; `last` is what it was seen at.

    `record` is `source:external_id`, empty where the record is gone.
    """

    id: str
    name: str
    last_seen: datetime
    last: FactView
    record_id: str
    record: str


@dataclass(frozen=True, slots=True)
class OverdueShipment:
    """A shipment whose last appointment to deliver has passed, and which no system of record knows as delivered.

    `stop` names the stop, or is empty where the appointment is the shipment's own. `status` is what holds, if anything
    does.
    """

    id: str
    name: str
    appointment: datetime
    stop: str
    status: FactView | None
    record_id: str


@dataclass(frozen=True, slots=True)
class Gaps:
    """The gaps at a moment, the most urgent first: unseen vehicles by when they were last seen, shipments by their
    appointment, contradictions by the latest statement.

    The `…_total`s count what was found; the lists hold at most as many as were asked for. `complete` is false where
    there is more than was looked at. `vehicles` counts those with a reading.
    """

    at: datetime
    unseen_seconds: float
    vehicles: int
    unseen: Sequence[UnseenVehicle]
    unseen_total: int
    shipments: int
    overdue: Sequence[OverdueShipment]
    overdue_total: int
    contradictions: Sequence[Contradiction]
    contradictions_total: int
    complete: bool


async def gaps(stores: Stores, *, at: datetime | None = None, unseen_seconds: float = DAY, limit: int = 100) -> Gaps:
    """The gaps `at` a moment, by default now: at most `limit` of each kind."""
    moment = at or datetime.now(UTC)
    by_reading = [await _then(stores, predicate, moment) for predicate in _SEEN_BY]
    readings = [one for some in by_reading for one in some]
    unseen = await _unseen(stores, readings, moment, moment - timedelta(seconds=unseen_seconds))
    statuses = await _then(stores, Predicate.HAS_STATUS, moment)
    stops = await _then(stores, Predicate.HAS_STOP, moment)
    claims = await stores.graph.free_text_claims(at=moment, limit=_MOST_CLAIMS)
    mentions = [one for one in claims if one.predicate == Predicate.MENTIONS]
    asked = {
        **dict.fromkeys(one.subject_id for one in (*statuses, *stops)),
        **dict.fromkeys(one.object_id for one in mentions),
        **dict.fromkeys(one.subject_id for one in claims if one.predicate != Predicate.MENTIONS),
    }
    stated = _by_subject(await stores.graph.statements(list(asked)))
    overdue = await _overdue(stores, stated, moment)
    against = await _contradictions(stores, stated, mentions, moment)
    return Gaps(
        at=moment,
        unseen_seconds=unseen_seconds,
        vehicles=len({one.subject_id for one in readings}),
        unseen=unseen[:limit],
        unseen_total=len(unseen),
        shipments=len({one.subject_id for one in (*statuses, *stops)}),
        overdue=overdue[:limit],
        overdue_total=len(overdue),
        contradictions=against[:limit],
        contradictions_total=len(against),
        complete=len(claims) < _MOST_CLAIMS and all(len(some) < _MOST_FACTS for some in (*by_reading, statuses, stops)),
    )


async def _then(stores: Stores, predicate: Predicate, at: datetime) -> Sequence[FactView]:
    return await stores.graph.facts_then(predicate, at=at, limit=_MOST_FACTS)


def _by_subject(facts: Iterable[FactView]) -> Mapping[str, list[FactView]]:
    found: dict[str, list[FactView]] = {}
    for fact in facts:
        found.setdefault(fact.subject_id, []).append(fact)
    return found


async def _unseen(stores: Stores, readings: Sequence[FactView], at: datetime, since: datetime) -> list[UnseenVehicle]:
    """Those of the vehicles without a reading since then. What holds unchanged may have been read many times since."""
    by_vehicle = _by_subject(readings)
    quiet = {one: facts for one, facts in by_vehicle.items() if all(fact.valid_at < since for fact in facts)}
    evidence: dict[str, list[str]] = {}
    left = _MOST_EVIDENCE
    for vehicle, facts in quiet.items():
        evidence[vehicle] = [record for fact in facts for record in fact.records][:left]
        left -= len(evidence[vehicle])
    seen = await stores.sightings.last_of(evidence, until=at)
    found: list[UnseenVehicle] = []
    for vehicle, facts in quiet.items():
        last = max(facts, key=lambda one: (one.predicate == Predicate.LOCATED_AT, one.valid_at))
        sighting = seen.get(vehicle) or LastSighting(max(one.valid_at for one in facts), "", "")
        if sighting.time < since:
            found.append(UnseenVehicle(vehicle, last.subject, sighting.time, last, sighting.record_id, sighting.record))
    return sorted(found, key=lambda one: (one.last_seen, one.name))


async def _overdue(stores: Stores, stated: Mapping[str, Sequence[FactView]], at: datetime) -> list[OverdueShipment]:
    open_: dict[str, tuple[FactView | None, list[FactView]]] = {}
    for shipment, facts in stated.items():
        standing = [one for one in facts if not one.overruled and (one.invalid_at is None or at < one.invalid_at)]
        status = next((one for one in standing if one.predicate == Predicate.HAS_STATUS and one.holds(at)), None)
        if status is None or not (agrees("delivered", status.object) or agrees("cancelled", status.object)):
            open_[shipment] = status, [one for one in standing if one.predicate == Predicate.HAS_STOP]
    wanted = [*open_, *(one.object_id for _, stops in open_.values() for one in stops)]
    views = {one.id: one for one in await stores.graph.entities(wanted)}
    found: list[OverdueShipment] = []
    for shipment, (status, stops) in open_.items():
        view = views.get(shipment)
        if view is None or view.type != EntityType.SHIPMENT:
            continue
        due = _due(view, [(stop, views[stop.object_id]) for stop in stops if stop.object_id in views], at)
        if due is not None and _has_passed(due[0], at):
            moment, name, source = due
            shown = source or status
            record = shown.records[0] if shown is not None and shown.records else ""
            found.append(OverdueShipment(shipment, view.name, moment, name, status, record))
    return sorted(found, key=lambda one: (one.appointment, one.name))


def _due(
    shipment: EntityView, stops: Sequence[tuple[FactView, EntityView]], at: datetime
) -> tuple[datetime, str, FactView | None] | None:
    """By when the shipment is to be delivered: the last appointment of the stops at which it ends. Where no stop says
    what it is for, that of the last stop, if every stop has one. None where the memory does not know it, or where the
    truck has left that stop by then.
    """
    ends = [
        pair for pair in stops if any(word in str(pair[1].attributes.get("type", "")).casefold() for word in _DELIVERS)
    ]
    if not ends and not any(view.attributes.get("type") for _, view in stops):
        ends = list(stops)
    dated = [(_time(view, _DUE_BY), fact, view) for fact, view in ends]
    times = [(one, fact, view) for one, fact, view in dated if one is not None]
    if times and len(times) == len(ends):
        last, fact, view = max(times, key=lambda one: (one[0], one[2].name))
        left = _time(view, ("departed",))
        return None if left is not None and left <= at else (last, view.name, fact)
    own = _time(shipment, _DUE_OF_SHIPMENT) if not ends else None
    return None if own is None else (own, "", None)


def _has_passed(appointment: datetime, at: datetime) -> bool:
    """Whether an appointment has passed. Midnight stands for a day without an hour: it passes when the day does."""
    day = appointment.time() == time.min
    return (appointment + timedelta(days=1) if day else appointment) < at


def _time(view: EntityView, names: Sequence[str]) -> datetime | None:
    """The first of these attributes that is a time."""
    for name in names:
        value = view.attributes.get(name)
        if isinstance(value, str):
            try:
                return datetime.fromisoformat(value).astimezone(UTC)
            except ValueError:
                continue
    return None


async def _contradictions(
    stores: Stores, stated: Mapping[str, Sequence[FactView]], mentions: Sequence[FactView], at: datetime
) -> list[Contradiction]:
    """The contradictions of each of these entities, compared as for `apex facts`."""
    mentioned: dict[str, list[FactView]] = {}
    for mention in mentions:
        mentioned.setdefault(mention.object_id, []).append(mention)
    pairs: list[tuple[FactView, FactView]] = []
    for entity, facts in stated.items():
        known = EntityFacts(EntityView(entity, facts[0].subject, ""), [*facts, *mentioned.get(entity, ())], ())
        pairs += select(known, at=at).compared
    wanted = {record for pair in pairs for view in pair for record in view.records}
    found = contradictions(pairs, await stores.sightings.of_records(wanted), at)
    return sorted(found, key=lambda one: (one.other.last_seen, one.fact.fact.subject), reverse=True)
