"""The layouts of Samsara: which one an object has, what identifies it, and which records are inside of it.

The layouts are those of Samsara's REST API, webhooks and Kafka connector (developers.samsara.com), and a flat reading:

    FLAT      {"vehicle_id", "latitude", "longitude", "timestamp", ...}      one reading of one vehicle
    READING   {"id", "name", "gps": {"time", ...}}                           one stat of /fleet/vehicles/stats
              {"vehicle": {"id"}, "engineStates": {"time", "value"}}         the same from Kafka
    TRACK     {"happenedAtTime", "asset": {"id"}, "location", "speed"}       /assets/location-and-speed, and Kafka
    VEHICLE   {"id", "name", "vin", "staticAssignedDriver", ...}             a row of /fleet/vehicles
              {"samsara_id", "name"}                                         a vehicle of which a page says nothing else
    the rest  {"eventType", "eventId", "data": {...}}                        webhooks; alert incidents of a stream

A page (`data`, `pagination`), a message of Kafka (`entityType`, `data`) and a row with several stats or with a list of
readings are no records: `unpack` opens them. All functions take an object whose own names are in snake case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from apex_cli.extract import placeholders
from apex_cli.extract.field_names import snake, snake_keys
from apex_cli.extract.identity import content_hash, external_id, slug
from apex_cli.extract.names import company_key
from apex_cli.extract.timestamps import from_fields, parse, rfc3339
from apex_cli.model import JsonObject

_HASH_DIGITS = 32
# Samsara numbers what has a gateway from 2^48 on; the oldest ones begin with 212. Ids of drivers and others are short.
_VEHICLE_ID = re.compile(r"2\d{14}")
_DIGITS = re.compile(r"\d{1,19}")


class Shape(StrEnum):
    """A layout of one record."""

    FLAT = "flat"
    READING = "reading"
    TRACK = "track"
    VEHICLE = "vehicle"
    VEHICLE_EVENT = "vehicle_event"
    GEOFENCE = "geofence_event"
    ALERT = "alert"
    ROUTE_STOP = "route_stop"
    EVENT = "event"


_FLAT_READINGS = (
    "speed_mph", "speed_kph", "speed_kmh", "speed_mps", "speed_miles_per_hour", "engine_state", "geofence",
    "fuel_percent",
)  # fmt: skip
POSITIONS = (("latitude", "longitude"), ("lat", "lng"), ("lat", "lon"), ("lat", "long"))
"""Names of the two parts of a position."""
_FLEET_IDS = ("org_id", "organization_id", "organisation_id", "fleet_id", "account_id", "company_id", "carrier_id")
_FLEET_NAMES = ("fleet", "account", "carrier", "carrier_name")
PLACES = ("location", "gps", "position")
"""Names of an object with a position in a flat reading."""
_SINGULAR = {
    "engine_states": "engine_state",
    "fuel_percents": "fuel_percent",
    "locations": "location",
    "nfc_card_scans": "nfc_card_scan",
}
_STATS = frozenset((
    "ambient_air_temperature_milli_c", "barometric_pressure_pa", "battery_milli_volts", "def_level_milli_percent",
    "ecu_door_status", "ecu_speed_mph", "engine_coolant_temperature_milli_c", "engine_immobilizer",
    "engine_load_percent", "engine_oil_pressure_k_pa", "engine_rpm", "engine_state", "fault_codes",
    "fuel_consumed_milliliters", "fuel_percent", "gps", "gps_distance_meters", "gps_odometer_meters",
    "idling_duration_milliseconds", "intake_manifold_temperature_milli_c", "location", "nfc_card_scan",
    "obd_engine_seconds", "obd_odometer_meters", "seatbelt_driver", "synthetic_engine_seconds",
))  # fmt: skip
_STAT_NAMES = _STATS | _SINGULAR.keys()
_POSITION_STATS = frozenset(("gps", "location"))
_DATA_TYPES = {
    "gps": "location",
    "location": "location",
    "engine_state": "engine_state",
    "fuel_percent": "fuel_percent",
}
_STAT = "stat"
_ONLY_SAMSARA = frozenset(("static_assigned_driver", "vehicle_regulation_mode", "harsh_acceleration_setting_type"))
# What a mere mention of a vehicle, as in an alert, has not.
_DESCRIBES = frozenset(("vin", "make", "model", "year", "notes", "created_at_time", "updated_at_time"))
STUB = frozenset(("id", "samsara_id", "name", "external_ids", "org_id"))
"""All that a row may have that says which vehicle it is, and nothing of it."""
_EVENTS = {
    "geofence_entry": Shape.GEOFENCE,
    "geofence_exit": Shape.GEOFENCE,
    "alert": Shape.ALERT,
    "alert_incident": Shape.ALERT,
    "alert_object_event": Shape.ALERT,
    "engine_fault_off": Shape.ALERT,
    "engine_fault_on": Shape.ALERT,
    "gateway_unplugged": Shape.ALERT,
    "predictive_maintenance_alert": Shape.ALERT,
    "severe_speeding_ended": Shape.ALERT,
    "severe_speeding_started": Shape.ALERT,
    "speeding_event_ended": Shape.ALERT,
    "speeding_event_started": Shape.ALERT,
    "route_stop_arrival": Shape.ROUTE_STOP,
    "route_stop_departure": Shape.ROUTE_STOP,
    "route_stop_early_late_arrival": Shape.ROUTE_STOP,
    "route_stop_eta_updated": Shape.ROUTE_STOP,
    "route_stop_resequence": Shape.ROUTE_STOP,
    "vehicle_created": Shape.VEHICLE_EVENT,
    "vehicle_updated": Shape.VEHICLE_EVENT,
}
_ABOUT = ("data", "event", "vehicle", "address", "route")
_PAGE = frozenset(("data", "pagination", "org_id"))
_ENVELOPE = frozenset(("webhook_id", "org_id"))
_INCIDENT = frozenset(("incident_url", "configuration_id"))
_ERROR = frozenset(("message", "request_id"))
_AROUND_ERROR = _ERROR | {"code", "error", "status", "status_code"}


def shape_of(payload: JsonObject) -> Shape | None:
    """The layout of a record; None for anything else."""
    if "event_type" in payload and (shape := _event_shape(payload)):
        return shape
    if _flat_id(payload) is not None:
        return Shape.FLAT if _has_reading(payload) else None
    if "happened_at_time" in payload:
        return _stream_shape(payload)
    return _row_shape(payload)


def identify(payload: JsonObject, shape: Shape | None) -> tuple[str, str | None]:
    """Data type and external id of a record of this layout; see `Source.identify`."""
    if shape in (Shape.FLAT, None):
        return "location", _flat_identity(payload)
    if shape is Shape.TRACK:
        return "location", _at(_id_of(payload["asset"]), payload, "happened_at_time")
    if shape is Shape.READING:
        stat, reading = next(readings(payload))
        owner = _id_of(payload["vehicle"] if isinstance(payload.get("vehicle"), Mapping) else payload)
        data_type = _DATA_TYPES.get(stat, _STAT)
        return data_type, _at(f"{owner}/{stat}" if data_type == _STAT else owner, snake_keys(reading), "time")
    if shape is Shape.VEHICLE:
        return "vehicle", external_id(payload.get("samsara_id", payload.get("id")))
    if shape is Shape.VEHICLE_EVENT:
        return "vehicle", _id_of(content(payload).get("vehicle"))
    data_type = str(shape)
    own = external_id(payload.get("event_id")) or incident_id(content(payload))
    return data_type, own or content_hash(payload)[:_HASH_DIGITS]


def skip_reason(payload: JsonObject) -> str | None:
    """An error of the API, a page without rows, or the test of a webhook."""
    if payload.keys() >= _ERROR and payload.keys() <= _AROUND_ERROR:
        return "error answer"
    if payload.get("data") == [] and isinstance(payload.get("pagination"), Mapping):
        return "empty page"
    is_test = event_type(payload) == "ping" and _has_event_id(payload) and shape_of(payload) is None
    return "webhook test" if is_test else None


def unpack(payload: JsonObject) -> Sequence[JsonObject] | None:
    """The records in a page, a message of Kafka, or a row with several readings; see `Source.unpack`."""
    stats = dict(_stats(payload))
    if stats and not _is_one(stats):
        around = {name: value for name, value in payload.items() if name not in stats}
        return [{**around, stat: reading} for stat, reading in readings(payload)]
    inside = payload.get("data")
    if inside is None or not (payload.keys() <= _PAGE or "entity_type" in payload):
        return None
    rows: list[Any] = inside if isinstance(inside, list) else [inside]
    opened = [_row(row, payload.get("org_id")) if isinstance(row, Mapping) else None for row in rows]
    found = [row for row in opened if row is not None]
    return found if found and len(found) == len(rows) else None


def _row(raw: JsonObject, organisation: Any) -> JsonObject | None:
    """A row of a page, with what it needs from there to stand alone; None for one that is not of Samsara.

    A vehicle without a fix is `{"id", "name"}`, as are many other things: beyond its page its id is a `samsara_id`.
    """
    row = snake_keys(raw)
    if row.keys() <= STUB and is_samsara_id(row.get("id")):
        return {"samsara_id" if snake(name) == "id" else name: value for name, value in raw.items()}
    if shape_of(row) is None and not any(_stats(row)):
        return None
    return raw if organisation is None else {"org_id": organisation, **raw}


def readings(payload: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    """Name (of a snapshot, `engine_state` for `engineStates`) and content of each reading in a row of stats."""
    for name, value in _stats(payload):
        for reading in value if isinstance(value, list) else [value]:
            if isinstance(reading, Mapping) and reading:
                yield singular(name), reading


def event_type(payload: JsonObject) -> str:
    """The type of an event in snake case: `GeofenceEntry` and `geofenceEntry` are `geofence_entry`."""
    kind = payload.get("event_type")
    return slug(kind) if isinstance(kind, str) and len(kind) <= 80 else ""


def content(payload: JsonObject) -> JsonObject:
    """What an event is about: the innermost `data`, the `event` of the oldest webhooks, else the object itself."""
    found = payload
    for _ in range(3):
        inside = next((found[name] for name in ("data", "event") if isinstance(found.get(name), Mapping)), None)
        if inside is None:
            break
        found = snake_keys(inside)
    return found


def is_samsara_id(value: object) -> bool:
    """Whether an id is one that Samsara gives to vehicles, and no unit number."""
    return _VEHICLE_ID.fullmatch(external_id(value) or "") is not None


def _stream_shape(payload: JsonObject) -> Shape | None:
    if _id_of(payload.get("asset")) and isinstance(payload.get("location"), Mapping):
        return Shape.TRACK
    is_incident = isinstance(payload.get("conditions"), list) and not payload.keys().isdisjoint(_INCIDENT)
    return Shape.ALERT if is_incident else None


def _row_shape(payload: JsonObject) -> Shape | None:
    stats = dict(_stats(payload))
    if stats:
        return Shape.READING if _is_one(stats) else None
    return _vehicle_shape(payload)


def _event_shape(payload: JsonObject) -> Shape | None:
    kind = event_type(payload)
    shape = _EVENTS.get(kind)
    if shape is Shape.VEHICLE_EVENT:
        return shape if _id_of(content(payload).get("vehicle")) else None
    if kind == "alert":
        about = content(payload)
        return shape if any(name.startswith(("alert_condition", "alert_event")) for name in about) else None
    if shape is not None:
        return shape if any(isinstance(payload.get(name), Mapping) for name in _ABOUT) else None
    is_webhook = _has_event_id(payload) and payload.keys() >= _ENVELOPE
    return Shape.EVENT if is_webhook and kind != "ping" else None


def _has_event_id(payload: JsonObject) -> bool:
    return external_id(payload.get("event_id")) is not None


def _vehicle_shape(payload: JsonObject) -> Shape | None:
    """A row of vehicles: one that is Samsara's and describes the vehicle, or one of stats that are all empty."""
    names = payload.keys()
    if payload.get("samsara_id") is not None:
        return Shape.VEHICLE if names <= STUB else None
    if _digits(payload.get("id")) is None:
        return None
    if not _ONLY_SAMSARA.isdisjoint(names):
        return Shape.VEHICLE
    if not _DESCRIBES.isdisjoint(names) and _is_samsara(payload):
        return Shape.VEHICLE
    # A vehicle without a fix: the stats that were asked for are there, and empty. Any row may have an empty `location`.
    empty = {singular(name) for name in names & _STAT_NAMES if not payload[name]}
    if "name" in names and empty and (empty != {"location"} or _is_samsara(payload)):
        return Shape.VEHICLE
    return None


