"""Writes nodes, their aliases and the mentions that lead to them.

Order matters: mentions that go, then nodes, then (after the episodes) mentions that come.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from apex_cli.model import named_uuid
from apex_cli.stores.graph.model import operations as ops
from apex_cli.stores.graph.model.codec import labels_of, value_of
from apex_cli.stores.graph.model.entity_changes import NodeChange
from apex_cli.stores.graph.model.entity_state import EntityState, pack_observations
from apex_cli.stores.graph.model.observations import Mentions
from apex_cli.stores.graph.model.transaction import GraphTransaction

_MANY_NAMES = 12


def write_nodes(graph: GraphTransaction, changes: Sequence[NodeChange], now: datetime, group_id: str) -> None:
    """Insert, change and delete nodes, and keep the aliases in step."""
    _forget_aliases(graph, changes)
    graph.change(ops.DELETE_ENTITY, [(one.node,) for one in changes if one.after is None])
    new = [(one, one.after) for one in changes if one.before is None and one.after is not None]
    rows = []
    for one, after in new:
        name, *rest = _shown(one.kind, after)
        rows.append((one.node, name, group_id, labels_of(one.kind), now, one.vector, *rest, after.pack()))
    graph.insert(ops.NEW_ENTITY, rows)
    kept = [(one, one.before, one.after) for one in changes if one.before is not None and one.after is not None]
    graph.change(ops.SET_STATE, [(one.node, after.pack()) for one, _, after in kept])
    shown = [(one.node, _shown(one.kind, before), _shown(one.kind, after)) for one, before, after in kept]
    graph.change(ops.SET_DISPLAY, [(node, *after) for node, before, after in shown if before != after])
    graph.change(ops.SET_NAME_VECTOR, [(one.node, one.vector) for one, _, _ in kept if one.revector])
    _learn_aliases(graph, changes)


def delete_mentions(graph: GraphTransaction, told: Mentions) -> None:
    """Mentions that go."""
    graph.change(ops.DELETE_MENTION, [pair for pair in told.before if pair not in told.after])


def write_mentions(graph: GraphTransaction, told: Mentions, now: datetime, group_id: str) -> None:
    """Mentions that come and those that change."""
    changed = [
        (*pair, pack_observations(after))
        for pair, after in told.after.items()
        if pair in told.before and told.before[pair] != after
    ]
    graph.change(ops.SET_OBSERVATION, changed)
    new = [
        (*pair, named_uuid("mention", *pair), group_id, now, pack_observations(after))
        for pair, after in told.after.items()
        if pair not in told.before
    ]
    graph.insert(ops.NEW_MENTION, new)


def _forget_aliases(graph: GraphTransaction, changes: Sequence[NodeChange]) -> None:
    before, after = _aliases(changes)
    graph.change(ops.DELETE_ALIAS, [(alias,) for alias in before if alias not in after])


def _learn_aliases(graph: GraphTransaction, changes: Sequence[NodeChange]) -> None:
    before, after = _aliases(changes)
    moved = [(alias, node) for alias, node in after.items() if before.get(alias, node) != node]
    graph.change(ops.SET_ALIAS, moved)
    new = [(alias, node, value_of(alias).lower()) for alias, node in after.items() if alias not in before]
    graph.insert(ops.NEW_ALIAS, new)


def _aliases(changes: Sequence[NodeChange]) -> tuple[dict[str, str], dict[str, str]]:
    before = {alias: one.node for one in changes if one.before is not None for alias in one.before.aliases}
    after = {alias: one.node for one in changes if one.after is not None for alias in one.after.aliases}
    return before, after


def _shown(kind: str, state: EntityState) -> tuple[str, str, str, list[str]]:
    """Name, summary, attributes and aliases. The summary is one sentence, so it lists a few other names only."""
    aliases = state.shown_aliases()
    values = dict.fromkeys(value_of(alias) for alias in aliases)
    others = [value for value in values if value.casefold() != state.shown_name.casefold()][:_MANY_NAMES]
    known = ", also known as " + ", ".join(others) if others else ""
    return state.shown_name, f"{kind} {state.shown_name}{known}", state.shown_attributes(), aliases
