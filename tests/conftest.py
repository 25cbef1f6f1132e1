"""Fixtures for all tests. Engines are real; what is shared by a worker is only a server process, never a database."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from hypothesis import settings

from apex_cli.embedded.home import Home
from apex_cli.embedded.postgres import EmbeddedPostgres
from apex_cli.stores.postgres.connection import Database
from tests.memory import memory_folder
from tests.profiles import SERVERS

# Engines write all through to the disk, and tests make hundreds of homes. A kill loses nothing that is in memory.
if (memory := memory_folder()) is not None:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))

# A slow machine is no failure.
settings.register_profile("apex", deadline=None)
settings.load_profile("apex")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is about the embedded engines, or the same on all of them, where the tests run on servers."""
    if SERVERS:
        left_out = [item for item in items if any(map(item.get_closest_marker, ("embedded", "any_engine")))]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def short_tmp() -> Iterator[Path]:
    """A folder with a short path: unix sockets and users without rights to pytest's own folder need one."""
    path = Path(tempfile.mkdtemp(prefix="apex", dir=memory))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def postgres_server(short_tmp: Path) -> Iterator[EmbeddedPostgres]:
    """One PostgreSQL a test worker; every test has a schema of its own in it."""
    home = Home(short_tmp / "pg")
    home.create()
    server = EmbeddedPostgres(home.postgres)
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def database(postgres_server: EmbeddedPostgres) -> AsyncIterator[Database]:
    """A migrated, empty namespace."""
    opened = Database(postgres_server.dsn, namespace=f"t{uuid.uuid4().hex[:20]}", timeout=30)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def without_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the extra `ocr` is not installed: its module cannot be found."""
    found = importlib.util.find_spec

    def find_spec(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "rapidocr" else found(name, package)

    monkeypatch.setattr("apex_cli.extras.find_spec", find_spec)
