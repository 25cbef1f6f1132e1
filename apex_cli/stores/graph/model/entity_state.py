"""A node's name, attributes and aliases, merged from all observations of it.

The latest event time wins, and a certain observation beats an uncertain one; ties go to the greater record id. A name
that only repeats an id of the entity never beats a real name. A phrase of a text says nothing of the thing.
The result does not depend on the order of arrival.

Example. Two records observe the vehicle with the key `vehicle:vin:1XK`:

    r1  08:00  name "TRUCK-6520"  {"speed": 55}
    r2  09:00  name "1XK"         {"speed": 61, "fuel": 40}

    state: mentions 2
           signatures  {(vehicle:vin:1XK): 2}    two observations identify it by this key alone
           name     "TRUCK-6520"  rank (3, 08:00, r1, 0)     3: real and certain; "1XK" has 1: certain, but an id
           speed    61            rank (1, 09:00, r2, 0)     1: certain
           fuel     40            rank (1, 09:00, r2, 0)

- `add` of a third record compares its ranks with these and needs no other observation.
- `remove` of a record that won nothing only lowers `mentions` and the counts of its signatures.
- `remove` of r2 cannot know which value comes next, here speed 55: it returns False, and the caller merges all other
  observations again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from apex_cli.extract.signatures import Signature
from apex_cli.stores.graph.model.codec import dump

Rank = tuple[int, int, str, int]
"""Certainty (for a name: 2 if it is real, plus 1 if it is certain), event time in microseconds, record id, position in
the record. The greatest wins.
"""

_OPAQUE = ("samsara", "vin", "turvo", "id@", "phone", "email", "address", "mc", "mx", "ff", "dot")
"""Kinds of keys that only programs and telephones use as a name."""
_PREFIX = re.compile(r"\+|(?:mc|mx|ff|usdot)[ -]")


class EntityObservation(NamedTuple):
    """What one entity of one version of a record says about a node.

    `whole` is false for a partial version. `position` is its place among the version's entities, `time` its event
    time in microseconds.
    """

    position: int
    time: int
    certain: bool
    name: str
    signature: Signature
    attributes: Mapping[str, Any]
    whole: bool = True


Observations = tuple[EntityObservation, ...]
"""All that one record says about one node, by position. More than one if two of its entities are the same node."""


def pack_observations(observations: Observations) -> str:
    return dump(
        [
            [one.position, one.time, one.certain, one.name, *_packed(one.signature), one.attributes, one.whole]
            for one in observations
        ]
    )


def unpack_observations(text: str) -> Observations:
    return tuple(
        EntityObservation(one[0], one[1], one[2], one[3], _unpacked(one[4:7]), *one[7:]) for one in json.loads(text)
    )


@dataclass(slots=True)
class EntityState:
    """The merged state of one node.

    `mentions` counts records, `signatures` how many observations have each signature. `name` and `attributes` are
    values with the ranks by which they won.
    """

    mentions: int = 0
    signatures: dict[Signature, int] = field(default_factory=dict)
    name: tuple[Rank, str] | None = None
    attributes: dict[str, tuple[Rank, Any]] = field(default_factory=dict)

    def add(self, record_id: str, observations: Observations) -> None:
        """Merge one record's observations, which must not be in the state yet."""
        self.mentions += 1
        for one in observations:
            self.signatures[one.signature] = self.signatures.get(one.signature, 0) + 1
        for one in _standing(observations):
            if one.signature.is_said:
                continue
            rank = (int(one.certain), one.time, record_id, one.position)
            name_rank = (2 * _is_real(one.name, one.signature) + one.certain, *rank[1:])
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
        for one in observations:
            self.signatures[one.signature] -= 1
            if not self.signatures[one.signature]:
                del self.signatures[one.signature]
        origins = {rank[2] for rank, _ in self.attributes.values()}
        if self.name is not None:
            origins.add(self.name[0][2])
        return record_id not in origins

    def copy(self) -> EntityState:
        """The same state, to be changed without this one."""
        return EntityState(self.mentions, dict(self.signatures), self.name, dict(self.attributes))

    def shows_as(self, other: EntityState) -> bool:
        """Whether readers see the same name, aliases and attributes in both."""
        return (
            self.shown_name == other.shown_name
            and self.signatures.keys() == other.signatures.keys()
            and (self.attributes == other.attributes or self.shown_attributes() == other.shown_attributes())
        )

    @property
    def shown_name(self) -> str:
        return self.name[1] if self.name is not None else ""

    def shown_attributes(self) -> str:
        """Attributes as JSON, in the order of their names."""
        return dump({name: value for name, (_, value) in self.attributes.items()})

    def shown_aliases(self) -> list[str]:
        """Its keys and names, without phrases of texts."""
        own = (one for one in self.signatures if not one.is_said)
        return sorted({alias for one in own for alias in (*one.keys, *one.names)})

    def pack(self) -> str:
        """The column `state`. The node's own columns hold the name and the attributes, so here are only their ranks."""
        ranks = {name: rank for name, (rank, _) in self.attributes.items()}
        name_rank = self.name[0] if self.name is not None else None
        signatures = [[*_packed(one), count] for one, count in sorted(self.signatures.items())]
        return dump([self.mentions, signatures, name_rank, ranks])


def unpack_state(text: str, name: str, attributes: str) -> EntityState:
    """The state of a node from its row."""
    mentions, signatures, name_rank, ranks = json.loads(text)
    values = json.loads(attributes)
    return EntityState(
        mentions,
        {_unpacked(one[:3]): one[3] for one in signatures},
        (_rank(name_rank), name) if name_rank is not None else None,
        {attribute: (_rank(rank), values[attribute]) for attribute, rank in ranks.items()},
    )


def merge(observations: Iterable[tuple[str, Observations]]) -> EntityState:
    """The state of a node from all (record id, observations) of it."""
    state = EntityState()
    for record_id, some in observations:
        state.add(record_id, some)
    return state


def _standing(observations: Observations) -> Observations:
    """What a record says of a node, all its versions taken together: the last whole one counts, and the partial ones
    after it.

    Example: a vehicle row of Monday gives plate and colour, that of Tuesday only the plate, a webhook of Wednesday only
    the name. Plate and name are known; the colour is not, because the row of Tuesday is whole.
    """
    if len(observations) == 1:
        return observations
    last = max((one.time for one in observations if one.whole), default=None)
    return observations if last is None else tuple(one for one in observations if (one.time, one.whole) >= (last, True))


@lru_cache(maxsize=8192)
def _is_real(name: str, signature: Signature) -> bool:
    """Whether the name is more than one of the entity's opaque ids: "TRUCK-6520", not "1XKYD49X7PJ304417"."""
    folded = name.casefold()
    parts = (key.partition(":")[2].partition(":") for key in (*signature.keys, *signature.names))
    ids = {value.casefold() for kind, _, value in parts if kind.startswith(_OPAQUE)}
    return not ids or (folded not in ids and _PREFIX.sub("", folded, count=1) not in ids)


def _rank(parts: Sequence[Any]) -> Rank:
    return (parts[0], parts[1], parts[2], parts[3])


def _packed(signature: Signature) -> list[Sequence[str]]:
    return [signature.keys, signature.names, signature.hints]


def _unpacked(parts: Sequence[Sequence[str]]) -> Signature:
    return Signature(tuple(parts[0]), tuple(parts[1]), tuple(parts[2]))
