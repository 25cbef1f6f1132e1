"""Where a vehicle is: a position, an address, a geofence and a speed, however a layout writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from apex_cli.errors import ExtractError
from apex_cli.extract import clean, entities, fields, keys, places
from apex_cli.extract.builder import Builder, EntityRef
from apex_cli.model import Entity, Predicate
from apex_cli.sources.samsara import measures, things
from apex_cli.sources.samsara.shapes import POSITIONS

_ADDRESS = ("street_number", "street", "city", "state", "postal_code", "formatted_address")
_READ = frozenset((
    "heading", "heading_degrees", "address_id", "reverse_geo.formatted_location", "formatted_location",
    *(f"address.{name}" for name in (*_ADDRESS, "id", "name")),
    "geofence.id", "geofence.name",
))  # fmt: skip
_PLAIN = frozenset(("address", "geofence"))


@dataclass(frozen=True, slots=True)
class Fix:
    """One reading of a position.

    `place` is the name of an entry of the address book. `outside` means that the reading would name a geofence, and
    names none; without one, it may also be of a layout that never names any. `used` are the fields read.
    """

    latitude: object = None
    longitude: object = None
    address: str | None = None
    address_id: str | None = None
    place: str | None = None
    city: str | None = None
    geofence: Any = None
    outside: bool = False
    measured: Mapping[str, float] = field(default_factory=dict)
    used: frozenset[str] = frozenset()

    @property
    def position(self) -> tuple[float, float] | None:
        return fields.position(self.latitude, self.longitude)

    def location(self) -> Entity | None:
        """By address id, else by city (of an address: the one at its end), else by the rounded position."""
        if self.address_id:
            return entities.address(self.address_id, self.place or self.address or self.address_id)
        city = self.city or (places.last(self.address) if self.address else None)
        if city:
            return entities.city(city)
        return entities.position(*self.position) if self.position else None


def read(reading: Mapping[str, Any], *, names_geofences: bool = False) -> Fix:
    """The position of a reading: of `gps`, of `location`, or of a flat one.

    `names_geofences`: readings of this layout have an `address` wherever the vehicle is within one.
    """
    north, east = next(
        (pair for pair in POSITIONS if reading.get(pair[0]) is not None and reading.get(pair[1]) is not None),
        POSITIONS[0],
    )
    measured, speed_field = measures.speed(reading)
    heading = fields.number(reading.get("heading", reading.get("heading_degrees")))
    raw, around = reading.get("address"), reading.get("reverse_geo")
    address = fields.scalar(raw) or fields.pick(reading, "formatted_location")
    address_id, place, city, geofence = fields.pick(reading, "address_id"), None, None, reading.get("geofence")
    if isinstance(raw, Mapping):
        city = _city(raw)
        address = address or clean.joined(fields.pick(raw, name) for name in _ADDRESS) or None
        if own_id := fields.pick(raw, "id"):
            # An entry of the address book, and the geofence around it.
            address_id, place, geofence = own_id, fields.pick(raw, "name"), geofence or raw
    if address is None and isinstance(around, Mapping):
        address = fields.pick(around, "formatted_location")
    return Fix(
        latitude=reading.get(north),
        longitude=reading.get(east),
        address=clean.line(address) if address else None,
        address_id=address_id,
        place=place,
        city=city,
        geofence=geofence,
        outside=not geofence and (names_geofences or "geofence" in reading),
        measured=measured if heading is None else {**measured, "heading": heading},
        used=_READ.union(
            (north, east),
            (name for name in _PLAIN if not isinstance(reading.get(name), Mapping)),
            [speed_field] if speed_field else (),
        ),
    )


def state(builder: Builder, vehicle: EntityRef, fix: Fix, source: str) -> Iterator[str]:
    """Claims where the vehicle is and in which geofence, as phrases."""
    located = fix.location()
    if located is not None:
        position = fix.position
        attributes: dict[str, Any] = {
            name: value
            for name, raw in (("latitude", fix.latitude), ("longitude", fix.longitude))
            if (value := fields.number(raw)) is not None
        }
        attributes |= fix.measured
        if fix.address:
            attributes["address"] = fix.address
        builder.claim(vehicle, Predicate.LOCATED_AT, builder.add(located), attributes=attributes)
        shown = (located.name, fix.address, keys.position_name(*position) if position else None)
        yield f"at {clean.joined(dict.fromkeys(shown))}"
    fence = things.geofence(fix.geofence, source)
    if fence is not None:
        builder.claim(vehicle, Predicate.INSIDE_GEOFENCE, builder.add(fence))
        yield f"inside geofence {fence.name}"
    elif fix.outside and fix.position:
        builder.claim_nothing(vehicle, Predicate.INSIDE_GEOFENCE)
        yield "inside no geofence"


def measured(fix: Fix) -> Iterator[str]:
    """Speed and heading as phrases."""
    if "speed_mph" in fix.measured:
        yield measures.speed_phrase(fix.measured)
    if "heading" in fix.measured:
        yield f"heading {fields.scalar(fix.measured['heading'])} degrees"


def refuse(fix: Fix) -> None:
    """Raises ExtractError (`bad_position`) for a position that is there and is none on earth."""
    if fix.position is not None or (fix.latitude is None and fix.longitude is None):
        return
    latitude, longitude = (clean.line(fields.scalar(raw) or "", 40) for raw in (fix.latitude, fix.longitude))
    raise ExtractError(
        f"latitude {latitude}, longitude {longitude} is no position on earth, and the record has no other content",
        hint="latitude runs from -90 to 90 and longitude from -180 to 180, in degrees",
        code="bad_position",
    )


def _city(raw: Mapping[str, Any]) -> str | None:
    city, state = fields.pick(raw, "city"), fields.pick(raw, "state")
    return places.city_name(city, state) if city and state else None
