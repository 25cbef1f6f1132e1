"""From findings in free text to entities: spellings in free text are never certain."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast, get_args

from apex_cli.extract import entities, identifiers, keys
from apex_cli.extract.builder import Builder, Handle
from apex_cli.extract.contacts import Contact
from apex_cli.extract.matches import IdentifierMatch
from apex_cli.model import Entity, EntityType, Predicate

_DOCKETS = frozenset(get_args(keys.DocketKind))
_NUMBERS = frozenset({EntityType.ORDER, EntityType.REFERENCE})


def add(builder: Builder, subject: Handle, text: str, source: str) -> None:
    """Claims what the text mentions, leaving out what the record has told already outside of its text."""
    # "Truck 6520" comes after TRUCK-6520, which it may mean.
    for finding in sorted(identifiers.find(text), key=lambda found: found.kind == "unit number"):
        found = entity(finding, source)
        if found is not None and not builder.has(found):
            evidence = {"check_digit": True} if finding.checked else None
            builder.claim(subject, predicate(builder, subject, found), builder.add(found), attributes=evidence)


def predicate(builder: Builder, subject: Handle, entity: Entity) -> Predicate:
    """A document has its orders and references; a message only mentions them."""
    owns = builder.known(subject).type is EntityType.DOCUMENT and entity.type in _NUMBERS
    return Predicate.HAS_REFERENCE if owns else Predicate.MENTIONS


def entity(finding: IdentifierMatch, source: str) -> Entity | None:
    """What a finding is of; None where it is of nothing after all."""
    kind, value = finding.kind, finding.value
    if kind in _MAKERS:
        return _MAKERS[kind](finding, source)
    if kind in _DOCKETS:
        return entities.docketed_carrier(cast(keys.DocketKind, kind), value)
    # A container's number is printed in many ways, the others as the sender's papers have them.
    shown = value if kind == "container" else finding.text
    return entities.reference(cast(keys.ReferenceKind, kind), shown, certain=False)


_MAKERS: dict[str, Callable[[IdentifierMatch, str], Entity | None]] = {
    "vin": lambda found, _: entities.vehicle(vin=found.value, certain=False),
    "unit": lambda found, _: entities.vehicle(unit=found.value, certain=False),
    "unit number": lambda found, _: entities.numbered_vehicle(found.value),
    "shipment": lambda found, _: entities.shipment(shipment_id=found.value, certain=False),
    "order": lambda found, _: entities.order(found.text, certain=False),
    "place": lambda found, _: entities.city(found.value, certain=False),
    "customer": lambda found, source: entities.named("customer", source, found.value, certain=False),
    "carrier": lambda found, source: entities.named("carrier", source, found.value, certain=False),
    "email": lambda found, source: entities.human("person", source, Contact(email=found.value), certain=False),
    "phone": lambda found, source: entities.human("person", source, Contact(phone=found.value), certain=False),
}