def _is_samsara(owner: JsonObject) -> bool:
    """Whether an object has an id, or external ids, as only Samsara gives them."""
    ids = owner.get("external_ids")
    return is_samsara_id(owner.get("id")) or (
        isinstance(ids, Mapping) and any(snake(key).startswith("samsara_") for key in ids)
    )


def _stats(payload: JsonObject) -> Iterator[tuple[str, Any]]:
    """The fields of a row that hold readings: known stats, and what looks like one where the vehicle is Samsara's.

    A `location` with a time may be of anything, so it counts for Samsara's vehicles only.
    """
    vehicle = payload.get("vehicle")
    owner = snake_keys(vehicle) if isinstance(vehicle, Mapping) else payload
    if _digits(owner.get("id")) is None:
        return
    is_samsara: bool | None = None
    for name, value in payload.items():
        if not value or not isinstance(value, dict | list) or name in ("vehicle", "asset"):
            continue
        is_known = name in _STAT_NAMES and singular(name) != "location"
        if not is_known and is_samsara is None:
            is_samsara = _is_samsara(owner)
        if (is_known or is_samsara) and _is_timed(name, value, is_known=is_known):
            yield name, value


def _is_one(stats: Mapping[str, Any]) -> bool:
    """Whether the fields of a row are one reading, which needs no unpacking."""
    return len(stats) == 1 and isinstance(next(iter(stats.values())), Mapping)


