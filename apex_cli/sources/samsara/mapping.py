"""Samsara: where a vehicle is and how it runs, what it is, and what happened to it. One extraction for each layout."""

from __future__ import annotations

from dataclasses import replace

from apex_cli.extract.field_names import snake_tree
from apex_cli.model import Extraction, Record
from apex_cli.sources.samsara import events, readings, vehicles
from apex_cli.sources.samsara.shapes import Shape, shape_of

_EXTRACT = {
    Shape.FLAT: readings.flat,
    Shape.READING: readings.stat,
    Shape.TRACK: readings.track,
    Shape.VEHICLE: vehicles.row,
    Shape.VEHICLE_EVENT: vehicles.changed,
    Shape.GEOFENCE: events.geofence,
    Shape.ALERT: events.alert,
    Shape.ROUTE_STOP: events.route_stop,
    Shape.EVENT: events.other,
}


def extract(record: Record) -> Extraction:
    """What a record states, by its layout; one that is of no known layout is read as a flat reading.

    A tombstone states nothing any more: it keeps the things it names, without claims.
    Raises ExtractError: `unreadable_time`, `no_vehicle` without any id of a vehicle, `bad_position` where a position
    that does not exist on earth is all that the record says.
    """
    payload = snake_tree(record.payload)
    found = _EXTRACT[shape_of(payload) or Shape.FLAT](record, payload)
    return replace(found, claims=(), whole=True) if record.ended else found
