"""204: a load that is tendered to a carrier: its stops, times, parties, freight, and what it pays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from apex_cli.extract import clean, entities, keys, timestamps
from apex_cli.model import Entity, EntityType, Predicate
from apex_cli.sources.x12 import codes, parts
from apex_cli.sources.x12.transaction import Statement, Transaction, at, implied, number


@dataclass(frozen=True, slots=True)
class _Stop:
    sequence: str
    reason: str
    place: Entity | None


def state(about: Statement, found: Transaction) -> None:
    """Claims everything that the tender says of the shipment."""
    builder = about.builder
    head, stops = found.loops("S5")
    purpose = at(head.first("B2A"), 1)
    why = codes.PURPOSES.get(purpose, purpose)
    status = "cancelled" if purpose in codes.CANCELLED else "tendered"
    value = builder.add(entities.value(Predicate.HAS_STATUS, status))
    builder.claim(about.shipment, Predicate.HAS_STATUS, value, attributes={"purpose": why} if why else {})
    scac = at(head.first("B2"), 2).upper()
    about.say(f"{status}{f' to {scac}' if scac else ''}{f' ({why})' if why else ''}")
    who = parts.parties(head)
    parts.claim_customer(about, who)
    parts.claim_references(about, head)
    about.say(*(party.describe() for party in who))
    claimed = [_claim_stop(about, stop) for stop in stops]
    _claim_ends(about, claimed)
    attributes = {**_freight(found), **parts.equipment(head), **parts.dates(about, head)}
    about.say(*(f"{name.replace('_', ' ')} {value}" for name, value in attributes.items()))
    if scac:
        attributes["tendered_to"] = scac
    builder.add(replace(builder.known(about.shipment), attributes=attributes))


def _claim_stop(about: Statement, loop: Transaction) -> _Stop:
    builder = about.builder
    head = loop.first("S5")
    sequence, reason = at(head, 1), at(head, 2)
    who = parts.parties(loop)
    party = next((one for one in who if one.city or one.name), None)
    where = party.place if party else None
    times = parts.dates(about, loop, party.state if party else "")
    kind = codes.STOPS.get(reason, reason)
    attributes: dict[str, Any] = {"type": kind, **times}
    if party and party.address:
        attributes["address"] = clean.line(f"{party.address} {party.postcode}")
    named = f"{party.name if party and party.name else sequence} of {about.number}"
    stop = builder.add(
        Entity(EntityType.STOP, (keys.stop(about.number, f"#{sequence}"),), clean.line(named), attributes=attributes)
    )
    appointment = _appointment(times)
    builder.claim(about.shipment, Predicate.HAS_STOP, stop, valid_at=appointment)
    if where:
        builder.claim(stop, Predicate.AT, builder.add(where), valid_at=appointment)
    about.say(
        clean.line(f"stop {sequence} {kind}")
        + "".join(f", {party.describe()}" for party in who)
        + "".join(f", {name.replace('_', ' ')} {time}" for name, time in times.items())
    )
    parts.claim_references(about, loop)
    return _Stop(sequence, reason, where)


def _appointment(times: dict[str, str]) -> datetime | None:
    return next((timestamps.parse(times[name]) for name in codes.APPOINTMENT_DATES if name in times), None)


def _claim_ends(about: Statement, stops: list[_Stop]) -> None:
    """The first stop that loads is the origin, the last one that unloads the destination."""
    first = next((stop.place for stop in stops if stop.reason in codes.LOADING and stop.place), None)
    last = next((stop.place for stop in reversed(stops) if stop.reason in codes.UNLOADING and stop.place), None)
    for predicate, where in ((Predicate.ORIGIN, first), (Predicate.DESTINATION, last)):
        if where is not None:
            about.builder.claim(about.shipment, predicate, about.builder.add(where))
            about.say(f"{'from' if predicate is Predicate.ORIGIN else 'to'} {where.name}")


def _freight(found: Transaction) -> dict[str, Any]:
    """Weight, pieces, charge, commodity and equipment type, as far as they are stated."""
    total = found.first("L3")
    attributes = parts.weight(total, 1, 12)
    if not attributes:
        attributes = next((parts.weight(one, 3, 2) for one in found.all("AT8") if at(one, 3)), {})
    charge, pieces = implied(at(total, 5)), number(at(total, 11))
    if charge:
        attributes["rate"] = charge
        currency = clean.line(at(found.first("C3"), 1))
        attributes |= {"currency": currency} if currency else {}
    if pieces:
        attributes["quantity"] = pieces
    goods = clean.joined(dict.fromkeys(clean.line(at(one, 2)) for one in found.all("L5") if at(one, 2)))
    if goods:
        attributes["commodity"] = goods
    kind = at(found.first("N7"), 11)
    if kind:
        attributes["equipment"] = clean.line(kind)
    return attributes
