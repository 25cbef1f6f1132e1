"""210: the carrier's invoice for a shipment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from apex_cli.errors import ExtractError
from apex_cli.extract import clean, entities, timestamps
from apex_cli.model import Predicate
from apex_cli.sources.x12 import parts
from apex_cli.sources.x12.transaction import Statement, Transaction, at, implied, moment

_CHARGES = {"400": "line haul", "405": "fuel surcharge", "FUE": "fuel surcharge", "DET": "detention", "LUM": "lumper"}


def state(about: Statement, found: Transaction) -> None:
    """Claims the invoice as a reference of the shipment, with its amount, its dates and its charges."""
    builder = about.builder
    head = found.first("B3")
    own_number = clean.line(at(head, 2))
    amount = implied(at(head, 7))
    if amount is None:
        raise ExtractError(f"B3-07 {clean.line(at(head, 7))!r} is no amount", hint="ask the sender", code="no_amount")
    currency = clean.line(at(found.first("C3"), 1)) or "USD"
    attributes: dict[str, Any] = {"amount": amount, "currency": currency}
    for name, date in (("date", at(head, 6)), ("delivered", at(head, 9))):
        time = moment(date, where="B3")
        if time is not None:
            attributes[name] = timestamps.rfc3339(time)
    due = found.first("ITD")
    until = moment(at(due, 6), where="ITD") if at(due, 6) else None
    if until is not None:
        attributes["due"] = timestamps.rfc3339(until)
    charges, total = _charges(found)
    if charges:
        attributes["charges"] = "; ".join(charges)
    if not at(found.first("C3"), 1):
        builder.note("the invoice names no currency: it counts as USD")
    if charges and total is not None and abs(total - amount) > 0.005:
        builder.note(f"the charges add up to {total:.2f}, and the invoice says {amount:.2f}")
    entity = entities.reference("invoice", own_number)
    ref = builder.add(replace(entity, attributes={**entity.attributes, **attributes}))
    builder.claim(about.shipment, Predicate.HAS_REFERENCE, ref, attributes={"amount": amount, "currency": currency})
    about.say(f"invoice {own_number} of {amount:,.2f} {currency}", *charges)
    about.say(f"due {timestamps.to_minute(until)}" if until else None)
    who = parts.parties(found)
    parts.claim_carrier(about, at(head, 11).upper(), who)
    parts.claim_customer(about, who)
    parts.claim_references(about, found)
    about.say(*(party.describe() for party in who))
    shipped = {**parts.equipment(found), **parts.weight(found.first("L3"), 1, 12)}
    builder.add(replace(builder.known(about.shipment), attributes=shipped))


def _charges(found: Transaction) -> tuple[list[str], float | None]:
    """Each charge in words, and their sum; None where one has no amount."""
    words: list[str] = []
    total: float | None = 0.0
    for segment in found.all("L1"):
        amount = implied(at(segment, 4))
        total = None if amount is None or total is None else total + amount
        code = at(segment, 8)
        name = clean.line(at(segment, 12)) or _CHARGES.get(code, f"charge {code}" if code else "charge")
        words.append(f"{name} {amount:,.2f}" if amount is not None else name)
    return words, total
