"""Samsara: where a vehicle is, and how it runs. One flat record for each position."""

from __future__ import annotations

from apex_cli.extract.canonical import content_hash
from apex_cli.extract.ids import external_id
from apex_cli.extract.timestamps import rfc3339, told
from apex_cli.model import JsonObject

DATA_TYPE = "location"
_READINGS = ("speed_mph", "engine_state", "geofence")
_FALLBACK_DIGITS = 32


def matches(payload: JsonObject) -> bool:
    """A `vehicle_id` together with a position, a speed, an engine state or a geofence."""
    if payload.get("vehicle_id") is None:
        return False
    position = payload.get("latitude") is not None and payload.get("longitude") is not None
    return position or any(payload.get(key) is not None for key in _READINGS)


def identify(payload: JsonObject) -> tuple[str, str | None]:
    """Data type and external id, `<vehicle_id>@<timestamp, RFC 3339 UTC>`.

    A vehicle has one record for each moment, however that is written; where no time can be read, one for each content.
    """
    vehicle = external_id(payload.get("vehicle_id"))
    if vehicle is None:
        return DATA_TYPE, None
    moment = told(payload)
    when = rfc3339(moment) if moment else external_id(payload.get("timestamp"))
    return DATA_TYPE, external_id(f"{vehicle}@{when or content_hash(payload)[:_FALLBACK_DIGITS]}")
