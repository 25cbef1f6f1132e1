"""Entities from their parts: which parts are keys, which are names, and what the entity is called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from apex_cli.extract import clean, keys, placeholders
from apex_cli.extract.contacts import Contact
from apex_cli.model import Entity, EntityType, Predicate

_UNIT_PREFIX = re.compile(r"[A-Za-z]{1,6}(?=\d)", re.ASCII)


def named(
    kind: keys.NamedKind,
    source: str,
    name: str | None,
    ids: Iterable[str] = (),
    *,
    aliases: Iterable[str] = (),
    label: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    certain: bool = True,
) -> Entity | None:
    """Something that has ids (as keys, the preferred first), a name, or both; None if it has neither.

    A bare name is a key within its source, and a hint to what other sources may know. `aliases` are weak keys: names
    beside ids, keys where there is nothing else. `label` names what has no name. A placeholder is no id and no name:
    "Unassigned", MC 0000000.
    """
    found = tuple(key for key in ids if not placeholders.is_id(key.split(":", 2)[2]))
    name = None if name is not None and placeholders.is_name(name) else name
    weak = tuple(aliases)
    shown = clean.line(name or label or "")
    spelled = (keys.source_name(kind, source, name), keys.any_name(kind, name)) if name else ()
    own = found or (spelled[:1] if name else weak)
    if not own:
        return None
    others = (*spelled, *weak) if found else weak
    return Entity(
        type=EntityType(kind.capitalize()),
        keys=own,
        name=shown or own[0].rsplit(":", 1)[-1],
        names=tuple(key for key in others if key not in own),
        hints=() if found else spelled[1:],
        attributes=attributes or {},
        certain=certain,
    )


def company(kind: Literal["customer", "carrier"], source: str, name: str, numbers: Iterable[str] = ()) -> Entity | None:
    """A company that a text names beside its label or its number; None for a placeholder.

    Without a number it is the one that the memory knows by this name, if there is one; see `keys.said_as`.
    """
    found = named(kind, source, name, numbers, certain=False)
    if found is None or found.hints == ():
        return found
    return replace(found, keys=(keys.said_as(kind, name),), hints=())


def human(
    kind: keys.HumanKind, source: str, contact: Contact, *, own_id: str | None = None, certain: bool = True
) -> Entity | None:
    """A driver or a person.

    A driver is known by an id, and by a telephone number or an e-mail address together with the name. A person is known
    by an e-mail address, and by a telephone number together with the name. A telephone number alone is a weak key.
    """
    name = contact.name if contact.name and not placeholders.is_name(contact.name) else None
    phone = contact.phone if contact.phone and not placeholders.is_phone(contact.phone) else None
    email = contact.email if contact.email and not placeholders.is_email(contact.email) else None
    if email and placeholders.is_unread(email):
        name, email = name or email, None
    strong = keys.given((partial(keys.source_id, kind, source), own_id)) if kind == "driver" else []
    weak = []
    if email and kind == "person":
        strong.append(keys.email(kind, email))
    elif email:
        weak.append(keys.email(kind, email))
        strong += [keys.named_email(kind, email, name)] if name else []
    if phone:
        weak.append(keys.phone(kind, phone))
        strong += [keys.named_phone(kind, phone, name)] if name else []
    return named(
        kind,
        source,
        name,
        sorted(strong, key=keys.rank),
        aliases=sorted(weak, key=keys.rank),
        label=email or (f"+{phone}" if phone else own_id),
        attributes={name: value for name in ("email", "phone") if (value := getattr(contact, name)) is not None},
        certain=certain,
    )


def vehicle(
    *,
    unit: str | None = None,
    vin: str | None = None,
    samsara_id: str | None = None,
    fleet: str | None = None,
    certain: bool = True,
) -> Entity | None:
    """A vehicle by samsara id, VIN and unit name, in this order of preference; None if all are missing.

    `fleet` is the account, organisation or carrier that numbered its units: its 101 is not another fleet's 101. A VIN
    must have the form of one.
    """
    unit = unit if unit and not placeholders.is_id(unit) else None
    vin = clean.line(vin).upper() if vin and placeholders.is_vin(clean.line(vin)) else None
    samsara_id = samsara_id if samsara_id and not placeholders.is_id(samsara_id) else None
    fleet = fleet if fleet and not placeholders.is_id(fleet) else None
    found = keys.given((keys.vehicle_samsara, samsara_id), (keys.vehicle_vin, vin))
    if unit:
        found.append(keys.vehicle_unit(unit, fleet))
    if not found:
        return None
    return Entity(
        EntityType.VEHICLE,
        tuple(found),
        clean.line(unit or vin or samsara_id or ""),
        names=(keys.vehicle_unit(unit),) if unit and fleet else (),
        attributes={"vin": vin} if vin else {},
        certain=certain,
    )


def numbered_vehicle(number: str) -> Entity:
    """A vehicle called "truck 6520": the unit 6520, or the one whose unit name is TRUCK-6520; TRK12 may be TRK-12."""
    prefix = _UNIT_PREFIX.match(number)
    other = f"TRUCK-{number}" if number.isdigit() else f"{prefix[0]}-{number[prefix.end() :]}" if prefix else ""
    hints = (keys.vehicle_unit(other),) if other else ()
    return Entity(EntityType.VEHICLE, (keys.vehicle_unit(number),), number, hints=hints, certain=False)


def shipment(*, shipment_id: str | None = None, turvo_id: str | None = None, certain: bool = True) -> Entity | None:
    """A shipment by its human number and Turvo's own id; None if both are missing."""
    shipment_id = None if shipment_id and placeholders.is_id(shipment_id) else shipment_id
    turvo_id = None if turvo_id and placeholders.is_id(turvo_id) else turvo_id
    found = keys.given((keys.shipment, shipment_id), (partial(keys.turvo_id, "shipment"), turvo_id))
    name = clean.line(shipment_id or turvo_id or "")
    return Entity(EntityType.SHIPMENT, tuple(found), name, certain=certain) if found else None


def city(name: str, *, certain: bool = True) -> Entity:
    """A location known as "City, ST"."""
    both = dict.fromkeys((keys.location_city(name), keys.location_accented(name)))
    return Entity(EntityType.LOCATION, tuple(both), clean.line(name), certain=certain)


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
