"""What the graph counts: figures for `doctor`, and every record that it holds."""

from __future__ import annotations

from typing import Any

from apex_cli.stores.ladybug.engine import Session
from apex_cli.stores.protocol import Held

_BATCH = 1000
_HELD = """MATCH (r:ApexRecord) WHERE r.present
    OPTIONAL MATCH (e:Episodic {uuid: r.record_id})-[m:MENTIONS]->(:Entity)
    RETURN r.record_id AS record, r.saga_id AS saga, count(m) AS mentions"""
_COUNTS = {
    "records": "MATCH (r:ApexRecord) WHERE r.present RETURN count(*) AS n",
    "entities": "MATCH (n:Entity) RETURN count(*) AS n",
    "facts": "MATCH (f:RelatesToNode_) RETURN count(*) AS n",
}


def figures(session: Session) -> dict[str, Any]:
    """Engine, version and counts (`entities` with plain values among them)."""
    import ladybug

    counts = {name: session.rows(query)[0]["n"] for name, query in _COUNTS.items()}
    return {"engine": "ladybug", "version": ladybug.__version__, **counts}


def held(session: Session) -> list[list[Held]]:
    """Markers of all present records with their number of mentions, in batches."""
    return [
        [Held(row["record"], row["saga"], row["mentions"], True) for row in batch]
        for batch in session.batches(_HELD, _BATCH)
    ]
