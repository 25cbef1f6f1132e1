"""Reads all that the four stores of a home hold, by drivers alone: psycopg, Qdrant's and Redis's clients, Cypher.

No reader of apex takes part, because the fault tests must not share its faults. apex only starts the embedded servers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ladybug
import neo4j
import psycopg
import redis
from psycopg import sql
from psycopg.rows import dict_row
from qdrant_edge import EdgeShard, ScrollRequest

from apex_cli.embedded.home import Home
from apex_cli.embedded.servers import EmbeddedServers
from tests import profiles

Row = Mapping[str, Any]
_PAGE = 1_000
_POSTGRES = {
    "records": """SELECT record_id::text, epoch, current_saga::text, current_version::text, base_version::text,
        source, data_type, external_id FROM record""",
    "versions": """SELECT saga_id::text, record_id::text, content_hash, chunks, title, text, payload, extraction,
        event_time, whole, replaced_by::text, observed_at, kind, dated, model FROM record_version
        ORDER BY record_id, revision""",
    "forgotten": "SELECT record_id::text, content_hash FROM forgotten",
    "places": """SELECT place, shown, record_id::text, content_hash, first_seen, last_seen, vacated_at
        FROM document_place""",
    "sagas": "SELECT saga_id::text, record_id::text, kind, state, epoch FROM saga",
}
_COMMON = {
    "records": """MATCH (r:ApexRecord) {where}
        RETURN r.record_id AS record, r.epoch AS epoch, r.saga_id AS saga, r.present AS present""",
    "episodes": "MATCH (e:Episodic) {where} RETURN e.uuid AS record",
    "mentions": "MATCH (e:Episodic)-[:MENTIONS]->(n:Entity) {where} RETURN e.uuid AS record, n.uuid AS entity",
    "entities": """MATCH (n:Entity) {where}
        RETURN n.uuid AS entity, n.name AS name, n.summary AS summary, n.attributes AS attributes""",
    "aliases": "MATCH (a:ApexAlias) {where} RETURN a.key AS key, a.entity AS entity",
    "pages": "MATCH (p:ApexTimeline) {where} RETURN p.page AS page, p.evidence AS evidence",
}
_FACT = """s.uuid AS subject, f.name AS predicate, o.uuid AS object, f.valid_at AS valid_at, f.invalid_at AS invalid_at,
    f.episodes AS records, f.attributes AS attributes"""
_LADYBUG_FACTS = f"MATCH (s:Entity)-[:RELATES_TO]->(f:RelatesToNode_)-[:RELATES_TO]->(o:Entity) RETURN {_FACT}"
_LADYBUG_FACT_NODES = "MATCH (f:RelatesToNode_) RETURN count(*) AS n"
_NEO4J_FACTS = f"MATCH (s:Entity)-[f:RELATES_TO {{group_id: $group}}]->(o:Entity) RETURN {_FACT}"


@dataclass(frozen=True)
class Stored:
    """Rows of PostgreSQL and of the graph by kind, every point's payload, and every cache entry by its short key."""

    postgres: Mapping[str, list[dict[str, Any]]]
    graph: Mapping[str, list[dict[str, Any]]]
    points: list[dict[str, Any]]
    cache: Mapping[str, dict[str, str]]


async def read_stores(home: Path, env: Mapping[str, str] | None = None) -> Stored:
    """All that the stores of a home hold. `env` names the servers, if they are not those of the profile."""
    env = profiles.variables(home) if env is None else env
    namespace = env.get("APEX_NAMESPACE", "apex")
    place = Home(home)
    own_postgres, own_valkey = "APEX_POSTGRES_URL" not in env, "APEX_REDIS_URL" not in env
    async with place.lock(), EmbeddedServers(place, postgres=own_postgres, valkey=own_valkey) as servers:
        dsn = servers.postgres.dsn if own_postgres else env["APEX_POSTGRES_URL"]
        cache = f"unix://{servers.valkey.socket_path}" if own_valkey else env["APEX_REDIS_URL"]
        return Stored(
            _postgres(dsn, namespace),
            _neo4j(env, namespace) if "APEX_GRAPH_URL" in env else _ladybug(place.graph),
            list(_server_points(env, namespace) if "APEX_QDRANT_URL" in env else _embedded_points(place.vectors)),
            _cache(cache, f"apex:{namespace}:"),
        )


