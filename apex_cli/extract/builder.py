"""Collects what one record states: one entity for each thing, one claim for each statement.

A record often names one thing several times, each time with other parts. The builder makes one entity of these, by the
rules of `signatures`. A shipment with `carrierName: "Lakeshore Haulage"` and
`carriers: [{"name": "Lakeshore Haulage", "mc": "774120"}]` adds:

    1. keys (carrier:name@turvo:lakeshorehaulage)
    2. keys (carrier:mc:774120), names (carrier:name@turvo:lakeshorehaulage, ...)

`build` makes them one: the key is carrier:mc:774120, and the bare name moves from the keys to the names, because an id
outranks a name. With a second carrier of that name and MC 948811 they are three: the name alone identifies neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NewType

from apex_cli.extract import clean, keys, timestamps
from apex_cli.extract.signatures import Signature, groups, signature_of
from apex_cli.model import (
    FUNCTIONAL,
    NOTHING,
    Claim,
    Entity,
    EntityType,
    Extraction,
    Phrase,
    Predicate,
    Record,
    RecordKind,
)

EntityRef = NewType("EntityRef", int)
"""An entity within one builder. It stays valid when `build` makes the entity one with another."""
_TEMPLATES = {
    Predicate.LOCATED_AT: "{subject} is at {object}.",
    Predicate.HAS_ENGINE_STATE: "{subject} has engine state {object}.",
    Predicate.INSIDE_GEOFENCE: "{subject} is inside {object}.",
    Predicate.DRIVES: "{subject} drives {object}.",
    Predicate.FOR_CUSTOMER: "{subject} is for {object}.",
    Predicate.HAULED_BY: "{subject} is hauled by {object}.",
    Predicate.ASSIGNED_DRIVER: "{subject} is assigned to {object}.",
    Predicate.HAS_STATUS: "{subject} has status {object}.",
    Predicate.ORIGIN: "{subject} starts from {object}.",
    Predicate.DESTINATION: "{subject} goes to {object}.",
    Predicate.HAS_STOP: "{subject} has {object}.",
    Predicate.AT: "{subject} is at {object}.",
    Predicate.HAS_REFERENCE: "{subject} has {object}.",
    Predicate.MANAGED_BY: "{subject} is managed by {object}.",
    Predicate.SENT_BY: "{subject} was sent by {object}.",
    Predicate.SENT_TO: "{subject} was sent to {object}.",
    Predicate.CC: "{subject} was copied to {object}.",
    Predicate.IN_CONVERSATION: "{subject} is part of {object}.",
    Predicate.REPLIES_TO: "{subject} replies to {object}.",
    Predicate.HAS_ATTACHMENT: "{subject} has attached {object}.",
    Predicate.MENTIONS: "{subject} mentions {object}.",
    Predicate.ABOUT: "{subject} is about {object}.",
}
_CLEAR_ALONE = frozenset({EntityType.LOCATION, EntityType.VALUE, EntityType.PERSON})
_KINDS = {EntityType.ORDER: "PO"}
_ABBREVIATIONS = frozenset({"bol", "pro", "sscc", "awb", "imo"})


@dataclass(frozen=True, slots=True)
class _Statement:
    subject: EntityRef
    predicate: Predicate
    object: EntityRef | None
    valid_at: datetime
    invalid_at: datetime | None
    attributes: Mapping[str, Any]
    certain: bool


class Builder:
    """Makes one extraction. Add entities first, then claims between their refs, then `build`."""

    def __init__(
        self,
        event_time: datetime,
        *,
        kind: RecordKind = RecordKind.STATE,
        whole: bool = True,
        dated: bool = True,
        ended: bool = False,
    ) -> None:
        self.event_time = event_time
        self._kind = kind
        self._whole = whole
        self._dated = dated
        self._ended = ended
        self._notes: dict[str, None] = {}
        self._entities: list[Entity] = []
        self._by_signature: dict[Signature, int] = {}
        self._known_keys: set[str] = set()
        self._aliases: set[str] = set()
        self._shares = False
        """Whether two entities have a key, name or hint in common."""
        self._statements: list[_Statement] = []
        self._phrases: dict[str, tuple[EntityRef, Phrase]] = {}

    @classmethod
    def of(cls, record: Record, own: datetime | None, *, kind: RecordKind, whole: bool = True) -> Builder:
        """A builder for a record whose payload gives the time `own`; see `timestamps.event_time` for one without.

        A record that ended has the time of its end, not that of its last change. Raises `ExtractError`
        (`unreadable_time`) for a time that lies in the future, as `event_time` does.
        """
        if record.ended and record.as_of is not None:
            own = record.as_of
        time = timestamps.event_time(record, own, kind)
        dated = own is not None or record.as_of is not None
        return cls(time, kind=kind, whole=whole or record.ended, dated=dated, ended=record.ended)

    @classmethod
    def resumed(cls, extraction: Extraction) -> Builder:
        """A builder that contains everything of an extraction, to add more to it."""
        builder = cls(
            extraction.event_time,
            kind=extraction.kind,
            whole=extraction.whole,
            dated=extraction.dated,
            ended=extraction.ended,
        )
        for note in extraction.notes:
            builder.note(note)
        refs = {entity.key: builder.add(entity) for entity in extraction.entities}
        for claim in extraction.claims:
            if claim.object == NOTHING:
                builder.claim_nothing(refs[claim.subject], claim.predicate)
                continue
            builder.claim(
                refs[claim.subject],
                claim.predicate,
                refs[claim.object],
                valid_at=claim.valid_at,
                invalid_at=claim.invalid_at,
                attributes=claim.attributes,
                certain=claim.certain,
            )
        for phrase in extraction.phrases:
            builder.phrase(refs[phrase.subject], phrase.key, phrase.text, phrase.attributes)
        return builder

    def add(self, entity: Entity) -> EntityRef:
        """Adds an entity. Claims use the returned ref."""
        signature = signature_of(entity)
        position = self._by_signature.setdefault(signature, len(self._entities))
        if position < len(self._entities):
            self._entities[position] = _merged(self._entities[position], entity)
            return EntityRef(position)
        aliases = {*entity.keys, *entity.names, *entity.hints}
        self._shares |= not self._aliases.isdisjoint(aliases)
        self._aliases |= aliases
        self._known_keys.update(entity.keys)
        self._entities.append(entity)
        return EntityRef(position)

    def claim(
        self,
        subject: EntityRef,
        predicate: Predicate,
        obj: EntityRef,
        *,
        valid_at: datetime | None = None,
        invalid_at: datetime | None = None,
        attributes: Mapping[str, Any] | None = None,
        certain: bool = True,
    ) -> None:
        """States that `subject predicate obj` holds from `valid_at` (default: the event time) on.

        A statement that ended is never later than its end: it then begins where it ended.
        """
        begins = valid_at or self.event_time
        if invalid_at is not None and invalid_at < begins:
            begins = invalid_at
        self._statements.append(_Statement(subject, predicate, obj, begins, invalid_at, attributes or {}, certain))

    def claim_nothing(self, subject: EntityRef, predicate: Predicate) -> None:
        """States that a functional predicate has no value from the event time on: what it had ends there."""
        if predicate not in FUNCTIONAL:
            raise ValueError(f"{predicate} may have several values: one ends by a claim of its own")
        self._statements.append(_Statement(subject, predicate, None, self.event_time, None, {}, certain=True))

    def phrase(self, subject: EntityRef, key: str, text: str, attributes: Mapping[str, Any]) -> None:
        """Adds words of the subject's text that may name something; see `Phrase`. The same phrase counts once."""
        self._phrases.setdefault(key, (subject, Phrase("", key, text, attributes)))

    def note(self, text: str) -> None:
        """Adds a note for the record's result: what was cut, left out or assumed. The same note counts once."""
        self._notes[text] = None

    def describe(self, ref: EntityRef, attributes: Mapping[str, Any]) -> None:
        """Adds attributes to an entity; what it has already stays."""
        entity = self._entities[ref]
        self._entities[ref] = replace(entity, attributes={**attributes, **entity.attributes})

    def known(self, ref: EntityRef) -> Entity:
        """The entity as it was added."""
        return self._entities[ref]

    def has(self, entity: Entity) -> bool:
        """Whether the record has this entity already, or one that it may be by its hints."""
        return any(key in self._known_keys for key in (*entity.keys, *entity.hints))

    def build(
        self, title: str, text: str, chunks: tuple[str, ...] | None = None, places: tuple[str, ...] = ()
    ) -> Extraction:
        """The extraction. `chunks` defaults to the text in pieces of a size that embeds well; `places` are theirs."""
        things, targets = self._things()
        return Extraction(
            event_time=self.event_time,
            title=title,
            text=text,
            chunks=chunks or clean.pieces(text) or (title,),
            entities=tuple(things),
            claims=self._claims(things, targets),
            kind=self._kind,
            whole=self._whole,
            dated=self._dated,
            ended=self._ended,
            notes=tuple(self._notes),
            chunk_places=places if chunks else (),
            phrases=self._said(things, targets),
        )

    def _said(self, things: Sequence[Entity], targets: Sequence[int]) -> tuple[Phrase, ...]:
        """The phrases but for those by which the record itself names something already."""
        if not self._phrases:
            return ()
        aliases = (alias for thing in things for alias in (*thing.keys, *thing.names, *thing.hints))
        named = {keys.said_of(alias) for alias in aliases}
        return tuple(
            replace(phrase, subject=things[targets[subject]].key)
            for key, (subject, phrase) in self._phrases.items()
            if key not in named
        )

    def _things(self) -> tuple[list[Entity], list[int]]:
        """The entities, those of one thing made one, and for each added entity the position of its thing there."""
        if not self._shares:
            return self._entities, list(range(len(self._entities)))
        first: dict[Signature, int] = {}
        for group in groups(self._by_signature):
            first |= dict.fromkeys(group, min(self._by_signature[one] for one in group))
        things: dict[int, Entity] = {}
        targets: list[int] = []
        for signature, position in self._by_signature.items():
            root = first[signature]
            entity = self._entities[position]
            things[root] = _merged(things[root], entity) if root in things else entity
            targets.append(root)
        places = {root: place for place, root in enumerate(things)}
        return list(things.values()), [places[root] for root in targets]

    def _claims(self, things: Sequence[Entity], targets: Sequence[int]) -> tuple[Claim, ...]:
        unique: dict[tuple[int, Predicate, int | None, datetime], _Statement] = {}
        for one in self._statements:
            subject, obj = targets[one.subject], None if one.object is None else targets[one.object]
            if subject == obj:
                continue
            same = unique.get((subject, one.predicate, obj, one.valid_at))
            if same is None or _overrides(one, same):
                unique[subject, one.predicate, obj, one.valid_at] = one
        keys_of = [thing.key for thing in things]
        called = [describe(thing) for thing in things] if unique else []
        return tuple(
            Claim(
                subject=keys_of[subject],
                predicate=one.predicate,
                object=NOTHING if obj is None else keys_of[obj],
                sentence=sentence(called[subject], one.predicate, "nothing" if obj is None else called[obj]),
                valid_at=one.valid_at,
                invalid_at=one.invalid_at,
                attributes=one.attributes,
                certain=one.certain,
            )
            for (subject, _, obj, _), one in unique.items()
        )


