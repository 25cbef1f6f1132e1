"""The stops and places of a Turvo shipment."""

from __future__ import annotations

from collections.abc import Mapping

from apex_cli.extract import clean, entities, fields, keys, places, times, timestamps
from apex_cli.extract.builder import Builder, Handle
from apex_cli.model import Entity, EntityType, JsonObject, Predicate


def add(builder: Builder, shipment: Handle, payload: JsonObject) -> list[str]:
    """Claims every stop from its appointment on; a deleted one ended at `endedAt`, else with this record."""
    return [
        _add_stop(builder, shipment, told, number)
        for number, told in enumerate(fields.objects(payload.get("stops")), start=1)
    ]


def place(told: object) -> Entity | None:
    """A location: "City, ST" from an object with city and state (or country), its `address`, or from a text that ends
    in one; else the city alone as the source spells it, else a position."""
    if not isinstance(told, Mapping):
        text = fields.scalar(told)
        return entities.city(places.last(clean.line(text)) or clean.line(text)) if text else None
    city = fields.word(told.get("city"))
    region = fields.word(told.get("state")) or fields.word(told.get("country"))
    if city:
        return entities.city(places.city_name(city, region) if region else clean.line(city))
    inside = place(told.get("address"))
    if inside:
        return inside
    position = fields.position(told.get("latitude", told.get("lat")), told.get("longitude", told.get("lng")))
    return entities.position(*position) if position else None


def _add_stop(builder: Builder, shipment: Handle, told: JsonObject, number: int) -> str:
    owner = builder.known(shipment).name
    name, kind = fields.word(told.get("name")), fields.word(told.get("type"))
    appointment = timestamps.parse(told.get("appointment"))
    ended = (timestamps.parse(told.get("endedAt")) or builder.event_time) if told.get("deleted") is True else None
    stop = builder.add(
        Entity(
            EntityType.STOP,
            (keys.stop(owner, fields.pick(told, "id") or f"#{number}"),),
            clean.line(f"{name or number} of {owner}"),
            attributes={"type": clean.line(kind)} if kind else {},
        )
    )
    builder.claim(shipment, Predicate.HAS_STOP, stop, valid_at=appointment, invalid_at=ended)
    where = place(told)
    if where:
        builder.claim(stop, Predicate.AT, builder.add(where), valid_at=appointment, invalid_at=ended)
    phrase = " ".join(clean.line(part) for part in ("stop", str(number), kind or "", name or "") if part)
    return (
        phrase
        + (f" at {where.name}" if where else "")
        + (f" on {times.spoken(appointment)}" if appointment else "")
        + (" (removed)" if ended else "")
    )