def _is_timed(name: str, value: Any, *, is_known: bool) -> bool:
    """Whether a value is a reading or a list of readings: objects with a time, and a position has a latitude."""
    first = value[0] if isinstance(value, list) else value
    if not isinstance(first, Mapping) or not first:
        return False
    names = {snake(key) for key in first}
    if singular(name) in _POSITION_STATS:
        return names >= {"time", "latitude"}
    # A scan of a card comes without a time from Kafka.
    return ("time" in names and (is_known or len(names) > 1)) or "card" in names


def singular(name: str) -> str:
    """The name of a stat as a snapshot writes it."""
    return _SINGULAR.get(name, name)


def _flat_id(payload: JsonObject) -> str | None:
    """The vehicle of a flat reading; `id` only where it is Samsara's and a position stands beside it.

    A `vehicle_id` such as "UNKNOWN" is none: two trucks that have it would be one. Their other ids are in its place.
    """
    if payload.get("vehicle_id") is not None:
        given = (external_id(payload.get(name)) for name in ("vehicle_id", "samsara_id", "vin"))
        return next((found for found in given if found is not None and not placeholders.is_id(found)), None)
    return external_id(payload.get("id")) if _has_position(payload) and is_samsara_id(payload.get("id")) else None


def _has_reading(payload: JsonObject) -> bool:
    if _has_position(payload) or any(payload.get(name) is not None for name in _FLAT_READINGS):
        return True
    return any(isinstance(payload.get(name), Mapping) and _has_position(snake_keys(payload[name])) for name in PLACES)


