"""Embeddings: hashed bags of words, so that texts with words in common are near each other."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tests.openai_server.errors import ApiError

_SIZES = {"text-embedding-3-large": 3072, "text-embedding-3-small": 1536, "text-embedding-ada-002": 1536}


def words(text: str) -> list[str]:
    """The words of a text in small letters."""
    return re.findall(r"\w+", text.casefold())


def dimensions(model: str, asked: int | None) -> int:
    """How long vectors are: as asked, else the model's own (unknown models: 1,536). Raises ApiError beyond that."""
    size = _SIZES.get(model, 1536)
    if asked is not None and not 1 <= asked <= size:
        raise ApiError(
            400, f"Invalid value for 'dimensions' = {asked}. Must be between 1 and {size}.", param="dimensions"
        )
    return asked or size


def vector(text: str, size: int) -> NDArray[np.float32]:
    """A unit vector, shape (size,); a text without words gets that of its characters."""
    total = np.zeros(size, np.float64)
    for word in words(text) or [text]:
        total += _direction(word, size)
    return (total / np.linalg.norm(total)).astype(np.float32)


@lru_cache(maxsize=20_000)
def _direction(word: str, size: int) -> NDArray[np.float64]:
    seed = int.from_bytes(hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest())
    return np.random.default_rng(seed).standard_normal(size)


def base64_of(row: NDArray[np.float32]) -> str:
    """Little-endian float32, in base64: OpenAI's `encoding_format: base64`."""
    return base64.b64encode(row.astype("<f4").tobytes()).decode()
