"""A node's name, attributes and aliases from everything that records tell about it.

The latest event time wins, and what is certain beats what is not; ties go to the greater record id. A name that merely
repeats an id, as things are called that have no other name, never overrules a real one. The result does not depend on
the order of arrival. So that adding a record needs no other record, the fold keeps where each value came from
and how many records tell each alias; taking away the record that a value came from needs all of them again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apex_cli.stores.graph.model.codec import dump

Rank = tuple[int, int, str, int]
"""Certain (of names: real, then certain), event time (microseconds), record id, position in the record: the greatest
wins."""

_OPAQUE = ("samsara", "vin", "turvo", "id@", "phone", "email", "address", "mc", "mx", "ff", "dot")
_PREFIX = re.compile(r"\+|(?:mc|mx|ff|usdot)[ -]")


@dataclass(frozen=True, slots=True)
class EntityObservation:
    """What one record says of one entity once. `aliases` are its keys and those of its names that were free."""

    position: int
    time: int
    certain: bool
    name: str
    aliases: tuple[str, ...]
    attributes: Mapping[str, Any]


Observations = tuple[EntityObservation, ...]
"""All that one record says of one node, in the order of the record's entities."""


def pack_observations(told: Observations) -> str:
    return dump([[one.position, one.time, one.certain, one.name, one.aliases, one.attributes] for one in told])


def unpack_observations(text: str) -> Observations:
    return tuple(EntityObservation(one[0], one[1], one[2], one[3], tuple(one[4]), one[5]) for one in json.loads(text))


@dataclass(slots=True)
class EntityState:
    """The state of one node. `mentions` counts records; `embedded` is the name that the stored vector is of."""

    mentions: int = 0
    aliases: dict[str, int] = field(default_factory=dict)
    name: tuple[Rank, str] | None = None
    attributes: dict[str, tuple[Rank, Any]] = field(default_factory=dict)
    embedded: str | None = None

    def add(self, record_id: str, told: Observations) -> None:
        """Take in one record's telling. It must not be in already."""
        self.mentions += 1
        for alias in {alias for one in told for alias in one.aliases}:
            self.aliases[alias] = self.aliases.get(alias, 0) + 1
        for one in told:
            rank = (int(one.certain), one.time, record_id, one.position)
            name_rank = (2 * _is_real(one) + one.certain, *rank[1:])
            if self.name is None or name_rank > self.name[0]:
                self.name = (name_rank, one.name)
            for attribute, value in one.attributes.items():
                if value is not None and (attribute not in self.attributes or rank > self.attributes[attribute][0]):
                    self.attributes[attribute] = (rank, value)

    def remove(self, record_id: str, told: Observations) -> bool:
        """Take out one record's telling. False where a value came from it: then fold all others again."""
        self.mentions -= 1
        for alias in {alias for one in told for alias in one.aliases}:
            self.aliases[alias] -= 1
            if not self.aliases[alias]:
                del self.aliases[alias]
        origins = {rank[2] for rank, _ in self.attributes.values()}
        if self.name is not None:
            origins.add(self.name[0][2])
        return record_id not in origins

    @property
    def shown_name(self) -> str:
        return self.name[1] if self.name is not None else ""

    def shown_attributes(self) -> str:
        """Attributes as JSON, in the order of their names."""
        return dump({name: value for name, (_, value) in self.attributes.items()})

    def shown_aliases(self) -> list[str]:
        return sorted(self.aliases)

    def pack(self) -> str:
        """As stored. Values of attributes stand in the node's own column, so that here are only their ranks."""
        ranks = {name: rank for name, (rank, _) in self.attributes.items()}
        name_rank = self.name[0] if self.name is not None else None
        return dump([self.mentions, self.aliases, name_rank, ranks, self.embedded])


def unpack_state(text: str, name: str, attributes: str) -> EntityState:
    """The state of a node from its row."""
    mentions, aliases, name_rank, ranks, embedded = json.loads(text)
    values = json.loads(attributes)
    return EntityState(
        mentions,
        aliases,
        (_rank(name_rank), name) if name_rank is not None else None,
        {attribute: (_rank(rank), values[attribute]) for attribute, rank in ranks.items()},
        embedded,
    )


def fold(tellings: Iterable[tuple[str, Observations]], embedded: str | None = None) -> EntityState:
    """The state of a node from all its (record id, telling)."""
    folded = EntityState(embedded=embedded)
    for record_id, told in tellings:
        folded.add(record_id, told)
    return folded


def _is_real(told: EntityObservation) -> bool:
    """Whether the name is more than one of the ids that programs and telephones know the thing by."""
    name = told.name.casefold()
    parts = (key.partition(":")[2].partition(":") for key in told.aliases)
    ids = {value.casefold() for kind, _, value in parts if kind.startswith(_OPAQUE)}
    return name not in ids and _PREFIX.sub("", name, count=1) not in ids


def _rank(parts: Sequence[Any]) -> Rank:
    return (parts[0], parts[1], parts[2], parts[3])
