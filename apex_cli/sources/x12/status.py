"""214: the carrier's status of a shipment. Each AT7 is one status, with its place (MS1) and its equipment (MS2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from apex_cli.extract import clean, entities, fields, keys, placeholders, timestamps
from apex_cli.model import Entity, EntityType, Predicate
from apex_cli.sources.x12 import codes, parts
from apex_cli.sources.x12.transaction import Segment, Statement, Transaction, at, moment


def last_time(found: Transaction) -> datetime | None:
    """The time of the last status that happened; None where none has a time. Raises as `moment` does."""
    _, loops = found.loops("AT7")
    times = [_time(loop) for loop in loops if _code(loop.first("AT7")) not in codes.PLANNED]
    return max((time for time in times if time), default=None)


def state(about: Statement, found: Transaction) -> None:
    """Claims statuses, places, carrier and references."""
    head = found.first("B10")
    who = parts.parties(found)
    scac = at(head, 3).upper()
    pro = clean.line(at(head, 1))
    if pro and not placeholders.is_id(pro) and pro != about.number:
        entity = entities.reference("pro", pro)
        about.builder.claim(about.shipment, Predicate.HAS_REFERENCE, about.builder.add(entity))
        about.say(f"PRO {pro}")
    before, loops = found.loops("AT7")
    for loop in loops:
        _claim(about, loop, scac)
    parts.claim_carrier(about, scac, who)
    parts.claim_customer(about, who)
    parts.claim_references(about, found)
    about.say(*(party.describe() for party in who))
    attributes = {**parts.equipment(found), **next((parts.weight(one, 3, 2) for one in found.all("AT8")), {})}
    attributes |= parts.dates(about, before)
    about.builder.add(replace(about.builder.known(about.shipment), attributes=attributes))


def _claim(about: Statement, loop: Transaction, scac: str) -> None:
    builder = about.builder
    segment, town = loop.first("AT7"), loop.first("MS1")
    code, time = _code(segment), _time(loop, about)
    where = _place(loop)
    shown = f"{timestamps.to_minute(time)}" if time else "at an unknown time"
    if code in codes.PLANNED:
        name = codes.PLANNED[code]
        if time:
            builder.add(replace(builder.known(about.shipment), attributes={name: timestamps.rfc3339(time)}))
        about.say(f"{name.replace('_', ' ')} {shown}")
        return
    word = codes.STATUS.get(code, f"status {code}")
    reason = at(segment, 2) or at(segment, 4)
    attributes: dict[str, Any] = {"code": code}
    if reason and reason not in ("NS", "NA"):
        attributes["reason"] = codes.REASONS.get(reason, reason)
    if where:
        attributes["place"] = where.name
    value = builder.add(entities.value(Predicate.HAS_STATUS, keys.snake(word)))
    builder.claim(about.shipment, Predicate.HAS_STATUS, value, valid_at=time, attributes=attributes)
    about.say(
        f"{word}{f' at {where.name}' if where else ''} on {shown}"
        + (f", reason: {attributes['reason']}" if "reason" in attributes else "")
    )
    if where:
        _claim_place(about, loop, where, time, scac)
    _claim_stop(about, loop, code, where, time)
    if at(town, 3) not in ("", "US", "USA") and where:
        about.say(f"country {clean.line(at(town, 3))}")


def _code(segment: Segment) -> str:
    """The code of a status, else that of an appointment."""
    return at(segment, 1) or at(segment, 3)


def _claim_place(about: Statement, loop: Transaction, where: Entity, time: datetime | None, scac: str) -> None:
    """Claims where the equipment of MS2 is: a unit number counts within its carrier."""
    equipment = loop.first("MS2")
    unit = clean.line(at(equipment, 2))
    found = entities.vehicle(unit=unit or None, fleet=(at(equipment, 1) or scac).upper() or None)
    if found is not None:
        ref = about.builder.add(found)
        about.builder.claim(ref, Predicate.LOCATED_AT, about.builder.add(where), valid_at=time)
        about.builder.add(replace(about.builder.known(about.shipment), attributes={"trailer": unit}))
        about.say(f"equipment {unit}")


def _claim_stop(about: Statement, loop: Transaction, code: str, where: Entity | None, time: datetime | None) -> None:
    """Claims the stop that L11 names by its number (QN), with its arrival or departure."""
    sequence = next((at(one, 1) for one in loop.all("L11") if at(one, 2) == codes.STOP_NUMBER), "")
    if not sequence:
        return
    verb = codes.STATUS.get(code, "").partition(" ")[0]
    name = {"arrived": "arrival", "departed": "departed"}.get(verb)
    times = {name: timestamps.rfc3339(time)} if name and time else {}
    key = keys.stop(about.number, f"#{sequence}")
    stop = about.builder.add(Entity(EntityType.STOP, (key,), f"{sequence} of {about.number}", attributes=times))
    about.builder.claim(about.shipment, Predicate.HAS_STOP, stop, valid_at=time)
    if where:
        about.builder.claim(stop, Predicate.AT, about.builder.add(where), valid_at=time)


def _time(loop: Transaction, about: Statement | None = None) -> datetime | None:
    segment = loop.first("AT7")
    return moment(
        at(segment, 5), at(segment, 6), at(segment, 7),
        state=at(loop.first("MS1"), 2).upper(), builder=about.builder if about else None, where="AT7",
    )  # fmt: skip


def _place(loop: Transaction) -> Entity | None:
    """The city of MS1, else its position."""
    segment = loop.first("MS1")
    city = parts.place(clean.line(at(segment, 1)), at(segment, 2).upper())
    if city is not None:
        return city
    position = fields.position(_degrees(at(segment, 5), at(segment, 7)), _degrees(at(segment, 4), at(segment, 6)))
    return entities.position(*position) if position else None


def _degrees(text: str, direction: str) -> float | None:
    """A latitude or longitude of seven digits, degrees, minutes and seconds: "0873739", "W"; or decimal degrees."""
    try:
        if "." in text:
            found = float(text)
        else:
            digits = text.rjust(7, "0")
            found = int(digits[:3]) + int(digits[3:5]) / 60 + int(digits[5:7]) / 3600
    except ValueError:
        return None
    return -abs(found) if direction.upper() in ("W", "S") else found
