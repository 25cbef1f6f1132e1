"""`PivotStore` on a Neo4j server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from apex_cli.stores.graph.model import reads
from apex_cli.stores.graph.model.transaction import Access
from apex_cli.stores.graph.neo4j.engine import Neo4jEngine
from apex_cli.stores.graph.store import GraphStore

if TYPE_CHECKING:
    from graphiti_core.driver.driver import GraphDriver


class Neo4jGraph(GraphStore):
    """The graph of one namespace on a server (5.26 or newer). Any number of processes may write to it."""

    _engine: Neo4jEngine

    def __init__(self, engine: Neo4jEngine) -> None:
        super().__init__(engine, engine.group)

    async def check(self) -> Mapping[str, Any]:
        """`engine`, `version`, `edition`, `database`, `tls`, `schema_missing` (names of constraints and indexes,
        normally none), `clock_skew_seconds` (server ahead of us), and how many records, entities and facts there are.
        """
        counts = await self._engine.run(reads.count, Access.PLAIN)
        return {"engine": "neo4j", **await self._engine.facts(), **counts}

    def graphiti_driver(self) -> GraphDriver:
        from apex_cli.stores.graph.neo4j.graphiti_driver import ServerDriver

        return ServerDriver(self._engine.driver, self._engine.database)
