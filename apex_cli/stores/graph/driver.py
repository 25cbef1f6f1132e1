"""Graphiti on a graph that apex has open: the common part of the engines' drivers.

A driver is for `graphiti_core.Graphiti(graph_driver=…)`. The schema is Graphiti's own for the engine's dialect, so
Graphiti's queries run unchanged. Writes are refused.
"""

from __future__ import annotations

import apex_cli.graphiti  # noqa: F401 - sets the environment before graphiti_core is imported

# isort: split
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from graphiti_core.driver.driver import GraphDriver, GraphDriverSession

from apex_cli.errors import StoreTerminal
from apex_cli.stores.graph.model.operations import STORE, GraphEngine
from apex_cli.stores.protocol import RecordSearch


class ReadOnlyDriver(GraphDriver):
    """The common part of the engines' drivers. Closing a driver leaves the graph open, because the store owns it.

    `records` finds what the graph itself has no index for; see `record_search`.

    `nodes_by_key`, `edges_by_key` and `episodes_by_key` begin queries for `rows_by_key`: they match rows `n` or `e`, an
    edge with its ends `n` and `m`.
    """

    nodes_by_key: str
    edges_by_key: str
    episodes_by_key: str

    def __init__(self, engine: GraphEngine, records: RecordSearch | None) -> None:
        self.engine = engine
        self._records = records

    @property
    def found_by(self) -> RecordSearch:
        """What finds records. Raises `StoreTerminal` where the store was opened without it."""
        if self._records is None:
            raise StoreTerminal(STORE, "it cannot be searched without the other stores")
        return self._records

    @abstractmethod
    async def rows_by_key(
        self, query: str, keys: Sequence[str], values: Mapping[str, Any]
    ) -> Sequence[Mapping[str, Any]]:
        """The rows of a query that begins with one of the above, for many keys at once."""

    def session(self, database: str | None = None) -> GraphDriverSession:  # noqa: ARG002 - Graphiti's signature
        """Graphiti opens sessions to write. Raises `StoreTerminal`."""
        raise refusal()

    async def build_indices_and_constraints(self, delete_existing: bool = False) -> None:
        """Does nothing: they are part of the schema that apex creates."""

    async def delete_all_indexes(self) -> None:
        """Raises `StoreTerminal`."""
        raise refusal()

    async def close(self) -> None:
        """Does nothing."""


def refusal() -> StoreTerminal:
    """The error for a write."""
    return StoreTerminal(STORE, "Graphiti may read this graph, not write it", hint="write with `apex ingest`")
