"""A Graphiti `GraphDriver` on a graph that apex has open: `graphiti_core.Graphiti(graph_driver=…)` reads it.

The schema is Graphiti's own for the engine's dialect, so Graphiti's queries run unchanged. Writes are refused.
"""

from __future__ import annotations

import apex_cli.graphiti  # noqa: F401 - sets the environment before graphiti_core is imported

# isort: split
from graphiti_core.driver.driver import GraphDriver, GraphDriverSession

from apex_cli.errors import StoreTerminal
from apex_cli.stores.graph.model.transaction import STORE


class ReadOnlyDriver(GraphDriver):
    """The common part of the engines' drivers. Closing a driver leaves the graph open, because the store owns it."""

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
