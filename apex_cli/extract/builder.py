"""Collects what one record says and puts it together: one entity for one thing, one claim for one statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NewType

from apex_cli.extract import keys, phrases, splitting
from apex_cli.model import Claim, Entity, Extraction, Predicate

EntityRef = NewType("EntityRef", int)
"""An entity within one builder; it stays valid when the entity turns out to be one told before."""


@dataclass(frozen=True, slots=True)
class _Statement:
    subject: EntityRef
    predicate: Predicate
    object: EntityRef
    valid_at: datetime
    invalid_at: datetime | None
    attributes: Mapping[str, Any]
    certain: bool


class Builder:
    """One extraction in the making.

    Entities of one record are one thing where they share a key, or where the bare name of one is a name of the other
    (a shipment's `carrierName` is the carrier of that name in its `carriers`).
    """

    def __init__(self, event_time: datetime) -> None:
        self.event_time = event_time
        self._entities: list[Entity] = []
        self._target: list[int] = []
        self._by_key: dict[str, int] = {}
        self._by_name: dict[str, int] = {}
        self._statements: list[_Statement] = []

    @classmethod
    def resumed(cls, extraction: Extraction) -> Builder:
        """A builder that has taken in all that an extraction says."""
        builder = cls(extraction.event_time)
        handles = {entity.key: builder.add(entity) for entity in extraction.entities}
        for claim in extraction.claims:
            builder.claim(
                handles[claim.subject],
                claim.predicate,
                handles[claim.object],
                valid_at=claim.valid_at,
                invalid_at=claim.invalid_at,
                attributes=claim.attributes,
                certain=claim.certain,
            )
        return builder

    def add(self, entity: Entity) -> EntityRef:
        """Takes an entity in and says under which handle claims reach it."""
        found = {self._root(self._by_key[key]) for key in (*entity.keys, *entity.names) if key in self._by_key}
        found |= {self._root(self._by_name[key]) for key in entity.keys if key in self._by_name}
        if not found:
            home = len(self._entities)
            self._entities.append(entity)
            self._target.append(home)
        else:
            home, *others = sorted(found)
            for other in others:
                self._entities[home] = _merged(self._entities[home], self._entities[other])
                self._target[other] = home
            self._entities[home] = _merged(self._entities[home], entity)
        self._by_key.update(dict.fromkeys(entity.keys, home))
        for name in entity.names:
            self._by_name.setdefault(name, home)
        return EntityRef(home)

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

    def known(self, handle: EntityRef) -> Entity:
        """The entity as it is known so far."""
        return self._entities[self._root(handle)]

    def has(self, entity: Entity) -> bool:
        """Whether the record told of this entity before, or of the one that it may be."""
        return any(key in self._by_key for key in (*entity.keys, *entity.hints))

    def build(self, title: str, text: str, chunks: tuple[str, ...] | None = None) -> Extraction:
        """The extraction. `chunks` defaults to the text in pieces of a size that embeds well."""
        entities = tuple(entity for place, entity in enumerate(self._entities) if self._target[place] == place)
        return Extraction(
            event_time=self.event_time,
            title=title,
            text=text,
            chunks=chunks or splitting.pieces(text) or (title,),
            entities=entities,
            claims=self._claims(),
        )

    def _claims(self) -> tuple[Claim, ...]:
        unique: dict[tuple[int, Predicate, int, datetime], _Statement] = {}
        for told in self._statements:
            subject, obj = self._root(told.subject), self._root(told.object)
            if subject == obj:
                continue
            same = unique.get((subject, told.predicate, obj, told.valid_at))
            if same is None or _overrides(told, same):
                unique[subject, told.predicate, obj, told.valid_at] = told
        return tuple(
            _claim(self._entities[subject], self._entities[obj], told) for (subject, _, obj, _), told in unique.items()
        )

    def _root(self, place: int) -> int:
        while self._target[place] != place:
            place = self._target[place]
        return place


def _overrides(told: _Statement, same: _Statement) -> bool:
    """The certain one of two; told as ended and as current at once, it is current."""
    if told.certain is not same.certain:
        return told.certain
    return same.invalid_at is not None and told.invalid_at is None


def _claim(subject: Entity, obj: Entity, told: _Statement) -> Claim:
    return Claim(
        subject=subject.key,
        predicate=told.predicate,
        object=obj.key,
        sentence=phrases.sentence(subject, told.predicate, obj),
        valid_at=told.valid_at,
        invalid_at=told.invalid_at,
        attributes=told.attributes,
        certain=told.certain,
    )


def _merged(first: Entity, second: Entity) -> Entity:
    """Both in one: the certain one's name, all keys in order of preference, bare names demoted where there is an id."""
    if set(second.keys) <= set(first.keys) and set(second.names) <= set(first.names) and first.certain:
        return replace(first, attributes={**second.attributes, **first.attributes})
    named = second if second.certain and not first.certain else first
    every = tuple(dict.fromkeys((*first.keys, *second.keys)))
    ids = tuple(sorted((key for key in every if not keys.is_bare_name(key)), key=keys.rank))
    names = dict.fromkeys((*(every if not ids else ()), *first.names, *second.names))
    if ids:
        names.update(dict.fromkeys(key for key in every if keys.is_bare_name(key)))
    final = ids or every
    hints = tuple(
        hint for hint in dict.fromkeys((*first.hints, *second.hints)) if hint not in names and hint not in final
    )
    return replace(
        named,
        keys=final,
        names=tuple(name for name in names if name not in final),
        hints=hints,
        attributes={**second.attributes, **first.attributes},
        certain=first.certain or second.certain,
    )
