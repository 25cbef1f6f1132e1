"""The form of `/v1/embeddings`: an embedding model's requests as plain JSON, and the vectors in its answers."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from apex_cli.errors import ConfigError, EmbedError
from apex_cli.llm.tokens import estimate
from apex_cli.llm.usage import ModelUsage
from apex_cli.llm.wire import sendable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Row = NDArray[np.float32]
    """One vector of length one."""

ROUTE = "/embeddings"
NATIVE: Mapping[str, int] = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
}
"""How long the vectors of OpenAI's models are, if one does not ask for shorter ones."""
MAX_CHARS = 24_000
"""A text's first so many characters count: about 8,000 tokens, which is what OpenAI's models take."""
_CALL_TEXTS = 512
_CALL_TOKENS = 100_000
"""OpenAI takes 2,048 texts and 300,000 tokens a request; these leave room for estimates that are too low."""


class EmbeddingForm:
    """One model's requests and answers. `dimensions` None: as many as OpenAI's model has.

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
        # Servers refuse `dimensions` for models that have only one length.
        self._asked = length if native is not None and length != native else None
        self.name = f"{re.sub('[^A-Za-z0-9.]+', '-', model).strip('-')}-{length}"

    def key(self, text: str) -> str:
        """A text's address in caches: 64 hexadecimal digits, BLAKE2b-256 of model, length and text."""
        content = f"{self.name}\0{text}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(content, digest_size=32, person=b"apex-embedding").hexdigest()

    @staticmethod
    def prepared(text: str) -> str:
        """What is sent of a text: its first `MAX_CHARS`; "" when there is nothing in it to read."""
        cut = sendable(text[:MAX_CHARS])
        return cut if cut.strip() else ""

    def body(self, texts: Sequence[str]) -> dict[str, Any]:
        """The body of `POST /embeddings`."""
        body: dict[str, Any] = {"model": self.model, "input": list(texts), "encoding_format": "base64"}
        return body if self._asked is None else body | {"dimensions": self._asked}

    def rows(self, answer: Mapping[str, Any], count: int) -> list[Row]:
        """Unit vectors in the order of the texts. Raises `EmbedError` for anything but `count` of the right length."""
        try:
            data = sorted(answer["data"], key=lambda one: int(one["index"]))
            rows = [self._unit(one["embedding"]) for one in data]
        except (KeyError, TypeError, ValueError) as error:
            raise EmbedError(f"{self.model} gave no vectors that can be read: {error}") from error
        if len(rows) != count:
            raise EmbedError(f"{self.model} gave {len(rows)} vectors for {count} texts")
        return rows

    @staticmethod
    def dumped(row: Row) -> bytes:
        """A vector as the cache keeps it: little-endian float32."""
        return row.astype("<f4").tobytes()

    def kept(self, data: bytes) -> Row | None:
        """The vector in a cache's entry; None when it is damaged."""
        import numpy as np

        if len(data) != 4 * self.dimensions:
            return None
        row = np.frombuffer(data, dtype="<f4").astype(np.float32)
        return row if abs(float(np.linalg.norm(row)) - 1.0) < 1e-3 else None

    @staticmethod
    def used(answer: Mapping[str, Any]) -> ModelUsage:
        """What an answer says that it took."""
        told = answer.get("usage") or {}
        return ModelUsage(calls=1, input_tokens=int(told.get("prompt_tokens") or told.get("total_tokens") or 0))

    def _unit(self, given: str | Sequence[float]) -> Row:
        """Base64 of little-endian float32 as asked for, or a list of numbers from servers that do not know that."""
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
    """The keys of texts, a request's worth at a time."""
    call: list[str] = []
    tokens = 0
    for key, text in texts.items():
        size = estimate(text)
        if call and (len(call) == _CALL_TEXTS or tokens + size > _CALL_TOKENS):
            yield call
            call, tokens = [], 0
        call.append(key)
        tokens += size
    if call:
        yield call
