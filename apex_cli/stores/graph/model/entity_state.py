"""A node's name, attributes and aliases, merged from all observations of it.

The latest event time wins, and a certain observation beats an uncertain one; ties go to the greater record id. A name
that only repeats an id of the entity never beats a real name. The result does not depend on the order of arrival.

Example. Two records observe the vehicle with the key `vehicle:vin:1XK`:

    r1  08:00  name "TRUCK-6520"  {"speed": 55}
    r2  09:00  name "1XK"         {"speed": 61, "fuel": 40}

    state: mentions 2
           aliases  {"vehicle:vin:1XK": 2}       two records state this alias
           name     "TRUCK-6520"  rank (3, 08:00, r1, 0)     3: real and certain; "1XK" has 1: certain, but an id
           speed    61            rank (1, 09:00, r2, 0)     1: certain
           fuel     40            rank (1, 09:00, r2, 0)

- `add` of a third record compares its ranks with these and needs no other observation.
- `remove` of a record that won nothing only lowers `mentions` and the counts of its aliases.
- `remove` of r2 cannot know which value comes next, here speed 55: it returns False, and the caller merges all other
  observations again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apex_cli.stores.graph.model.codec import dump

Rank = tuple[int, int, str, int]
"""Certainty (for a name: 2 if it is real, plus 1 if it is certain), event time in microseconds, record id, position in
the record. The greatest wins.
"""

_OPAQUE = ("samsara", "vin", "turvo", "id@", "phone", "email", "address", "mc", "mx", "ff", "dot")
"""Kinds of keys that only programs and telephones use as a name."""
_PREFIX = re.compile(r"\+|(?:mc|mx|ff|usdot)[ -]")


@dataclass(frozen=True, slots=True)
class EntityObservation:
    """What one entity of one record says about a node. `aliases` are its keys, and those of its names that were free.

    `position` is its place among the record's entities, `time` the record's event time in microseconds.
    """

    position: int
    time: int
    certain: bool
    name: str
    aliases: tuple[str, ...]
    attributes: Mapping[str, Any]


Observations = tuple[EntityObservation, ...]
"""All that one record says about one node, by position. More than one if two of its entities are the same node."""


def pack_observations(observations: Observations) -> str:
    return dump([[one.position, one.time, one.certain, one.name, one.aliases, one.attributes] for one in observations])


def unpack_observations(text: str) -> Observations:
    return tuple(EntityObservation(one[0], one[1], one[2], one[3], tuple(one[4]), one[5]) for one in json.loads(text))


@dataclass(slots=True)
class EntityState:
    """The merged state of one node.

    `mentions` counts records, `aliases` how many of them state each alias. `name` and `attributes` are values with the
    ranks by which they won. `embedded` is the name that the stored vector belongs to.
    """

    mentions: int = 0
    aliases: dict[str, int] = field(default_factory=dict)
    name: tuple[Rank, str] | None = None
    attributes: dict[str, tuple[Rank, Any]] = field(default_factory=dict)
    embedded: str | None = None

    def add(self, record_id: str, observations: Observations) -> None:
        """Merge one record's observations, which must not be in the state yet."""
        self.mentions += 1
        for alias in {alias for one in observations for alias in one.aliases}:
            self.aliases[alias] = self.aliases.get(alias, 0) + 1
        for one in observations:
            rank = (int(one.certain), one.time, record_id, one.position)
            name_rank = (2 * _is_real(one) + one.certain, *rank[1:])
            if self.name is None or name_rank > self.name[0]:
                self.name = (name_rank, one.name)
            for attribute, value in one.attributes.items():
                if value is not None and (attribute not in self.attributes or rank > self.attributes[attribute][0]):
                    self.attributes[attribute] = (rank, value)

    def remove(self, record_id: str, observations: Observations) -> bool:
        """Take out one record's observations.

        False if the name or an attribute came from this record: then the state is wrong, and all other observations
        must be merged again.
        """
        self.mentions -= 1
        for alias in {alias for one in observations for alias in one.aliases}:
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
        """The column `state`. The node's own columns hold the name and the attributes, so here are only their ranks."""
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


def merge(observations: Iterable[tuple[str, Observations]], embedded: str | None = None) -> EntityState:
    """The state of a node from all (record id, observations) of it."""
    state = EntityState(embedded=embedded)
    for record_id, some in observations:
        state.add(record_id, some)
    return state


def _is_real(observation: EntityObservation) -> bool:
    """Whether the name is more than one of the entity's opaque ids: "TRUCK-6520", not "1XKYD49X7PJ304417"."""
    name = observation.name.casefold()
    parts = (key.partition(":")[2].partition(":") for key in observation.aliases)
    ids = {value.casefold() for kind, _, value in parts if kind.startswith(_OPAQUE)}
    return name not in ids and _PREFIX.sub("", name, count=1) not in ids


def _rank(parts: Sequence[Any]) -> Rank:
    return (parts[0], parts[1], parts[2], parts[3])
