"""Entities of a configured source, from the values of their keys. The keys are made in `extract.keys`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, cast, get_args

from apex_cli.extract import clean, contacts, entities, fields, keys, places
from apex_cli.model import Entity, EntityType

Values = Mapping[str, Any]
"""The values of an entity's keys as the record has them; without those that are null."""


def make(kind: EntityType, source: str, values: Values, name: str | None, number: int) -> Entity | None:
    """The entity of this type; None where its keys and its name identify nothing.

    `number` is the position in the list that it came from, from 1, for a stop without an id.
    """
    return _MAKERS[kind](source, values, name, number)


def _text(values: Values, name: str) -> str | None:
    return fields.label(values.get(name))


def _vehicle(source: str, values: Values, name: str | None, _: int) -> Entity | None:
    own_id = _text(values, "id")
    known = entities.vehicle(
        unit=_text(values, "unit"),
        vin=_text(values, "vin"),
        samsara_id=_text(values, "samsara"),
        fleet=_text(values, "fleet"),
    )
    key = keys.source_id("vehicle", source, own_id) if own_id else None
    return _with_own_key(known, EntityType.VEHICLE, key, name or own_id)


def _human(kind: Any, source: str, values: Values, name: str | None, _: int) -> Entity | None:
    contact = contacts.from_fields(name, values.get("email"), values.get("phone"))
    return entities.human(kind, source, contact, own_id=_text(values, "id"))


def _shipment(source: str, values: Values, name: str | None, _: int) -> Entity | None:
    number, own_id = _text(values, "number"), _text(values, "id")
    known = entities.shipment(shipment_id=number, turvo_id=_text(values, "turvo"))
    key = keys.source_id("shipment", source, own_id) if own_id else None
    return _with_own_key(known, EntityType.SHIPMENT, key, name or own_id)


def _with_own_key(known: Entity | None, kind: EntityType, key: str | None, name: str | None) -> Entity | None:
    """What is known by other keys, and by the key that the source itself gives; one of this name by that key alone."""
    if key is None:
        return known
    if known is None:
        return Entity(kind, (key,), clean.line(name or key))
    return replace(known, keys=(*known.keys, key))


def _company(kind: Any, source: str, values: Values, name: str | None, _: int) -> Entity | None:
    own_id, turvo = _text(values, "id"), _text(values, "turvo")
    dockets = {
        docket: number
        for docket in get_args(keys.DocketKind)
        if (given := _text(values, docket)) and (number := given if docket == "scac" else keys.docket_number(given))
    }
    found = keys.given(
        (partial(keys.source_id, kind, source), own_id),
        (partial(keys.turvo_id, kind), turvo),
        *((partial(keys.docket, docket), number) for docket, number in dockets.items()),
    )
    return entities.named(kind, source, name, found, label=own_id or turvo, attributes=dockets)


def _location(source: str, values: Values, name: str | None, _: int) -> Entity | None:
    own_id, city = _text(values, "address_id"), _text(values, "city")
    region = _text(values, "state") or _text(values, "country")
    text = _text(values, "text")
    place = places.city_name(city, region) if city and region else city or (text and (places.last(text) or text))
    if own_id:
        return entities.address(f"{source}:{own_id}", name or place or own_id)
    if place:
        return entities.city(clean.line(place))
    position = fields.position(values.get("latitude"), values.get("longitude"))
    return entities.position(*position) if position else None


def _stop(_source: str, values: Values, name: str | None, number: int) -> Entity | None:
    shipment = _text(values, "shipment")
    if shipment is None:
        return None
    key = keys.stop(shipment, _text(values, "id") or f"#{number}")
    return Entity(EntityType.STOP, (key,), clean.line(f"{name or number} of {shipment}"))


def _geofence(source: str, values: Values, name: str | None, _: int) -> Entity | None:
    own_id = _text(values, "id")
    found = [keys.source_id("geofence", source, own_id)] if own_id else []
    return entities.named("geofence", source, name, found, label=own_id)


def _order(_source: str, values: Values, _name: str | None, _: int) -> Entity | None:
    number = _text(values, "number")
    return entities.order(number) if number else None


def _reference(_source: str, values: Values, _name: str | None, _: int) -> Entity | None:
    kind, number = next(((kind, number) for kind in values if (number := _text(values, kind))), ("", ""))
    return entities.reference(cast(keys.ReferenceKind, kind), number) if number else None


def _by_id(kind: EntityType, make_key: Callable[[str], str]) -> Callable[..., Entity | None]:
    def made(source: str, values: Values, name: str | None, _: int) -> Entity | None:
        own_id = _text(values, "id")
        return Entity(kind, (make_key(f"{source}:{own_id}"),), clean.line(name or own_id)) if own_id else None

    return made


_MAKERS: Mapping[EntityType, Callable[[str, Values, str | None, int], Entity | None]] = {
    EntityType.VEHICLE: _vehicle,
    EntityType.DRIVER: partial(_human, "driver"),
    EntityType.PERSON: partial(_human, "person"),
    EntityType.SHIPMENT: _shipment,
    EntityType.CUSTOMER: partial(_company, "customer"),
    EntityType.CARRIER: partial(_company, "carrier"),
    EntityType.LOCATION: _location,
    EntityType.STOP: _stop,
    EntityType.GEOFENCE: _geofence,
    EntityType.ORDER: _order,
    EntityType.REFERENCE: _reference,
    EntityType.MESSAGE: _by_id(EntityType.MESSAGE, keys.message),
    EntityType.CONVERSATION: _by_id(EntityType.CONVERSATION, keys.conversation),
    EntityType.DOCUMENT: _by_id(EntityType.DOCUMENT, keys.document_content),
    EntityType.ALERT: _by_id(EntityType.ALERT, keys.alert),
}
