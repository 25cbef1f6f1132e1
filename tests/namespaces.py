"""Removes what a namespace left on servers, past apex: the end of every test that used one."""

from __future__ import annotations

import os

import neo4j
import psycopg
import redis
from psycopg import sql

from tests.servers import server_url


def drop(namespace: str) -> None:
    """Remove the schema, the keys and the graph of a namespace, and its collections where there is a Qdrant server."""
    with psycopg.connect(server_url("POSTGRES"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(namespace)))
    with redis.Redis.from_url(server_url("REDIS")) as client:
        for key in client.scan_iter(f"apex:{namespace}:*", count=1_000):
            client.delete(key)
    login = (os.environ.get("APEX_TEST_GRAPH_USER", ""), os.environ.get("APEX_TEST_GRAPH_PASSWORD", ""))
    with neo4j.GraphDatabase.driver(server_url("GRAPH"), auth=login) as driver, driver.session() as session:
        session.run(
            "MATCH (n {group_id: $namespace}) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 1000 ROWS",
            namespace=namespace,
        ).consume()
    if url := os.environ.get("APEX_TEST_QDRANT_URL"):
        _drop_collections(url, namespace)


def _drop_collections(url: str, namespace: str) -> None:
    from qdrant_client import QdrantClient

    client = QdrantClient(url=url, api_key=os.environ.get("APEX_TEST_QDRANT_API_KEY"))
    for collection in client.get_collections().collections:
        if collection.name.startswith(f"{namespace}-"):
            client.delete_collection(collection.name)
    client.close()
