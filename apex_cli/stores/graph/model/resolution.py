"""Which node each entity of a batch is.

Keys decide; names only where no key is known; hints likewise and without leaving a trace. Keys that reach two nodes
make them one. Plans are taken in their order, so a batch resolves as its plans would one by one, save that what a
replaced record alone had told is still known while the batch is resolved: its new version finds its node again.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from apex_cli.model import Entity, named_uuid


@dataclass(frozen=True, slots=True)
class Resolution:
    """The node of one entity, and the aliases by which this entity makes it known."""

    node: str
    aliases: tuple[str, ...]


def first_id(entity: Entity, namespace: str) -> str:
    """The id of a node that this entity is the first to tell of."""
    return named_uuid("entity", namespace, entity.key)


class Resolver:
    """`known` maps aliases to stored nodes; `taken` are ids in use among those that `first_id` gives."""

    def __init__(self, known: Mapping[str, str], taken: Set[str], namespace: str) -> None:
        self._namespace = namespace
        self._known = dict(known)
        self._taken = set(taken)
        self._fresh: set[str] = set()
        self._merged: dict[str, str] = {}

    @property
    def merged(self) -> Mapping[str, str]:
        """Nodes that became part of another one, directly or by way of a third: `find` gives the one that stays."""
        return self._merged

    def find(self, node: str) -> str:
        """The node that this one is now."""
        while node in self._merged:
            node = self._merged[node]
        return node

    def place(self, entity: Entity, attempt: str) -> Resolution:
        """The node of an entity; a new one if nothing is known of it. `attempt` is the saga that asks."""
        node = self._by_keys(entity) or self._weakly(entity) or self._new(entity, attempt)
        aliases = list(entity.keys)
        for name in entity.names:
            if name not in self._known or self.find(self._known[name]) == node:
                aliases.append(name)
        for alias in aliases:
            self._known[alias] = node
        return Resolution(node, tuple(dict.fromkeys(aliases)))

    def _by_keys(self, entity: Entity) -> str | None:
        found = list(dict.fromkeys(self.find(self._known[key]) for key in entity.keys if key in self._known))
        # A stored node stays, a new one gives way; else the node of the preferred key stays.
        found.sort(key=lambda node: node in self._fresh)
        for other in found[1:]:
            self._merged[other] = found[0]
        return found[0] if found else None

    def _weakly(self, entity: Entity) -> str | None:
        return next(
            (self.find(self._known[name]) for name in (*entity.names, *entity.hints) if name in self._known), None
        )

    def _new(self, entity: Entity, attempt: str) -> str:
        node = first_id(entity, self._namespace)
        if node in self._taken:
            # The key was this node's once, but no record tells so any more: the two are strangers now.
            node = named_uuid("entity", self._namespace, entity.key, attempt)
        self._taken.add(node)
        self._fresh.add(node)
        return node