def _has_position(payload: JsonObject) -> bool:
    for north, east in POSITIONS:
        if north in payload and payload[north] is not None and payload.get(east) is not None:
            return True
    return False


def _flat_identity(payload: JsonObject) -> str | None:
    """`<vehicle>@<time>`; a vehicle with a number of its fleet only counts within the organisation that is named."""
    vehicle = _flat_id(payload)
    if vehicle is None:
        return None
    organisation = fleet(payload)
    if organisation is not None and not is_samsara_id(vehicle):
        vehicle = f"{organisation}/{vehicle}"
    moment = flat_time(payload)
    when = rfc3339(moment) if moment else external_id(payload.get("timestamp"))
    return external_id(f"{vehicle}@{when or content_hash(payload)[:_HASH_DIGITS]}")


def fleet(payload: JsonObject) -> str | None:
    """The organisation, account or carrier that numbered the vehicle of a flat reading; None where none is named."""
    for name in (*_FLEET_IDS, *_FLEET_NAMES):
        found = external_id(payload[name]) if name in payload else None
        if found is not None and not placeholders.is_id(found):
            return company_key(found) if name in _FLEET_NAMES else found
    return None


def flat_time(payload: JsonObject) -> Any:
    """The moment of a flat reading: its own, else that of its position."""
    own = from_fields(payload)
    if own is not None:
        return own
    nested = (payload[name] for name in PLACES if isinstance(payload.get(name), Mapping))
    return next((moment for place in nested if (moment := from_fields(place))), None)


def _at(owner: str | None, reading: JsonObject, name: str) -> str | None:
    """`<owner>@<time, RFC 3339 UTC>`: the same reading in a snapshot, a feed and a stream has the same id."""
    moment = parse(reading.get(name))
    when = rfc3339(moment) if moment else external_id(reading.get(name))
    return external_id(f"{owner}@{when or content_hash(reading)[:_HASH_DIGITS]}") if owner else None


def incident_id(about: JsonObject) -> str | None:
    """The id of an alert incident: the end of its address, `<configuration>/<condition>/<vehicle>/<milliseconds>`."""
    url = about.get("incident_url")
    return external_id(url.partition("/incidents/")[2]) if isinstance(url, str) else None


def _id_of(value: Any) -> str | None:
    return external_id(snake_keys(value).get("id")) if isinstance(value, Mapping) else None


def _digits(value: Any) -> str | None:
    found = external_id(value)
    return found if found is not None and _DIGITS.fullmatch(found) else None
