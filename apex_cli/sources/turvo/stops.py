"""Where a shipment goes: its origin, destination and stops, each with its times."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from apex_cli.extract import clean, entities, fields, keys, places, timestamps
from apex_cli.extract.time_values import zone_of
from apex_cli.model import Entity, EntityType, JsonObject, Predicate
from apex_cli.sources.turvo import amounts, shapes
from apex_cli.sources.turvo.subject import Subject, is_deleted, object_of

_TYPES = {"1500": "Pickup", "1501": "Delivery"}
_PICKUP, _DELIVERY = "pickup", "delivery"
_APPOINTMENT = ("appointment", "appointment_date", "appointment_time", "scheduled_at")
_ADDRESS = ("line1", "line2", "zip")
_ETA = ("eta_value", "eta_to_stop", "eta")
_LABELS = {"appointment": "on", "arrival": "arrived", "departed": "departed", "eta": "expected"}
_REGION = ("state", "country", "country_code")
_NORTH, _EAST = ("latitude", "lat"), ("longitude", "lng", "lon")
_LONGEST_FLEX = 60 * 60 * 24 * 31


def claim_ends(subject: Subject) -> list[str]:
    """Claims origin and destination: those stated, else the lane's, else the first pickup and the last delivery."""
    payload, builder = subject.payload, subject.builder
    lane = object_of(payload, "lane")
    clauses = []
    for name, predicate, preposition, end, times in (
        ("origin", Predicate.ORIGIN, "from", "start", ("pickup_time", "start_date")),
        ("destination", Predicate.DESTINATION, "to", "end", ("delivery_time", "end_date")),
    ):
        located = place(payload.get(name)) or place(lane.get(end)) or _end_of_route(subject, name)
        time = subject.planned(payload, *times)
        if located:
            builder.claim(subject.ref, predicate, builder.add(located))
        if located or time:
            where = located.name if located else "an unnamed place"
            clauses.append(f"{preposition} {where}" + (f" on {timestamps.to_minute(time)}" if time else ""))
    return clauses


def claim_stops(subject: Subject) -> list[str]:
    """Claims every stop from its appointment on, and its place from the arrival to the departure, as far as they are
    known. A deleted one has ended."""
    return [_claim_stop(subject, stop, number) for number, stop in enumerate(_route(subject), start=1)]


def place(raw: object) -> Entity | None:
    """A location: "City, ST" from an object with city and state (or country), its `address`, or from a text that ends
    in one; else the city alone as the source spells it, else a position."""
    if not isinstance(raw, dict):
        text = fields.scalar(raw)
        return entities.city(places.last(clean.line(text)) or clean.line(text)) if text else None
    city = fields.label(raw.get("city"))
    region = next((found for name in _REGION if (found := fields.label(raw.get(name)))), None)
    if city:
        # Some rows have both in one field: {"city": "Lafayette, IN"}.
        both = places.last(city) if "," in city else None
        return entities.city(both or (places.city_name(city, region) if region else clean.line(city)))
    inside = place(raw.get("address"))
    if inside:
        return inside
    position = fields.position(
        *(next((raw[name] for name in names if raw.get(name) is not None), None) for names in (_NORTH, _EAST))
    )
    return entities.position(*position) if position else None


def _route(subject: Subject) -> list[JsonObject]:
    """The stops in their order, those without a sequence as they stand."""
    stops = [*subject.rows("global_route"), *subject.rows("stops")]
    return sorted(stops, key=_sequence)


def _sequence(stop: JsonObject) -> float:
    found = fields.number(stop.get("sequence"))
    return found if found is not None else -1.0


def _end_of_route(subject: Subject, end: str) -> Entity | None:
    kind = _PICKUP if end == "origin" else _DELIVERY
    found = [stop for stop in _route(subject) if not is_deleted(stop) and (_kind(stop) or "").casefold() == kind]
    return place(found[0 if end == "origin" else -1]) if found else None


