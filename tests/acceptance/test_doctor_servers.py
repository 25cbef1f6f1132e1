"""`apex doctor` on servers: what is wrong with each is found, said with a hint, and no password with it."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from scripts.servers import redis as redis_server
from scripts.servers.process import Server
from tests.acceptance.apex import Line, run, write_lines
from tests.acceptance.seeds import SEEDS
from tests.namespaces import drop
from tests.profiles import namespace, on_servers
from tests.servers import server_url

pytestmark = pytest.mark.any_engine

NAMES = ("graph", "postgres", "vectors", "cache")


@pytest.fixture
def place(home: Path) -> Iterator[dict[str, str]]:
    """The environment that puts a home's stores on the servers."""
    yield on_servers(home)
    drop(namespace(home))


def examined(home: Path, env: dict[str, str], code: int) -> dict[str, Line]:
    """The checks by name; none of the passwords of the environment is in them."""
    result = run(home, "doctor", "--json", env=env).expect(code)
    secrets = {urlsplit(value).password for value in env.values()} | {env.get("APEX_GRAPH_PASSWORD")}
    for text in (result.stdout, result.stderr, run(home, "doctor", env=env).expect(code).stdout):
        assert not [secret for secret in secrets if secret and secret in text]
    for line in result.lines:
        assert line["hint"] or line["status"] != "failed", line
    return {line["name"]: line for line in result.lines}


def statuses(checks: dict[str, Line], *names: str) -> list[str]:
    return [checks[name]["status"] for name in names]


def test_sound_servers(home: Path, place: dict[str, str]) -> None:
    before = examined(home, place, 0)
    assert statuses(before, *NAMES) == ["ok"] * 4
    assert statuses(before, "postgres.schema", "postgres.privileges") == ["note", "ok"]
    run(home, "ingest", write_lines(home.parent / "seeds.jsonl", SEEDS), "-q", env=place).expect(0)
    after = examined(home, place, 0)
    assert {name for name, line in after.items() if line["status"] not in ("ok", "note")} == set()
    parts = ("postgres.tls", "postgres.privileges", "postgres.schema", "postgres.clock", "cache.memory", "cache.clock")
    assert statuses(after, *parts, "graph.tls", "graph.clock", "graph.schema") == ["ok"] * 9
    assert "neo4j" in after["graph"]["detail"]


@pytest.mark.parametrize(
    ("setting", "store"), [("APEX_GRAPH_URL", "graph"), ("APEX_POSTGRES_URL", "postgres"), ("APEX_REDIS_URL", "cache")]
)
def test_a_server_that_is_not_there(home: Path, place: dict[str, str], setting: str, store: str) -> None:
    parts = urlsplit(place[setting])
    nowhere = parts._replace(netloc=parts.netloc.replace(f":{parts.port}", ":1")).geturl()
    checks = examined(home, {**place, setting: nowhere}, 10)
    assert statuses(checks, *NAMES) == ["failed" if name == store else "ok" for name in NAMES]
    assert setting in checks[store]["hint"]


def test_wrong_passwords(home: Path, place: dict[str, str]) -> None:
    wrong = {**place, "APEX_GRAPH_PASSWORD": "wr0ng-passw0rd"}
    for setting in ("APEX_POSTGRES_URL", "APEX_REDIS_URL"):
        password = urlsplit(place[setting]).password
        assert password is not None
        wrong[setting] = place[setting].replace(password, "wr0ng-passw0rd")
    checks = examined(home, wrong, 10)
    assert statuses(checks, *NAMES) == ["failed", "failed", "ok", "failed"]
    assert "password" in checks["postgres"]["detail"]


def test_a_role_that_may_too_little(home: Path, place: dict[str, str]) -> None:
    run(home, "ingest", write_lines(home.parent / "seeds.jsonl", SEEDS), "-q", env=place).expect(0)
    name = f"r{uuid.uuid4().hex[:20]}"
    role, schema = sql.Identifier(name), sql.Identifier(namespace(home))
    with psycopg.connect(os.environ["APEX_TEST_POSTGRES_ADMIN_URL"], dbname="apex", autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'too-l1ttle'").format(role))
        admin.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, role))
        admin.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}").format(schema, role))
        try:
            parts = urlsplit(server_url("POSTGRES"))
            url = parts._replace(netloc=f"{name}:too-l1ttle@127.0.0.1:{parts.port}").geturl()
            checks = examined(home, {**place, "APEX_POSTGRES_URL": url}, 10)
        finally:
            admin.execute(sql.SQL("DROP OWNED BY {}").format(role))
            admin.execute(sql.SQL("DROP ROLE {}").format(role))
    assert statuses(checks, "postgres", "postgres.privileges") == ["ok", "failed"]
    assert "CREATE on schema" in checks["postgres.privileges"]["detail"]
    assert "INSERT on saga" in checks["postgres.privileges"]["detail"]


def test_a_schema_of_a_newer_version(home: Path, place: dict[str, str]) -> None:
    run(home, "ingest", write_lines(home.parent / "seeds.jsonl", SEEDS), "-q", env=place).expect(0)
    with psycopg.connect(server_url("POSTGRES"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("INSERT INTO {}.schema_migration (number, name, checksum) VALUES (9999, 'later', '')").format(
                sql.Identifier(namespace(home))
            )
        )
    checks = examined(home, place, 10)
    assert "9999" in checks["postgres"]["detail"]
    assert "newer apex" in checks["postgres"]["hint"]


@pytest.fixture
def forgetful_redis(short_tmp: Path) -> Iterator[Server]:
    """A Redis that throws out what is old, and keeps nothing over a restart."""
    folder = short_tmp / f"redis-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    server = redis_server.prepare(folder)
    with (folder / "redis.conf").open("a", encoding="utf-8") as settings:
        settings.write("maxmemory 64mb\nmaxmemory-policy allkeys-lru\nappendonly no\n")
    server = server.start()
    try:
        server.await_answer(redis_server.answers, redis_server.START_SECONDS)
        yield server
    finally:
        server.stop()


def test_a_redis_that_evicts(home: Path, place: dict[str, str], forgetful_redis: Server) -> None:
    checks = examined(home, {**place, **redis_server.variables(forgetful_redis)}, 10)
    assert statuses(checks, "cache", "cache.memory", "cache.persistence") == ["ok", "failed", "note"]
    assert "noeviction" in checks["cache.memory"]["hint"]
