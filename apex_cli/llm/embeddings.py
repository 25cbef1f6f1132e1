"""`/v1/embeddings`: an embedding model's requests as plain JSON, and the vectors in its answers."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from apex_cli.errors import ConfigError, EmbedError
from apex_cli.llm.usage import ModelUsage, estimate_tokens, in_parts
from apex_cli.text_cleaning import replace_unencodable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from openai.types import CreateEmbeddingResponse

    Row = NDArray[np.float32]
    """One vector of length one."""

ROUTE = "/embeddings"
NATIVE: Mapping[str, int] = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
}
"""The lengths of the vectors of OpenAI's models, unless a request names a shorter one."""
MAX_CHARS = 24_000
"""Longer texts are cut: these are about 8,000 tokens, which is what OpenAI's models take."""
_CALL_TEXTS = 512
_CALL_TOKENS = 100_000
"""OpenAI takes 2,048 texts and 300,000 tokens a request; these leave room for estimates that are too low."""


class EmbeddingFormat:
    """One model's requests and answers. `dimensions` None: the length that OpenAI's model has.

    Raises `ConfigError` for a model of unknown length.
    """

    def __init__(self, model: str, dimensions: int | None) -> None:
        native = NATIVE.get(model)
        length = dimensions or native
        if length is None:
            raise ConfigError(
                f"the length of the vectors of {model} is not known", hint="set APEX_EMBEDDING_DIMENSIONS to it"
            )
        self.model = model
        self.dimensions = length
        # Servers reject `dimensions` for models that have only one length.
        self._requested = length if native is not None and length != native else None
        self.name = f"{re.sub('[^A-Za-z0-9.]+', '-', model).strip('-')}-{length}"

    def key(self, text: str) -> str:
        """A text's address in caches: 64 hexadecimal digits, BLAKE2b-256 of model, length and text."""
        content = f"{self.name}\0{text}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(content, digest_size=32, person=b"apex-embedding").hexdigest()

    @staticmethod
    def prepared(text: str) -> str:
        """The part of a text that is sent: its first `MAX_CHARS`; "" when it is blank."""
        cut = replace_unencodable(text[:MAX_CHARS])
        return cut if cut.strip() else ""

    def body(self, texts: Sequence[str]) -> dict[str, Any]:
        """The body of `POST /embeddings`."""
        body: dict[str, Any] = {"model": self.model, "input": list(texts), "encoding_format": "base64"}
        return body if self._requested is None else body | {"dimensions": self._requested}

    def rows(self, answer: CreateEmbeddingResponse, count: int) -> list[Row]:
        """Unit vectors in the order of the texts. Raises `EmbedError` for anything but `count` of the right length."""
        try:
            data = sorted(answer.data, key=lambda item: int(item.index))
            rows = [self._unit(item.embedding) for item in data]
        except (AttributeError, TypeError, ValueError) as error:
            raise EmbedError(f"{self.model} gave no vectors that can be read: {error}") from error
        if len(rows) != count:
            raise EmbedError(f"{self.model} gave {len(rows)} vectors for {count} texts")
        return rows

    @staticmethod
    def dump(row: Row) -> bytes:
        """A vector as the cache keeps it: little-endian float32."""
        return row.astype("<f4").tobytes()

    def load(self, data: bytes) -> Row | None:
        """The vector in a cache's entry; None when it is damaged."""
        import numpy as np

        if len(data) != 4 * self.dimensions:
            return None
        row = np.frombuffer(data, dtype="<f4").astype(np.float32)
        return row if abs(float(np.linalg.norm(row)) - 1.0) < 1e-3 else None

    @staticmethod
    def used(answer: CreateEmbeddingResponse) -> ModelUsage:
        """The usage that an answer states; some compatible servers omit it, in whole or in part."""
        usage = answer.usage
        return ModelUsage(1, 0 if usage is None else int(usage.prompt_tokens or usage.total_tokens or 0))

    def _unit(self, given: str | Sequence[float]) -> Row:
        """A unit vector from base64 of little-endian float32, or from a list of numbers, as some servers send it."""
        import numpy as np

        if isinstance(given, str):
            row = np.frombuffer(base64.b64decode(given, validate=True), dtype="<f4").astype(np.float64)
        else:
            row = np.asarray(given, dtype=np.float64)
        if row.shape != (self.dimensions,):
            raise ValueError(f"the length is {row.size}, not {self.dimensions} (see APEX_EMBEDDING_DIMENSIONS)")
        length = float(np.linalg.norm(row))
        if not 1e-12 < length < float("inf"):
            raise ValueError("a vector has no direction")
        return (row / length).astype(np.float32)


def requests(texts: Mapping[str, str]) -> Iterator[list[str]]:
    """The keys of texts, in parts that each fit one request."""
    return in_parts(
        ((key, estimate_tokens(text)) for key, text in texts.items()), count=_CALL_TEXTS, total=_CALL_TOKENS
    )
