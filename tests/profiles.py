"""The engines that a test's home uses: the embedded ones, or with `APEX_TEST_PROFILE=servers` the servers.

On servers each home has a namespace of its own, so tests do not share data. The vectors stay embedded in the home
unless `APEX_TEST_QDRANT_URL` names a server.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from apex_cli.config import load
from apex_cli.stores.factory import Stores, open_stores
from tests import namespaces
from tests.servers import server_url

SERVERS = os.environ.get("APEX_TEST_PROFILE") == "servers"
_OPTIONAL = ("GRAPH_USER", "GRAPH_PASSWORD", "QDRANT_URL", "QDRANT_API_KEY")


def namespace(home: Path) -> str:
    """The namespace of a home: homes of tests have paths of their own."""
    return f"t{hashlib.blake2b(bytes(home), digest_size=10).hexdigest()}"


def variables(home: Path) -> dict[str, str]:
    """The environment variables that name the stores of this home; none for embedded ones."""
    return on_servers(home) if SERVERS else {}


def on_servers(home: Path) -> dict[str, str]:
    """The same for servers, whatever the profile. Skips the test if there are none (see `server_url`)."""
    found = {f"APEX_{store}_URL": server_url(store) for store in ("GRAPH", "POSTGRES", "REDIS")}
    for name in _OPTIONAL:
        if value := os.environ.get(f"APEX_TEST_{name}"):
            found[f"APEX_{name}"] = value
    return {**found, "APEX_NAMESPACE": namespace(home)}


@asynccontextmanager
async def opened(home: Path, env: Mapping[str, str] | None = None) -> AsyncIterator[Stores]:
    """The four stores of a home, opened as apex opens them. `env` names the servers, if they are not the profile's."""
    environ = variables(home) if env is None else env
    async with open_stores(load({"home": home}, cwd=home.parent, environ=environ)) as stores:
        yield stores


def clean_up(home: Path) -> None:
    """Remove a home's namespace from the servers."""
    if SERVERS:
        namespaces.drop(namespace(home))


def lose(home: Path, store: str) -> None:
    """Remove all data of the graph, the vectors or the cache, as a failed disk would."""
    elsewhere = {"graph": namespaces.drop_graph, "cache": namespaces.drop_keys}
    if os.environ.get("APEX_TEST_QDRANT_URL"):
        elsewhere["vectors"] = namespaces.drop_collections
    if SERVERS and store in elsewhere:
        elsewhere[store](namespace(home))
    else:
        shutil.rmtree(home / {"graph": "graph", "vectors": "vectors", "cache": "valkey/data"}[store])