def _postgres(dsn: str, namespace: str) -> dict[str, list[dict[str, Any]]]:
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(namespace)))
        return {kind: connection.execute(query).fetchall() for kind, query in _POSTGRES.items()}


def _ladybug(folder: Path) -> dict[str, list[dict[str, Any]]]:
    [path] = folder.glob("*.lbug")
    with (
        closing(ladybug.Database(path, throw_on_wal_replay_failure=False)) as database,
        closing(ladybug.Connection(database)) as connection,
    ):

        def rows(query: str) -> list[dict[str, Any]]:
            result = connection.execute(query)
            assert isinstance(result, ladybug.QueryResult)
            names = result.get_column_names()
            return [dict(zip(names, row, strict=True)) for row in result.get_all()]

        found = {kind: rows(query.format(where="")) for kind, query in _COMMON.items()}
        found["facts"] = rows(_LADYBUG_FACTS)
        [nodes] = rows(_LADYBUG_FACT_NODES)
        assert nodes["n"] == len(found["facts"]), "a fact without two entities"
        return {kind: [_plain(row) for row in each] for kind, each in found.items()}


def _neo4j(env: Mapping[str, str], namespace: str) -> dict[str, list[dict[str, Any]]]:
    where = {kind: f"WHERE {query.split(':')[0][-1]}.group_id = $group" for kind, query in _COMMON.items()}
    queries = {kind: query.format(where=where[kind]) for kind, query in _COMMON.items()} | {"facts": _NEO4J_FACTS}
    login = env.get("APEX_GRAPH_USER", "neo4j"), env.get("APEX_GRAPH_PASSWORD", "")
    with neo4j.GraphDatabase.driver(env["APEX_GRAPH_URL"], auth=login) as driver, driver.session() as session:
        return {
            kind: [_plain(row.data()) for row in session.run(query, group=namespace)] for kind, query in queries.items()
        }


def _plain(row: Row) -> dict[str, Any]:
    """Times as microseconds since 1970: Ladybug gives naive times in UTC, Neo4j a type of its own."""
    values = {}
    for name, value in row.items():
        native = value.to_native() if hasattr(value, "to_native") else value
        if isinstance(native, datetime):
            aware = native if native.tzinfo else native.replace(tzinfo=UTC)
            native = micros(aware)
        values[name] = native
    return values


def micros(moment: datetime) -> int:
    """Whole microseconds since 1970."""
    span = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


def _embedded_points(folder: Path) -> Iterator[dict[str, Any]]:
    for path in folder.iterdir():
        with closing(EdgeShard.load(str(path))) as shard:
            offset = None
            while True:
                records, offset = shard.scroll(ScrollRequest(offset=offset, limit=_PAGE, with_payload=True))
                yield from (dict(record.payload or {}) for record in records)
                if offset is None:
                    break


def _server_points(env: Mapping[str, str], namespace: str) -> Iterator[dict[str, Any]]:
    from qdrant_client import QdrantClient

    with closing(QdrantClient(url=env["APEX_QDRANT_URL"], api_key=env.get("APEX_QDRANT_API_KEY"))) as client:
        for collection in client.get_collections().collections:
            offset = None
            while collection.name.startswith(f"{namespace}-"):
                records, offset = client.scroll(collection.name, limit=_PAGE, offset=offset, with_payload=True)
                yield from (dict(record.payload or {}) for record in records)
                if offset is None:
                    break


def _cache(url: str, prefix: str) -> dict[str, dict[str, str]]:
    """Hashes by key without the prefix; a key of another type has no fields. Locks are left out."""
    found: dict[str, dict[str, str]] = {}
    with redis.Redis.from_url(url, decode_responses=True) as client:
        for key in client.scan_iter(f"{prefix}*", count=_PAGE):
            short = key.removeprefix(prefix)
            if not short.startswith("lock:"):
                found[short] = dict(client.hgetall(key)) if client.type(key) == "hash" else {}
    return found


def cached_value(entry: Row) -> dict[str, Any] | None:
    """The JSON of a cache entry; None for a tombstone."""
    value: dict[str, Any] | None = json.loads(entry["value"]) if entry.get("value") else None
    return value
