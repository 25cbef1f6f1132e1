"""Events of webhooks and of Kafka: geofences, alerts, stops of routes, and all others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apex_cli.errors import ExtractError
from apex_cli.extract import clean, fields, keys, mentions, timestamps
from apex_cli.extract.builder import Builder, EntityRef
from apex_cli.model import Entity, EntityType, Extraction, JsonObject, Predicate, Record, RecordKind
from apex_cli.sources.samsara import measures, positions, things
from apex_cli.sources.samsara.shapes import content, event_type, incident_id

_VEHICLES = frozenset(("vehicle", "asset", "device", "trailer"))
_DRIVERS = frozenset(("driver",))
_EVENT_TIMES = ("event_time", "event_ms")
_ENVELOPE = frozenset(("event_id", "event_time", "event_ms", "event_type", "webhook_id", "org_id", "entity_type"))


def geofence(record: Record, payload: JsonObject) -> Extraction:
    """A vehicle is inside of a geofence from its entry on; an exit is the end of it."""
    about = content(payload)
    time = timestamps.read(payload, *_EVENT_TIMES) or timestamps.read(about, "happened_at_time", "time")
    builder = Builder.of(record, time, kind=RecordKind.EVENT)
    vehicles, phrases = _crew(builder, record, payload)
    fence = things.geofence(about.get("address") or about.get("geofence"), record.source)
    if fence is None or not vehicles:
        raise ExtractError(
            "no vehicle, or no geofence", hint="an event of a geofence names both by id or name", code="no_geofence"
        )
    left = event_type(payload).endswith("exit")
    ended = builder.event_time if left else None
    ref = builder.add(fence)
    for vehicle in vehicles:
        builder.claim(vehicle, Predicate.INSIDE_GEOFENCE, ref, invalid_at=ended)
    who = clean.joined(builder.known(vehicle).name for vehicle in vehicles)
    title = f"Vehicle {who} {'left' if left else 'entered'} geofence {fence.name}"
    phrases += things.remaining(builder, (about, _ENVELOPE))
    return _built(builder, title, phrases)


def alert(record: Record, payload: JsonObject) -> Extraction:
    """An alert, about each vehicle that it names."""
    about = content(payload)
    builder = Builder.of(record, _alert_time(payload, about), kind=RecordKind.EVENT)
    vehicles, phrases = _crew(builder, record, payload)
    what, speeds = _what(payload, about), _speeds(about)
    named = clean.joined(builder.known(vehicle).name for vehicle in vehicles)
    known = keys.given((keys.alert, fields.pick(payload, "event_id")), (keys.alert, incident_id(about)))
    subject = builder.add(
        Entity(
            EntityType.ALERT,
            tuple(dict.fromkeys(known)) or (keys.alert(record.external_id),),
            clean.line(f"{what} of {named}" if named else what),
            attributes=speeds,
        )
    )
    for vehicle in vehicles:
        builder.claim(subject, Predicate.ABOUT, vehicle, attributes=speeds)
    if "speed_mph" in speeds:
        phrases.append(measures.speed_phrase(speeds))
    phrases += things.remaining(builder, (about, _ENVELOPE | {"happened_at_time", "start_ms"}))
    return _built(builder, f"Alert {builder.known(subject).name}", phrases)


def route_stop(record: Record, payload: JsonObject) -> Extraction:
    """A stop of a route: where it is, and from its arrival on where the vehicle is."""
    about = content(payload)
    time = timestamps.read(about, "time") or timestamps.read(payload, *_EVENT_TIMES)
    builder = Builder.of(record, time, kind=RecordKind.EVENT)
    vehicles, phrases = _crew(builder, record, payload)
    route = about["route"] if isinstance(about.get("route"), Mapping) else {}
    stop = _stop(about, route)
    number, place = fields.pick(stop, "id"), _place(stop)
    where = builder.add(place) if place is not None else None
    name = clean.line(fields.pick(stop, "name") or number or "a stop")
    if number:
        owner = f"route {fields.pick(route, 'id') or ''}"
        point = builder.add(Entity(EntityType.STOP, (keys.stop(owner, number),), name))
        if where is not None:
            planned = timestamps.read(stop, "scheduled_arrival_time", "scheduled_departure_time")
            builder.claim(point, Predicate.AT, where, valid_at=planned)
    arrived = timestamps.read(stop, "actual_arrival_time")
    if len(vehicles) == 1 and where is not None and arrived is not None:
        builder.claim(vehicles[0], Predicate.LOCATED_AT, where, valid_at=arrived)
    if place is not None:
        phrases.append(f"at {place.name}")
    phrases += things.remaining(builder, (about, _ENVELOPE | {"time"}))
    return _built(builder, f"{_words(event_type(payload))} at {name}", phrases)


def other(record: Record, payload: JsonObject) -> Extraction:
    """Any other event of Samsara: a document that mentions what it names."""
    about = content(payload)
    builder = Builder.of(record, timestamps.read(payload, *_EVENT_TIMES), kind=RecordKind.EVENT)
    what = _words(event_type(payload))
    key = keys.document_record(record.source, record.data_type, record.external_id)
    document = builder.add(Entity(EntityType.DOCUMENT, (key,), clean.line(f"{what} {record.external_id}")))
    named = {fields.pick(raw, "id") for raw in things.inside(payload, _VEHICLES | _DRIVERS)}
    for raw in things.inside(payload, _VEHICLES):
        if vehicle := things.vehicle(raw, record.source):
            builder.claim(document, Predicate.MENTIONS, builder.add(vehicle))
    for raw in things.inside(payload, _DRIVERS):
        if driver := things.driver(raw, record.source):
            builder.claim(document, Predicate.MENTIONS, builder.add(driver))
    phrases = things.remaining(builder, (about, _ENVELOPE))
    # Of their ids in "vehicle id 281474990000101" nothing more is to be found.
    free = (phrase for phrase in phrases if phrase.rpartition(" ")[2] not in named)
    mentions.add(builder, document, "\n".join(free), record.source)
    return _built(builder, what, phrases)


def _built(builder: Builder, title: str, phrases: list[str]) -> Extraction:
    said = f": {clean.joined(phrases)}" if phrases else ""
    return builder.build(title, f"{title} on {timestamps.to_minute(builder.event_time)}{said}.")


def _crew(builder: Builder, record: Record, payload: JsonObject) -> tuple[list[EntityRef], list[str]]:
    """The vehicles of an event, and its drivers in words; one driver beside one vehicle drives it."""
    found = [one for raw in things.inside(payload, _VEHICLES) if (one := things.vehicle(raw, record.source))]
    if not found:
        raw = {"id": payload.get("vehicle_id"), "name": payload.get("vehicle_name")}
        found = [one for one in [things.vehicle(raw, record.source)] if one]
    vehicles = list(dict.fromkeys(builder.add(one) for one in found))
    named = [one for raw in things.inside(payload, _DRIVERS) if (one := things.driver(raw, record.source))]
    drivers = list(dict.fromkeys(builder.add(one) for one in named))
    if len(vehicles) == len(drivers) == 1:
        builder.claim(drivers[0], Predicate.DRIVES, vehicles[0])
    return vehicles, [f"driven by {builder.known(driver).name}" for driver in drivers]


def _alert_time(payload: JsonObject, about: JsonObject) -> datetime | None:
    """When it happened; else when the event was sent."""
    times = {name: about.get(name) for name in ("happened_at_time", "end_time", "start_time", "start_ms")}
    if event_type(payload).endswith("started"):
        del times["end_time"]
    return timestamps.read({**times, **{name: payload.get(name) for name in _EVENT_TIMES}}, *times, *_EVENT_TIMES)


def _what(payload: JsonObject, about: JsonObject) -> str:
    """What an alert says: the descriptions of its conditions, else its type in words."""
    conditions = (fields.pick(one, "description") for one in fields.objects(about.get("conditions")))
    found = dict.fromkeys(text for text in conditions if text)
    return clean.joined(found) or fields.pick(about, "alert_condition_description") or _words(event_type(payload))


def _speeds(about: JsonObject) -> dict[str, float]:
    """The speed that an alert is about, and the limit that was set."""
    for details in things.inside(about, frozenset(("speed",))):
        limit, _ = measures.speed({"speed_kph": details.get("threshold_speed_kilometers_per_hour")})
        return {**measures.speed(details)[0], **{f"limit_{name}": value for name, value in limit.items()}}
    return {}


def _stop(about: JsonObject, route: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is known of the stop that an event is about: its details, and its entry in the route."""
    details = about.get("route_stop_details")
    known: Mapping[str, Any] = details if isinstance(details, Mapping) else {}
    number = fields.pick(known, "id")
    entry = next((one for one in fields.objects(route.get("stops")) if number and fields.pick(one, "id") == number), {})
    return {**entry, **known}


def _place(stop: Mapping[str, Any]) -> Entity | None:
    for name in ("address", "single_use_location"):
        raw = stop.get(name)
        if isinstance(raw, Mapping) and (found := positions.read({"address": raw, **raw}).location()):
            return found
    return None


def _words(kind: str) -> str:
    text = kind.replace("_", " ") or "event"
    return text[0].upper() + text[1:]
