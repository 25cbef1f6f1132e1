"""Samsara: where a vehicle was, in what state, and who drove it."""

from __future__ import annotations

from typing import Any

from apex_cli.errors import ExtractError
from apex_cli.extract import clean, contacts, entities, fields, keys, places, timestamps
from apex_cli.extract.builder import Builder, EntityRef
from apex_cli.model import Entity, Extraction, JsonObject, Predicate, Record

_READINGS = {
    "speed_mph": "moving at {} mph",
    "heading": "heading {} degrees",
    "fuel_percent": "fuel at {} percent",
    "odometer_miles": "odometer at {} miles",
}
_ON_THE_CLAIM = ("latitude", "longitude", "speed_mph", "heading")


def extract(record: Record) -> Extraction:
    """One reading of one vehicle.

    A position that does not exist on earth is left out where the reading has other content.
    Raises ExtractError: `no_vehicle` without any id of a vehicle, `bad_position` where the position was all there was.
    """
    payload = record.payload
    builder = Builder(timestamps.event_time(record, timestamps.from_fields(payload)))
    entity = _vehicle(record)
    vehicle = builder.add(entity)
    clauses = [
        *_locate(builder, vehicle, payload),
        *_engine(builder, vehicle, payload),
        *_geofence(builder, vehicle, record),
        *_driver(builder, vehicle, record),
    ]
    if not clauses and (payload.get("latitude") is not None or payload.get("longitude") is not None):
        raise ExtractError(
            f"latitude {_shown(payload, 'latitude')}, longitude {_shown(payload, 'longitude')} is no"
            " position on earth, and the record has no other content",
            hint="latitude runs from -90 to 90 and longitude from -180 to 180, in degrees",
            code="bad_position",
        )
    known_as = clean.joined([entity.name, entity.attributes.get("vin"), fields.pick(payload, "samsara_id")])
    readings = (phrase.format(shown) for name, phrase in _READINGS.items() if (shown := _shown(payload, name)))
    stated = clean.joined((*clauses, *readings)) or "no reading"
    text = f"Vehicle {known_as} on {timestamps.to_minute(builder.event_time)}: {stated}."
    return builder.build(f"Vehicle {entity.name}", text)


def _vehicle(record: Record) -> Entity:
    payload = record.payload
    entity = entities.vehicle(
        unit=fields.pick(payload, "vehicle_id"),
        vin=fields.pick(payload, "vin"),
        samsara_id=fields.pick(payload, "samsara_id"),
    )
    if entity is None:
        raise ExtractError("no vehicle_id, vin or samsara_id", hint="name the vehicle", code="no_vehicle")
    return entity


def _locate(builder: Builder, vehicle: EntityRef, payload: JsonObject) -> list[str]:
    located = _location(payload)
    if located is None:
        return []
    location = builder.add(located)
    reading: dict[str, Any] = {
        name: measured for name in _ON_THE_CLAIM if (measured := fields.number(payload.get(name))) is not None
    }
    address = fields.pick(payload, "address")
    if address:
        reading["address"] = clean.line(address)
    builder.claim(vehicle, Predicate.LOCATED_AT, location, attributes=reading)
    position = _position(payload)
    position_name = keys.position_name(*position) if position else None
    return [f"at {clean.joined(dict.fromkeys([located.name, reading.get('address'), position_name]))}"]


def _engine(builder: Builder, vehicle: EntityRef, payload: JsonObject) -> list[str]:
    spelling = fields.label(payload.get("engine_state"))
    state = keys.snake(spelling or "")
    if not spelling or not state:
        return []
    node = builder.add(entities.value(Predicate.HAS_ENGINE_STATE, state))
    builder.claim(vehicle, Predicate.HAS_ENGINE_STATE, node, attributes={"spelling": clean.line(spelling)})
    return [f"engine {clean.line(spelling)}"]


def _geofence(builder: Builder, vehicle: EntityRef, record: Record) -> list[str]:
    geofence = record.payload.get("geofence")
    own_id = fields.pick(geofence, "id") if isinstance(geofence, dict) else None
    fence = entities.named(
        "geofence", record.source, fields.label(geofence), [keys.geofence(own_id)] if own_id else [], label=own_id
    )
    if fence is None:
        return []
    builder.claim(vehicle, Predicate.INSIDE_GEOFENCE, builder.add(fence))
    return [f"inside geofence {fence.name}"]


def _driver(builder: Builder, vehicle: EntityRef, record: Record) -> list[str]:
    payload = record.payload
    name = fields.pick(payload, "driver_name")
    contact = contacts.from_fields(name, payload.get("driver_email"), payload.get("driver_phone"))
    driver = entities.human("driver", record.source, contact, own_id=fields.pick(payload, "driver_id"))
    if driver is None:
        return []
    builder.claim(builder.add(driver), Predicate.DRIVES, vehicle)
    return [f"driven by {contact.describe() or driver.name}"]


def _location(payload: JsonObject) -> Entity | None:
    """By address id, else by the city at the end of the address, else by the rounded position."""
    address, address_id = fields.pick(payload, "address"), fields.pick(payload, "address_id")
    position = _position(payload)
    if address_id:
        return entities.address(address_id, address or address_id)
    city = places.last(clean.line(address)) if address else None
    if city:
        return entities.city(city)
    return entities.position(*position) if position else None


def _position(payload: JsonObject) -> tuple[float, float] | None:
    return fields.position(payload.get("latitude"), payload.get("longitude"))


def _shown(payload: JsonObject, name: str) -> str:
    return clean.line(fields.scalar(payload.get(name)) or "", 40)
