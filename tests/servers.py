"""The URLs of servers for tests. Only this module skips a test because a server is missing."""

from __future__ import annotations

import os

import pytest

_REQUIRED = ("GRAPH", "POSTGRES", "REDIS")
"""Required in CI. A Qdrant server needs Docker, so it stays optional."""


def server_url(store: str) -> str:
    """The URL in `APEX_TEST_<store>_URL` (store: GRAPH, POSTGRES, QDRANT or REDIS).

    Skips the test if the variable is not set. If `APEX_TEST_REQUIRE_SERVERS` is set, a missing GRAPH, POSTGRES or REDIS
    is a failure instead.
    """
    name = f"APEX_TEST_{store}_URL"
    url = os.environ.get(name, "")
    if url:
        return url
    if store in _REQUIRED and os.environ.get("APEX_TEST_REQUIRE_SERVERS"):
        pytest.fail(f"{name} is not set, and this run requires the servers")
    pytest.skip(f"{name} is not set")
