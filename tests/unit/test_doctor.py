"""The checks that follow from the facts of servers, without any server; and which extras are installed."""

from __future__ import annotations

import tomllib
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from apex_cli import extras
from apex_cli.config import load
from apex_cli.doctor.machine import Check, CheckStatus
from apex_cli.doctor.machine import extras as extra_checks
from apex_cli.doctor.servers import store_checks

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
    return {check.name: check for check in store_checks(settings, store, {**SOUND[store], **other})}


@pytest.mark.parametrize("store", SOUND)
def test_a_sound_server_is_ok_in_everything(tmp_path: Path, store: str) -> None:
    found = checks(tmp_path, store)
    assert {check.status for check in found.values()} == {CheckStatus.OK}
    assert SOUND[store]["version"] in found[store].detail
    shown_together = {"engine", "version", "role", "schema", "points", "memory_limit_bytes"}
    assert len(found) == 1 + len(SOUND[store].keys() - shown_together)


@pytest.mark.parametrize(
    ("store", "facts", "name", "status", "says"),
    [
        ("postgres", {"tls": "off"}, "postgres.tls", CheckStatus.NOTE, "sslmode=verify-full"),
        ("cache", {"tls": "off"}, "cache.tls", CheckStatus.NOTE, "rediss://"),
        ("graph", {"tls": "off"}, "graph.tls", CheckStatus.NOTE, "neo4j+s://"),
        (
            "postgres",
            {"privileges_missing": ["CREATE on schema apex"]},
            "postgres.privileges",
            CheckStatus.FAILED,
            "apex",
        ),
        ("postgres", {"schema_pending": [3, 4]}, "postgres.schema", CheckStatus.NOTE, "next run"),
        ("postgres", {"clock_skew_seconds": 61.0}, "postgres.clock", CheckStatus.NOTE, "NTP"),
        ("graph", {"clock_skew_seconds": -61.0}, "graph.clock", CheckStatus.NOTE, "NTP"),
        ("graph", {"schema_missing": ["entity_uuid"]}, "graph.schema", CheckStatus.NOTE, "next run makes constraints"),
        ("cache", {"maxmemory_policy": "allkeys-lru"}, "cache.memory", CheckStatus.NOTE, "noeviction"),
        (
            "cache",
            {"maxmemory_policy": "volatile-ttl", "memory_limit_bytes": 1 << 20},
            "cache.memory",
            CheckStatus.FAILED,
            "noeviction",
        ),
        ("cache", {"persistence": "snapshots at most"}, "cache.persistence", CheckStatus.NOTE, "appendonly"),
    ],
)
def test_what_is_not_sound_says_what_to_do(
    tmp_path: Path, store: str, facts: dict[str, Any], name: str, status: CheckStatus, says: str
) -> None:
    found = checks(tmp_path, store, **facts)
    check = found.pop(name)
    assert check.status is status
    assert check.hint is not None
    assert says in check.hint
    assert {other.status for other in found.values()} == {CheckStatus.OK}


def test_no_encryption_is_needed_on_this_machine(tmp_path: Path) -> None:
    for host in ("localhost", "127.0.0.1", "[::1]"):
        url = {"APEX_REDIS_URL": f"redis://{host}:6379"}
        settings = load({"home": tmp_path}, cwd=tmp_path, environ=url)
        found = {check.name: check for check in store_checks(settings, "cache", {**SOUND["cache"], "tls": "off"})}
        assert found["cache.tls"].status is CheckStatus.OK


def test_an_embedded_store_is_one_line(tmp_path: Path) -> None:
    settings = load({"home": tmp_path}, cwd=tmp_path, environ={})
    assert [check.name for check in store_checks(settings, "cache", SOUND["cache"])] == ["cache"]


def test_an_embedded_store_without_data_is_ok(tmp_path: Path) -> None:
    settings = load({"home": tmp_path}, cwd=tmp_path, environ={})
    (check,) = store_checks(settings, "cache", {})
    assert check.status is CheckStatus.OK
    assert "no data yet" in check.detail


def test_a_collection_that_does_not_exist_is_a_note(tmp_path: Path) -> None:
    settings = load({"home": tmp_path}, cwd=tmp_path, environ=REMOTE)
    facts = {"engine": "qdrant", "version": "1.19.0", "collection": "apex-model-256", "tls": "on"}
    found = {check.name: check for check in store_checks(settings, "vectors", facts)}
    assert found["vectors.collection"].status is CheckStatus.NOTE


def test_the_extras_are_those_of_pyproject() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {
        name: {Requirement(line).name for line in lines} for name, lines in project["optional-dependencies"].items()
    }
    assert {name: set(modules) for name, modules in extras.EXTRAS.items()} == {
        name: distributions for name, distributions in declared.items() if name != "dev"
    }


@pytest.mark.parametrize(("extra", "module"), [(e, m) for e, ms in extras.EXTRAS.items() for m in ms.values()])
def test_each_module_of_an_extra_is_looked_for(extra: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def without(name: str) -> ModuleSpec | None:
        return None if name == module else find_spec(name)

    before = {check.facts["extra"]: check.facts["missing"] for check in extra_checks()}
    monkeypatch.setattr(extras, "find_spec", without)
    found = {check.facts["extra"]: check for check in extra_checks()}
    assert module in found[extra].facts["missing"]
    assert found[extra].hint == f"pip install '.[{extra}]'"
    assert {name for name, check in found.items() if check.facts["missing"] != before[name]} <= {
        name for name, modules in extras.EXTRAS.items() if module in modules.values()
    }
