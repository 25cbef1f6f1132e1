"""Embedding by `/v1/embeddings`: OpenAI, Azure, or any server that speaks as it does (Ollama, vLLM, llama.cpp)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from apex_cli.errors import EmbedError, ExtractError
from apex_cli.llm.cache import Cache
from apex_cli.llm.connection import Connection
from apex_cli.llm.embeddings import ROUTE, EmbeddingForm, requests
from apex_cli.llm.failures import RequestRejected
from apex_cli.llm.single_flight import SingleFlight
from apex_cli.llm.tokens import estimate
from apex_cli.llm.usage import ModelUsage

if TYPE_CHECKING:
    from apex_cli.llm.embeddings import Row
    from apex_cli.model import Vectors

    Fetch = Callable[[Mapping[str, str]], Awaitable[Mapping[str, Row]]]
    """Vectors for texts that are not in the cache, by key, kept there when it returns.

    Raises `EmbedError`, an `ExtractError` that is to be one, `AnswerPending` or a `RunHalted`.
    """


class OpenAIEmbedder:
    """An `Embedder` with a cache before it: a text is paid for once, in whatever run or record it comes again.

    A text without anything to read (the empty one) gets a fixed unit vector that is the same for all such texts.
    """

    def __init__(self, form: EmbeddingForm, cache: Cache, fetch: Fetch) -> None:
        self.name = form.name
        self.dimensions = form.dimensions
        self._form = form
        self._cache = cache
        self._fetch = fetch
        self._once: SingleFlight[str, Row] = SingleFlight(self._found)

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`. Also raises `AnswerPending` and `RunHalted`."""
        import numpy as np

        sent = [self._form.prepared(text) for text in texts]
        rows = await self._once.get({self._form.key(text): text for text in sent if text})
        matrix = np.full((len(texts), self.dimensions), self.dimensions**-0.5, dtype=np.float32)
        for place, text in enumerate(sent):
            if text:
                matrix[place] = rows[self._form.key(text)]
        return matrix

    async def close(self) -> None:
        """Cancel what is still being asked."""
        await self._once.close()

    async def _found(self, wanted: Mapping[str, str]) -> Mapping[str, Row]:
        kept = await self._cache.get(list(wanted))
        rows = {key: row for key, data in kept.items() if (row := self._form.kept(data)) is not None}
        missing = {key: text for key, text in wanted.items() if key not in rows}
        if not missing:
            return rows
        try:
            return {**rows, **(await self._fetch(missing))}
        except ExtractError as error:
            raise EmbedError(error.message, hint=error.hint, code=error.code) from error


class LiveEmbeddings:
    """Asks the server now: as many texts a request as fit, requests side by side."""

    def __init__(self, connection: Connection, form: EmbeddingForm, cache: Cache) -> None:
        self._connection = connection
        self._form = form
        self._cache = cache

    async def __call__(self, texts: Mapping[str, str]) -> Mapping[str, Row]:
        """See `Fetch`. What other requests brought is kept when one fails."""
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
        await self._cache.put({key: self._form.dumped(row) for key, row in found.items()})
        return found

    async def _ask(self, texts: Sequence[str]) -> list[Row]:
        """A request that is too long after all is halved: its texts, or the one text, whose end is cut off."""
        try:
            answer = await self._connection.post(
                ROUTE,
                self._form.body(texts),
                model=self._form.model,
                estimate=ModelUsage(calls=1, input_tokens=sum(map(estimate, texts))),
                used=self._form.used,
            )
        except RequestRejected as error:
            if error.code != "llm_too_long" or (len(texts) == 1 and len(texts[0]) == 1):
                raise
            if len(texts) == 1:
                return await self._ask([texts[0][: len(texts[0]) // 2]])
            middle = len(texts) // 2
            return [*await self._ask(texts[:middle]), *await self._ask(texts[middle:])]
        return self._form.rows(answer, len(texts))
