"""Numbered changes of the data of a namespace, applied when it is opened. They only go forward.

`ApexGroup.schema_version` is the number of the last migration that a namespace has. A namespace of an apex without
migrations has none, which counts as 0. A new namespace gets `NEWEST` with its first write.

A migration is a few statements, and each is repeated until it finds nothing more. Every repetition is a transaction
that takes the lock of the namespace and changes at most `_BATCH` rows, so the size of the graph does not matter. Two
processes may migrate at once, and a process may die in between: a repetition skips rows that are changed already, and
the number is set after the last row.

Example: migration 1 renames `told` of mentions to `observation`, for the mentions of 1,000 episodes at a time. It
returns the last episode's uuid, and the next repetition goes on after it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from apex_cli.errors import StoreUnavailable

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
