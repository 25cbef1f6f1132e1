"""The local embedding model: WordLlama (static token vectors, averaged), its weights in the wheel, no network."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apex_cli.embed.embedder import Embedder
from apex_cli.errors import EmbedError
from apex_cli.text_cleaning import replace_unencodable

if TYPE_CHECKING:
    from apex_cli.model import Vectors

MAX_CHARS = 8_000
_CALL_BYTES = 32_768
_CALL_TEXTS = 64


class LocalEmbedder(Embedder):
    """WordLlama with 256 dimensions, loaded at the first call, run in worker threads one call at a time.

    Only the first `MAX_CHARS` characters of a text count. NULs and lone surrogates count as U+FFFD. A text without a
    token that the model knows (the empty text) gets a fixed unit vector that is the same for all such texts.
    """

    name = "wordllama-256"
    dimensions = 256
    noise, sure = 0.10, 0.32

    def __init__(self) -> None:
        self._model: Any = None
        self._calling = asyncio.Lock()

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`."""
        async with self._calling:
            return await asyncio.to_thread(self._embed, [replace_unencodable(text[:MAX_CHARS]) for text in texts])

    def _embed(self, texts: list[str]) -> Vectors:
        import numpy as np

        if self._model is None:
            self._model = _load(self.dimensions)
        rows = np.empty((len(texts), self.dimensions), dtype=np.float32)
        for places in calls(texts, most_texts=_CALL_TEXTS, most_bytes=_CALL_BYTES):
            rows[places] = self._model.embed([texts[place] for place in places], norm=False, batch_size=_CALL_TEXTS)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        known = np.isfinite(lengths) & (lengths > 1e-6)
        fallback = np.float32(self.dimensions**-0.5)
        return np.where(known, rows / np.where(known, lengths, 1.0), fallback).astype(np.float32)


def calls(texts: Sequence[str], *, most_texts: int, most_bytes: int) -> Iterator[list[int]]:
    """Positions of texts of similar length, in parts for one call: a model pads each text to the longest of its call.

    A token is at least one byte, so the padded tokens of a call stay below `most_bytes` (or those of its one text).
    """
    sizes = [len(text.encode()) for text in texts]
    call: list[int] = []
    for place in sorted(range(len(texts)), key=sizes.__getitem__):
        if call and (len(call) == most_texts or sizes[place] * (len(call) + 1) > most_bytes):
            yield call
            call = []
        call.append(place)
    if call:
        yield call


def _load(dimensions: int) -> Any:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        # The bundled tokenizer is found only when cache_dir is the package's own folder.
        spec = find_spec("wordllama")
        if spec is None or spec.origin is None:
            raise EmbedError("the embedding model (wordllama) is not installed", hint="reinstall apex")
        from wordllama import WordLlama  # type: ignore[import-untyped]

        return WordLlama.load(dim=dimensions, cache_dir=Path(spec.origin).parent, disable_download=True)
    except (ImportError, OSError, ValueError) as error:
        raise EmbedError(f"the embedding model (wordllama) cannot be loaded: {error}", hint="reinstall apex") from error
    finally:
        # Importing wordllama configures the root logger: undo that.
        root.handlers[:] = handlers
        root.setLevel(level)
