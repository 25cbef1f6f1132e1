"""The peers: the packages of each, pinned, how it is used here, and what it does not do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_MODEL = "wordllama==0.4.0.post1"
"""The model that apex embeds with, its weights in the wheel."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One peer. `module`: its adapter's name, and its environment's. `variables`: set for its processes.

    `recovers`: it can finish what a killed run left without the records of that run.
    """

    name: str
    module: str
    packages: tuple[str, ...]
    used: str
    lacks: str
    variables: Mapping[str, str] = field(default_factory=dict)
    recovers: bool = False


PEERS = (
    Peer(
        "cocoindex",
        "cocoindex",
        ("cocoindex==1.0.26", "lancedb==0.40.0", _MODEL),
        "a memoized component a record; rows in SQLite, chunks with vectors in LanceDB",
        "It writes the rows that it is given: no resolution, no intervals of facts, no versions. Each store is written"
        " on its own; a reader may see a record in one and not in the other until the next run.",
        {"COCOINDEX_DISABLE_USAGE_TRACKING": "true"},
    ),
    Peer(
        "LightRAG",
        "lightrag",
        ("lightrag-hku==1.5.7", _MODEL),
        "`insert_custom_kg`, 250 records a call; JSON files, NanoVectorDB, NetworkX",
        "Things are known by name alone, and two of them have one relation: a later fact takes the place of an earlier."
        " No times, no versions. Every call writes whole files again; by its documentation the call is outside of the"
        " recovery after a crash.",
        {"LOG_LEVEL": "WARNING"},
    ),
    Peer(
        "cognee",
        "cognee",
        ("cognee==1.6.5", _MODEL),
        "`add_data_points`, 250 records a call; LadybugDB and LanceDB, each in a process of its own",
        "Two things have one edge of each name: facts at different times are one, and the time is a property, not an"
        " interval. No versions. The graph is written before the vectors, without a commit over both. It embeds a"
        " sentence for each edge.",
    ),
    Peer(
        "dlt",
        "dlt",
        ("dlt[duckdb]==1.31.0", _MODEL),
        "one run of a pipeline that merges five tables by key; DuckDB, vectors as a column of bytes",
        "It loads tables into one store, one by one: no graph, no index of vectors, no resolution, no intervals, no"
        " versions.",
        {"RUNTIME__DLTHUB_TELEMETRY": "false"},
        recovers=True,
    ),
)
APEX_USED = "`apex ingest FILE`: reads, extracts, resolves, embeds; PostgreSQL, LadybugDB, Qdrant's engine, Valkey"
