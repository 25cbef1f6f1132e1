"""The schema of a Neo4j server: constraints and indexes, and what becomes of a namespace of an older apex.

The constraints and indexes are Graphiti's own (graphiti_core.graph_queries, 0.31), and those of apex.

Graphiti has no constraints, so two MERGEs at once would create two nodes. Our constraints on `uuid` have the names of
Graphiti's indexes on it. Graphiti then finds them in place, and an index that it has already made is replaced.

`ApexGroup.schema_version` is the schema that a namespace has; a new one gets `NEWEST` with its first write. PostgreSQL
holds all that a namespace was made from. So one with an older schema is emptied when it is opened, and filled again
(see `Refillable`). `ApexGroup.refill` says how far this is:

    absent    →  emptying    with the new version, so an older apex that runs stops writing
    emptying  →  filling     nothing is left but what only the graph knows: fences, markers, and which node each key
                             and name led to, so that entities keep their ids
    filling   →  absent      everything is there again

Each step is a transaction that takes the lock of the namespace, looks at `refill`, and changes at most `_BATCH` nodes.
So the size of the graph does not matter, and processes may do this at once: one that was slow, and finds a later state,
changes nothing. One that dies leaves the rest to the next.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from apex_cli.errors import StoreUnavailable

Ask = Callable[[str], Awaitable[Sequence[Mapping[str, Any]]]]
"""Runs one statement in a transaction of its own and returns its rows."""

_AWAIT_ALL = "CALL db.awaitIndexes(300)"
_ROUNDS = 5

CONSTRAINTS = {
    "entity_uuid": "FOR (n:Entity) REQUIRE n.uuid IS UNIQUE",
    "episode_uuid": "FOR (n:Episodic) REQUIRE n.uuid IS UNIQUE",
    "relation_uuid": "FOR ()-[e:RELATES_TO]-() REQUIRE e.uuid IS UNIQUE",
    "mention_uuid": "FOR ()-[e:MENTIONS]-() REQUIRE e.uuid IS UNIQUE",
    "apex_group": "FOR (n:ApexGroup) REQUIRE n.group_id IS UNIQUE",
    "apex_record": "FOR (n:ApexRecord) REQUIRE (n.group_id, n.record_id) IS UNIQUE",
    "apex_alias": "FOR (n:ApexAlias) REQUIRE (n.group_id, n.key) IS UNIQUE",
    "apex_timeline": "FOR (n:ApexTimeline) REQUIRE (n.group_id, n.page) IS UNIQUE",
}

_RANGES = {
    "community_uuid": "(n:Community) ON (n.uuid)",
    "saga_uuid": "(n:Saga) ON (n.uuid)",
    "has_member_uuid": "()-[e:HAS_MEMBER]-() ON (e.uuid)",
    "has_episode_uuid": "()-[e:HAS_EPISODE]-() ON (e.uuid)",
    "next_episode_uuid": "()-[e:NEXT_EPISODE]-() ON (e.uuid)",
    "entity_group_id": "(n:Entity) ON (n.group_id)",
    "episode_group_id": "(n:Episodic) ON (n.group_id)",
    "community_group_id": "(n:Community) ON (n.group_id)",
    "saga_group_id": "(n:Saga) ON (n.group_id)",
    "relation_group_id": "()-[e:RELATES_TO]-() ON (e.group_id)",
    "mention_group_id": "()-[e:MENTIONS]-() ON (e.group_id)",
    "has_episode_group_id": "()-[e:HAS_EPISODE]-() ON (e.group_id)",
    "next_episode_group_id": "()-[e:NEXT_EPISODE]-() ON (e.group_id)",
    "name_entity_index": "(n:Entity) ON (n.name)",
    "saga_name": "(n:Saga) ON (n.name)",
    "created_at_entity_index": "(n:Entity) ON (n.created_at)",
    "created_at_episodic_index": "(n:Episodic) ON (n.created_at)",
    "valid_at_episodic_index": "(n:Episodic) ON (n.valid_at)",
    "name_edge_index": "()-[e:RELATES_TO]-() ON (e.name)",
    "created_at_edge_index": "()-[e:RELATES_TO]-() ON (e.created_at)",
    "expired_at_edge_index": "()-[e:RELATES_TO]-() ON (e.expired_at)",
    "valid_at_edge_index": "()-[e:RELATES_TO]-() ON (e.valid_at)",
    "invalid_at_edge_index": "()-[e:RELATES_TO]-() ON (e.invalid_at)",
    "apex_entity_lower_name": "(n:Entity) ON (n.group_id, n.lower_name)",
    "apex_alias_value": "(n:ApexAlias) ON (n.group_id, n.value)",
    "apex_former_alias": "(n:ApexFormerAlias) ON (n.group_id, n.key)",
}
_FULL_TEXTS = {
    "episode_content": "(e:Episodic) ON EACH [e.content, e.source, e.source_description, e.group_id]",
    "node_name_and_summary": "(n:Entity) ON EACH [n.name, n.summary, n.group_id]",
    "community_name": "(n:Community) ON EACH [n.name, n.group_id]",
    "edge_name_and_fact": "()-[e:RELATES_TO]-() ON EACH [e.name, e.fact, e.group_id]",
}
INDEXES = {name: f"CREATE INDEX {name} IF NOT EXISTS FOR {what}" for name, what in _RANGES.items()} | {
    name: f"CREATE FULLTEXT INDEX {name} IF NOT EXISTS FOR {what}" for name, what in _FULL_TEXTS.items()
}
_STATEMENTS = {name: f"CREATE CONSTRAINT {name} IF NOT EXISTS {what}" for name, what in CONSTRAINTS.items()} | INDEXES


async def missing(ask: Ask) -> list[str]:
    """Names of the constraints and indexes that are not there or not ready."""
    existing = await _existing(ask)
    return [name for name in _STATEMENTS if existing.get(name) != ("ONLINE", name if name in CONSTRAINTS else None)]


async def build(ask: Ask) -> None:
    """Create the missing ones and wait until all are ready. Several processes may do so at once.

    Raises `StoreUnavailable` where one cannot be created, for example because a foreign graph has an id twice.
    """
    from neo4j.exceptions import Neo4jError

    refused: Neo4jError | None = None
    for _ in range(_ROUNDS):
        existing = await _existing(ask)
        replaced = [name for name in CONSTRAINTS if name in existing and existing[name][1] != name]
        absent = [statement for name, statement in _STATEMENTS.items() if name not in existing or name in replaced]
        refused = None
        for statement in (*(f"DROP INDEX {name} IF EXISTS" for name in replaced), *absent, _AWAIT_ALL):
            try:
                await ask(statement)
            except Neo4jError as error:
                # Another process may be at it. A constraint that it makes looks like an index of Graphiti until it is
                # ready, and then it cannot be dropped. The next round looks again, and fails too if the cause stays.
                refused = error
        if not absent and refused is None:
            return
    raise StoreUnavailable(
        f"graph: its constraints and indexes cannot be made: {refused.message if refused else 'they do not stay'}",
        hint="the user needs the right to create them, and no id may be there twice",
    ) from refused


async def _existing(ask: Ask) -> dict[str, tuple[str, str | None]]:
    """The state of each index, and the constraint that owns it."""
    rows = await ask("SHOW INDEXES YIELD name, state, owningConstraint")
    return {row["name"]: (row["state"], row["owningConstraint"]) for row in rows}


NEWEST = 4
"""Raise it with every change of what a node or an edge holds; then each namespace is emptied and filled again."""
EMPTYING, FILLING = "emptying", "filling"
_BATCH = 1000

Run = Callable[[str, Mapping[str, Any]], Awaitable[Sequence[Mapping[str, Any]]]]
"""Runs one statement in a transaction of its own, and returns its rows."""

_STATE = """MATCH (g:ApexGroup {group_id: $group})
    RETURN coalesce(g.schema_version, 0) AS version, coalesce(g.refill, '') AS refill"""
_BEGIN = f"""MATCH (g:ApexGroup {{group_id: $group}}) WHERE coalesce(g.schema_version, 0) < {NEWEST}
    SET g.schema_version = {NEWEST}, g.refill = '{EMPTYING}'"""
_WHILE_EMPTYING = f"MATCH (g:ApexGroup {{group_id: $group, refill: '{EMPTYING}'}})"
_REMOVALS = (
    *(
        f"{_WHILE_EMPTYING} MATCH (n:{label} {{group_id: $group}}) WITH n LIMIT $batch DETACH DELETE n"
        for label in ("Episodic", "Entity", "ApexTimeline", "ApexSlot")
    ),
    f"""{_WHILE_EMPTYING} MATCH (a:ApexAlias {{group_id: $group}}) WITH a LIMIT $batch
    SET a:ApexFormerAlias REMOVE a:ApexAlias""",
    f"""{_WHILE_EMPTYING} MATCH (r:ApexRecord {{group_id: $group}}) WHERE r.present WITH r LIMIT $batch
    SET r.present = false, r.claims = '[]'""",
)
"""`ApexSlot` is what `ApexTimeline` was called before version 1."""
_EMPTIED = f"{_WHILE_EMPTYING} SET g.refill = '{FILLING}'"
_WHILE_FILLING = f"MATCH (g:ApexGroup {{group_id: $group, refill: '{FILLING}'}})"
_FORGET_FORMER = f"{_WHILE_FILLING} MATCH (a:ApexFormerAlias {{group_id: $group}}) WITH a LIMIT $batch DETACH DELETE a"
_REFILLED = f"{_WHILE_FILLING} REMOVE g.refill"
OBSOLETE = ("DROP CONSTRAINT apex_slot IF EXISTS", "DROP INDEX apex_entity_folded IF EXISTS")
"""Constraints and indexes of older versions. They belong to the database, so they go with the last old namespace."""
_OLD_NAMESPACES = f"MATCH (g:ApexGroup) WHERE coalesce(g.schema_version, 0) < {NEWEST} RETURN count(*) AS count"


async def empty_older(ask: Run, locked: Run) -> bool:
    """Empty a namespace with an older schema. Returns whether the namespace is to be filled.

    `locked` holds the lock of the namespace. Raises `StoreUnavailable` for a namespace of a newer apex.
    """
    version, refill = await _state(ask)
    if version > NEWEST:
        raise StoreUnavailable(
            f"graph: the namespace has schema version {version}, this apex knows {NEWEST}",
            hint="use the newer apex that wrote it, or another APEX_NAMESPACE",
        )
    if version < NEWEST:
        await locked(_BEGIN, {})
        _, refill = await _state(ask)
        await _drop_obsolete(ask)
    if refill == EMPTYING:
        for removal in _REMOVALS:
            await _repeat(locked, removal)
        await locked(_EMPTIED, {})
        _, refill = await _state(ask)
    return refill != ""


async def refilled(locked: Run) -> None:
    """Note that a namespace has everything again."""
    await _repeat(locked, _FORGET_FORMER)
    await locked(_REFILLED, {})


async def _repeat(locked: Run, statement: str) -> None:
    """Run a statement until it finds nothing more."""
    while (await locked(f"{statement} RETURN count(*) AS met", {"batch": _BATCH}))[0]["met"]:
        pass


async def _state(ask: Run) -> tuple[int, str]:
    """The schema version and `refill`. A namespace without a node has no data, so nothing older."""
    for row in await ask(_STATE, {}):
        return row["version"], row["refill"]
    return NEWEST, ""


async def _drop_obsolete(ask: Run) -> None:
    if (await ask(_OLD_NAMESPACES, {}))[0]["count"] == 0:
        for statement in OBSOLETE:
            await ask(statement, {})