def _kind(stop: JsonObject) -> str | None:
    """ "Pickup" or "Delivery" out of `{"key": "1500", "value": "Pickup"}`, its key alone, or a word."""
    raw = stop.get("stop_type", stop.get("type"))
    code = fields.pick(raw, "key") if isinstance(raw, dict) else None
    found = fields.label(raw) or code
    return clean.line(_TYPES.get(found, found)) if found else None


def _claim_stop(subject: Subject, raw: JsonObject, number: int) -> str:
    builder = subject.builder
    owner = builder.known(subject.ref).name
    name, kind, ended = fields.label(raw.get("name")), _kind(raw), subject.end(raw)
    own = fields.pick(raw, "id") or f"#{number}"
    turvo_id = shapes.turvo_id(subject.payload)
    ids = [keys.stop(owner, own), *([keys.stop(turvo_id, own)] if turvo_id else [])]
    times = _times(subject, raw)
    about = _about(raw, kind)
    stop = builder.add(
        Entity(
            EntityType.STOP,
            tuple(dict.fromkeys(ids)),
            clean.line(f"{name or number} of {owner}"),
            attributes=about | {name: timestamps.rfc3339(time) for name, time in times.items()},
        )
    )
    appointment, departed = times.get("appointment"), times.get("departed")
    builder.claim(subject.ref, Predicate.HAS_STOP, stop, valid_at=appointment, invalid_at=ended)
    where = place(raw) or place(raw.get("location"))
    if where:
        until = min((time for time in (departed, ended) if time), default=None)
        since = times.get("arrival", appointment)
        builder.claim(stop, Predicate.AT, builder.add(where), valid_at=since, invalid_at=until)
    words = ["stop", str(number), *(clean.line(part) for part in (kind, name) if part)]
    if where:
        words.append(f"at {where.name}" + (f" ({about['address']})" if "address" in about else ""))
    said = [f"{label} {timestamps.to_minute(times[name])}" for name, label in _LABELS.items() if name in times]
    return clean.joined([" ".join(words), *said]) + (" (removed)" if ended else "")


def _times(subject: Subject, stop: JsonObject) -> dict[str, datetime]:
    """The appointment and its end, the arrival, the departure and the expected arrival, as far as they are stated."""
    eta = stop.get("eta_to_stop")
    # What is inside of a stop has its zone.
    actual, expected = (
        {**stop, **inside} for inside in (object_of(stop, "attributes"), object_of(stop, "eta_to_stop"))
    )
    found = {
        "appointment": subject.planned(stop, *_APPOINTMENT),
        "arrival": timestamps.read(actual, "arrival", "arrived", "arrived_at"),
        "departed": timestamps.read(actual, "departed", "departure", "departed_at"),
        "eta": subject.planned({**expected, "eta_to_stop": None if isinstance(eta, dict) else eta}, *_ETA),
    }
    appointment = found["appointment"]
    inside = next((value for name in _APPOINTMENT if isinstance(value := stop.get(name), dict)), {})
    flex = fields.number(inside.get("flex"))
    if appointment and flex and 0 < flex <= _LONGEST_FLEX:
        # Turvo's `flex` is how many seconds later than the appointment one may arrive.
        found["appointment_until"] = appointment + timedelta(seconds=flex)
    elif appointment:
        found["appointment_until"] = subject.planned(inside, "end", "to", zone=zone_of(stop))
    return {name: time for name, time in found.items() if time}


def _about(stop: JsonObject, kind: str | None) -> dict[str, Any]:
    """The attributes of a stop, but for its times."""
    address = stop.get("address")
    if isinstance(address, dict):
        written = clean.joined(dict.fromkeys(fields.label(address.get(name)) for name in _ADDRESS))
    else:
        written = fields.scalar(address) or ""
    found = {
        "type": kind,
        # In a flat stop this is the state of its city.
        "state": fields.label(stop.get("state")) if "city" not in stop else None,
        "zone": zone_of(stop) or zone_of(object_of(stop, "appointment")),
        "address": written,
    }
    return {name: clean.line(text) for name, text in found.items() if text} | amounts.distance(stop)
