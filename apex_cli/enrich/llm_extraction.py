"""What a model states about one text, and the part of it that is kept: what the text itself supports, within bounds.

A payload may try to instruct the model. So the answer is never more than a reading of this one text: a name must stand
in the text, an end of a relation must be an entity that is kept, a time must be a plausible one, and there are limits
to the number of everything. What fails is left out; nothing here raises.

What is kept becomes entities and claims, with keys by the same rules as everywhere else. A name that contains an
identifier is that identifier; a bare name is a key within its source, as in free text that the rules read. Every claim
from here is uncertain: it never overrules a system of record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apex_cli.enrich.ontology import MENTIONED, allowed
from apex_cli.extract import clean, entities, keys, mentions
from apex_cli.extract.builder import Builder, EntityRef
from apex_cli.extract.contacts import Contact
from apex_cli.model import Entity, EntityType, Predicate

MOST_ENTITIES = 200
MOST_RELATIONS = 400
LONGEST_NAME = 200
LONGEST_TEXT = 500
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=366 * 3)
_TOKEN = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class LLMEntity:
    """Something that the text names; `type` is None for what fits no type of the closed list."""

    name: str
    type: EntityType | None


@dataclass(frozen=True, slots=True)
class LLMRelation:
    """One relation between two entities, by their positions. `text` is the model's; a time not stated is None."""

    subject: int
    relation: str
    object: int
    text: str
    valid_at: datetime | None = None
    invalid_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LLMExtraction:
    """A model's whole answer about one text."""

    entities: tuple[LLMEntity, ...] = ()
    relations: tuple[LLMRelation, ...] = ()


def keep_grounded(answer: LLMExtraction, text: str, event_time: datetime) -> LLMExtraction:
    """The part of an answer that the text supports."""
    tokens = _tokens(text)
    kept: dict[int, int] = {}
    named: list[LLMEntity] = []
    for position, entity in enumerate(answer.entities):
        name = clean.line(entity.name, LONGEST_NAME)
        if len(named) < MOST_ENTITIES and _is_in(name, tokens):
            kept[position] = len(named)
            named.append(LLMEntity(name, entity.type))
    relations = [
        LLMRelation(
            kept[relation.subject],
            relation.relation,
            kept[relation.object],
            clean.line(relation.text, LONGEST_TEXT),
            _plausible(relation.valid_at, event_time),
            _plausible(relation.invalid_at, event_time),
        )
        for relation in answer.relations
        if relation.subject in kept and relation.object in kept and relation.subject != relation.object
    ]
    return LLMExtraction(tuple(named), tuple(relations[:MOST_RELATIONS]))


def _is_in(name: str, tokens: str) -> bool:
    """Whether the text has the tokens of the name one after the other, in any case and punctuation."""
    wanted = _tokens(name)
    return bool(wanted.strip()) and wanted in tokens


def _tokens(text: str) -> str:
    return f" {' '.join(_TOKEN.findall(text.casefold()))} "


def _plausible(moment: datetime | None, event_time: datetime) -> datetime | None:
    """The time in UTC, where it is from 1990 to three years after the event."""
    if moment is None:
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment if _EARLIEST <= moment <= event_time + _AHEAD else None


def to_entities(answer: LLMExtraction, source: str) -> list[Entity]:
    """One entity for each of the answer's, in their order. A driver without any relation becomes a person."""
    related = {
        position
        for relation in answer.relations
        if _predicate(answer.entities, relation) is not None
        for position in (relation.subject, relation.object)
    }
    return [_entity(named, source, position in related) for position, named in enumerate(answer.entities)]


def add(builder: Builder, subject: EntityRef, answer: LLMExtraction, found: Sequence[Entity]) -> None:
    """Add an answer to an extraction: its relations as claims, all other entities as mentions.

    `found` is `to_entities(answer)`, resolved or not. A relation that the closed lists do not have is no claim: its
    ends stay mentions, with the model's text as an attribute.
    """
    predicates = [allowed(found[one.subject].type, one.relation, found[one.object].type) for one in answer.relations]
    loose: dict[int, str] = {}
    for relation, predicate in zip(answer.relations, predicates, strict=True):
        if predicate is None:
            loose.setdefault(relation.subject, relation.text)
            loose.setdefault(relation.object, relation.text)
    refs: list[EntityRef] = []
    for position, entity in enumerate(found):
        is_new = not builder.has(entity)
        refs.append(builder.add(entity))
        if entity.type in MENTIONED and is_new:
            mention = mentions.predicate(builder, subject, entity)
            builder.claim(subject, mention, refs[position], attributes=_quoted(loose.get(position)))
    for relation, predicate in zip(answer.relations, predicates, strict=True):
        if predicate is not None:
            builder.claim(
                refs[relation.subject],
                predicate,
                refs[relation.object],
                valid_at=relation.valid_at,
                invalid_at=relation.invalid_at,
                attributes=_quoted(relation.text),
                certain=False,
            )


def _quoted(text: str | None) -> dict[str, str]:
    return {"said": text} if text else {}


def _predicate(named: Sequence[LLMEntity], relation: LLMRelation) -> Predicate | None:
    subject, obj = named[relation.subject].type, named[relation.object].type
    return allowed(subject, relation.relation, obj) if subject is not None and obj is not None else None


def _entity(named: LLMEntity, source: str, is_related: bool) -> Entity:
    kind = EntityType.PERSON if named.type is EntityType.DRIVER and not is_related else named.type
    if kind is None:
        return entities.value(Predicate.MENTIONS, named.name)
    for match in mentions.find(named.name):
        entity = mentions.entity(match, source)
        if entity is not None and entity.type is kind:
            return entity
    return _MAKERS[kind](named.name, source) or entities.value(Predicate.MENTIONS, named.name)


def _numbered(make: Callable[[str], Entity | None]) -> Callable[[str, str], Entity | None]:
    """For things known by a number: a name without a digit is none."""
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
