"""What each record says about each node, before and after a batch.

Example. The graph holds r1's observation of A and r2's of B. The batch writes r1 again, with an entity whose keys lead
to both A and B, so A absorbs B:

    before  (r1, A): old    (r2, B): old
    after   (r1, A): new    (r2, A): old     moved, for B is gone
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from apex_cli.errors import StoreTerminal
from apex_cli.model import Entity, Plan, RecordVersion
from apex_cli.stores.graph.model.codec import micros
from apex_cli.stores.graph.model.entity_state import EntityObservation, Observations, unpack_observations
from apex_cli.stores.graph.model.operations import (
    ALIASES,
    OBSERVATIONS_BY_NODE,
    OBSERVATIONS_BY_RECORD,
    STORE,
    USED_ENTITY_IDS,
    GraphTransaction,
    Query,
)
from apex_cli.stores.graph.model.resolution import Resolver, first_id

Pair = tuple[str, str]
"""Record id and node id."""
ByPair = dict[Pair, Observations]
BeforeAndAfter = tuple[Observations | None, Observations | None]


@dataclass(frozen=True, slots=True)
class ResolvedEntity:
    """One entity of a written record, and its node.

    `vector` is that of the entity's name, one row of float32; None for an earlier version of the record.
    """

    node: str
    entity: Entity
    observation: EntityObservation
    vector: Any
    version: RecordVersion


@dataclass(slots=True)
class Mentions:
    """Observations before and after the batch, of all (record, node) pairs that it can change.

    `resolved`: each written record's entities, in their order. `absorbed`: stored nodes that became part of another
    one, which they lead to. `complete`: the nodes that absorbed them; `after` holds all observations of these.
    """

    before: ByPair
    after: ByPair
    resolved: Mapping[str, Sequence[ResolvedEntity]]
    absorbed: Mapping[str, str]
    complete: frozenset[str]

    def by_node(self) -> dict[str, dict[str, BeforeAndAfter]]:
        """Node → record → its observations before and after."""
        found: dict[str, dict[str, BeforeAndAfter]] = {}
        for record, node in dict.fromkeys([*self.before, *self.after]):
            pair = (record, node)
            found.setdefault(node, {})[record] = (self.before.get(pair), self.after.get(pair))
        return found


def compare(
    graph: GraphTransaction, plans: Sequence[Plan], rewritten: Iterable[str], old_ids: Mapping[str, str]
) -> Mentions:
    """Resolve the plans' entities, and compare the observations after the batch with those before it.

    `rewritten` are the plans' records of which the graph holds a version. For `old_ids` see `commit.commit`.
    """
    resolver, resolved = _resolve(graph, plans, old_ids)
    absorbed = {node: resolver.find(node) for node in resolver.merged}
    complete = frozenset(absorbed.values())
    written = {plan.record_id for plan in plans}
    before = _load(graph, OBSERVATIONS_BY_RECORD, rewritten)
    after: ByPair = {}
    for pair, observations in _load(graph, OBSERVATIONS_BY_NODE, [*absorbed, *complete]).items():
        before[pair] = observations
        record, node = pair
        if record not in written:
            _add(after, (record, absorbed.get(node, node)), observations)
    for record, entities in resolved.items():
        for node, observation in _standing(entities):
            _add(after, (record, node), (observation,))
    return Mentions(before, after, resolved, absorbed, complete)


def of_nodes(graph: GraphTransaction, nodes: Iterable[str]) -> dict[str, dict[str, Observations]]:
    """All stored observations of these nodes: node → record → observations."""
    found: dict[str, dict[str, Observations]] = {}
    for (record, node), observations in _load(graph, OBSERVATIONS_BY_NODE, nodes).items():
        found.setdefault(node, {})[record] = observations
    return found


def entity_ids(graph: GraphTransaction, plans: Sequence[Plan]) -> dict[str, str]:
    """The node of each key, name and hint in the plans that the graph knows."""
    entities = (entity for plan in plans for entity in _entities(plan))
    aliases = (alias for entity in entities for alias in (*entity.keys, *entity.names, *entity.hints))
    return {row["key"]: row["entity"] for row in graph.look_up(ALIASES, aliases)}


def _resolve(
    graph: GraphTransaction, plans: Sequence[Plan], old_ids: Mapping[str, str]
) -> tuple[Resolver, dict[str, list[ResolvedEntity]]]:
    resolver = _resolver(graph, plans, old_ids)
    drafts: dict[str, list[ResolvedEntity]] = {}
    for plan in plans:
        draft = drafts.setdefault(plan.record_id, [])
        for version in plan.versions():
            time = micros(version.extraction.event_time)
            for position, entity in enumerate(version.extraction.entities):
                resolution = resolver.resolve(entity, version.saga_id)
                observation = EntityObservation(
                    position, time, entity.certain, entity.name, resolution.aliases, dict(entity.attributes)
                )
                vector = version.embedded.entity_vectors[position] if version.embedded is not None else None
                draft.append(ResolvedEntity(resolution.node, entity, observation, vector, version))
    # Only now are all merges of the batch known: a later entity may have merged the node of an earlier one.
    return resolver, {
        record: [replace(one, node=resolver.find(one.node)) for one in draft] for record, draft in drafts.items()
    }


def _standing(entities: Sequence[ResolvedEntity]) -> Iterator[tuple[str, EntityObservation]]:
    """What a record says about each node, all its versions taken together: (node, observation).

    The last whole version that mentions a node counts, and the partial ones after it. Example: a vehicle row of Monday
    gives plate and colour, that of Tuesday only the plate, a webhook of Wednesday only the name. Plate and name are
    known; the colour is not, because the row of Tuesday is whole.
    """
    by_node: dict[str, list[ResolvedEntity]] = {}
    for one in entities:
        by_node.setdefault(one.node, []).append(one)
    for node, some in by_node.items():
        last = next((one.version for one in reversed(some) if one.version.extraction.whole), some[0].version)
        for one in some:
            if one.version.order >= last.order:
                yield node, one.observation


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


def _entities(plan: Plan) -> list[Entity]:
    """The entities of all versions of the plan's record."""
    return [entity for version in plan.versions() for entity in version.extraction.entities]


def _load(graph: GraphTransaction, what: Query, keys: Iterable[str]) -> ByPair:
    return {(row["record"], row["node"]): unpack_observations(row["observation"]) for row in graph.look_up(what, keys)}


def _add(found: ByPair, pair: Pair, observations: Observations) -> None:
    """Add to the observations of a pair; two entities of one record may be the same node."""
    found[pair] = tuple(sorted((*found.get(pair, ()), *observations), key=lambda one: one.position))
