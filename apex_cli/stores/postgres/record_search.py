"""Records found by words and by ids, with PostgreSQL's indexes. Nothing here grows with the memory.

Words are English lexemes. A record's score is the sum, over the words it has, of the word's weight times `ts_rank`:
the more often a text has a word, and the shorter it is, the higher, up to a limit. A word's weight is that of BM25:

    ln(1 + (records - found + 0.5) / (found + 0.5))        found: the records that have it

Both counts stop early (`_MOST_RECORDS`, `_COMMON`): that a word is common is enough to know, and counting reads a page
for each record. Where PostgreSQL knows that there are more than `_MOST_RECORDS`, they are not counted. Not all records
with a common word are ranked. Candidates are:

- all records with a word that is not common, from the rarest word on, up to `_CANDIDATES`;
- if all words are common: of the newest `_WALKED` records those with any of them, up to `_NEWEST`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log
from typing import TYPE_CHECKING, Any

from apex_cli.stores.views import Hit, RecordFilter

if TYPE_CHECKING:
    from apex_cli.stores.postgres.connection import Connection, Database

_MOST_RECORDS = 20_000
_COMMON = 1_000
_CANDIDATES = 4_000
_WALKED = 20_000
_NEWEST = 500
_MOST_WORDS = 32

# The planner has no statistics of a home that was never analyzed, and would read whole tables.
_BY_INDEX = "SELECT set_config('enable_seqscan', 'off', true)"
_BY_TIME = "SELECT set_config('enable_bitmapscan', 'off', true)"
_WORDS = f"""
SELECT lexeme AS word,
       (SELECT count(*) FROM (SELECT FROM record_version WHERE search @@ quote_literal(lexeme)::tsquery
                              LIMIT {_COMMON}) AS with_word) AS found,
       (SELECT CASE WHEN reltuples >= {_MOST_RECORDS} THEN {_MOST_RECORDS}
               ELSE (SELECT count(*) FROM (SELECT FROM record LIMIT {_MOST_RECORDS}) AS counted) END
        FROM pg_class WHERE oid = 'record'::regclass) AS records
FROM unnest(to_tsvector('english', left(%(text)s, 2000))) ORDER BY positions[1] LIMIT {_MOST_WORDS}
"""  # noqa: S608 - constants
# What readers see: the current version and the last whole one. Or those of the moment `at`: a later version counts only
# if it is whole, or if both are partial.
_SHOWN = """
JOIN record r ON r.record_id = v.record_id AND CASE WHEN %(at)s::timestamptz IS NULL
    THEN v.saga_id IN (r.current_version, r.base_version)
    ELSE r.current_version IS NOT NULL AND v.event_time <= %(at)s AND v.replaced_by IS NULL AND EXISTS (
        SELECT FROM saga s WHERE s.saga_id = v.saga_id AND s.state IN ('COMMITTED', 'DONE')
    ) AND NOT EXISTS (
        SELECT FROM record_version n JOIN saga s ON s.saga_id = n.saga_id AND s.state IN ('COMMITTED', 'DONE')
        WHERE n.record_id = v.record_id AND n.event_time <= %(at)s AND n.replaced_by IS NULL
          AND (n.event_time, n.revision) > (v.event_time, v.revision) AND (n.whole OR NOT v.whole)
    ) END
"""
_WANTED = """
    (%(source)s::text IS NULL OR r.source = %(source)s) AND (%(data_type)s::text IS NULL OR r.data_type = %(data_type)s)
    AND (%(after)s::timestamptz IS NULL OR v.event_time >= %(after)s)
    AND (%(before)s::timestamptz IS NULL OR v.event_time < %(before)s)
