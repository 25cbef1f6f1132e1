"""What the rest of apex asks of an embedding model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from apex_cli.model import Vectors


class Embedder(Protocol):
    """A model that turns texts into vectors; equal texts give equal vectors, whatever else is in the call."""

    name: str
    """Names the model and its version (`wordllama-256`): vectors of different names never meet in one collection."""

    dimensions: int

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit-length row a text, in order: shape (texts, dimensions), float32, finite, never zero.

        Raises `EmbedError`. Any text is taken, the empty one too.
        """
