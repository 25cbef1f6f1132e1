"""Vectors on a Qdrant server, by its official asynchronous client."""

from apex_cli.stores.qdrant.connection import connector
from apex_cli.stores.qdrant.server import QdrantServerStore

__all__ = ["QdrantServerStore", "connector"]
