"""Samsara: readings of vehicles, the vehicles themselves, and events."""

from __future__ import annotations

from collections.abc import Sequence

from apex_cli.model import Extraction, JsonObject, Record
from apex_cli.sources.samsara import shapes
from apex_cli.sources.source import Source


class _Samsara(Source):
    name = "samsara"
    title = "Samsara readings of vehicles, vehicles and events"
    data_types = (
        "location", "engine_state", "fuel_percent", "stat", "vehicle", "geofence_event", "alert", "route_stop", "event",
    )  # fmt: skip
    typical_fields = frozenset(
        ("vehicle_id", "latitude", "longitude", "speed_mph", "speed_miles_per_hour", "heading_degrees", "engine_state",
         "engine_states", "fuel_percent", "fuel_percents", "obd_odometer_meters", "gps", "gps_odometer_meters",
         "reverse_geo", "is_ecu_speed", "happened_at_time", "asset", "geofence", "static_assigned_driver", "vin",
         "license_plate", "external_ids", "gateway", "serial", "make", "model", "harsh_event_type")
    )  # fmt: skip

    def matches(self, payload: JsonObject) -> bool:
        """One of the layouts of `shapes`."""
        return shapes.shape_of(payload) is not None

    def identify(self, payload: JsonObject) -> tuple[str, str | None]:
        """A reading is `<vehicle>@<RFC 3339 UTC>`, a vehicle its id, an event its event id.

        The vehicle of a reading is Samsara's id, or a number of the fleet: `<organisation>/<number>` where the
        organisation is named. A stat without a type of its own has its name beside the vehicle:
        `281474990000101/engine_rpm@2025-10-19T14:23:00Z`. What has neither id nor readable time has one record for each
        content.
        """
        return shapes.identify(payload, shapes.shape_of(payload))

    def extract(self, record: Record) -> Extraction:
        from apex_cli.sources.samsara import mapping

        return mapping.extract(record)

    def skip_reason(self, payload: JsonObject) -> str | None:
        """An error of the API, an empty page, or the test of a webhook."""
        return shapes.skip_reason(payload)

    def unpack(self, payload: JsonObject) -> Sequence[JsonObject] | None:
        """The rows of a page, the content of a message of Kafka, each reading of a row of stats."""
        return shapes.unpack(payload)


SOURCE = _Samsara()
