"""Removes what a namespace left on servers, past apex."""

from __future__ import annotations

import os

import neo4j
import psycopg
import redis
from psycopg import sql

from tests.graph_server import credentials
from tests.servers import server_url


def drop(namespace: str) -> None:
    """Remove all that a namespace has on the servers."""
    drop_schema(namespace)
    drop_keys(namespace)
    drop_graph(namespace)
    if os.environ.get("APEX_TEST_QDRANT_URL"):
        drop_collections(namespace)


def drop_schema(namespace: str) -> None:
    """Remove its schema from PostgreSQL."""
    with psycopg.connect(server_url("POSTGRES"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(namespace)))


def drop_keys(namespace: str) -> None:
    """Remove its keys from Redis."""
    with redis.Redis.from_url(server_url("REDIS")) as client:
        for key in client.scan_iter(f"apex:{namespace}:*", count=1_000):
            client.delete(key)


def drop_graph(namespace: str) -> None:
    """Remove its nodes from Neo4j."""
    with neo4j.GraphDatabase.driver(server_url("GRAPH"), auth=credentials()) as driver, driver.session() as session:
        session.run(
            "MATCH (n {group_id: $namespace}) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 1000 ROWS",
            namespace=namespace,
        ).consume()


def drop_collections(namespace: str) -> None:
    """Remove its collections from Qdrant."""
    from qdrant_client import QdrantClient

    client = QdrantClient(url=server_url("QDRANT"), api_key=os.environ.get("APEX_TEST_QDRANT_API_KEY"))
    for collection in client.get_collections().collections:
        if collection.name.startswith(f"{namespace}-"):
            client.delete_collection(collection.name)
    client.close()
