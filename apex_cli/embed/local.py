"""The local embedding model: WordLlama (static token vectors, averaged), its weights in the wheel, no network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from apex_cli.embed.embedder import Embedder
from apex_cli.embed.word_by_word import closeness
from apex_cli.errors import EmbedError
from apex_cli.text_cleaning import replace_unencodable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from apex_cli.model import Vectors

MAX_CHARS = 8_000
_CALL_BYTES = 32_768
_CALL_TEXTS = 64
_WEIGHTS = "l2_supercat"


class LocalEmbedder(Embedder):
    """WordLlama with 256 dimensions, loaded at the first call, run in worker threads one call at a time.

    Only the first `MAX_CHARS` characters of a text count. NULs and lone surrogates count as U+FFFD. A text without a
    token that the model knows (the empty text) gets a fixed unit vector that is the same for all such texts.
    """

    name = "wordllama-256"
    dimensions = 256
    noise, sure = 0.10, 0.32

    def __init__(self) -> None:
        self._model: _Model | None = None
        self._calling = asyncio.Lock()

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`."""
        async with self._calling:
            return await asyncio.to_thread(self._embed, [replace_unencodable(text[:MAX_CHARS]) for text in texts])

    async def closeness(self, words: Sequence[str], texts: Sequence[str]) -> Sequence[float]:
        """See `Embedder.closeness`. Raises `EmbedError`."""
        async with self._calling:
            return await asyncio.to_thread(
                lambda: closeness(words, texts, lambda some: self._loaded().average([f" {word}" for word in some]))
            )

    def _loaded(self) -> _Model:
        if self._model is None:
            self._model = _Model(self.dimensions)
        return self._model

    def _embed(self, texts: list[str]) -> Vectors:
        import numpy as np

        model = self._loaded()
        rows = np.empty((len(texts), self.dimensions), dtype=np.float32)
        for places in calls(texts, most_texts=_CALL_TEXTS, most_bytes=_CALL_BYTES):
            rows[places] = model.average([texts[place] for place in places])
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


class _Model:
    """WordLlama's two files: the tokenizer, and one vector for each token.

    They are read here and not by the package, which keeps the vectors in memory, twice as large as in the file (32 MB),
    and imports what it needs for its other models. Here they stay in the file, of which the system keeps the pages
    that are used.
    """

    def __init__(self, dimensions: int) -> None:
        spec = find_spec("wordllama")
        if spec is None or spec.origin is None:
            raise EmbedError("the embedding model (wordllama) is not installed", hint="reinstall apex")
        folder = Path(spec.origin).parent
        try:
            from tokenizers import Tokenizer

            self._vectors = _tensor(folder / f"weights/{_WEIGHTS}_{dimensions}.safetensors", "embedding.weight")
            # The library raises a bare `Exception` for a file that it cannot read.
            self._tokenizer = Tokenizer.from_file(str(folder / f"tokenizers/{_WEIGHTS}_tokenizer_config.json"))
        except Exception as error:
            raise EmbedError(
                f"the embedding model (wordllama) cannot be loaded: {error}", hint="reinstall apex"
            ) from error
        self._tokenizer.enable_padding()
        self._tokenizer.no_truncation()

    def average(self, texts: list[str]) -> Vectors:
        """The average of each text's token vectors, of any length; zero for a text without a token."""
        import numpy as np

        # Without the places of the tokens in the text, which cost as much again.
        encoded = self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        tokens = np.array([one.ids for one in encoded], dtype=np.int32)
        mask = np.array([one.attention_mask for one in encoded], dtype=np.float32)
        # The texts of a call have many tokens in common, and each 16-bit row is converted.
        used, places = np.unique(tokens, return_inverse=True)
        vectors = self._vectors[used].astype(np.float32)[places.reshape(tokens.shape)]
        vectors *= mask[..., np.newaxis]
        average: Vectors = vectors.sum(axis=1) / np.maximum(mask.sum(axis=1, keepdims=True), np.float32(1))
        return average


def _tensor(file: Path, name: str) -> NDArray[np.float16]:
    """One tensor of 16-bit floats, mapped and not read.

    A safetensors file (https://huggingface.co/docs/safetensors) is the length of its head (8 bytes, little-endian), the
    head as JSON, and the tensors; `data_offsets` count from the end of the head.
    """
    import numpy as np

    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        head = json.loads(opened.read(length))[name]
    if head["dtype"] != "F16":
        raise ValueError(f"{name} has the type {head['dtype']}")
    return np.memmap(file, "<f2", mode="r", offset=8 + length + head["data_offsets"][0], shape=tuple(head["shape"]))
