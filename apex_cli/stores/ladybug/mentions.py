"""What each record tells about each node, before and after a batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apex_cli.errors import StoreTerminal
from apex_cli.model import Entity, Plan
from apex_cli.stores.ladybug.codec import micros
from apex_cli.stores.ladybug.engine import STORE, Session
from apex_cli.stores.ladybug.fold import Telling, Told, unpack_told
from apex_cli.stores.ladybug.resolve import Resolver, first_id

Pair = tuple[str, str]
"""Record id and node id."""

_ALIASES = "LOAD FROM $df MATCH (a:ApexAlias {key: k}) RETURN a.key AS key, a.entity AS entity"
_TAKEN = "LOAD FROM $df MATCH (n:Entity {uuid: k}) RETURN n.uuid AS uuid"
_OF_RECORDS = """LOAD FROM $df MATCH (e:Episodic {uuid: k})-[m:MENTIONS]->(n:Entity)
    RETURN e.uuid AS record, n.uuid AS node, m.told AS told"""
_OF_NODES = """LOAD FROM $df MATCH (n:Entity {uuid: k})<-[m:MENTIONS]-(e:Episodic)
    RETURN e.uuid AS record, n.uuid AS node, m.told AS told"""


@dataclass(frozen=True, slots=True)
class Placed:
    """One entity of a written record at its node."""

    node: str
    entity: Entity
    telling: Telling
    vector: Any
    """Of the entity's name: one row of float32."""


@dataclass(slots=True)
class Mentions:
    """Tellings before and after, of all (record, node) pairs that the batch can change.

    `placed`: each written record's entities, in their order. `absorbed`: stored nodes that became part of another.
    `whole`: nodes of which `after` holds every mention there is.
    """

    before: dict[Pair, Told]
    after: dict[Pair, Told]
    placed: Mapping[str, Sequence[Placed]]
    absorbed: Mapping[str, str]
    whole: frozenset[str]

    def by_node(self) -> dict[str, dict[str, tuple[Told | None, Told | None]]]:
        """Node → record → its telling before and after."""
        found: dict[str, dict[str, tuple[Told | None, Told | None]]] = {}
        for record, node in dict.fromkeys([*self.before, *self.after]):
            pair = (record, node)
            found.setdefault(node, {})[record] = (self.before.get(pair), self.after.get(pair))
        return found


def compare(session: Session, plans: Sequence[Plan], rewritten: Iterable[str]) -> Mentions:
    """Resolve the plans' entities and set what is told afterwards against what was told before.

    `rewritten` are those of the plans' records that the graph holds a version of.
    """
    resolver, placed = _place(session, plans)
    absorbed = {node: resolver.find(node) for node in resolver.merged}
    whole = frozenset(absorbed.values())
    written = {plan.record_id for plan in plans}
    before = _tellings(session, _OF_RECORDS, rewritten)
    after: dict[Pair, Told] = {}
    for pair, told in _tellings(session, _OF_NODES, [*absorbed, *whole]).items():
        before[pair] = told
        record, node = pair
        if record not in written:
            _tell(after, (record, absorbed.get(node, node)), told)
    for record, entities in placed.items():
        for one in entities:
            _tell(after, (record, one.node), (one.telling,))
    return Mentions(before, after, placed, absorbed, whole)


def of_nodes(session: Session, nodes: Iterable[str]) -> dict[str, dict[str, Told]]:
    """All stored tellings of these nodes: node → record → telling."""
    found: dict[str, dict[str, Told]] = {}
    for (record, node), told in _tellings(session, _OF_NODES, nodes).items():
        found.setdefault(node, {})[record] = told
    return found


def _place(session: Session, plans: Sequence[Plan]) -> tuple[Resolver, dict[str, list[Placed]]]:
    entities = [entity for plan in plans for entity in _entities(plan)]
    resolver = _resolver(session, entities, plans[0].group_id)
    drafts: dict[str, list[Placed]] = {}
    for plan in plans:
        draft = drafts.setdefault(plan.record_id, [])
        if plan.embedded is None:
            continue
        time = micros(plan.embedded.extraction.event_time)
        for position, entity in enumerate(_entities(plan)):
            place = resolver.place(entity, plan.saga_id)
            telling = Telling(position, time, entity.certain, entity.name, place.aliases, dict(entity.attributes))
            draft.append(Placed(place.node, entity, telling, plan.embedded.entity_vectors[position]))
    # Only now are all merges of the batch known.
    return resolver, {
        record: [Placed(resolver.find(one.node), one.entity, one.telling, one.vector) for one in draft]
        for record, draft in drafts.items()
    }


def _resolver(session: Session, entities: Sequence[Entity], namespace: str) -> Resolver:
    for entity in entities:
        if not entity.keys:
            raise StoreTerminal(STORE, f"an entity without a key: {entity.type} {entity.name!r}")
    aliases = dict.fromkeys(alias for entity in entities for alias in (*entity.keys, *entity.names, *entity.hints))
    known = {row["key"]: row["entity"] for row in session.join(_ALIASES, {"k": "text"}, [(key,) for key in aliases])}
    fresh = dict.fromkeys(
        first_id(entity, namespace) for entity in entities if not any(key in known for key in entity.keys)
    )
    taken = {row["uuid"] for row in session.join(_TAKEN, {"k": "text"}, [(node,) for node in fresh])}
    return Resolver(known, taken, namespace)


def _entities(plan: Plan) -> Sequence[Entity]:
    return plan.embedded.extraction.entities if plan.embedded is not None else ()


def _tellings(session: Session, query: str, keys: Iterable[str]) -> dict[Pair, Told]:
    rows = session.join(query, {"k": "text"}, [(key,) for key in dict.fromkeys(keys)])
    return {(row["record"], row["node"]): unpack_told(row["told"]) for row in rows}


def _tell(tellings: dict[Pair, Told], pair: Pair, told: Told) -> None:
    """Add to what a record tells of a node; two of its entities may turn out to be one."""
    tellings[pair] = tuple(sorted((*tellings.get(pair, ()), *told), key=lambda one: one.position))
