"""Vectors for extractions: one call of the embedding model for all distinct texts of a batch."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from apex_cli.errors import EmbedError
from apex_cli.model import Embedded, Entity, Extraction

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from apex_cli.model import Vectors

CACHE_TEXTS = 5_000
"""About 6 MB with 256 dimensions. A cache four times as large saves only a twelfth of the texts of a mixed load."""


class Embedder(Protocol):
    """A model that turns texts into vectors; equal texts give equal vectors, whatever else is in the call."""

    name: str
    """Names the model and its version (`wordllama-256`): vectors of different names never meet in one collection."""

    dimensions: int

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit-length row a text, in order: shape (texts, dimensions), float32, finite, never zero.

        Raises `EmbedError`. Any text is taken, the empty one too.
        """


def entity_text(entity: Entity) -> str:
    """The text that is embedded for an entity: its type and its name."""
    return f"{entity.type.value} {entity.name}"


class Embedding:
    """An embedder with a bounded cache, least recently used first out, of the texts of entities and claims.

    These repeat from record to record; chunks do not and are not cached.
    """

    def __init__(self, embedder: Embedder, *, cache_texts: int = CACHE_TEXTS) -> None:
        self.embedder = embedder
        self._cache: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._cache_texts = cache_texts

    async def apply(self, extractions: Sequence[Extraction]) -> list[Embedded]:
        """The extractions with their vectors, in order. Raises `EmbedError` for all of them together."""
        recurring = [
            text
            for extraction in extractions
            for text in (*map(entity_text, extraction.entities), *(claim.sentence for claim in extraction.claims))
        ]
        chunks = [chunk for extraction in extractions for chunk in extraction.chunks]
        rows = {text: self._cache[text] for text in recurring if text in self._cache}
        fresh = [text for text in dict.fromkeys([*chunks, *recurring]) if text not in rows]
        if fresh:
            matrix = await self.embedder.embed(fresh)
            check_vectors(matrix, len(fresh), self.embedder.dimensions)
            rows.update(zip(fresh, matrix, strict=True))
        self._remember({text: rows[text] for text in recurring})
        return [
            Embedded(
                extraction=extraction,
                chunk_vectors=self._stack(extraction.chunks, rows),
                entity_vectors=self._stack([entity_text(entity) for entity in extraction.entities], rows),
                claim_vectors=self._stack([claim.sentence for claim in extraction.claims], rows),
            )
            for extraction in extractions
        ]

    def _stack(self, texts: Sequence[str], rows: dict[str, NDArray[np.float32]]) -> Vectors:
        import numpy as np

        if not texts:
            return np.empty((0, self.embedder.dimensions), dtype=np.float32)
        return np.array([rows[text] for text in texts], dtype=np.float32)

    def _remember(self, rows: dict[str, NDArray[np.float32]]) -> None:
        for text, row in rows.items():
            # A copy: a row of a matrix keeps the whole matrix in memory.
            self._cache[text] = row if row.base is None else row.copy()
            self._cache.move_to_end(text)
        while len(self._cache) > self._cache_texts:
            self._cache.popitem(last=False)


def check_vectors(matrix: Vectors, texts: int, dimensions: int) -> None:
    """Raises `EmbedError` unless the matrix has shape (texts, dimensions), float32, and finite values only."""
    import numpy as np

    if matrix.shape != (texts, dimensions) or matrix.dtype != np.float32:
        raise EmbedError(
            f"the model gave vectors of shape {matrix.shape} ({matrix.dtype}), not ({texts}, {dimensions}) (float32)"
        )
    if not np.isfinite(matrix).all():
        raise EmbedError("the model gave vectors with values that are no numbers")
