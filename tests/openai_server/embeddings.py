"""`/v1/embeddings`, with OpenAI's own limits: 2,048 inputs, 8,192 tokens an input, 300,000 a request, no empty ones."""

from __future__ import annotations

from typing import Any

from tests.openai_server import tokens
from tests.openai_server.errors import ApiError, missing
from tests.openai_server.vectors import base64_of, dimensions, vector

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
    counted = [tokens.count(text) for text in texts]
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
    used = sum(tokens.count(text) for text in texts)
    return {"object": "list", "data": data, "model": model, "usage": {"prompt_tokens": used, "total_tokens": used}}
