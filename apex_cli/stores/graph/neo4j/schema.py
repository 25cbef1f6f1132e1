"""The schema of a Neo4j server: constraints and indexes, and the migrations of a namespace.

The constraints and indexes are Graphiti's own (graphiti_core.graph_queries, 0.31), and those of apex.

Graphiti has no constraints, so two MERGEs at once would create two nodes. Our constraints on `uuid` have the names of
Graphiti's indexes on it. Graphiti then finds them in place, and an index that it has already made is replaced.

Migrations are numbered changes of the data of a namespace, applied when it is opened. They only go forward.
`ApexGroup.schema_version` is the number of the last migration that a namespace has. A namespace of an apex without
migrations has none, which counts as 0. A new namespace gets `NEWEST` with its first write.

A migration is a few statements, and each is repeated until it finds nothing more. Every repetition is a transaction
that takes the lock of the namespace and changes at most `_BATCH` rows, so the size of the graph does not matter. Two
processes may migrate at once, and a process may die in between: a repetition skips rows that are changed already, and
the number is set after the last row.

Migration 2 empties the graph but for the fences: which things are one follows from what older graphs did not keep.
`ApexGroup.refill` then asks for the content of all records, which PostgreSQL holds (see `Refillable`).

Example: migration 1 renames `told` of mentions to `observation`, for the mentions of 1,000 episodes at a time. It
returns the last episode's uuid, and the next repetition goes on after it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from apex_cli.errors import StoreUnavailable

Ask = Callable[[str], Awaitable[Sequence[Mapping[str, Any]]]]
"""Runs one statement in a transaction of its own and returns its rows."""

_ONLINE_SECONDS = 300
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
    from neo4j.exceptions import ClientError, Neo4jError, TransientError

    refused: Neo4jError | None = None
    for _ in range(_ROUNDS):
        existing = await _existing(ask)
        replaced = [name for name in CONSTRAINTS if name in existing and existing[name][1] != name]
        absent = {
            name: statement for name, statement in _STATEMENTS.items() if name not in existing or name in replaced
        }
        if not absent:
            await ask(f"CALL db.awaitIndexes({_ONLINE_SECONDS})")
            return
        for statement in (*(f"DROP INDEX {name} IF EXISTS" for name in replaced), *absent.values()):
            try:
                await ask(statement)
            except (ClientError, TransientError) as error:
                # Another process may have created it meanwhile. If not, the next round fails in the same way.
                refused = error
    raise StoreUnavailable(
        f"graph: its constraints and indexes cannot be made: {refused.message if refused else 'they do not stay'}",
        hint="the user needs the right to create them, and no id may be there twice",
    ) from refused


async def _existing(ask: Ask) -> dict[str, tuple[str, str | None]]:
    """The state of each index, and the constraint that owns it."""
    rows = await ask("SHOW INDEXES YIELD name, state, owningConstraint")
    return {row["name"]: (row["state"], row["owningConstraint"]) for row in rows}


_BATCH = 1000

Run = Callable[[str, Mapping[str, Any]], Awaitable[Sequence[Mapping[str, Any]]]]
"""Runs one statement in a transaction of its own that holds the lock of the namespace, and returns its rows."""

MIGRATIONS: Sequence[Sequence[str]] = (
    (
        """MATCH (e:Episodic) USING INDEX e:Episodic(uuid) WHERE e.uuid > $after AND e.group_id = $group
        WITH e ORDER BY e.uuid LIMIT $batch
        CALL (e) { MATCH (e)-[m:MENTIONS]->() WHERE m.told IS NOT NULL
            SET m.observation = m.told REMOVE m.told }
        RETURN max(e.uuid) AS last""",
        """MATCH (n:Entity) USING INDEX n:Entity(uuid) WHERE n.uuid > $after AND n.group_id = $group
        WITH n ORDER BY n.uuid LIMIT $batch
        CALL (n) { WITH n WHERE n.fold IS NOT NULL SET n.state = n.fold REMOVE n.fold }
        CALL (n) { WITH n WHERE n.folded IS NOT NULL SET n.lower_name = n.folded REMOVE n.folded }
        RETURN max(n.uuid) AS last""",
        """MATCH (p:ApexSlot {group_id: $group}) WITH p LIMIT $batch
        SET p:ApexTimeline, p.page_starts = p.later REMOVE p:ApexSlot, p.later
        RETURN max(p.page) AS last""",
    ),
    (
        "MATCH (g:ApexGroup {group_id: $group}) SET g.refill = true RETURN null AS last",
        *(
            f"""MATCH (n:{label} {{group_id: $group}}) WITH n LIMIT $batch DETACH DELETE n
            RETURN CASE WHEN count(*) > 0 THEN '' END AS last"""
            for label in ("Episodic", "Entity", "ApexAlias", "ApexTimeline")
        ),
        """MATCH (r:ApexRecord {group_id: $group}) WHERE r.present OR r.saga_id IS NOT NULL WITH r LIMIT $batch
        SET r.present = false, r.claims = '[]' REMOVE r.saga_id
        RETURN CASE WHEN count(*) > 0 THEN '' END AS last""",
    ),
)
"""The statements of migration 1, 2, … Each takes `$group`, `$batch` and `$after`, and returns `last`: the place to go
on after, or null when nothing is left.
"""
NEWEST = len(MIGRATIONS)
OBSOLETE = ("DROP CONSTRAINT apex_slot IF EXISTS", "DROP INDEX apex_entity_folded IF EXISTS")
"""Constraints and indexes of older versions. They belong to the database, so they go with the last old namespace."""

_VERSION = "MATCH (g:ApexGroup {group_id: $group}) RETURN coalesce(g.schema_version, 0) AS version"
_SET_VERSION = """MATCH (g:ApexGroup {group_id: $group}) WHERE coalesce(g.schema_version, 0) < $version
    SET g.schema_version = $version"""
_OLD_NAMESPACES = "MATCH (g:ApexGroup) WHERE coalesce(g.schema_version, 0) < $version RETURN count(*) AS count"


async def migrate(ask: Run, locked: Run) -> None:
    """Bring a namespace to the newest version. `ask` runs a statement as `locked` does, but without the lock.

    Raises `StoreUnavailable` for a namespace of a newer apex.
    """
    found = await ask(_VERSION, {})
    if not found or found[0]["version"] == NEWEST:
        return
    version = found[0]["version"]
    if version > NEWEST:
        raise StoreUnavailable(
            f"graph: the namespace has schema version {version}, this apex knows {NEWEST}",
            hint="use the newer apex that wrote it, or another APEX_NAMESPACE",
        )
    for number in range(version + 1, NEWEST + 1):
        for statement in MIGRATIONS[number - 1]:
            after: str | None = ""
            while after is not None:
                (row,) = await locked(statement, {"after": after, "batch": _BATCH})
                after = row["last"]
        await locked(_SET_VERSION, {"version": number})
    if (await ask(_OLD_NAMESPACES, {"version": NEWEST}))[0]["count"] == 0:
        for statement in OBSOLETE:
            await ask(statement, {})
