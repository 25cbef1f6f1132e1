"""A Graphiti `GraphDriver` on the database that apex has open: `graphiti_core.Graphiti(graph_driver=…)` reads it.

The schema is that of Graphiti's Kuzu dialect, which Ladybug speaks, so Graphiti's own queries run as they are. Every
statement runs in a read-only transaction, so whatever Graphiti would write is refused by the engine.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from graphiti_core.driver.driver import GraphDriver, GraphDriverSession, GraphProvider
from graphiti_core.driver.kuzu.operations.search_ops import KuzuSearchOperations
from graphiti_core.driver.operations.search_ops import SearchOperations

from apex_cli.errors import StoreTerminal, StoreTransient
from apex_cli.stores.graphiti_driver.fulltext import ScanSearch
from apex_cli.stores.ladybug.codec import aware, naive
from apex_cli.stores.ladybug.engine import STORE, Engine, Row, Session

_REFUSED = "read-only transaction"


class ReadOnlyDriver(GraphDriver):
    """Graphiti's view of an open engine. Closing it leaves the engine open: that is its owner's."""

    provider = GraphProvider.KUZU
    _database = ""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._search_ops = KuzuSearchOperations()
        self.search_interface = ScanSearch()

    @property
    def search_ops(self) -> SearchOperations:
        return self._search_ops

    async def execute_query(self, cypher_query_: str, **kwargs: Any) -> tuple[list[Row], None, None]:
        """Rows by column name, times aware; the two Nones are Graphiti's form. Raises `StoreTerminal` for a write."""
        return await self._run(lambda session: session.rows(cypher_query_, _bound(cypher_query_, kwargs))), None, None

    async def look_up(self, query: str, uuids: Sequence[str]) -> list[Row]:
        """Rows of `LOAD FROM $df MATCH … {uuid: k} …` for these ids: `IN $list` would scan."""
        return await self._run(lambda session: session.join(query, {"k": "text"}, [(uuid,) for uuid in uuids]))

    def session(self, database: str | None = None) -> GraphDriverSession:  # noqa: ARG002 - Graphiti's signature
        """Graphiti opens sessions to write. Raises `StoreTerminal`."""
        raise _refusal()

    async def build_indices_and_constraints(self, delete_existing: bool = False) -> None:
        """Nothing to build: keys are part of the schema, and full text is found by scanning."""

    async def delete_all_indexes(self) -> None:
        """Raises `StoreTerminal`."""
        raise _refusal()

    async def close(self) -> None:
        """Nothing to release."""

    async def _run(self, job: Callable[[Session], list[Row]]) -> list[Row]:
        try:
            rows = await self._engine.run(job)
        except StoreTransient as error:
            if _REFUSED in error.message:
                raise _refusal() from error
            raise
        return [{name: _outward(value) for name, value in row.items()} for row in rows]


@functools.lru_cache(maxsize=256)
def _parameters(query: str) -> frozenset[str]:
    return frozenset(re.findall(r"\$(\w+)", query))


def _bound(query: str, values: dict[str, Any]) -> dict[str, Any]:
    """Exactly the parameters that the query names; Graphiti passes more, and leaves out what is None."""
    return {name: _inward(values.get(name)) for name in _parameters(query)}


def _inward(value: Any) -> Any:
    return naive(value) if isinstance(value, datetime) and value.tzinfo is not None else value


def _outward(value: Any) -> Any:
    return aware(value) if isinstance(value, datetime) else value


def _refusal() -> StoreTerminal:
    return StoreTerminal(STORE, "Graphiti may read this graph, not write it", hint="write with `apex ingest`")
