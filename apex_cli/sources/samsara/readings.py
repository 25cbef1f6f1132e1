"""Readings: one moment of one vehicle, in the flat layout, as one stat of a row, or as a row of a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from apex_cli.errors import ExtractError
from apex_cli.extract import clean, contacts, entities, fields, keys, placeholders, timestamps
from apex_cli.extract.builder import Builder, EntityRef
from apex_cli.model import Entity, Extraction, JsonObject, Predicate, Record, RecordKind
from apex_cli.sources.samsara import measures, positions, things
from apex_cli.sources.samsara.shapes import PLACES, fleet, is_samsara_id, readings, singular

_MEASURED = {"fuel_percent": "fuel at {} percent", "odometer_miles": "odometer at {} miles"}
_FLAT_FIELDS = frozenset((
    "id", "vehicle_id", "vin", "samsara_id", "engine_state", "driver_id", "driver_name", "driver_email",
    "driver_phone", *_MEASURED, *timestamps.TIME_RANK,
))  # fmt: skip
_ODOMETERS = frozenset(("obd_odometer_meters", "gps_odometer_meters"))


def flat(record: Record, payload: JsonObject) -> Extraction:
    """A flat reading: `vehicle_id` beside a position, a speed, an engine state or a geofence."""
    reading = dict(payload)
    for name in PLACES:
        if isinstance(place := reading.get(name), Mapping):
            del reading[name]
            reading = {**place, **reading}
            break
    builder = Builder.of(record, timestamps.read(reading, *timestamps.TIME_RANK), kind=RecordKind.EVENT)
    entity, samsara_id = _flat_vehicle(payload)
    vehicle = builder.add(entity)
    fix = positions.read(reading)
    clauses = [
        *positions.state(builder, vehicle, fix, record.source),
        *_engine(builder, vehicle, payload.get("engine_state")),
        *_flat_driver(builder, vehicle, record, payload),
    ]
    measured = [
        *positions.measured(fix),
        *(text.format(shown) for name, text in _MEASURED.items() if (shown := fields.pick(payload, name))),
        *things.remaining(builder, (reading, fix.used | _FLAT_FIELDS)),
    ]
    return _built(builder, vehicle, samsara_id, clauses, measured, fix)


def stat(record: Record, payload: JsonObject) -> Extraction:
    """One reading of one stat of a vehicle: `{"id", "name", "gps": {…}}`."""
    name, reading = next(readings(payload))
    nested = isinstance(payload.get("vehicle"), Mapping)
    owner = payload["vehicle"] if nested else payload
    # The same moment of /fleet/vehicles/locations says less, so that it never replaces what `gps` says.
    builder, vehicle = _begin(record, owner, timestamps.read(reading, "time"), whole=name != "location")
    around = (
        {field: value for field, value in payload.items() if singular(field) != name},
        {f"vehicle.{field}" for field in things.VEHICLE_FIELDS} if nested else things.VEHICLE_FIELDS,
    )
    samsara_id = fields.pick(owner, "id")
    if "latitude" not in reading:
        clauses = list(_stat(builder, vehicle, name, reading))
        return _built(builder, vehicle, samsara_id, clauses, things.remaining(builder, around))
    # A bare `speed`, that of /fleet/vehicles/locations, is in miles per hour.
    fix = positions.read({"speed_miles_per_hour": reading.get("speed"), **reading}, names_geofences=name == "gps")
    clauses = list(positions.state(builder, vehicle, fix, record.source))
    decorations = reading.get("decorations")
    for label, value in decorations.items() if isinstance(decorations, Mapping) else ():
        # Another stat as of the moment of the position: {"engineStates": {"value": "On"}}.
        if isinstance(value, Mapping):
            clauses += _stat(builder, vehicle, singular(label), value)
    rest = things.remaining(builder, (reading, fix.used | {"time", "speed", "decorations"}), around)
    return _built(builder, vehicle, samsara_id, clauses, [*positions.measured(fix), *rest], fix)


def track(record: Record, payload: JsonObject) -> Extraction:
    """A row of a stream of positions: `happenedAtTime`, `asset`, `location`, `speed` in metres per second."""
    asset, speed = payload["asset"], payload.get("speed")
    builder, vehicle = _begin(record, asset, timestamps.read(payload, "happened_at_time"), whole=False)
    reading = {**payload["location"], **(speed if isinstance(speed, Mapping) else {})}
    fix = positions.read(reading)
    clauses = list(positions.state(builder, vehicle, fix, record.source))
    around = (payload, {"happened_at_time", "location", "speed", *(f"asset.{name}" for name in things.VEHICLE_FIELDS)})
    rest = things.remaining(builder, (reading, fix.used), around)
    return _built(builder, vehicle, fields.pick(asset, "id"), clauses, [*positions.measured(fix), *rest], fix)


def _begin(
    record: Record, owner: Mapping[str, Any], time: datetime | None, *, whole: bool
) -> tuple[Builder, EntityRef]:
    builder = Builder.of(record, time, kind=RecordKind.EVENT, whole=whole)
    return builder, builder.add(_known(things.vehicle(owner, record.source)))


def _known(vehicle: Entity | None) -> Entity:
    if vehicle is None:
        raise ExtractError("no vehicle_id, vin or samsara_id", hint="name the vehicle", code="no_vehicle")
    return vehicle


def _built(
    builder: Builder,
    vehicle: EntityRef,
    samsara_id: str | None,
    clauses: list[str],
    measured: list[str],
    fix: positions.Fix | None = None,
) -> Extraction:
    if fix is not None and not clauses:
        positions.refuse(fix)
    entity = builder.known(vehicle)
    own_id = samsara_id if samsara_id and keys.vehicle_samsara(samsara_id) in entity.keys else None
    known_as = clean.joined(dict.fromkeys((entity.name, entity.attributes.get("vin"), own_id)))
    stated = clean.joined((*clauses, *measured)) or "no reading"
    text = f"Vehicle {known_as} on {timestamps.to_minute(builder.event_time)}: {stated}."
    return builder.build(f"Vehicle {entity.name}", text)


def _flat_vehicle(payload: JsonObject) -> tuple[Entity, str | None]:
    """The vehicle and its Samsara id. Its own number counts within its organisation, where that is named."""
    unit, samsara_id = fields.pick(payload, "vehicle_id", "id"), fields.pick(payload, "samsara_id")
    if is_samsara_id(unit):
        unit, samsara_id = None, samsara_id or unit
    found = entities.vehicle(unit=unit, vin=fields.pick(payload, "vin"), samsara_id=samsara_id, fleet=fleet(payload))
    return _known(found), samsara_id


def _flat_driver(builder: Builder, vehicle: EntityRef, record: Record, payload: JsonObject) -> list[str]:
    name = fields.pick(payload, "driver_name")
    contact = contacts.from_fields(name, payload.get("driver_email"), payload.get("driver_phone"))
    driver = entities.human("driver", record.source, contact, own_id=fields.pick(payload, "driver_id"))
    if driver is None:
        return []
    builder.claim(builder.add(driver), Predicate.DRIVES, vehicle)
    return [f"driven by {contact.describe() or driver.name}"]


def _engine(builder: Builder, vehicle: EntityRef, raw: object) -> list[str]:
    spelling = fields.label(raw)
    state = keys.snake(spelling or "")
    if not spelling or not state or placeholders.is_absent(spelling):
        return []
    node = builder.add(entities.value(Predicate.HAS_ENGINE_STATE, state))
    builder.claim(vehicle, Predicate.HAS_ENGINE_STATE, node, attributes={"spelling": clean.line(spelling)})
    return [f"engine {clean.line(spelling)}"]


def _stat(builder: Builder, vehicle: EntityRef, name: str, reading: Mapping[str, Any]) -> Iterator[str]:
    """What one stat says: an engine state as a claim, a number as an attribute of the vehicle, all of it as phrases."""
    shown = set()
    if name == "engine_state":
        shown.add("value")
        yield from _engine(builder, vehicle, reading.get("value"))
    elif (value := fields.number(reading.get("value"))) is not None:
        attributes = {name: value}
        if name in _ODOMETERS:
            attributes["odometer_miles"] = measures.miles(value)
            yield _MEASURED["odometer_miles"].format(fields.scalar(attributes["odometer_miles"]))
        if name == "fuel_percent":
            shown.add("value")
            yield _MEASURED[name].format(fields.scalar(value))
        builder.add(replace(builder.known(vehicle), attributes=attributes))
    yield from _trouble_codes(reading)
    yield from things.remaining(builder, ({name: reading}, {f"{name}.{field}" for field in ("time", *shown)}))


def _trouble_codes(reading: Mapping[str, Any]) -> Iterator[str]:
    """ "SPN 1666 FMI 20", as a mechanic writes a code of SAE J1939."""
    inside = reading.get("j1939")
    for code in fields.objects(inside.get("diagnostic_trouble_codes")) if isinstance(inside, Mapping) else ():
        spn, fmi = fields.pick(code, "spn_id"), fields.pick(code, "fmi_id")
        if spn and fmi:
            yield f"SPN {spn} FMI {fmi}"
