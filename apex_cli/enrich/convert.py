"""From what the model says to entities and claims of ours: keys by the same rules as everywhere else.

A name that holds an identifier is that identifier; a bare name is a key within its source, as in free text that the
rules read. Everything from here is uncertain: it never overrules a system of record.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from apex_cli.enrich.llm_extraction import LLMEntity, LLMExtraction, LLMRelation
from apex_cli.enrich.ontology import MENTIONED, allowed
from apex_cli.extract import entities, keys, mentions
from apex_cli.extract.builder import Builder, EntityRef
from apex_cli.extract.contacts import Contact
from apex_cli.model import Entity, EntityType, Predicate


def to_entities(said: LLMExtraction, source: str) -> list[Entity]:
    """One entity for each thing, in their order. A driver of whom nothing else is said is a person."""
    engaged = {
        place
        for one in said.statements
        if _predicate(said.things, one) is not None
        for place in (one.subject, one.object)
    }
    return [_entity(thing, source, place in engaged) for place, thing in enumerate(said.things)]


def add(builder: Builder, subject: EntityRef, said: LLMExtraction, found: Sequence[Entity]) -> None:
    """Put what the model said into an extraction: facts between things, mentions of all others.

    `found` is `to_entities(said)`, resolved or not. A relation outside of the closed lists is no label: its ends
    stay mentions that carry its words.
    """
    stated = [(one, allowed(found[one.subject].type, one.relation, found[one.object].type)) for one in said.statements]
    loose: dict[int, str] = {}
    for one, predicate in stated:
        if predicate is None:
            loose.setdefault(one.subject, one.words)
            loose.setdefault(one.object, one.words)
    handles: list[EntityRef] = []
    for place, entity in enumerate(found):
        told_before = builder.has(entity)
        handles.append(builder.add(entity))
        if entity.type in MENTIONED and not told_before:
            relation = mentions.predicate(builder, subject, entity)
            builder.claim(subject, relation, handles[place], attributes=_words(loose.get(place)))
    for one, predicate in stated:
        if predicate is not None:
            builder.claim(
                handles[one.subject],
                predicate,
                handles[one.object],
                valid_at=one.valid_at,
                invalid_at=one.invalid_at,
                attributes=_words(one.words),
                certain=False,
            )


def _words(words: str | None) -> dict[str, str]:
    return {"said": words} if words else {}


def _predicate(said: Sequence[LLMEntity], one: LLMRelation) -> Predicate | None:
    subject, obj = said[one.subject].type, said[one.object].type
    return allowed(subject, one.relation, obj) if subject is not None and obj is not None else None


def _entity(thing: LLMEntity, source: str, engaged: bool) -> Entity:
    kind = EntityType.PERSON if thing.type is EntityType.DRIVER and not engaged else thing.type
    if kind is None:
        return entities.value(Predicate.MENTIONS, thing.name)
    for finding in mentions.find(thing.name):
        entity = mentions.entity(finding, source)
        if entity is not None and entity.type is kind:
            return entity
    return _MAKERS[kind](thing.name, source) or entities.value(Predicate.MENTIONS, thing.name)


def _numbered(make: Callable[[str], Entity | None]) -> Callable[[str, str], Entity | None]:
    """A thing known by a number: without a digit in it a name is none."""
    return lambda name, _: make(name) if any(char.isdigit() for char in name) else None


def _named(kind: keys.NamedKind) -> Callable[[str, str], Entity | None]:
    return lambda name, source: entities.named(kind, source, name, certain=False)


_MAKERS: dict[EntityType, Callable[[str, str], Entity | None]] = {
    EntityType.SHIPMENT: _numbered(lambda name: entities.shipment(shipment_id=name, certain=False)),
    EntityType.VEHICLE: _numbered(lambda name: entities.vehicle(unit=name, certain=False)),
    EntityType.ORDER: _numbered(lambda name: entities.order(name, certain=False)),
    EntityType.REFERENCE: _numbered(lambda name: entities.reference("reference", name, certain=False)),
    EntityType.LOCATION: lambda name, _: entities.city(name, certain=False),
    EntityType.CUSTOMER: _named("customer"),
    EntityType.CARRIER: _named("carrier"),
    EntityType.DRIVER: lambda name, source: entities.human("driver", source, Contact(name), certain=False),
    EntityType.PERSON: lambda name, source: entities.human("person", source, Contact(name), certain=False),
}
