"""Entities from their parts: which parts are keys, which are names, and what the entity is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Literal

from apex_cli.extract import clean, keys
from apex_cli.extract.contacts import Contact
from apex_cli.model import Entity, EntityType, Predicate


def named(
    kind: keys.NamedKind,
    source: str,
    name: str | None,
    ids: Iterable[str] = (),
    *,
    label: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    certain: bool = True,
) -> Entity | None:
    """Something that has ids (as keys, the preferred first), a name, or both; None if it has neither.

    A bare name is a key within its source, and a hint to what other sources may know. `label` names what has no name.
    """
    found = tuple(ids)
    shown = clean.line(name or label or "")
    if not found and not name:
        return None
    names = (keys.source_name(kind, source, name), keys.any_name(kind, name)) if name else ()
    return Entity(
        type=EntityType(kind.capitalize()),
        keys=found or names[:1],
        name=shown or found[0].rsplit(":", 1)[-1],
        names=names if found else (),
        hints=() if found else names[1:],
        attributes=attributes or {},
        certain=certain,
    )


def human(
    kind: Literal["driver", "person"], source: str, contact: Contact, *, own_id: str | None = None, certain: bool = True
) -> Entity | None:
    """A driver or a person. A driver is known by id, telephone and e-mail, a person by e-mail and telephone."""
    phone, email = (partial(keys.phone, kind), contact.phone), (partial(keys.email, kind), contact.email)
    if kind == "driver":
        reached = keys.given((partial(keys.source_id, kind, source), own_id), phone, email)
    else:
        reached = keys.given(email, phone)
    return named(
        kind,
        source,
        contact.name,
        reached,
        label=contact.email or (f"+{contact.phone}" if contact.phone else own_id),
        attributes={name: value for name in ("email", "phone") if (value := getattr(contact, name)) is not None},
        certain=certain,
    )


def vehicle(
    *, unit: str | None = None, vin: str | None = None, samsara_id: str | None = None, certain: bool = True
) -> Entity | None:
    """A vehicle by samsara id, VIN and unit name, in this order of preference; None if all are missing."""
    found = keys.given((keys.vehicle_samsara, samsara_id), (keys.vehicle_vin, vin), (keys.vehicle_unit, unit))
    if not found:
        return None
    return Entity(
        EntityType.VEHICLE,
        tuple(found),
        clean.line(unit or vin or samsara_id or ""),
        attributes={"vin": clean.line(vin).upper()} if vin else {},
        certain=certain,
    )


def numbered_vehicle(number: str) -> Entity:
    """A vehicle called "truck 6520": the unit 6520, or the one whose unit name is TRUCK-6520."""
    hint = (keys.vehicle_unit(f"TRUCK-{number}"),) if number.isdigit() else ()
    return Entity(EntityType.VEHICLE, (keys.vehicle_unit(number),), number, hints=hint, certain=False)


def shipment(*, shipment_id: str | None = None, turvo_id: str | None = None, certain: bool = True) -> Entity | None:
    """A shipment by its human number and Turvo's own id; None if both are missing."""
    found = keys.given((keys.shipment, shipment_id), (partial(keys.turvo_id, "shipment"), turvo_id))
    name = clean.line(shipment_id or turvo_id or "")
    return Entity(EntityType.SHIPMENT, tuple(found), name, certain=certain) if found else None


def city(name: str, *, certain: bool = True) -> Entity:
    """A location known as "City, ST"."""
    return Entity(EntityType.LOCATION, (keys.location_city(name),), clean.line(name), certain=certain)


def position(latitude: float, longitude: float) -> Entity:
    """A location known by its rounded position only."""
    name = keys.position_name(latitude, longitude)
    return Entity(EntityType.LOCATION, (keys.location_position(name),), name)


def address(address_id: str, name: str) -> Entity:
    """A location that the source keeps in an address book."""
    return Entity(EntityType.LOCATION, (keys.location_address(address_id),), clean.line(name))


def order(number: str, *, certain: bool = True) -> Entity:
    """A purchase order."""
    return Entity(EntityType.ORDER, (keys.order(number),), clean.line(number), certain=certain)


def reference(kind: keys.ReferenceKind, number: str, *, certain: bool = True) -> Entity:
    """A numbered paper or thing: bill of lading, PRO, container, seal, invoice."""
    name = clean.line(number)
    return Entity(
        EntityType.REFERENCE, (keys.reference(kind, number),), name, attributes={"kind": kind}, certain=certain
    )


def docketed_carrier(kind: keys.DocketKind, number: str) -> Entity:
    """A carrier of which a text gives only the MC, USDOT or SCAC."""
    prefix = {"dot": "USDOT "}.get(kind, f"{kind.upper()}-" if kind != "scac" else "")
    return Entity(EntityType.CARRIER, (keys.docket(kind, number),), f"{prefix}{number}", certain=False)


def value(predicate: Predicate, text: str) -> Entity:
    """The node of a plain value, such as a status."""
    return Entity(EntityType.VALUE, (keys.value(predicate, text),), text)
