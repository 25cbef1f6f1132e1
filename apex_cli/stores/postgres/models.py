"""The embedding models of a memory: which it has, and which records have vectors of another one than they should."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from apex_cli.stores.postgres.connection import Database

_SET = "INSERT INTO embedder (name, text_name) VALUES (%(own)s, %(text)s) ON CONFLICT DO NOTHING"
_ADD = """
INSERT INTO text_model (name)
SELECT model FROM embedder e, unnest(ARRAY[e.text_name, %(text)s]) AS model WHERE model <> e.name
ON CONFLICT DO NOTHING
"""
_KNOWN = """
SELECT name, coalesce(text_name, name) AS text_name, ARRAY(SELECT name FROM text_model ORDER BY name) AS others
FROM embedder
"""
_CHOOSE = "UPDATE embedder SET text_name = %(text)s"
_REMOVE = "DELETE FROM text_model WHERE name = %(name)s"
# What readers see of a record: its current version, and the last whole one beside a partial one.
_MISPLACED = """
FROM record r
WHERE r.current_saga IS NOT NULL AND EXISTS (
    SELECT FROM record_version v, embedder e
    WHERE v.saga_id IN (r.current_version, r.base_version) AND coalesce(v.model, e.name) <> CASE
        WHEN (r.source, r.data_type) IN (SELECT * FROM unnest(%(sources)s::text[], %(types)s::text[])) THEN %(text)s
        ELSE e.name END
)
"""
_COUNT = "SELECT count(*) AS records" + _MISPLACED
_PAGE = "SELECT r.record_id" + _MISPLACED + "AND r.record_id > %(after)s ORDER BY r.record_id LIMIT %(limit)s"
FIRST = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class KnownModels:
    """The embedding models that a memory remembers, by name.

    `own` is that of names, facts and records of fields; `text` that of messages and documents where no setting names
    one. `others` have a collection of vectors beside that of `own`.
    """

    own: str
    text: str
    others: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        return (self.own, *self.others)


class EmbeddingModels:
    """All methods raise `StoreError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def known(self, own: str, text: str | None) -> KnownModels:
        """The models of this memory. Where it has none yet, it gets these two.

        `text`, if given, counts among its models from now on.
        """
        parameters = {"own": own, "text": text}
        async with self._database.connection() as connection:
            # Statements of their own: when another process inserts first, a combined one does not see that row.
            await connection.execute(_SET, parameters)
            await connection.execute(_ADD, parameters)
            cursor = await connection.execute(_KNOWN)
            (row,) = await cursor.fetchall()
        return KnownModels(row["name"], row["text_name"], tuple(row["others"]))

    async def choose(self, text: str) -> None:
        """Remember the model of messages and documents."""
        await self._execute(_CHOOSE, {"text": text})

    async def remove(self, name: str) -> None:
        """Forget a model whose collection is gone."""
        await self._execute(_REMOVE, {"name": name})

    async def misplaced(self, text: str, types: Sequence[tuple[str, str]]) -> int:
        """How many records have vectors of another model than they should.

        `text` is the model for records of these `types` (source and data type); for all others it is the memory's own.
        """
        [row] = await self._database.rows(_COUNT, _parameters(text, types))
        return int(row["records"])

    async def next_misplaced(
        self, text: str, types: Sequence[tuple[str, str]], *, after: str, limit: int
    ) -> Sequence[str]:
        """Ids of such records, in their order, after an id (at first `FIRST`)."""
        rows = await self._database.rows(_PAGE, {**_parameters(text, types), "after": after, "limit": limit})
        return [str(row["record_id"]) for row in rows]

    async def _execute(self, query: str, parameters: dict[str, Any]) -> None:
        async with self._database.connection() as connection:
            await connection.execute(query.encode(), parameters)


def _parameters(text: str, types: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {"text": text, "sources": [source for source, _ in types], "types": [kind for _, kind in types]}
