"""Answers of a Qdrant server, in the shape of its REST reference (api.qdrant.tech), for a client that is watched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.plans import DIMENSIONS
from tests.recorder import Answer, Request

COLLECTION = "/collections/test-model-256"
DONE: Answer = (200, {"result": {"operation_id": 7, "status": "completed"}, "status": "ok", "time": 0.001})


def ok(result: Any) -> Answer:
    return 200, {"result": result, "status": "ok", "time": 0.001}


def collection(size: int = DIMENSIONS, distance: str = "Cosine") -> Answer:
    config = {
        "params": {"vectors": {"size": size, "distance": distance}, "shard_number": 1, "on_disk_payload": True},
        "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10_000},
        "optimizer_config": {
            "deleted_threshold": 0.2,
            "vacuum_min_vector_number": 1000,
            "default_segment_number": 0,
            "flush_interval_sec": 5,
        },
        "wal_config": {"wal_capacity_mb": 32, "wal_segments_ahead": 0},
    }
    return ok(
        {"status": "green", "optimizer_status": "ok", "segments_count": 1, "config": config, "payload_schema": {}}
    )


class Answers:
    """Answers by (method, path below the collection); `version` and `exists` are the server's state."""

    def __init__(self) -> None:
        self.version = "1.16.0"
        self.exists = True
        self.special: dict[tuple[str, str], Answer | Callable[[Request], Answer]] = {}

    def __call__(self, request: Request) -> Answer:
        if request.path == "/":
            return 200, {"title": "qdrant - vector search engine", "version": self.version}
        place = (request.method, request.path.removeprefix(COLLECTION))
        if place in self.special:
            special = self.special[place]
            return special if isinstance(special, tuple) else special(request)
        usual: dict[tuple[str, str], Answer] = {
            ("GET", "/exists"): ok({"exists": self.exists}),
            ("GET", ""): collection(),
            ("PUT", ""): ok(True),
            ("POST", "/points/scroll"): ok({"points": [], "next_page_offset": None}),
            ("POST", "/points/query"): ok({"points": []}),
            ("POST", "/points/count"): ok({"count": 3}),
        }
        return usual.get(place, DONE)
