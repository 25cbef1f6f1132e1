"""Vectors for extractions: one call of each embedding model for all distinct texts of a batch."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from apex_cli.embed.embedder import Embedder
from apex_cli.errors import EmbedError
from apex_cli.model import Embedded, Entity, Extraction

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from apex_cli.model import Vectors

CACHE_TEXTS = 5_000
"""About 6 MB with 256 dimensions. A cache four times as large saves only a twelfth of the texts of a mixed load."""


def name_text(kind: str, name: str) -> str:
    """The text that is embedded for an entity: its type and its name."""
    return f"{kind} {name}"


def _entity_text(entity: Entity) -> str:
    return name_text(entity.type.value, entity.name)


class Embedding:
    """The models of a memory: `embedder` for records of fields, `text` for messages and documents.

    `others` are models that records of the memory still have vectors of: they answer questions only. With `statements`
    names and sentences get vectors too, by `embedder`: for a graph that holds them. They are cached, least recently
    used first out: these texts repeat from record to record.
    """

    def __init__(
        self,
        embedder: Embedder,
        text: Embedder | None = None,
        others: Sequence[Embedder] = (),
        *,
        statements: bool = False,
        cache_texts: int = CACHE_TEXTS,
    ) -> None:
        self.embedder = embedder
        self.text = text or embedder
        self.models: Mapping[str, Embedder] = {each.name: each for each in (*others, self.embedder, self.text)}
        """All of them by name."""
        self._statements = statements
        self._cache: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._cache_texts = cache_texts

    async def apply(self, extractions: Sequence[Extraction], is_text: Sequence[bool] = ()) -> list[Embedded]:
        """The extractions with their vectors, in order. Raises `EmbedError` for all of them together.

        `is_text`: whether each is of a message or a document. Without it, none is.
        """
        of_text = is_text or [False] * len(extractions)
        models = [self.text if each else self.embedder for each in of_text]
        recurring = [
            text
            for extraction in (extractions if self._statements else ())
            for text in (*map(_entity_text, extraction.entities), *(claim.sentence for claim in extraction.claims))
        ]
        rows = {text: self._cache[text] for text in recurring if text in self._cache}
        by_model: dict[str, dict[str, NDArray[np.float32]]] = {self.text.name: {}, self.embedder.name: rows}
        wanted: dict[str, list[str]] = {name: [] for name in by_model}
        for model, extraction in zip(models, extractions, strict=True):
            wanted[model.name] += extraction.chunks
        wanted[self.embedder.name] += recurring
        await asyncio.gather(*(_fill(by_model[name], self.models[name], texts) for name, texts in wanted.items()))
        self._remember({text: rows[text] for text in recurring})
        embedded = [
            Embedded(extraction, model.name, _stack(model, extraction.chunks, by_model[model.name]))
            for model, extraction in zip(models, extractions, strict=True)
        ]
        if not self._statements:
            return embedded
        return [
            replace(
                one,
                entity_vectors=_stack(self.embedder, list(map(_entity_text, one.extraction.entities)), rows),
                claim_vectors=_stack(self.embedder, [claim.sentence for claim in one.extraction.claims], rows),
            )
            for one in embedded
        ]

    def _remember(self, rows: dict[str, NDArray[np.float32]]) -> None:
        for text, row in rows.items():
            # A copy: a row of a matrix keeps the whole matrix in memory.
            self._cache[text] = row if row.base is None else row.copy()
            self._cache.move_to_end(text)
        while len(self._cache) > self._cache_texts:
            self._cache.popitem(last=False)


async def _fill(rows: dict[str, NDArray[np.float32]], embedder: Embedder, texts: Sequence[str]) -> None:
    """Add the vectors of those texts that have none yet."""
    fresh = [text for text in dict.fromkeys(texts) if text not in rows]
    if fresh:
        matrix = await embedder.embed(fresh)
        check_vectors(matrix, len(fresh), embedder.dimensions)
        rows.update(zip(fresh, matrix, strict=True))


def _stack(embedder: Embedder, texts: Sequence[str], rows: Mapping[str, NDArray[np.float32]]) -> Vectors:
    import numpy as np

    if not texts:
        return np.empty((0, embedder.dimensions), dtype=np.float32)
    return np.array([rows[text] for text in texts], dtype=np.float32)


def check_vectors(matrix: Vectors, texts: int, dimensions: int) -> None:
    """Raises `EmbedError` unless the matrix has shape (texts, dimensions), float32, and finite values only."""
    import numpy as np

    if matrix.shape != (texts, dimensions) or matrix.dtype != np.float32:
        raise EmbedError(
            f"the model gave vectors of shape {matrix.shape} ({matrix.dtype}), not ({texts}, {dimensions}) (float32)"
        )
    if not np.isfinite(matrix).all():
        raise EmbedError("the model gave vectors with values that are no numbers")
