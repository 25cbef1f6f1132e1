"""990: whether a carrier takes a load that was tendered to it."""

from __future__ import annotations

from apex_cli.extract import clean, entities
from apex_cli.model import Predicate
from apex_cli.sources.x12 import codes, parts
from apex_cli.sources.x12.transaction import Statement, Transaction, at


def state(about: Statement, found: Transaction) -> None:
    """Claims the answer as the shipment's status, and the carrier where it accepts."""
    head = found.first("B1")
    scac, answer = at(head, 1).upper(), at(head, 4).upper()
    word = codes.ANSWERS.get(answer, f"tender_answer_{answer.lower()}" if answer else "tender_answered")
    value = about.builder.add(entities.value(Predicate.HAS_STATUS, word))
    about.builder.claim(
        about.shipment, Predicate.HAS_STATUS, value, attributes={"code": answer, "carrier": clean.line(scac)}
    )
    about.say(f"carrier {scac or 'without a SCAC'} answers: {word.replace('_', ' ')}")
    who = parts.parties(found)
    if answer in codes.ACCEPTED:
        parts.claim_carrier(about, scac, who)
    parts.claim_references(about, found)
    about.say(*(clean.line(f"reason {at(one, 1)}") for one in found.all("V9") if at(one, 1)))
