"""What an embedding model is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from apex_cli.model import Vectors


class Embedder(ABC):
    """A model that turns texts into vectors; equal texts give equal vectors, whatever else is in the call."""

    name: str
    """Names the model and its version, and ends with its dimensions (`wordllama-256`).

    Vectors of different names never meet in one collection.
    """

    dimensions: int

    noise: float = 0.0
    """The cosine similarity that a question may have with any text: up to it a text is not found by meaning."""

    sure: float = 0.0
    """The cosine similarity that a question hardly has with a text about something else, although it may share words.

    Both are measured (`search.ranking`), and 0 for a model that was not.
    """

    @abstractmethod
    async def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit-length row a text, in order: shape (texts, dimensions), float32, finite, never zero.

        Raises `EmbedError`. Any text is taken, the empty one too.
        """

    async def question(self, text: str) -> NDArray[np.float32]:
        """The unit vector that texts are searched by: shape (dimensions,). Raises `EmbedError`.

        Some models embed what is asked in another way than what is found. Here: as a text.
        """
        row: NDArray[np.float32] = (await self.embed([text]))[0]
        return row

    async def closeness(self, words: Sequence[str], texts: Sequence[str]) -> Sequence[float] | None:  # noqa: ARG002
        """How near each text is to the words of a question, see `word_by_word`; None where the vectors of whole texts
        say it better.
        """
        return None


def dimensions_of(name: str) -> int:
    """The length of the vectors of the model with this name. Raises `ValueError` for a name without it."""
    return int(name.rpartition("-")[2])
