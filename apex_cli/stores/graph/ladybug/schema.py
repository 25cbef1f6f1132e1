"""The tables: Graphiti's own for this dialect (its column names and types), and what apex adds to them.

Added to Graphiti's tables: `Entity.aliases`, `Entity.state` (see `model.entity_state`) and `MENTIONS.observation` (what
one record says about one entity). Graphiti names the columns that it reads and writes, so more columns do no harm.

Ours: `ApexRecord` is fence, marker and claims of each record that was ever written. `ApexAlias` leads from a key to its
entity. `ApexTimeline` holds the evidence of each timeline (see `model.timelines`). None of them has a group column: an
embedded database holds one namespace, so all plans that reach it have the same `group_id`.
"""

from __future__ import annotations

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
)