"""
_RANKED = """
SELECT record_id, saga_id, left(text, 500) AS text, score, covered, had
FROM candidate, LATERAL (
    SELECT sum(weight * ts_rank(search, quote_literal(word)::tsquery, 1)) AS score,
           sum(weight) FILTER (WHERE search @@ quote_literal(word)::tsquery) AS covered,
           count(*) FILTER (WHERE search @@ quote_literal(word)::tsquery) AS had
    FROM unnest(%(words)s::text[], %(weights)s::float8[]) AS each (word, weight)
) AS rank
ORDER BY score DESC, record_id LIMIT %(limit)s
"""
_QUERY = (
    "(SELECT string_agg(quote_literal(word), %(operator)s) FROM unnest(%(having)s::text[]) AS each (word))::tsquery"
)
_FOUND_BY_INDEX = f"""
WITH candidate AS MATERIALIZED (
    SELECT v.record_id, v.saga_id, v.text, v.search FROM record_version v {_SHOWN}
    WHERE v.search @@ {_QUERY} AND {_WANTED}
) {_RANKED}
"""  # noqa: S608 - constants
_FOUND_BY_TIME = f"""
WITH walked AS MATERIALIZED (
    SELECT v.saga_id FROM (
        SELECT saga_id, record_id, event_time, search, revision, whole, replaced_by FROM record_version v
        WHERE (%(before)s::timestamptz IS NULL OR v.event_time < %(before)s)
          AND (%(at)s::timestamptz IS NULL OR v.event_time <= %(at)s)
        ORDER BY v.event_time DESC LIMIT {_WALKED}
    ) AS v {_SHOWN}
    WHERE v.search @@ {_QUERY} AND {_WANTED}
    ORDER BY v.event_time DESC LIMIT {_NEWEST}
), candidate AS MATERIALIZED (
    SELECT v.record_id, v.saga_id, v.text, v.search FROM walked JOIN record_version v USING (saga_id)
) {_RANKED}
"""  # noqa: S608 - constants
_ID = "lower(substring(r.external_id from '[^#]*$'))"
_WITH_ID = f"SELECT r.record_id, {_ID} AS id FROM record r WHERE {_ID} = ANY(%(ids)s::text[])"  # noqa: S608
_SHOWN_VERSIONS = f"""
SELECT v.record_id, v.saga_id, v.event_time, v.text, r.source, r.data_type, r.external_id, r.current_saga AS marker
FROM record_version v {_SHOWN}
WHERE v.record_id = ANY(%(records)s::uuid[]) ORDER BY v.record_id, v.event_time DESC, v.revision DESC
"""  # noqa: S608 - constants
# What a record is about is its first entity.
_NEWEST_OF = f"""
SELECT v.record_id, v.event_time, r.data_type,
       ARRAY(SELECT DISTINCT claim ->> 'predicate' FROM jsonb_array_elements(v.extraction -> 'claims') AS claim
             WHERE claim ->> 'subject' = ANY(%(aliases)s::text[]) OR claim ->> 'object' = ANY(%(aliases)s::text[]))
           AS predicates,
       {_ID} = ANY(%(ids)s::text[]) AS has_id,
       EXISTS (SELECT FROM unnest(%(ids)s::text[]) AS id WHERE position(id IN lower(v.title)) > 0) AS is_titled,
       v.extraction #> '{{entities,0,keys}}' ?| %(aliases)s::text[] AS is_about
FROM (
    SELECT v.* FROM record_version v {_SHOWN}
    WHERE v.record_id = ANY(%(records)s::uuid[]) AND {_WANTED}
    ORDER BY {_ID} = ANY(%(ids)s::text[]) DESC, v.event_time DESC, v.record_id
    LIMIT %(limit)s
) AS v JOIN record r USING (record_id)
ORDER BY v.event_time DESC, v.record_id
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Word:
    """A lexeme of a question, how many records have it, and its weight. `found` ends at `_COMMON`."""

    text: str
    found: int
    weight: float

    @property
    def is_common(self) -> bool:
        return self.found >= _COMMON


@dataclass(frozen=True, slots=True)
class NamedRecord:
    """A record of a thing that was named. `has_id`: it has the name as its own id. `is_titled`: its title has it.
    `is_about`: it is about the thing, and does not only mention it. `predicates` are those that it states of it.
    """

    record_id: str
    event_time: datetime
    data_type: str
    predicates: frozenset[str]
    has_id: bool
    is_titled: bool
    is_about: bool


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """What readers see of a record, now or at a moment. `sagas` wrote it: two, if a partial version is shown over a
    whole one. `marker` is the last saga of the record that committed.
    """

    record_id: str
    source: str
    data_type: str
    external_id: str
    event_time: datetime
    text: str
    sagas: frozenset[str]
    marker: str


