"""Graphiti on the embedded graph: Ladybug takes Graphiti's Kuzu dialect. Every statement is read-only."""

from __future__ import annotations

import apex_cli.graphiti  # noqa: F401 - sets the environment before graphiti_core is imported

# isort: split
import functools
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from graphiti_core.driver.driver import GraphProvider
from graphiti_core.driver.kuzu.operations.search_ops import KuzuSearchOperations
from graphiti_core.driver.operations.search_ops import SearchOperations

from apex_cli.errors import StoreTransient
from apex_cli.stores.graph.driver import ReadOnlyDriver, refusal
from apex_cli.stores.graph.ladybug.engine import LadybugEngine
from apex_cli.stores.graph.ladybug.transaction import LadybugTransaction, aware
from apex_cli.stores.graph.model.operations import Access, Row
from apex_cli.stores.graph.record_search import RecordBasedSearch
from apex_cli.stores.protocol import RecordSearch

_REFUSED = "read-only transaction"


class EmbeddedDriver(ReadOnlyDriver):
    """Graphiti's view of an open engine."""

    provider = GraphProvider.KUZU
    nodes_by_key = "UNWIND $keys AS k MATCH (n:Entity {uuid: k})"
    # See `statements` for OPTIONAL. A condition that follows is one of the rows.
    edges_by_key = (
        "UNWIND $keys AS k MATCH (e:RelatesToNode_ {uuid: k}) "
        "OPTIONAL MATCH (n:Entity)-[:RELATES_TO]->(e)-[:RELATES_TO]->(m:Entity) WITH n, e, m"
    )
    episodes_by_key = "UNWIND $keys AS k MATCH (e:Episodic {uuid: k})"
    _database = ""

    def __init__(self, engine: LadybugEngine, records: RecordSearch | None) -> None:
        super().__init__(engine, records)
        self._engine = engine
        self._search_ops = KuzuSearchOperations()
        self.search_interface = RecordBasedSearch()

    @property
    def search_ops(self) -> SearchOperations:
        return self._search_ops

    async def execute_query(self, cypher_query_: str, **kwargs: Any) -> tuple[list[Row], None, None]:
        """Rows by column name, times aware; the two Nones are Graphiti's form. Raises `StoreTerminal` for a write."""
        return await self._rows(lambda session: session.rows(cypher_query_, bound(cypher_query_, kwargs))), None, None

    async def rows_by_key(self, query: str, keys: Sequence[str], values: Mapping[str, Any]) -> list[Row]:
        return await self._rows(lambda session: session.rows(query, bound(query, {**values, "keys": list(keys)})))

    async def _rows(self, job: Callable[[LadybugTransaction], list[Row]]) -> list[Row]:
        """The rows of one job in a read-only transaction, times aware. Raises `StoreTerminal` for a write."""
        try:
            rows = await self._engine.run(job, Access.PLAIN)
        except StoreTransient as error:
            if _REFUSED in error.message:
                raise refusal() from error
            raise
        return [{name: _outward(value) for name, value in row.items()} for row in rows]


@functools.lru_cache(maxsize=256)
def _parameters(query: str) -> frozenset[str]:
    return frozenset(re.findall(r"\$(\w+)", query))


def bound(query: str, values: dict[str, Any]) -> dict[str, Any]:
    """Exactly the parameters that the query names; Graphiti passes more, and leaves out what is None."""
    return {name: _inward(values.get(name)) for name in _parameters(query)}


def _inward(value: Any) -> Any:
    """The engine would drop the offset of an aware time."""
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) and value.tzinfo else value


def _outward(value: Any) -> Any:
    return aware(value) if isinstance(value, datetime) else value
