"""Graphiti on a Neo4j server, over the connections that apex has open. Every statement is sent as a read.

Graphiti takes every unknown property for an attribute. The properties that only apex uses are left out, and the
attributes, which are one JSON text on the server, replace them.
"""

from __future__ import annotations

import apex_cli.graphiti  # noqa: F401 - sets the environment before graphiti_core is imported

# isort: split
import json
from collections.abc import Mapping, Sequence
from typing import Any

from graphiti_core.driver.driver import GraphProvider
from graphiti_core.driver.neo4j.operations.search_ops import Neo4jSearchOperations
from graphiti_core.driver.operations.search_ops import SearchOperations
from neo4j import EagerResult, RoutingControl

from apex_cli.stores.graph.driver import ReadOnlyDriver, refusal
from apex_cli.stores.graph.neo4j.connection import DRIVER_ERRORS, translate
from apex_cli.stores.graph.neo4j.engine import Neo4jEngine
from apex_cli.stores.graph.neo4j.statements import OWN_PROPERTIES
from apex_cli.stores.graph.record_search import RecordBasedSearch
from apex_cli.stores.protocol import RecordSearch

_REFUSED = "Neo.ClientError.Statement.AccessMode"


class ServerDriver(ReadOnlyDriver):
    """Runs the queries of Graphiti's own `Neo4jDriver`, but never a write."""

    provider = GraphProvider.NEO4J

    nodes_by_key = "UNWIND $keys AS k MATCH (n:Entity {uuid: k})"
    edges_by_key = "UNWIND $keys AS k MATCH (n:Entity)-[e:RELATES_TO {uuid: k}]->(m:Entity)"
    episodes_by_key = "UNWIND $keys AS k MATCH (e:Episodic {uuid: k})"

    def __init__(self, engine: Neo4jEngine, records: RecordSearch | None) -> None:
        super().__init__(engine, records)
        self.client = engine.driver
        self._database = engine.database
        self._search_ops = Neo4jSearchOperations()
        if not engine.holds_vectors:
            self.search_interface = RecordBasedSearch()

    @property
    def search_ops(self) -> SearchOperations:
        return self._search_ops

    async def execute_query(self, cypher_query_: str, **kwargs: Any) -> EagerResult:
        """Records, summary and keys. Raises `StoreTerminal` for a write."""
        parameters = {**kwargs.pop("params", {}), **kwargs}
        parameters.pop("routing_", None)
        database = parameters.pop("database_", self._database)
        try:
            answer = await self.client.execute_query(
                cypher_query_, parameters_=parameters, database_=database, routing_=RoutingControl.READ
            )
        except DRIVER_ERRORS as error:
            if getattr(error, "code", None) == _REFUSED:
                raise refusal() from error
            raise translate(error) from error
        for record in answer.records:
            if isinstance(properties := record.get("attributes"), dict):
                _show_attributes(properties)
        return answer

    async def rows_by_key(self, query: str, keys: Sequence[str], values: Mapping[str, Any]) -> list[dict[str, Any]]:
        answer = await self.execute_query(query, keys=list(keys), **values)
        return [record.data() for record in answer.records]


def _show_attributes(properties: dict[str, Any]) -> None:
    attributes = properties.pop("attributes", None)
    for name in OWN_PROPERTIES:
        properties.pop(name, None)
    if isinstance(attributes, str):
        properties.update(json.loads(attributes))
