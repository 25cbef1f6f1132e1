"""Graphiti over the embedded graph, for reading: its own search, offline, on what apex wrote."""

import apex_cli.graphiti  # noqa: F401 - before any module here imports graphiti_core itself
