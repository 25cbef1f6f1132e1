"""What the facts of servers mean: judged without any server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from apex_cli.config import load
from apex_cli.doctor.check import Check, State
from apex_cli.doctor.servers import judged

REMOTE = {
    "APEX_GRAPH_URL": "bolt://graph.example.com",
    "APEX_POSTGRES_URL": "postgresql://apex:hunter2@db.example.com/apex",
    "APEX_QDRANT_URL": "http://vectors.example.com",
    "APEX_REDIS_URL": "redis://cache.example.com",
}
SOUND: dict[str, dict[str, Any]] = {
    "graph": {"engine": "neo4j", "version": "5.26.30", "schema_missing": [], "tls": "on", "clock_skew_seconds": 0.1},
    "postgres": {
        "engine": "PostgreSQL",
        "version": "15.18",
        "role": "apex",
        "schema": 1,
        "tls": "TLSv1.3",
        "privileges_missing": [],
        "schema_pending": [],
        "clock_skew_seconds": -0.2,
    },
    "vectors": {"engine": "qdrant", "version": "1.16.2", "dimension": 256, "points": 5},
    "cache": {
        "engine": "redis",
        "version": "7.0.15",
        "tls": "on",
        "maxmemory_policy": "noeviction",
        "memory_limit_bytes": 0,
        "persistence": "append-only file",
        "clock_skew_seconds": 0.0,
    },
}


def checks(tmp_path: Path, store: str, **other: Any) -> dict[str, Check]:
    """The checks of a sound server of which some facts are other ones."""
    settings = load({"home": tmp_path}, cwd=tmp_path, environ=REMOTE)
    return {check.name: check for check in judged(settings, store, {**SOUND[store], **other})}


@pytest.mark.parametrize("store", SOUND)
def test_a_sound_server_is_ok_in_everything(tmp_path: Path, store: str) -> None:
    found = checks(tmp_path, store)
    assert {check.state for check in found.values()} == {State.OK}
    assert SOUND[store]["version"] in found[store].detail
    told_together = {"engine", "version", "role", "schema", "points", "memory_limit_bytes"}
    assert len(found) == 1 + len(SOUND[store].keys() - told_together)


@pytest.mark.parametrize(
    ("store", "facts", "name", "state", "says"),
    [
        ("postgres", {"tls": "off"}, "postgres.tls", State.NOTE, "sslmode=verify-full"),
        ("cache", {"tls": "off"}, "cache.tls", State.NOTE, "rediss://"),
        ("graph", {"tls": "off"}, "graph.tls", State.NOTE, "neo4j+s://"),
        ("postgres", {"privileges_missing": ["CREATE on schema apex"]}, "postgres.privileges", State.FAILED, "apex"),
        ("postgres", {"schema_pending": [3, 4]}, "postgres.schema", State.NOTE, "next run"),
        ("postgres", {"clock_skew_seconds": 61.0}, "postgres.clock", State.NOTE, "NTP"),
        ("graph", {"clock_skew_seconds": -61.0}, "graph.clock", State.NOTE, "NTP"),
        ("graph", {"schema_missing": ["entity_uuid"]}, "graph.schema", State.FAILED, "constraints"),
        ("cache", {"maxmemory_policy": "allkeys-lru"}, "cache.memory", State.NOTE, "noeviction"),
        (
            "cache",
            {"maxmemory_policy": "volatile-ttl", "memory_limit_bytes": 1 << 20},
            "cache.memory",
            State.FAILED,
            "noeviction",
        ),
        ("cache", {"persistence": "snapshots at most"}, "cache.persistence", State.NOTE, "appendonly"),
    ],
)
def test_what_is_not_sound_says_what_to_do(
    tmp_path: Path, store: str, facts: dict[str, Any], name: str, state: State, says: str
) -> None:
    found = checks(tmp_path, store, **facts)
    check = found.pop(name)
    assert check.state is state
    assert check.hint is not None
    assert says in check.hint
    assert {other.state for other in found.values()} == {State.OK}


def test_no_encryption_is_needed_on_this_machine(tmp_path: Path) -> None:
    for host in ("localhost", "127.0.0.1", "[::1]"):
        url = {"APEX_REDIS_URL": f"redis://{host}:6379"}
        settings = load({"home": tmp_path}, cwd=tmp_path, environ=url)
        found = {check.name: check for check in judged(settings, "cache", {**SOUND["cache"], "tls": "off"})}
        assert found["cache.tls"].state is State.OK


def test_an_embedded_store_is_one_line(tmp_path: Path) -> None:
    settings = load({"home": tmp_path}, cwd=tmp_path, environ={})
    assert [check.name for check in judged(settings, "cache", SOUND["cache"])] == ["cache"]
