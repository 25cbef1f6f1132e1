"""Servers that tests may use, by URL: the one place that skips where there is none."""

from __future__ import annotations

import os

import pytest

_REQUIRED = ("GRAPH", "POSTGRES", "REDIS")
"""Must be there in CI; a Qdrant server can be had only where Docker is."""


def server_url(store: str) -> str:
    """The URL in `APEX_TEST_<store>_URL` (store: GRAPH, POSTGRES, QDRANT or REDIS).

    Skips the test where the variable is not set. With `CI` and `APEX_TEST_REQUIRE_SERVERS` set a missing GRAPH,
    POSTGRES or REDIS is a failure instead.
    """
    name = f"APEX_TEST_{store}_URL"
    url = os.environ.get(name, "")
    if url:
        return url
    if store in _REQUIRED and os.environ.get("CI") and os.environ.get("APEX_TEST_REQUIRE_SERVERS"):
        pytest.fail(f"{name} is not set, and this run requires the servers")
    pytest.skip(f"{name} is not set")
