"""Writes nodes, their aliases and the mentions that lead to them.

Order matters: mentions that go, then nodes, then (after the episodes) mentions that come.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from apex_cli.model import named_uuid
from apex_cli.stores.ladybug.arrow import Columns
from apex_cli.stores.ladybug.codec import naive
from apex_cli.stores.ladybug.engine import Session
from apex_cli.stores.ladybug.fold import Fold, pack_told
from apex_cli.stores.ladybug.mentions import Mentions
from apex_cli.stores.ladybug.nodes import NodeChange
from apex_cli.stores.ladybug.statements import change

_MANY_NAMES = 12
_INSERT = """COPY Entity (uuid, name, group_id, labels, created_at, name_embedding, summary, attributes, aliases, fold)
    FROM $df"""
_INSERTED: Columns = {
    "uuid": "text",
    "name": "text",
    "group_id": "text",
    "labels": "texts",
    "created_at": "time",
    "name_embedding": "vector",
    "summary": "text",
    "attributes": "text",
    "aliases": "texts",
    "fold": "text",
}
_FOLD = "MATCH (n:Entity {uuid: k}) SET n.fold = f"
_SHOW = "MATCH (n:Entity {uuid: k}) SET n.name = nm, n.summary = s, n.attributes = a, n.aliases = l"
_MENTIONED: Columns = {
    "from": "text",
    "to": "text",
    "uuid": "text",
    "group_id": "text",
    "created_at": "time",
    "told": "text",
}
_RETELL = "MATCH (e:Episodic {uuid: r})-[m:MENTIONS]->(n:Entity {uuid: k}) SET m.told = t"


def write_nodes(session: Session, changes: Sequence[NodeChange], now: datetime, group_id: str) -> None:
    """Insert, change and delete nodes, and keep the aliases in step."""
    _forget_aliases(session, changes)
    deleted = [(one.node,) for one in changes if one.after is None]
    change(session, "MATCH (n:Entity {uuid: k}) DETACH DELETE n", {"k": "text"}, deleted)
    new = [(one, one.after) for one in changes if one.before is None and one.after is not None]
    created = naive(now)
    rows = [
        (one.node, after.shown_name, group_id, ["Entity", one.kind], created, one.vector, *_shown(one.kind, after)[1:])
        for one, after in new
    ]
    session.copy(_INSERT, _INSERTED, [(*row, after.pack()) for row, (_, after) in zip(rows, new, strict=True)])
    kept = [(one, one.before, one.after) for one in changes if one.before is not None and one.after is not None]
    change(session, _FOLD, {"k": "text", "f": "text"}, [(one.node, after.pack()) for one, _, after in kept])
    shown = [(one.node, _shown(one.kind, before), _shown(one.kind, after)) for one, before, after in kept]
    change(
        session,
        _SHOW,
        {"k": "text", "nm": "text", "s": "text", "a": "text", "l": "texts"},
        [(node, *after) for node, before, after in shown if before != after],
    )
    change(
        session,
        "MATCH (n:Entity {uuid: k}) SET n.name_embedding = v",
        {"k": "text", "v": "vector"},
        [(one.node, one.vector) for one, _, _ in kept if one.revector],
    )
    _learn_aliases(session, changes)


def delete_mentions(session: Session, told: Mentions) -> None:
    """Mentions that go."""
    gone = [pair for pair in told.before if pair not in told.after]
    statement = "MATCH (e:Episodic {uuid: r})-[m:MENTIONS]->(n:Entity {uuid: k}) DELETE m"
    change(session, statement, {"r": "text", "k": "text"}, gone)


def write_mentions(session: Session, told: Mentions, now: datetime, group_id: str) -> None:
    """Mentions that come and those that change."""
    changed = [
        (*pair, pack_told(after))
        for pair, after in told.after.items()
        if pair in told.before and told.before[pair] != after
    ]
    change(session, _RETELL, {"r": "text", "k": "text", "t": "text"}, changed)
    new = [
        (*pair, named_uuid("mention", *pair), group_id, naive(now), pack_told(after))
        for pair, after in told.after.items()
        if pair not in told.before
    ]
    session.copy("COPY MENTIONS (uuid, group_id, created_at, told) FROM $df", _MENTIONED, new)


def _forget_aliases(session: Session, changes: Sequence[NodeChange]) -> None:
    before, after = _aliases(changes)
    gone = [(alias,) for alias in before if alias not in after]
    change(session, "MATCH (a:ApexAlias {key: k}) DELETE a", {"k": "text"}, gone)


def _learn_aliases(session: Session, changes: Sequence[NodeChange]) -> None:
    before, after = _aliases(changes)
    moved = [(alias, node) for alias, node in after.items() if before.get(alias, node) != node]
    change(session, "MATCH (a:ApexAlias {key: k}) SET a.entity = e", {"k": "text", "e": "text"}, moved)
    new = [(alias, node) for alias, node in after.items() if alias not in before]
    session.copy("COPY ApexAlias (key, entity) FROM $df", {"key": "text", "entity": "text"}, new)


def _aliases(changes: Sequence[NodeChange]) -> tuple[dict[str, str], dict[str, str]]:
    before = {alias: one.node for one in changes if one.before is not None for alias in one.before.aliases}
    after = {alias: one.node for one in changes if one.after is not None for alias in one.after.aliases}
    return before, after


def _shown(kind: str, state: Fold) -> tuple[str, str, str, list[str]]:
    """Name, summary, attributes and aliases. The summary is one sentence, so it lists a few other names only."""
    aliases = state.shown_aliases()
    values = dict.fromkeys(alias.split(":", 2)[-1] for alias in aliases)
    others = [value for value in values if value.casefold() != state.shown_name.casefold()][:_MANY_NAMES]
    known = ", also known as " + ", ".join(others) if others else ""
    return state.shown_name, f"{kind} {state.shown_name}{known}", state.shown_attributes(), aliases