def _overrides(new: _Statement, same: _Statement) -> bool:
    """Whether a statement replaces an equal one: a certain one does, and a current one replaces one that ended."""
    if new.certain is not same.certain:
        return new.certain
    return same.invalid_at is not None and new.invalid_at is None


def sentence(subject: str, predicate: Predicate, obj: str) -> str:
    """A claim as a sentence: "Vehicle TRUCK-6520 is at Chicago, IL."."""
    # Names may hold braces: the template is filled once, its fillings are never read as templates.
    text = _TEMPLATES[predicate].format(subject=subject, object=obj)
    return text[0].upper() + text[1:]


def describe(entity: Entity) -> str:
    """The name, with the kind before it where the name alone is not clear: "vehicle 6520"."""
    if entity.type in _CLEAR_ALONE:
        return entity.name
    kind = _KINDS.get(entity.type, entity.type.value.lower())
    if entity.type is EntityType.REFERENCE:
        kind = str(entity.attributes.get("kind", kind))
        kind = kind.upper() if kind in _ABBREVIATIONS else kind
    # Not "BOL BOL-5521".
    return entity.name if entity.name.casefold().startswith(f"{kind.casefold()}-") else f"{kind} {entity.name}"


def _merged(first: Entity, second: Entity) -> Entity:
    """Both in one: all keys in order of preference, the name of the certain one, the attributes of the first.

    A bare name is a key only as long as there is no id. A hint that has become a key or a name is no hint any more.
    """
    if set(second.keys) <= set(first.keys) and set(second.names) <= set(first.names) and first.certain:
        return replace(first, attributes={**second.attributes, **first.attributes})
    named = second if second.certain and not first.certain else first
    every = sorted(dict.fromkeys((*first.keys, *second.keys)), key=keys.rank)
    final = [key for key in every if not keys.is_outranked(key)] or every
    names = dict.fromkeys(name for name in (*first.names, *second.names, *every) if name not in final)
    hints = dict.fromkeys(hint for hint in (*first.hints, *second.hints) if hint not in names and hint not in final)
    return replace(
        named,
        keys=tuple(final),
        names=tuple(names),
        hints=tuple(hints),
        attributes={**second.attributes, **first.attributes},
        certain=first.certain or second.certain,
    )
