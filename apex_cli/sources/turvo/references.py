"""The numbers that a shipment goes by elsewhere: orders, bills of lading, PRO numbers and the like."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from apex_cli.extract import clean, entities, fields, keys, placeholders
from apex_cli.extract.builder import describe
from apex_cli.model import Entity, JsonObject, Predicate
from apex_cli.sources.turvo.subject import Subject, is_deleted

_FIELDS: Mapping[str, keys.ReferenceKind] = {
    "bol_number": "bol",
    "pro_number": "pro",
    "container_number": "container",
    "seal_number": "seal",
    "invoice_number": "invoice",
    "pickup_number": "pickup",
}
_ORDER = "po", "purchase_order", "purchase_orders"
# A label's words as they stand, in snake case: "BOL #" is bol, "Bill of lading" is bill_of_lading.
_LABELS: Mapping[str, keys.ReferenceKind] = {
    "bol": "bol", "bill_of_lading": "bol", "pro": "pro", "container": "container", "seal": "seal",
    "invoice": "invoice", "sscc": "sscc", "awb": "awb", "air_waybill": "awb", "pickup": "pickup", "pick_up": "pickup",
    "pu": "pickup", "release": "release", "confirmation": "confirmation", "conf": "confirmation",
}  # fmt: skip
# Between the numbers in one text. A slash without blanks may be part of a number.
_BETWEEN = re.compile(r"\s*[,;|\n]\s*|\s+(?:/|&|and)\s+", re.IGNORECASE)
_SAYS_NOTHING = frozenset(("number", "no", "num", "id", "ref", "reference"))


def claim_references(subject: Subject) -> list[str]:
    """Claims the references of the shipment, its orders and its stops. One that is marked as deleted has ended."""
    clauses = []
    for entity, part in _references(subject):
        ended = subject.end(part)
        since = (subject.created or ended) if ended else None
        ref = subject.builder.add(entity)
        subject.builder.claim(subject.ref, Predicate.HAS_REFERENCE, ref, valid_at=since, invalid_at=ended)
        label = entity.attributes.get("label")
        clauses.append(f"{label} {entity.name}" if label else describe(entity))
    return list(dict.fromkeys(clauses))


def _references(subject: Subject) -> Iterator[tuple[Entity, JsonObject]]:
    """Each with the part of the payload that says whether it is deleted."""
    payload = subject.payload
    for part in (payload, *subject.rows("global_route"), *subject.rows("stops")):
        if part is payload or not is_deleted(part):
            yield from ((entities.order(number), {}) for number in _numbers(subject, part, "po_numbers"))
    for name, kind in _FIELDS.items():
        yield from ((entities.reference(kind, number), {}) for number in _numbers(subject, payload, name))
    for order in (payload, *subject.rows("customer_order"), *subject.rows("carrier_order")):
        for external in subject.rows("external_ids", order):
            number = fields.scalar(external.get("value"))
            if number and not placeholders.is_id(number):
                part = order if order is not payload and is_deleted(order) else external
                yield _labelled(fields.label(external.get("type")) or "", number), part


def _numbers(subject: Subject, payload: JsonObject, name: str) -> list[str]:
    value = payload.get(name)
    several = [part for part in _BETWEEN.split(value) if part] if isinstance(value, str) else value
    found = (fields.label(item) for item in subject.items(several, name))
    return [text for text in found if text and not placeholders.is_id(text)]


def _labelled(label: str, number: str) -> Entity:
    """An order or a reference, by what its label says it is: "Purchase order #" and "PO" are an order."""
    words = "_".join(word for word in keys.snake(label).split("_") if word not in _SAYS_NOTHING)
    if words in _ORDER:
        return entities.order(number)
    kind = _LABELS.get(words)
    if kind is None:
        entity = entities.reference("reference", number)
        return (
            Entity(entity.type, entity.keys, entity.name, attributes={**entity.attributes, "label": clean.line(label)})
            if label
            else entity
        )
    return entities.reference(kind, number)
