"""From findings in free text to entities: spellings in free text are never certain."""

from __future__ import annotations

from typing import cast, get_args

from apex_cli.extract import identifiers, keys, things
from apex_cli.extract.builder import Builder, Handle
from apex_cli.extract.contacts import Contact
from apex_cli.extract.findings import Finding
from apex_cli.model import Entity, EntityType, Predicate

_DOCKETS = frozenset(get_args(keys.DocketKind))
_NUMBERS = frozenset({EntityType.ORDER, EntityType.REFERENCE})


def add(builder: Builder, subject: Handle, text: str, source: str) -> None:
    """Claims what the text mentions, leaving out what the record has told already outside of its text."""
    # "Truck 6520" comes after TRUCK-6520, which it may mean.
    for finding in sorted(identifiers.find(text), key=lambda found: found.kind == "unit number"):
        entity = _entity(finding, source)
        if entity is not None and not builder.has(entity):
            evidence = {"check_digit": True} if finding.checked else None
            builder.claim(subject, predicate(builder, subject, entity), builder.add(entity), attributes=evidence)


def predicate(builder: Builder, subject: Handle, entity: Entity) -> Predicate:
    """A document has its orders and references; a message only mentions them."""
    owns = builder.known(subject).type is EntityType.DOCUMENT and entity.type in _NUMBERS
    return Predicate.HAS_REFERENCE if owns else Predicate.MENTIONS


def _entity(finding: Finding, source: str) -> Entity | None:
    match finding.kind:
        case "vin":
            return things.vehicle(vin=finding.value, certain=False)
        case "unit":
            return things.vehicle(unit=finding.value, certain=False)
        case "unit number":
            return things.numbered_vehicle(finding.value)
        case "shipment":
            return things.shipment(shipment_id=finding.value, certain=False)
        case "order":
            return things.order(finding.text, certain=False)
        case "email":
            return things.human("person", source, Contact(email=finding.value), certain=False)
        case "phone":
            return things.human("person", source, Contact(phone=finding.value), certain=False)
        case "place":
            return things.city(finding.value, certain=False)
        case "customer" | "carrier":
            return things.named(finding.kind, source, finding.value, certain=False)
        case _ if finding.kind in _DOCKETS:
            return things.docketed_carrier(cast(keys.DocketKind, finding.kind), finding.value)
        case _:
            shown = finding.value if finding.kind == "container" else finding.text
            return things.reference(cast(keys.ReferenceKind, finding.kind), shown, certain=False)
