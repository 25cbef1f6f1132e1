"""What a vehicle is, as of a time: a row of the vehicles' list, a stub of it, or the event of a change."""

from __future__ import annotations

from collections.abc import Mapping

from apex_cli.errors import ExtractError
from apex_cli.extract import clean, fields, timestamps
from apex_cli.extract.builder import Builder
from apex_cli.model import Extraction, JsonObject, Predicate, Record, RecordKind
from apex_cli.sources.samsara import things
from apex_cli.sources.samsara.shapes import STUB, content

_DRIVER = "static_assigned_driver"
_FIELDS = things.VEHICLE_FIELDS | {"updated_at_time", *(f"{_DRIVER}.{name}" for name in things.DRIVER_FIELDS)}


def row(record: Record, payload: JsonObject) -> Extraction:
    """A row of /fleet/vehicles; in part where it has nothing but id, name and external ids: a vehicle without a fix."""
    said = {name for name, value in payload.items() if value not in (None, "", [], {})}
    builder = Builder.of(
        record, timestamps.read(payload, "updated_at_time"), kind=RecordKind.STATE, whole=not said <= STUB
    )
    return _extraction(builder, record, payload)


def changed(record: Record, payload: JsonObject) -> Extraction:
    """The event of a vehicle that was created or updated: what it is as of the event, in part."""
    time = timestamps.read(payload, "event_time", "event_ms")
    vehicle = content(payload)["vehicle"]
    builder = Builder.of(
        record, time or timestamps.read(vehicle, "updated_at_time"), kind=RecordKind.STATE, whole=False
    )
    return _extraction(builder, record, vehicle)


def _extraction(builder: Builder, record: Record, raw: Mapping[str, object]) -> Extraction:
    entity = things.vehicle(raw, record.source)
    if entity is None:
        raise ExtractError("no id and no vin", hint="name the vehicle", code="no_vehicle")
    vehicle = builder.add(entity)
    driver = things.driver(raw.get(_DRIVER), record.source)
    phrases = []
    if driver is not None:
        builder.claim(builder.add(driver), Predicate.DRIVES, vehicle)
        phrases.append(f"driven by {driver.name}")
    phrases += things.remaining(builder, (raw, _FIELDS))
    known_as = clean.joined(
        dict.fromkeys((entity.name, entity.attributes.get("vin"), fields.pick(raw, "samsara_id", "id")))
    )
    stated = clean.joined(phrases) or "no details"
    text = f"Vehicle {known_as} on {timestamps.to_minute(builder.event_time)}: {stated}."
    return builder.build(f"Vehicle {entity.name}", text)
