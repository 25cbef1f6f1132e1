"""Vectors in Qdrant: its engine in this process (`edge`), or a server (`server`)."""

from apex_cli.stores.qdrant.connection import connector
from apex_cli.stores.qdrant.server import QdrantServerStore

__all__ = ["QdrantServerStore", "connector"]
