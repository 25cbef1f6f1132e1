"""Embedding by `/v1/embeddings` of OpenAI, Azure or a compatible server (Ollama, vLLM, llama.cpp)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from apex_cli.embed.embedder import Embedder
from apex_cli.errors import EmbedError, ExtractError
from apex_cli.llm.batch import BatchEmbeddings
from apex_cli.llm.cache import AnswerCache, SingleFlight
from apex_cli.llm.connection import Connection, RequestRejected
from apex_cli.llm.embeddings import EmbeddingFormat, requests
from apex_cli.llm.models import Models
from apex_cli.llm.usage import ModelUsage, estimate_tokens

if TYPE_CHECKING:
    from apex_cli.llm.embeddings import Row
    from apex_cli.model import Vectors

    Fetch = Callable[[Mapping[str, str]], Awaitable[Mapping[str, Row]]]
    """Fetches vectors for texts that are not in the cache, by key, and puts them into it.

    Raises `EmbedError`, an `ExtractError` (which the embedder makes an `EmbedError`), `AnswerPending` or `RunHalted`.
    """


class OpenAIEmbedder(Embedder):
    """An `Embedder` with the answer cache: a text is paid for once, in all runs and records.

    A blank text gets a fixed unit vector that is the same for all such texts.
    """

    def __init__(self, format: EmbeddingFormat, cache: AnswerCache, fetch: Fetch) -> None:
        self.name = format.name
        self.dimensions = format.dimensions
        self._format = format
        self._cache = cache
        self._fetch = fetch
        self._flight: SingleFlight[str, Row] = SingleFlight(self._load_or_fetch)

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`. Also raises `AnswerPending` and `RunHalted`."""
        import numpy as np

        sent = [self._format.prepared(text) for text in texts]
        rows = await self._flight.get({self._format.key(text): text for text in sent if text})
        matrix = np.full((len(texts), self.dimensions), self.dimensions**-0.5, dtype=np.float32)
        for place, text in enumerate(sent):
            if text:
                matrix[place] = rows[self._format.key(text)]
        return matrix

    async def close(self) -> None:
        """Cancel all running requests."""
        await self._flight.close()

    async def _load_or_fetch(self, wanted: Mapping[str, str]) -> Mapping[str, Row]:
        cached = await self._cache.get(list(wanted))
        rows = {key: row for key, data in cached.items() if (row := self._format.load(data)) is not None}
        missing = {key: text for key, text in wanted.items() if key not in rows}
        if not missing:
            return rows
        try:
            return {**rows, **(await self._fetch(missing))}
        except ExtractError as error:
            raise EmbedError(error.message, hint=error.hint, code=error.code) from error


class LiveEmbeddings:
    """Asks the server at once: as many texts in a request as fit, all requests at the same time."""

    def __init__(self, connection: Connection, format: EmbeddingFormat, cache: AnswerCache) -> None:
        self._connection = connection
        self._format = format
        self._cache = cache

    async def __call__(self, texts: Mapping[str, str]) -> Mapping[str, Row]:
        """See `Fetch`. When one request fails, the vectors of the others are still cached."""
        parts = await asyncio.gather(
            *(self._part({key: texts[key] for key in keys}) for keys in requests(texts)), return_exceptions=True
        )
        found: dict[str, Row] = {}
        for part in parts:
            if isinstance(part, BaseException):
                raise part
            found.update(part)
        return found

    async def _part(self, texts: Mapping[str, str]) -> Mapping[str, Row]:
        found = dict(zip(texts, await self._ask(list(texts.values())), strict=True))
        await self._cache.put({key: self._format.dump(row) for key, row in found.items()})
        return found

    async def _ask(self, texts: Sequence[str]) -> list[Row]:
        """The vectors of one request. One that is too long is halved: its texts, or its only text."""
        body = self._format.body(texts)
        try:
            answer = await self._connection.send(
                lambda client, timeout: client.embeddings.with_raw_response.create(**body, timeout=timeout),
                model=self._format.model,
                estimate=ModelUsage(calls=1, input_tokens=sum(map(estimate_tokens, texts))),
                used=self._format.used,
            )
        except RequestRejected as error:
            if error.code != "llm_too_long" or (len(texts) == 1 and len(texts[0]) == 1):
                raise
            if len(texts) == 1:
                return await self._ask([texts[0][: len(texts[0]) // 2]])
            middle = len(texts) // 2
            return [*await self._ask(texts[:middle]), *await self._ask(texts[middle:])]
        return self._format.rows(answer, len(texts))


@asynccontextmanager
async def open_embedder(models: Models) -> AsyncIterator[OpenAIEmbedder]:
    """The embedder of the server that `models` are on; in batches with `--llm-batch`. Only for models that embed."""
    format, cache = models.embeddings, models.cache
    assert format is not None
    fetch: Fetch = LiveEmbeddings(models.connection, format, cache)
    if models.batching is not None:
        fetch = BatchEmbeddings(format, models.batching)
    embedder = OpenAIEmbedder(format, cache, fetch)
    try:
        yield embedder
    finally:
        await embedder.close()
