"""Passwords appear nowhere: not in what any verb writes, not in lists of processes, not in what is kept of a run."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import psutil  # type: ignore[import-untyped]
import psycopg
import pytest
import redis
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tests.acceptance.apex import engines, run, running, write_lines
from tests.acceptance.seeds import SEEDS
from tests.servers import server_url

pytestmark = pytest.mark.any_engine

SECRET = "hunter2-tops3cret"
ELSEWHERE = {"APEX_POSTGRES_URL": "postgresql://apex@127.0.0.1:1/apex", "APEX_REDIS_URL": "redis://127.0.0.1:1"}
"""No server is started only to be stopped."""
NOWHERE: Mapping[str, Mapping[str, str]] = {
    "postgres": {"APEX_POSTGRES_URL": f"postgresql://apex:{SECRET}@127.0.0.1:1/apex"},
    "postgres-variable": {
        "APEX_POSTGRES_URL": "postgresql://apex@127.0.0.1:1/apex",
        "APEX_POSTGRES_PASSWORD": SECRET,
    },
    "redis": {"APEX_REDIS_URL": f"redis://:{SECRET}@127.0.0.1:1/0"},
    "redis-socket": {"APEX_REDIS_URL": f"unix:///no/such.sock?password={SECRET}"},
    "redis-option": {"APEX_REDIS_URL": f"redis://:{SECRET}@127.0.0.1:1/0?ssl_password={SECRET}"},
    "qdrant": {"APEX_QDRANT_URL": "http://127.0.0.1:1", "APEX_QDRANT_API_KEY": SECRET},
}


@pytest.mark.parametrize("store", NOWHERE)
@pytest.mark.parametrize("verb", [("ingest", "-v"), ("doctor", "--json")])
def test_a_store_that_cannot_be_reached_is_named_without_its_password(
    home: Path, store: str, verb: tuple[str, ...]
) -> None:
    file = write_lines(home.parent / "seeds.jsonl", SEEDS)
    paths = [file] if verb[0] == "ingest" else []
    result = run(home, *verb, *paths, env={**ELSEWHERE, **NOWHERE[store]})
    assert result.exit == 10
    assert "APEX_" in result.stderr + result.stdout
    assert SECRET not in result.stdout + result.stderr
    assert "hunter2" not in result.stdout + result.stderr


@pytest.mark.parametrize("verb", [("ingest", "--json", "-v"), ("doctor",)])
def test_a_wrong_password_is_reported_without_it(home: Path, verb: tuple[str, ...]) -> None:
    file = write_lines(home.parent / "seeds.jsonl", SEEDS)
    paths = [file] if verb[0] == "ingest" else []
    place = conninfo_to_dict(server_url("POSTGRES"))
    url = f"postgresql://{place['user']}@{place['host']}:{place['port']}/{place['dbname']}"
    result = run(home, *verb, *paths, env={"APEX_POSTGRES_URL": url, "APEX_POSTGRES_PASSWORD": SECRET}).expect(10)
    assert "password authentication failed" in result.stdout + result.stderr
    assert SECRET not in result.stdout + result.stderr


def test_a_whole_run_on_servers_keeps_its_passwords_to_itself(home: Path) -> None:
    urls = {"APEX_POSTGRES_URL": server_url("POSTGRES"), "APEX_REDIS_URL": server_url("REDIS")}
    namespace = f"t{uuid.uuid4().hex[:20]}"
    environment = {**urls, "APEX_NAMESPACE": namespace}
    secrets = {str(urlsplit(url).password) for url in urls.values()}
    assert "None" not in secrets
    file = write_lines(home.parent / "seeds.jsonl", SEEDS)
    try:
        with running(home, "ingest", file, "--json", "-v", env=environment) as ingest:
            ingest.skip(1)
            processes = [psutil.Process(ingest.process.pid), *engines(home)]
            commands = "\n".join(" ".join(process.cmdline()) for process in processes)
            results = [ingest.end().expect(0)]
        results += [
            run(home, *verb, env=environment).expect(0)
            for verb in (("doctor",), ("doctor", "--json"), ("runs", "--json"), ("verify",))
        ]
        kept = dump(urls["APEX_POSTGRES_URL"], namespace)
    finally:
        drop(urls, namespace)
    assert "SHIP-" in kept
    assert len(processes) >= 1
    for text in (commands, kept, *(result.stdout + result.stderr for result in results)):
        assert not [secret for secret in secrets if secret in text]


def dump(url: str, namespace: str) -> str:
    """All rows of the journal, of the versions and of the runs."""
    with psycopg.connect(url) as connection:
        rows = [
            connection.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(namespace, table))).fetchall()
            for table in ("run", "saga", "record", "record_version")
        ]
    return str(rows)


def drop(urls: Mapping[str, str], namespace: str) -> None:
    """Remove what a test left on the servers."""
    with psycopg.connect(urls["APEX_POSTGRES_URL"]) as connection:
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(namespace)))
    with redis.Redis.from_url(urls["APEX_REDIS_URL"]) as client:
        for key in client.scan_iter(f"apex:{namespace}:*"):
            client.delete(key)
