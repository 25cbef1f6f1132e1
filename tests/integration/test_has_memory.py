"""Whether there is a memory: looked at, never made."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from apex_cli.addresses import StoreUrl
from apex_cli.config import load
from apex_cli.embedded.postgres import EmbeddedPostgres
from apex_cli.pipeline.reading import has_memory
from apex_cli.stores.postgres.connection import Database

pytestmark = pytest.mark.embedded


async def test_servers_have_a_memory_once_its_schema_is_there(
    tmp_path: Path, postgres_server: EmbeddedPostgres
) -> None:
    settings = replace(
        load({"home": tmp_path / "home", "namespace": f"t{uuid.uuid4().hex[:20]}"}, environ={}),
        graph_url=StoreUrl("bolt://graph.invalid"),
        postgres_url=StoreUrl(postgres_server.dsn),
        qdrant_url=StoreUrl("http://vectors.invalid"),
        redis_url=StoreUrl("redis://cache.invalid"),
    )
    assert not await has_memory(settings)
    assert not await has_memory(settings), "the question has made what it asked for"
    made = Database(postgres_server.dsn, namespace=settings.namespace, timeout=30)
    await made.open()
    await made.close()
    assert await has_memory(settings)
    assert not (tmp_path / "home").exists()


async def test_a_home_has_a_memory_once_a_run_was_there(tmp_path: Path) -> None:
    home = tmp_path / "home"
    settings = load({"home": home}, environ={})
    assert not await has_memory(settings)
    home.mkdir()
    (home / "notes.txt").touch()
    assert not await has_memory(settings)
    (home / "lock").touch()
    assert not await has_memory(settings), "PostgreSQL has not been made yet"
    (home / "postgres" / "data").mkdir(parents=True)
    assert await has_memory(settings)
