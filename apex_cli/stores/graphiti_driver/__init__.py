"""Graphiti over the graph that apex writes, for reading: its own search, offline, on either engine."""

import apex_cli.graphiti  # noqa: F401 - before any module here imports graphiti_core itself
