"""apex: counts what its four stores hold, by their drivers alone. `apex ingest` loads, so there is no `load` here."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from bench.peers.adapters import shared
from bench.peers.adapters.shared import Held, Item
from tests.faults.stored import Stored, read_stores


def load(items: Sequence[Item], folder: Path) -> None:
    """See `bench.peers.runs`."""
    raise NotImplementedError(f"apex ingests {len(items)} records into {folder} itself")


def count(folder: Path) -> Held:
    """What readers of each store can see: what a saga only prepared is not visible."""
    return held(asyncio.run(read_stores(folder)))


def held(stored: Stored) -> Held:
    """Keys of all that is current, by kind and store."""
    current = [row["record_id"] for row in stored.postgres["records"] if row["current_version"] is not None]
    visible = [point for point in stored.points if point.get("visible") == 1]
    cached = [
        key.removeprefix("rec:") for key, entry in stored.cache.items() if key.startswith("rec:") and entry.get("value")
    ]
    return {
        "records": {
            "PostgreSQL": current,
            "graph": [row["record"] for row in stored.graph["episodes"]],
            "vectors": sorted({point["record_id"] for point in visible}),
            "cache": cached,
        },
        "entities": {"graph": [row["entity"] for row in stored.graph["entities"]]},
        "facts": {
            "graph": [
                f"{row['subject']} {row['predicate']} {row['object']} {row['valid_at']}"
                for row in stored.graph["facts"]
            ]
        },
        "mentions": {"graph": [f"{row['record']} {row['entity']}" for row in stored.graph["mentions"]]},
        "vectors": {"chunks": [f"{point['record_id']}:{point['chunk']}" for point in visible]},
    }


if __name__ == "__main__":
    shared.main(load, count)
