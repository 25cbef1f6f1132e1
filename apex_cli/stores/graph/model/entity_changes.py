"""How the nodes of a batch change: their folds before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apex_cli.errors import StoreTerminal
from apex_cli.stores.graph.model.codec import kind_of
from apex_cli.stores.graph.model.entity_state import EntityState, Observations, fold, unpack_state
from apex_cli.stores.graph.model.observations import Mentions, of_nodes
from apex_cli.stores.graph.model.operations import NODES
from apex_cli.stores.graph.model.transaction import STORE, GraphTransaction, Row

Tellings = Mapping[str, tuple[Observations | None, Observations | None]]


@dataclass(frozen=True, slots=True)
class NodeChange:
    """One node whose telling changes. `before` is None for a new node, `after` for one that nobody tells of any more.

    `vector` is of the name afterwards, where `revector` says that it must be written; None if none is at hand.
    """

    node: str
    kind: str
    before: EntityState | None
    after: EntityState | None
    revector: bool
    vector: Any


def changes(graph: GraphTransaction, mentions: Mentions) -> list[NodeChange]:
    """Fold what changed into every node that it concerns. Writes nothing."""
    touched = {
        node: tellings
        for node, tellings in mentions.by_node().items()
        if node in mentions.whole or any(before != after for before, after in tellings.values())
    }
    rows = {row["uuid"]: row for row in graph.look_up(NODES, touched)}
    kinds = _kinds(mentions, rows)
    before = {node: unpack_state(row["state"], row["name"], row["attributes"]) for node, row in rows.items()}
    after = {node: _folded(node, tellings, rows.get(node), mentions) for node, tellings in touched.items()}
    unsure = [node for node, state in after.items() if state is None]
    for node, stored in of_nodes(graph, unsure).items():
        after[node] = _refolded(stored, touched[node], before[node].embedded)
    vectors = _name_vectors(mentions)
    found = []
    for node, state in after.items():
        if state is None or not state.mentions:
            if node in before:
                found.append(NodeChange(node, kinds[node], before[node], None, False, None))
            continue
        stale = state.embedded != state.shown_name
        vector = vectors.get((node, state.shown_name)) if stale else None
        had_one = state.embedded is not None
        if stale:
            state.embedded = state.shown_name if vector is not None else None
        found.append(
            NodeChange(node, kinds[node], before.get(node), state, vector is not None or (stale and had_one), vector)
        )
    return found


def _folded(node: str, tellings: Tellings, row: Row | None, mentions: Mentions) -> EntityState | None:
    """The new state, None if it takes all tellings of the node to know it."""
    if row is None or node in mentions.whole:
        embedded = unpack_state(row["state"], row["name"], row["attributes"]).embedded if row is not None else None
        return fold(((record, now) for record, (_, now) in tellings.items() if now is not None), embedded)
    state = unpack_state(row["state"], row["name"], row["attributes"])
    sure = True
    for record, (was, now) in tellings.items():
        if was is not None and was != now:
            sure &= state.remove(record, was)
    if not sure:
        return None if state.mentions or any(now is not None for _, now in tellings.values()) else state
    for record, (was, now) in tellings.items():
        if now is not None and was != now:
            state.add(record, now)
    return state


def _refolded(stored: Mapping[str, Observations], tellings: Tellings, embedded: str | None) -> EntityState:
    final: dict[str, Observations | None] = {**stored, **{record: now for record, (_, now) in tellings.items()}}
    return fold(((record, told) for record, told in final.items() if told is not None), embedded)


def _kinds(mentions: Mentions, rows: Mapping[str, Row]) -> dict[str, str]:
    """The type of each node. Raises `StoreTerminal` where a record takes one thing for another kind of thing."""
    kinds = {node: kind_of(row["labels"]) for node, row in rows.items()}
    for entities in mentions.placed.values():
        for one in entities:
            if kinds.setdefault(one.node, one.entity.type.value) != one.entity.type.value:
                raise StoreTerminal(
                    STORE,
                    f"{one.entity.key!r} is told to be a {one.entity.type.value} and known as a {kinds[one.node]}",
                )
    for node, survivor in mentions.absorbed.items():
        if node in kinds and kinds.get(survivor, kinds[node]) != kinds[node]:
            raise StoreTerminal(STORE, f"a {kinds[node]} and a {kinds[survivor]} cannot be one thing")
    return kinds


def _name_vectors(mentions: Mentions) -> dict[tuple[str, str], Any]:
    return {(one.node, one.telling.name): one.vector for entities in mentions.placed.values() for one in entities}
