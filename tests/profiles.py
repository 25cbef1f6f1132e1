"""Which engines stand behind a test's home: the embedded ones, or with `APEX_TEST_PROFILE=servers` the servers.

On servers every home has a namespace of its own there, so tests meet as little as they do embedded. The vectors stay
embedded in the home unless `APEX_TEST_QDRANT_URL` names a server.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from tests import namespaces
from tests.servers import server_url

SERVERS = os.environ.get("APEX_TEST_PROFILE") == "servers"
_OPTIONAL = ("GRAPH_USER", "GRAPH_PASSWORD", "QDRANT_URL", "QDRANT_API_KEY")


def namespace(home: Path) -> str:
    """The namespace of a home: homes of tests have paths of their own."""
    return f"t{hashlib.blake2b(bytes(home), digest_size=10).hexdigest()}"


def variables(home: Path) -> dict[str, str]:
    """What the environment of a run on this home says of stores; nothing for embedded ones."""
    return on_servers(home) if SERVERS else {}


def on_servers(home: Path) -> dict[str, str]:
    """The same for servers, whatever the profile. Skips the test where there are none (see `server_url`)."""
    found = {f"APEX_{store}_URL": server_url(store) for store in ("GRAPH", "POSTGRES", "REDIS")}
    for name in _OPTIONAL:
        if value := os.environ.get(f"APEX_TEST_{name}"):
            found[f"APEX_{name}"] = value
    return {**found, "APEX_NAMESPACE": namespace(home)}


def clean_up(home: Path) -> None:
    """Remove a home's namespace from the servers."""
    if SERVERS:
        namespaces.drop(namespace(home))


def lose(home: Path, store: str) -> None:
    """Take all data of the graph, the vectors or the cache away, as a failed disk would."""
    elsewhere = {"graph": namespaces.drop_graph, "cache": namespaces.drop_keys}
    if os.environ.get("APEX_TEST_QDRANT_URL"):
        elsewhere["vectors"] = namespaces.drop_collections
    if SERVERS and store in elsewhere:
        elsewhere[store](namespace(home))
    else:
        shutil.rmtree(home / {"graph": "graph", "vectors": "vectors", "cache": "valkey/data"}[store])
