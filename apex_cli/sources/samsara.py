"""Samsara: where a vehicle is, and how it runs. One flat record for each position."""

from __future__ import annotations

from apex_cli.model import JsonObject
from apex_cli.sources.canonical import content_hash
from apex_cli.sources.ids import external_id, utc_text

DATA_TYPE = "location"
_FALLBACK_DIGITS = 32


def matches(payload: JsonObject) -> bool:
    """A `vehicle_id` together with a position, an engine state or a geofence."""
    if payload.get("vehicle_id") is None:
        return False
    position = payload.get("latitude") is not None and payload.get("longitude") is not None
    return position or payload.get("engine_state") is not None or payload.get("geofence") is not None


def identify(payload: JsonObject) -> tuple[str, str | None]:
    """Data type and external id, `<vehicle_id>@<timestamp, RFC 3339 UTC>`.

    A vehicle has one record for each moment; without a `timestamp` one for each content, by its hash.
    """
    vehicle = external_id(payload.get("vehicle_id"))
    if vehicle is None:
        return DATA_TYPE, None
    moment = utc_text(payload.get("timestamp")) or content_hash(payload)[:_FALLBACK_DIGITS]
    return DATA_TYPE, external_id(f"{vehicle}@{moment}")