async def by_words(database: Database, text: str, *, limit: int, where: RecordFilter) -> list[Hit]:
    """Records that have words of `text`, best first."""
    async with database.transaction() as connection:
        await connection.execute(_BY_INDEX)
        words = await _words(connection, text)
        present = [word for word in words if word.found]
        rare = _rarest([word for word in present if not word.is_common])
        common = [word for word in present if word.is_common]
        parameters = {
            **_bounds(where),
            "words": [word.text for word in present],
            "weights": [word.weight for word in present],
            "limit": limit,
        }
        rows = []
        if rare:
            rows += await _rows(connection, _FOUND_BY_INDEX, {**parameters, "having": rare, "operator": " | "})
        elif common:
            await connection.execute(_BY_TIME)
            having = [word.text for word in common]
            rows += await _rows(connection, _FOUND_BY_TIME, {**parameters, "having": having, "operator": " | "})
    total = sum(word.weight for word in words)
    best: dict[tuple[str, str], Hit] = {}
    for row in rows:
        record, saga = str(row["record_id"]), str(row["saga_id"])
        shares = {"coverage": row["covered"] / total, "words": row["had"] / len(words)}
        best[record, saga] = Hit(record, saga, row["score"], row["text"], **shares)
    return sorted(best.values(), key=lambda hit: (-hit.score, hit.record_id))[:limit]


async def with_id(database: Database, ids: Sequence[str]) -> dict[str, list[str]]:
    """The records with each of these external ids, in small letters; of other JSON without the collection."""
    found: dict[str, list[str]] = {}
    for row in await database.rows(_WITH_ID, {"ids": list(ids)}):
        found.setdefault(row["id"], []).append(str(row["record_id"]))
    return found


async def newest_of(
    database: Database,
    record_ids: Sequence[str],
    *,
    ids: Sequence[str],
    aliases: Sequence[str],
    limit: int,
    where: RecordFilter,
) -> list[NamedRecord]:
    """Those of these records that are wanted: with one of `ids` as their own, and the newest of the others.

    They are about the thing with these `aliases`, or mention it. Newest first.
    """
    parameters = {**_bounds(where), "records": list(record_ids), "ids": list(ids), "aliases": list(aliases)}
    rows = await database.rows(_NEWEST_OF, {**parameters, "limit": limit})
    found = {
        str(row["record_id"]): NamedRecord(
            str(row["record_id"]),
            row["event_time"],
            row["data_type"],
            frozenset(row["predicates"]),
            row["has_id"],
            row["is_titled"],
            bool(row["is_about"]),
        )
        for row in reversed(rows)
    }
    return list(reversed(found.values()))


async def shown(database: Database, record_ids: Sequence[str], at: datetime | None) -> dict[str, ShownVersion]:
    """What readers see of these records; those of which they see nothing are absent."""
    parts: dict[str, list[dict[str, Any]]] = {}
    for row in await database.rows(_SHOWN_VERSIONS, {"records": list(record_ids), "at": at}):
        parts.setdefault(str(row["record_id"]), []).append(row)
    return {
        record_id: ShownVersion(
            record_id,
            rows[0]["source"],
            rows[0]["data_type"],
            rows[0]["external_id"],
            rows[0]["event_time"],
            text="\n".join(row["text"] for row in rows),
            sagas=frozenset(str(row["saga_id"]) for row in rows),
            marker=str(rows[0]["marker"]),
        )
        for record_id, rows in parts.items()
    }


async def _words(connection: Connection, text: str) -> list[Word]:
    rows = await _rows(connection, _WORDS, {"text": text})
    return [
        Word(row["word"], row["found"], log(1 + (max(row["records"] - row["found"], 0) + 0.5) / (row["found"] + 0.5)))
        for row in rows
    ]


def _rarest(words: Sequence[Word]) -> list[str]:
    """The rarest of these words, as many as have `_CANDIDATES` records together; one at least."""
    chosen: list[str] = []
    left = _CANDIDATES
    for word in sorted(words, key=lambda word: (word.found, word.text)):
        left -= word.found
        if chosen and left < 0:
            break
        chosen.append(word.text)
    return chosen


def _bounds(where: RecordFilter) -> dict[str, Any]:
    return {name: getattr(where, name) for name in ("source", "data_type", "after", "before", "at")}


async def _rows(connection: Connection, query: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    return await (await connection.execute(query.encode(), parameters)).fetchall()
