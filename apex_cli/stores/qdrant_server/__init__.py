"""Vectors on a Qdrant server, by its official asynchronous client."""

from apex_cli.stores.qdrant_server.connection import connector
from apex_cli.stores.qdrant_server.store import QdrantServerStore

__all__ = ["QdrantServerStore", "connector"]
