"""`/v1/embeddings` with OpenAI's own limits. A vector is a hashed bag of words: texts with words in common are near."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.openai_server.errors import ApiError, missing
from tests.openai_server.limits import count_tokens

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


MOST_INPUTS = 2048
MOST_TOKENS_AN_INPUT = 8192
MOST_TOKENS = 300_000


def inputs(body: dict[str, Any]) -> list[str]:
    """The texts of a request, checked. Raises ApiError for what OpenAI refuses, and for token ids."""
    given = body.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise missing("input")
    if len(texts) > MOST_INPUTS:
        raise ApiError(400, f"Invalid 'input': array too long. Expected at most {MOST_INPUTS}.", param="input")
    if not all(texts):
        raise ApiError(400, "Invalid 'input': input cannot be an empty string.", param="input")
    counted = [count_tokens(text) for text in texts]
    if max(counted) > MOST_TOKENS_AN_INPUT:
        raise ApiError(400, f"This model's maximum context length is {MOST_TOKENS_AN_INPUT} tokens.", param="input")
    if sum(counted) > MOST_TOKENS:
        raise ApiError(400, f"Requested {sum(counted)} tokens, max {MOST_TOKENS} tokens per request", param="input")
    return texts


def embeddings(body: dict[str, Any], texts: list[str]) -> dict[str, Any]:
    """The `list` of `embedding` objects, in the order of the texts."""
    model = str(body.get("model"))
    size = dimensions(model, body.get("dimensions"))
    form = body.get("encoding_format", "float")
    if form not in ("float", "base64"):
        raise ApiError(400, f"Invalid value: '{form}'.", param="encoding_format")
    made = (vector(text, size) for text in texts)
    data = [
        {"object": "embedding", "index": number, "embedding": base64_of(row) if form == "base64" else row.tolist()}
        for number, row in enumerate(made)
    ]
    used = sum(count_tokens(text) for text in texts)
    return {"object": "list", "data": data, "model": model, "usage": {"prompt_tokens": used, "total_tokens": used}}
