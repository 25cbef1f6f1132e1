"""Which node each entity of a batch is.

1. Keys decide. If several keys lead to several nodes, these nodes become one.
2. Where no key is known, a known name decides, then a known hint.
3. Where nothing is known, the entity gets a new node.

Its keys become aliases of the node, and those of its names that lead to no other node. Hints never do.

Example. The graph knows `vehicle:vin:1XK` → A and `vehicle:unit:6520` → B. An entity arrives with both keys and the
name `vehicle:name:big red`. Key 1 leads to A, key 2 to B: A absorbs B (`merged` is {B: A}), all three aliases lead to A
from now on, and the commit moves everything of B to A. The next entity has only the name `vehicle:name:big red`: it is
A as well.

Plans are taken in their order, so a batch resolves as its plans would one by one. One exception: an alias that only a
replaced version states is still known while the batch is resolved, so the record's new version finds its node again.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from apex_cli.model import Entity, named_uuid


@dataclass(frozen=True, slots=True)
class Resolution:
    """The node of one entity, and the aliases that this entity gives it."""

    node: str
    aliases: tuple[str, ...]


def first_id(entity: Entity, namespace: str) -> str:
    """The id of the first node with this entity's preferred key."""
    return named_uuid("entity", namespace, entity.key)


class Resolver:
    """Resolves the entities of one batch.

    `known` maps aliases to stored nodes; `used` are the ids that the graph has among those that `first_id` gives.
    """

    def __init__(self, known: Mapping[str, str], used: Set[str], namespace: str) -> None:
        self._namespace = namespace
        self._known = dict(known)
        self._used = set(used)
        self._new: set[str] = set()
        self._merged: dict[str, str] = {}

    @property
    def merged(self) -> Mapping[str, str]:
        """Nodes that another node absorbed, directly or through a third; `find` gives the one that stays."""
        return self._merged

    def find(self, node: str) -> str:
        """The node that this one is now."""
        while node in self._merged:
            node = self._merged[node]
        return node

    def resolve(self, entity: Entity, attempt: str) -> Resolution:
        """The node of an entity, a new one if nothing is known of it. `attempt` is the saga of its record."""
        node = self._by_keys(entity) or self._by_names(entity) or self._create(entity, attempt)
        aliases = list(entity.keys)
        for name in entity.names:
            if name not in self._known or self.find(self._known[name]) == node:
                aliases.append(name)
        for alias in aliases:
            self._known[alias] = node
        return Resolution(node, tuple(dict.fromkeys(aliases)))

    def _by_keys(self, entity: Entity) -> str | None:
        found = list(dict.fromkeys(self.find(self._known[key]) for key in entity.keys if key in self._known))
        # A stored node absorbs a new one; of two stored or two new ones, the node of the preferred key stays.
        found.sort(key=lambda node: node in self._new)
        for other in found[1:]:
            self._merged[other] = found[0]
        return found[0] if found else None

    def _by_names(self, entity: Entity) -> str | None:
        return next(
            (self.find(self._known[name]) for name in (*entity.names, *entity.hints) if name in self._known), None
        )

    def _create(self, entity: Entity, attempt: str) -> str:
        node = first_id(entity, self._namespace)
        if node in self._used:
            # The key belonged to this node once, but no record states it any more: this is another entity.
            node = named_uuid("entity", self._namespace, entity.key, attempt)
        self._used.add(node)
        self._new.add(node)
        return node
