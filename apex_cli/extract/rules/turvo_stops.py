"""The stops and places of a Turvo shipment."""

from __future__ import annotations

from collections.abc import Mapping

from apex_cli.extract import clean, fields, keys, places, things, times
from apex_cli.extract.builder import Builder, Handle
from apex_cli.model import Entity, EntityType, JsonObject, Predicate


def add(builder: Builder, shipment: Handle, payload: JsonObject) -> list[str]:
    """Claims every stop from its appointment on; a deleted one ended at `endedAt`, else with this record."""
    return [
        _add_stop(builder, shipment, told, number)
        for number, told in enumerate(fields.objects(payload.get("stops")), start=1)
    ]


def place(told: object) -> str | None:
    """ "City, ST" from an object with city and state, or from a text that ends in one."""
    if isinstance(told, Mapping):
        city, state = fields.word(told.get("city")), fields.word(told.get("state"))
        return places.city_name(city, state) if city and state else None
    text = fields.scalar(told)
    return places.last(clean.line(text)) if text else None


def _add_stop(builder: Builder, shipment: Handle, told: JsonObject, number: int) -> str:
    owner = builder.known(shipment).name
    name, kind = fields.word(told.get("name")), fields.word(told.get("type"))
    appointment = times.parse(told.get("appointment"))
    ended = (times.parse(told.get("endedAt")) or builder.event_time) if told.get("deleted") is True else None
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
        builder.claim(stop, Predicate.AT, builder.add(things.city(where)), valid_at=appointment, invalid_at=ended)
    phrase = " ".join(clean.line(part) for part in ("stop", str(number), kind or "", name or "") if part)
    return (
        phrase
        + (f" at {where}" if where else "")
        + (f" on {times.spoken(appointment)}" if appointment else "")
        + (" (removed)" if ended else "")
    )
