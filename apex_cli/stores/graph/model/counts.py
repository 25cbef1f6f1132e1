"""What the graph counts: figures for `doctor`, and every record that it holds."""

from __future__ import annotations

from apex_cli.stores.graph.model.operations import ALL_MARKERS, COUNT_ENTITIES, COUNT_FACTS, COUNT_RECORDS
from apex_cli.stores.graph.model.transaction import GraphTransaction
from apex_cli.stores.protocol import StoredSummary

_COUNTS = {"records": COUNT_RECORDS, "entities": COUNT_ENTITIES, "facts": COUNT_FACTS}


def figures(graph: GraphTransaction) -> dict[str, int]:
    """How many records, entities (plain values among them) and facts there are."""
    return {name: row["n"] for name, what in _COUNTS.items() for batch in graph.scan(what) for row in batch}


def held(graph: GraphTransaction) -> list[list[StoredSummary]]:
    """Markers of all present records with their number of mentions, in batches."""
    return [
        [StoredSummary(row["record"], row["saga"], row["mentions"], True) for row in batch]
        for batch in graph.scan(ALL_MARKERS)
    ]
