"""How the nodes of a batch change, and the rows that make it so: nodes, their aliases, and the mentions of them.

Order of the writes: mentions that go, then nodes, then (after the episodes) mentions that come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apex_cli.errors import StoreTerminal
from apex_cli.extract import keys
from apex_cli.model import EntityType, named_uuid
from apex_cli.stores.graph.model import operations as ops
from apex_cli.stores.graph.model.codec import kind_of, labels_of, value_of
from apex_cli.stores.graph.model.entity_state import EntityState, Observations, merge, pack_observations, unpack_state
from apex_cli.stores.graph.model.observations import BeforeAndAfter, Mentions, of_nodes
from apex_cli.stores.graph.model.operations import STORE, GraphTransaction, Row
from apex_cli.stores.graph.model.resolution import index_entries, is_shown, is_unknown, nodes_of

_MAX_OTHER_NAMES = 12
"""How many aliases the summary of an entity lists: it is one sentence."""

Changed = Mapping[str, BeforeAndAfter]
"""The observations of one node that the batch can change, by record."""


@dataclass(frozen=True, slots=True)
class NodeChange:
    """One node whose observations change.

    `before` is None for a new node, `after` for one that no record mentions any more.
    """

    node: str
    kind: str
    before: EntityState | None
    after: EntityState | None


def node_changes(graph: GraphTransaction, mentions: Mentions) -> list[NodeChange]:
    """The nodes that the batch changes. Writes nothing."""
    touched = {
        node: changed
        for node, changed in mentions.by_node().items()
        if node in mentions.complete or any(before != after for before, after in changed.values())
    }
    rows = {row["uuid"]: row for row in graph.look_up(ops.NODES, touched)}
    kinds = _kinds(mentions, rows)
    before = {node: unpack_state(row["state"], row["name"], row["attributes"]) for node, row in rows.items()}
    after = {node: _updated(node, changed, before.get(node), mentions) for node, changed in touched.items()}
    incomplete = [node for node, state in after.items() if state is None]
    for node, stored in of_nodes(graph, incomplete).items():
        after[node] = _merged_again(stored, touched[node])
    found = []
    for node, state in after.items():
        if state is not None and state.mentions:
            found.append(NodeChange(node, kinds[node], before.get(node), state))
        elif node in before:
            found.append(NodeChange(node, kinds[node], before[node], None))
    return found


def _updated(node: str, changed: Changed, stored: EntityState | None, mentions: Mentions) -> EntityState | None:
    """The new state of a node; None if only all observations of the node determine it (see `EntityState.remove`)."""
    if stored is None or node in mentions.complete:
        return merge((record, after) for record, (_, after) in changed.items() if after is not None)
    state = stored.copy()
    sure = True
    for record, (before, after) in changed.items():
        if before is not None and before != after:
            sure &= state.remove(record, before)
    if not sure:
        return None if state.mentions or any(after is not None for _, after in changed.values()) else state
    for record, (before, after) in changed.items():
        if after is not None and before != after:
            state.add(record, after)
    return state


def _merged_again(stored: Mapping[str, Observations], changed: Changed) -> EntityState:
    final: dict[str, Observations | None] = {**stored, **{record: after for record, (_, after) in changed.items()}}
    return merge((record, some) for record, some in final.items() if some is not None)


def _kinds(mentions: Mentions, rows: Mapping[str, Row]) -> dict[str, str]:
    """The type of each node. Raises `StoreTerminal` where the graph knows the entity as another type."""
    kinds = {node: kind_of(row["labels"]) for node, row in rows.items()}
    for entities in mentions.resolved.values():
        for one in entities:
            kind = one.entity.type.value
            if one.observation.signature.is_said and not is_unknown(one.node):
                continue
            if kinds.setdefault(one.node, kind) != kind:
                raise StoreTerminal(STORE, f"{one.entity.key!r} is a {kind} here and a {kinds[one.node]} in the graph")
    for (node, digest), target in mentions.identities.moved.items():
        if digest in mentions.identities.phrases:
            if is_unknown(target):
                kinds[target] = EntityType.VALUE.value
            continue
        if kinds.setdefault(target, kinds[node]) != kinds[node]:
            raise StoreTerminal(STORE, f"a {kinds[node]} and a {kinds[target]} cannot be one entity")
    return kinds


def write_nodes(
    graph: GraphTransaction,
    changes: Sequence[NodeChange],
    index: Mapping[str, Sequence[str]],
    now: int,
    group_id: str,
) -> None:
    """Insert, change and delete nodes and their entries in the index of aliases, as far as known in `index`."""
    graph.write(ops.DELETE_ENTITY, [(one.node,) for one in changes if one.after is None])
    rows = []
    for one in changes:
        if one.before is None and one.after is not None:
            name, *rest = _displayed(one.kind, one.after)
            labels = labels_of(one.kind)
            rows.append((one.node, name, group_id, labels, now, *rest, one.after.pack()))
    graph.write(ops.NEW_ENTITY, rows)
    kept = [(one, one.before, one.after) for one in changes if one.before is not None and one.after is not None]
    graph.write(ops.SET_STATE, [(one.node, after.pack()) for one, _, after in kept])
    displayed = [(one.node, *_displayed(one.kind, after)) for one, before, after in kept if not before.shows_as(after)]
    graph.write(ops.SET_DISPLAY, displayed)
    _write_index(graph, changes, index)


def _write_index(graph: GraphTransaction, changes: Sequence[NodeChange], index: Mapping[str, Sequence[str]]) -> None:
    leaving: dict[str, set[str]] = {}
    joining: dict[str, set[str]] = {}
    for one in changes:
        old = one.before.signatures if one.before is not None else {}
        new = one.after.signatures if one.after is not None else {}
        if old.keys() == new.keys():
            continue
        before, after = index_entries(old), index_entries(new)
        for entry in before.keys() - after.keys():
            leaving.setdefault(entry, set()).add(one.node)
        for entry in after.keys() - before.keys():
            joining.setdefault(entry, set()).add(one.node)
    changed = dict.fromkeys((*leaving, *joining))
    unread = [entry for entry in changed if entry not in index]
    stored = {row["key"]: nodes_of(row["entity"]) for row in graph.look_up(ops.ALIASES, unread)}
    inserted, moved, empty = [], [], []
    for entry in changed:
        before_nodes = set(index.get(entry, stored.get(entry, ())))
        nodes = (before_nodes - leaving.get(entry, set())) | joining.get(entry, set())
        text = " ".join(sorted(nodes))
        if not nodes:
            empty.append((entry,))
        elif before_nodes:
            moved.append((entry, text))
        else:
            inserted.append((entry, text, value_of(entry).lower() if is_shown(entry) else None))
    graph.write(ops.DELETE_ALIAS, empty)
    graph.write(ops.SET_ALIAS, moved)
    graph.write(ops.NEW_ALIAS, inserted)


def delete_mentions(graph: GraphTransaction, mentions: Mentions) -> None:
    """Delete the mentions that no record makes any more."""
    graph.write(ops.DELETE_MENTION, [pair for pair in mentions.before if pair not in mentions.after])


def write_mentions(graph: GraphTransaction, mentions: Mentions, now: int, group_id: str) -> None:
    """Insert new mentions, and set the observations of those that changed."""
    changed = [
        (*pair, pack_observations(after))
        for pair, after in mentions.after.items()
        if pair in mentions.before and mentions.before[pair] != after
    ]
    graph.write(ops.SET_OBSERVATION, changed)
    new = [
        (*pair, named_uuid("mention", *pair), group_id, now, pack_observations(after))
        for pair, after in mentions.after.items()
        if pair not in mentions.before
    ]
    graph.write(ops.NEW_MENTION, new)


def _displayed(kind: str, state: EntityState) -> tuple[str, str, str, list[str]]:
    """Name, summary, attributes and aliases, as readers and Graphiti see them."""
    aliases = state.shown_aliases()
    values = dict.fromkeys(value_of(alias) for alias in aliases if not keys.is_folded(alias))
    others = [value for value in values if value.casefold() != state.shown_name.casefold()][:_MAX_OTHER_NAMES]
    known = ", also known as " + ", ".join(others) if others else ""
    return state.shown_name, f"{kind} {state.shown_name}{known}", state.shown_attributes(), aliases
