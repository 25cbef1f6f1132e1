"""What each record says about each node, before and after a batch.

Example. The graph holds r1's observation of A and r2's of B. The batch writes r1 again, with an entity whose keys lead
to both A and B, so these become one:

    before  (r1, A): old    (r2, B): old
    after   (r1, A): new    (r2, A): old     moved, for B is gone
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from apex_cli.errors import StoreTerminal
from apex_cli.extract.key_forms import present_form
from apex_cli.extract.signatures import Signature, signature_of
from apex_cli.model import Entity, EntityType, Extraction, Plan, RecordVersion
from apex_cli.stores.graph.model.codec import micros
from apex_cli.stores.graph.model.entity_state import EntityObservation, Observations, unpack_observations
from apex_cli.stores.graph.model.operations import (
    ALIASES,
    ALL_ALIASES,
    OBSERVATIONS_BY_NODE,
    OBSERVATIONS_BY_RECORD,
    STORE,
    GraphTransaction,
    Query,
)
from apex_cli.stores.graph.model.resolution import Identities, Resolver, SignatureChange, is_shown, nodes_of

Pair = tuple[str, str]
"""Record id and node id."""
ByPair = dict[Pair, Observations]
BeforeAndAfter = tuple[Observations | None, Observations | None]
Identified = Sequence[tuple[RecordVersion, Sequence[Signature]]]
"""The versions of a record, the earliest first, each with the signatures of its entities in their order."""


class ResolvedEntity(NamedTuple):
    """One entity of a version of a written record, and its node."""

    node: str
    entity: Entity
    observation: EntityObservation
    version: RecordVersion


@dataclass(slots=True)
class Mentions:
    """Observations before and after the batch, of all (record, node) pairs that it can change.

    `resolved`: each written record's entities, in their order. `identities`: which observations change their node.
    `complete`: the nodes that they leave or come to; `before` and `after` hold all observations of these. `index`: the
    entries of the index of aliases that were read.
    """

    before: ByPair
    after: ByPair
    resolved: Mapping[str, Sequence[ResolvedEntity]]
    identities: Identities
    complete: frozenset[str]
    index: Mapping[str, Sequence[str]]

    def by_node(self) -> dict[str, dict[str, BeforeAndAfter]]:
        """Node → record → its observations before and after."""
        found: dict[str, dict[str, BeforeAndAfter]] = {}
        for record, node in dict.fromkeys([*self.before, *self.after]):
            pair = (record, node)
            found.setdefault(node, {})[record] = (self.before.get(pair), self.after.get(pair))
        return found


def compare(
    graph: GraphTransaction,
    plans: Sequence[Plan],
    identified: Mapping[str, Identified],
    rewritten: Iterable[str],
    old_ids: Mapping[str, str],
) -> Mentions:
    """Resolve the plans' entities, and compare the observations after the batch with those before it.

    `identified`: what `identify` says of each plan's record. `rewritten` are those of which the graph holds a version.
    For `old_ids` see `commit.commit`.
    """
    before = _load(graph, OBSERVATIONS_BY_RECORD, rewritten)
    resolver = Resolver(graph, plans[0].group_id, old_ids, plans[0].saga_id)
    identities = resolver.resolve(_change(identified.values(), before))
    resolved = {record: _resolved(versions, identities) for record, versions in identified.items()}
    complete = frozenset(node for place, target in identities.moved.items() for node in (place[0], target))
    after: ByPair = {}
    for (record, node), observations in _load(graph, OBSERVATIONS_BY_NODE, complete).items():
        before[record, node] = observations
        if record not in resolved:
            for one in observations:
                _add(after, (record, identities.node_at(node, one.signature.digest)), one)
    for record, entities in resolved.items():
        for node, observation in _observed(entities):
            _add(after, (record, node), observation)
    return Mentions(before, after, resolved, identities, complete, resolver.index)


def of_nodes(graph: GraphTransaction, nodes: Iterable[str]) -> dict[str, dict[str, Observations]]:
    """All stored observations of these nodes: node → record → observations."""
    found: dict[str, dict[str, Observations]] = {}
    for (record, node), observations in _load(graph, OBSERVATIONS_BY_NODE, nodes).items():
        found.setdefault(node, {})[record] = observations
    return found


def entity_ids(graph: GraphTransaction, plans: Sequence[Plan]) -> dict[str, str]:
    """The node of each key and name in the plans that leads to one node only."""
    entities = (entity for plan in plans for version in plan.versions() for entity in version.extraction.entities)
    rows = graph.look_up(ALIASES, (alias for entity in entities for alias in (*entity.keys, *entity.names)))
    return {row["key"]: row["entity"] for row in rows if len(nodes_of(row["entity"])) == 1}


def _observed(entities: Sequence[ResolvedEntity]) -> Iterator[tuple[str, EntityObservation]]:
    """What a record says about each node: (node, observation). Of the versions that identify an entity in one way, the
    last whole one counts, and the partial ones after it; see `entity_state` for those that do so in several ways.
    """
    last: dict[Signature, RecordVersion] = {}
    for one in entities:
        signature = one.observation.signature
        if one.version.extraction.whole and (signature not in last or one.version.order >= last[signature].order):
            last[signature] = one.version
    for one in entities:
        newest = last.get(one.observation.signature)
        if newest is None or newest is one.version or one.version.order >= newest.order:
            yield one.node, one.observation


def renamed_ids(graph: GraphTransaction) -> dict[str, str]:
    """The present form of each key and name of an older graph that has another form and leads to one node, with it."""
    rows = (row for batch in graph.scan(ALL_ALIASES) for row in batch if is_shown(row["key"]))
    single = (row for row in rows if len(nodes_of(row["entity"])) == 1)
    return {present: row["entity"] for row in single if (present := present_form(row["key"])) != row["key"]}


def identify(plan: Plan) -> Identified:
    """The versions of a plan's record. Raises `StoreTerminal` for an entity without a key."""
    found = []
    for version in plan.versions():
        for entity in version.extraction.entities:
            if not entity.keys:
                raise StoreTerminal(STORE, f"an entity without a key: {entity.type} {entity.name!r}")
        found.append((version, [signature_of(entity) for entity in entities_of(version.extraction)]))
    return found


