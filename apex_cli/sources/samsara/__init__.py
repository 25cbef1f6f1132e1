"""Samsara: where a vehicle is, and how it runs. One flat record for each position."""

from __future__ import annotations

from apex_cli.extract.identity import content_hash, external_id
from apex_cli.extract.timestamps import from_fields, rfc3339
from apex_cli.model import Extraction, JsonObject, Record
from apex_cli.sources.source import Source

_READINGS = ("speed_mph", "engine_state", "geofence")
_ERROR = frozenset(("message", "request_id"))
_FALLBACK_DIGITS = 32


class _Samsara(Source):
    name = "samsara"
    title = "Samsara readings of vehicles"
    data_types = ("location",)

    def matches(self, payload: JsonObject) -> bool:
        """A `vehicle_id` together with a position, a speed, an engine state or a geofence."""
        if payload.get("vehicle_id") is None:
            return False
        position = payload.get("latitude") is not None and payload.get("longitude") is not None
        return position or any(payload.get(key) is not None for key in _READINGS)

    def identify(self, payload: JsonObject) -> tuple[str, str | None]:
        """The external id is `<vehicle_id>@<timestamp, RFC 3339 UTC>`.

        A vehicle has one record for each moment, however that is written; without a readable time, one for each
        content.
        """
        (data_type,) = self.data_types
        vehicle = external_id(payload.get("vehicle_id"))
        if vehicle is None:
            return data_type, None
        moment = from_fields(payload)
        when = rfc3339(moment) if moment else external_id(payload.get("timestamp"))
        return data_type, external_id(f"{vehicle}@{when or content_hash(payload)[:_FALLBACK_DIGITS]}")

    def extract(self, record: Record) -> Extraction:
        from apex_cli.sources.samsara import mapping

        return mapping.extract(record)

    def skip_reason(self, payload: JsonObject) -> str | None:
        """An error of the API: `message` and `requestId`."""
        return "error answer" if payload.keys() == _ERROR else None


SOURCE = _Samsara()
