"""What each record tells about each node, before and after a batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apex_cli.errors import StoreTerminal
from apex_cli.model import Entity, Plan
from apex_cli.stores.graph.model.codec import micros
from apex_cli.stores.graph.model.entity_state import EntityObservation, Observations, unpack_observations
from apex_cli.stores.graph.model.operations import (
    ALIASES,
    OBSERVATIONS_BY_NODE,
    OBSERVATIONS_BY_RECORD,
    USED_ENTITY_IDS,
    Query,
)
from apex_cli.stores.graph.model.resolution import Resolver, first_id
from apex_cli.stores.graph.model.transaction import STORE, GraphTransaction

Pair = tuple[str, str]
"""Record id and node id."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One entity of a written record at its node."""

    node: str
    entity: Entity
    telling: EntityObservation
    vector: Any
    """Of the entity's name: one row of float32."""


@dataclass(slots=True)
class Mentions:
    """Tellings before and after, of all (record, node) pairs that the batch can change.

    `placed`: each written record's entities, in their order. `absorbed`: stored nodes that became part of another.
    `whole`: nodes of which `after` holds every mention there is.
    """

    before: dict[Pair, Observations]
    after: dict[Pair, Observations]
    placed: Mapping[str, Sequence[Placed]]
    absorbed: Mapping[str, str]
    whole: frozenset[str]

    def by_node(self) -> dict[str, dict[str, tuple[Observations | None, Observations | None]]]:
        """Node → record → its telling before and after."""
        found: dict[str, dict[str, tuple[Observations | None, Observations | None]]] = {}
        for record, node in dict.fromkeys([*self.before, *self.after]):
            pair = (record, node)
            found.setdefault(node, {})[record] = (self.before.get(pair), self.after.get(pair))
        return found


def compare(
    graph: GraphTransaction, plans: Sequence[Plan], rewritten: Iterable[str], old_ids: Mapping[str, str]
) -> Mentions:
    """Resolve the plans' entities and set what is told afterwards against what was told before.

    `rewritten` are those of the plans' records that the graph holds a version of.
    """
    resolver, placed = _place(graph, plans, old_ids)
    absorbed = {node: resolver.find(node) for node in resolver.merged}
    whole = frozenset(absorbed.values())
    written = {plan.record_id for plan in plans}
    before = _tellings(graph, OBSERVATIONS_BY_RECORD, rewritten)
    after: dict[Pair, Observations] = {}
    for pair, told in _tellings(graph, OBSERVATIONS_BY_NODE, [*absorbed, *whole]).items():
        before[pair] = told
        record, node = pair
        if record not in written:
            _tell(after, (record, absorbed.get(node, node)), told)
    for record, entities in placed.items():
        for one in entities:
            _tell(after, (record, one.node), (one.telling,))
    return Mentions(before, after, placed, absorbed, whole)


def of_nodes(graph: GraphTransaction, nodes: Iterable[str]) -> dict[str, dict[str, Observations]]:
    """All stored tellings of these nodes: node → record → telling."""
    found: dict[str, dict[str, Observations]] = {}
    for (record, node), told in _tellings(graph, OBSERVATIONS_BY_NODE, nodes).items():
        found.setdefault(node, {})[record] = told
    return found


def entity_ids(graph: GraphTransaction, plans: Sequence[Plan]) -> dict[str, str]:
    """The entity of each alias, of all keys, names and hints in the plans, that the graph knows."""
    entities = (entity for plan in plans for entity in _entities(plan))
    aliases = (alias for entity in entities for alias in (*entity.keys, *entity.names, *entity.hints))
    return {row["key"]: row["entity"] for row in graph.look_up(ALIASES, aliases)}


def _place(
    graph: GraphTransaction, plans: Sequence[Plan], old_ids: Mapping[str, str]
) -> tuple[Resolver, dict[str, list[Placed]]]:
    resolver = _resolver(graph, plans, old_ids)
    drafts: dict[str, list[Placed]] = {}
    for plan in plans:
        draft = drafts.setdefault(plan.record_id, [])
        if plan.embedded is None:
            continue
        time = micros(plan.embedded.extraction.event_time)
        for position, entity in enumerate(_entities(plan)):
            place = resolver.place(entity, plan.saga_id)
            telling = EntityObservation(
                position, time, entity.certain, entity.name, place.aliases, dict(entity.attributes)
            )
            draft.append(Placed(place.node, entity, telling, plan.embedded.entity_vectors[position]))
    # Only now are all merges of the batch known.
    return resolver, {
        record: [Placed(resolver.find(one.node), one.entity, one.telling, one.vector) for one in draft]
        for record, draft in drafts.items()
    }


def _resolver(graph: GraphTransaction, plans: Sequence[Plan], old_ids: Mapping[str, str]) -> Resolver:
    entities = [entity for plan in plans for entity in _entities(plan)]
    for entity in entities:
        if not entity.keys:
            raise StoreTerminal(STORE, f"an entity without a key: {entity.type} {entity.name!r}")
    namespace = plans[0].group_id
    known = {**old_ids, **entity_ids(graph, plans)}
    new_ids = (first_id(entity, namespace) for entity in entities if not any(key in known for key in entity.keys))
    used = {row["uuid"] for row in graph.look_up(USED_ENTITY_IDS, new_ids)}
    return Resolver(known, used, namespace)


def _entities(plan: Plan) -> Sequence[Entity]:
    return plan.embedded.extraction.entities if plan.embedded is not None else ()


def _tellings(graph: GraphTransaction, what: Query, keys: Iterable[str]) -> dict[Pair, Observations]:
    return {(row["record"], row["node"]): unpack_observations(row["observation"]) for row in graph.look_up(what, keys)}


def _tell(tellings: dict[Pair, Observations], pair: Pair, told: Observations) -> None:
    """Add to what a record tells of a node; two of its entities may turn out to be one."""
    tellings[pair] = tuple(sorted((*tellings.get(pair, ()), *told), key=lambda one: one.position))
