"""A language model that is never asked the same thing twice: not in a later run, and not at the same time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from apex_cli.errors import ModelAnswerInvalid
from apex_cli.llm.cache import Cache
from apex_cli.llm.protocol import LanguageModel, Prompt
from apex_cli.llm.schema import check
from apex_cli.llm.single_flight import SingleFlight


class CachedModel:
    """Another model with a cache before it. An answer is kept, on disk, before anybody is given it."""

    def __init__(self, model: LanguageModel, cache: Cache) -> None:
        self.name = model.name
        self._model = model
        self._cache = cache
        self._once: SingleFlight[Prompt, Mapping[str, Any]] = SingleFlight(self._fetch)

    async def answer(self, prompt: Prompt) -> Mapping[str, Any]:
        """See `LanguageModel.answer`."""
        key = prompt.key(self.name)
        return (await self._once.get({key: prompt}))[key]

    async def kept(self, prompt: Prompt) -> Mapping[str, Any] | None:
        """The answer, if it is in the cache already; the model is not asked."""
        key = prompt.key(self.name)
        data = (await self._cache.get([key])).get(key)
        return None if data is None else load_answer(data, prompt)

    async def close(self) -> None:
        """Cancel what is still being asked."""
        await self._once.close()

    async def _fetch(self, wanted: Mapping[str, Prompt]) -> Mapping[str, Mapping[str, Any]]:
        [(key, prompt)] = wanted.items()
        answer = await self.kept(prompt)
        if answer is None:
            answer = await self._model.answer(prompt)
            await self._cache.put({key: dump_answer(answer)})
        return {key: answer}


def dump_answer(answer: Mapping[str, Any]) -> bytes:
    """An answer as the cache keeps it."""
    return json.dumps(answer, separators=(",", ":")).encode("ascii")


def load_answer(data: bytes, prompt: Prompt) -> Mapping[str, Any] | None:
    """The answer in a cache's entry; None when it is damaged or does not fit the prompt's schema."""
    try:
        answer = json.loads(data)
        check(answer, prompt.schema)
    except (ValueError, RecursionError, ModelAnswerInvalid):
        return None
    return answer if isinstance(answer, dict) else None