def entities_of(extraction: Extraction) -> list[Entity]:
    """The entities of an extraction, and after them its phrases. A phrase has no name: a thing keeps its own."""
    phrases = (Entity(EntityType.VALUE, (phrase.key,), "", certain=False) for phrase in extraction.phrases)
    return [*extraction.entities, *phrases]


def _change(identified: Iterable[Identified], before: ByPair) -> SignatureChange:
    """The signatures of the plans, and those of the versions that they replace."""
    coming = {one for versions in identified for _, signatures in versions for one in signatures}
    going: dict[str, Counter[Signature]] = {}
    for (_, node), observations in before.items():
        going.setdefault(node, Counter()).update(one.signature for one in observations)
    return SignatureChange(coming, going)


def _resolved(versions: Identified, identities: Identities) -> list[ResolvedEntity]:
    found = []
    for version, signatures in versions:
        time, whole = micros(version.extraction.event_time), version.extraction.whole
        entities = entities_of(version.extraction)
        for position, (entity, signature) in enumerate(zip(entities, signatures, strict=True)):
            observation = EntityObservation(
                position, time, entity.certain, entity.name, signature, dict(entity.attributes), whole
            )
            found.append(ResolvedEntity(identities.nodes[signature], entity, observation, version))
    return found


def _load(graph: GraphTransaction, what: Query, keys: Iterable[str]) -> ByPair:
    return {(row["record"], row["node"]): unpack_observations(row["observation"]) for row in graph.look_up(what, keys)}


def _add(found: ByPair, pair: Pair, observation: EntityObservation) -> None:
    """Add to the observations of a pair: versions of one record, and two entities of one version, may be one node."""
    known = found.get(pair, ())
    every = (*known, observation)
    found[pair] = tuple(sorted(every, key=lambda one: (one.time, one.whole, one.position))) if known else every
