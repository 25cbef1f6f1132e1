"""The tables, and the number of their layout.

Graphiti's own tables for this dialect have its column names and types. apex adds three columns to them; Graphiti names
the columns that it reads, so more columns do no harm. `apex_cli.stores.graph` shows one example row of each table.

None of apex's own tables has a group column: an embedded database holds one namespace, so all plans that reach it have
the same `group_id`.
"""

from __future__ import annotations

from apex_cli.stores.graph.ladybug.transaction import LadybugTransaction

VERSION = 5
"""Raise it with every change of a table or of what a column holds; then each home builds its graph again.

A rebuild reads two tables of the older graph, so these keep their columns: `ApexRecord` and `ApexAlias`.
"""

TABLES = (
    """CREATE NODE TABLE IF NOT EXISTS Episodic (uuid STRING PRIMARY KEY, name STRING, group_id STRING,
    created_at TIMESTAMP, source STRING, source_description STRING, content STRING, valid_at TIMESTAMP,
    entity_edges STRING[])""",
    """CREATE NODE TABLE IF NOT EXISTS Entity (uuid STRING PRIMARY KEY, name STRING, group_id STRING, labels STRING[],
    created_at TIMESTAMP, name_embedding FLOAT[], summary STRING, attributes STRING, aliases STRING[], state STRING)""",
    """CREATE NODE TABLE IF NOT EXISTS Community (uuid STRING PRIMARY KEY, name STRING, group_id STRING,
    created_at TIMESTAMP, name_embedding FLOAT[], summary STRING)""",
    """CREATE NODE TABLE IF NOT EXISTS RelatesToNode_ (uuid STRING PRIMARY KEY, group_id STRING, created_at TIMESTAMP,
    name STRING, fact STRING, fact_embedding FLOAT[], episodes STRING[], expired_at TIMESTAMP, valid_at TIMESTAMP,
    invalid_at TIMESTAMP, reference_time TIMESTAMP, attributes STRING)""",
    """CREATE NODE TABLE IF NOT EXISTS Saga (uuid STRING PRIMARY KEY, name STRING, group_id STRING,
    created_at TIMESTAMP, summary STRING, first_episode_uuid STRING, last_episode_uuid STRING,
    last_summarized_at TIMESTAMP, last_summarized_episode_valid_at TIMESTAMP)""",
    "CREATE REL TABLE IF NOT EXISTS RELATES_TO (FROM Entity TO RelatesToNode_, FROM RelatesToNode_ TO Entity)",
    """CREATE REL TABLE IF NOT EXISTS MENTIONS (FROM Episodic TO Entity, uuid STRING, group_id STRING,
    created_at TIMESTAMP, observation STRING)""",
    """CREATE REL TABLE IF NOT EXISTS HAS_MEMBER (FROM Community TO Entity, FROM Community TO Community, uuid STRING,
    group_id STRING, created_at TIMESTAMP)""",
    """CREATE REL TABLE IF NOT EXISTS HAS_EPISODE (FROM Saga TO Episodic, uuid STRING, group_id STRING,
    created_at TIMESTAMP)""",
    """CREATE REL TABLE IF NOT EXISTS NEXT_EPISODE (FROM Episodic TO Episodic, uuid STRING, group_id STRING,
    created_at TIMESTAMP)""",
    """CREATE NODE TABLE IF NOT EXISTS ApexRecord (record_id STRING PRIMARY KEY, epoch INT64, saga_id STRING,
    present BOOL, claims STRING)""",
    "CREATE NODE TABLE IF NOT EXISTS ApexAlias (key STRING PRIMARY KEY, entity STRING)",
    "CREATE NODE TABLE IF NOT EXISTS ApexTimeline (page STRING PRIMARY KEY, evidence STRING[], page_starts INT64[])",
    "CREATE NODE TABLE IF NOT EXISTS ApexSchema (version INT64 PRIMARY KEY)",
)


def create(graph: LadybugTransaction) -> None:
    """Make the tables in a new file and note their version."""
    for statement in TABLES:
        graph.run(statement)
    graph.run(f"CREATE (:ApexSchema {{version: {VERSION}}})")


def version(graph: LadybugTransaction) -> int | None:
    """The version of the file's tables, None for a new file. Version 1 is older than the note of it."""
    tables = {row["name"] for row in graph.rows("CALL show_tables() RETURN name")}
    if not tables:
        return None
    if "ApexSchema" not in tables:
        return 1
    (row,) = graph.rows("MATCH (s:ApexSchema) RETURN max(s.version) AS version")
    number: int = row["version"]
    return number
