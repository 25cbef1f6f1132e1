"""Vehicles, drivers and geofences as Samsara names them.

A vehicle is identified by Samsara's id and its VIN. Its name is free text (by default the serial of its gateway, which
moves from truck to truck), so it is a name and no key, and the serial is an attribute. External ids, which customers
define, are names too: `{"turvoUnit": "TRUCK-6520"}`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from apex_cli.extract import clean, contacts, cuts, entities, fields, keys
from apex_cli.extract.builder import Builder
from apex_cli.extract.remaining import remaining_phrases
from apex_cli.model import Entity

VEHICLE_FIELDS = frozenset(("id", "samsara_id", "vin", "vehicle_vin", "name", "external_ids.samsara_vin"))
"""What `vehicle` says elsewhere than in the attributes."""
DRIVER_FIELDS = frozenset(("id", "name", "phone", "email"))
_ATTRIBUTES = ("license_plate", "make", "model", "year")
_SERIAL = "samsara_serial"
_VIN = "samsara_vin"
_UNIT_WORDS = frozenset(("unit", "truck", "tractor", "vehicle", "asset"))
_MAX_LEVELS = 6
_MAX_NODES = 500


def vehicle(raw: Mapping[str, Any], source: str) -> Entity | None:
    """The vehicle of a row, of `asset`, `vehicle` or `device`; None without an id and a VIN."""
    given = raw.get("external_ids")
    external: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    samsara_id = fields.pick(raw, "samsara_id", "id")
    vin = fields.pick(raw, "vin", "vehicle_vin") or fields.pick(external, _VIN)
    found = entities.vehicle(samsara_id=samsara_id, vin=vin)
    if found is None:
        return None
    gateway = raw.get("gateway")
    serial = (
        fields.pick(raw, "serial")
        or fields.pick(external, _SERIAL)
        or (fields.pick(gateway, "serial") if isinstance(gateway, Mapping) else None)
    )
    name = fields.pick(raw, "name")
    attributes = {label: clean.line(value) for label in _ATTRIBUTES if (value := fields.pick(raw, label))}
    return replace(
        found,
        name=clean.line(name) if name else found.name,
        names=tuple(dict.fromkeys((*found.names, *_names(name, serial, external, source, fields.pick(raw, "org_id"))))),
        attributes={**found.attributes, **({"serial": clean.line(serial)} if serial else {}), **attributes},
    )


def driver(raw: Any, source: str) -> Entity | None:
    """The driver of `{"id", "name"}`; None for null and for an object without both."""
    if not isinstance(raw, Mapping):
        return None
    contact = contacts.from_fields(fields.pick(raw, "name"), raw.get("email"), raw.get("phone"))
    return entities.human("driver", source, contact, own_id=fields.pick(raw, "id"))


def geofence(raw: Any, source: str) -> Entity | None:
    """A geofence by its name, or by the id of the address that it is drawn around; None for none."""
    own_id = fields.pick(raw, "id") if isinstance(raw, Mapping) else None
    name = fields.label(raw)
    attributes: dict[str, Any] = {}
    if isinstance(raw, Mapping):
        address = fields.pick(raw, "formatted_address")
        attributes |= {"address": clean.line(address)} if address else {}
        attributes |= _circle(raw.get("geofence"))
    # An id alone never replaces a name that another record gives.
    return entities.named(
        "geofence",
        source,
        name,
        [keys.geofence(own_id)] if own_id else [],
        label=own_id,
        attributes=attributes,
        certain=name is not None,
    )


def remaining(builder: Builder, *parts: tuple[Mapping[str, Any], Collection[str]]) -> list[str]:
    """The phrases of what is left of these (tree, fields used), each once; what is cut is noted."""
    phrases: dict[str, None] = {}
    for tree, used in parts:
        found, note = remaining_phrases(tree, used)
        phrases.update(dict.fromkeys(found))
        if note:
            builder.note(note)
    return list(phrases)


def inside(value: Any, names: frozenset[str], levels: int = _MAX_LEVELS) -> list[Mapping[str, Any]]:
    """The objects under one of these names in a tree, down to 6 levels and among its first 500 nodes."""
    found: list[Mapping[str, Any]] = []
    stack = [(value, levels)]
    for _ in range(_MAX_NODES):
        if not stack:
            break
        node, left = stack.pop()
        if isinstance(node, Mapping):
            found.extend(item for name, item in node.items() if name in names and isinstance(item, Mapping) and item)
        if left and isinstance(node, Mapping | list):
            below = list(node.values() if isinstance(node, Mapping) else node)[:_MAX_NODES]
            stack.extend((item, left - 1) for item in reversed(below) if isinstance(item, Mapping | list))
    if stack:
        cuts.left_out(f"vehicles and drivers after the first {_MAX_NODES} values")
    return found


def _names(
    name: str | None, serial: str | None, external: Mapping[str, Any], source: str, fleet: str | None
) -> Iterator[str]:
    fleets = dict.fromkeys((fleet, None))
    if name and _alphanumeric(name) != _alphanumeric(serial or ""):
        yield from (keys.vehicle_unit(name, each) for each in fleets)
    for label, value in external.items():
        own = fields.scalar(value)
        if own and label not in (_SERIAL, _VIN):
            # A name that is an id as well would count as an id only.
            if own == name or not _UNIT_WORDS.isdisjoint(label.split("_")):
                yield from (keys.vehicle_unit(own, each) for each in fleets)
            else:
                yield keys.source_id("vehicle", f"{source}.{label}", own)


def _alphanumeric(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _circle(raw: Any) -> dict[str, float]:
    circle = raw.get("circle") if isinstance(raw, Mapping) else None
    if not isinstance(circle, Mapping):
        return {}
    centre = fields.position(circle.get("latitude"), circle.get("longitude"))
    radius = fields.number(circle.get("radius_meters"))
    if centre is None or radius is None:
        return {}
    return {"latitude": centre[0], "longitude": centre[1], "radius_meters": radius}
