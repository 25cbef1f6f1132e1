"""A language model that is never asked the same thing twice: not in a later run, and not at the same time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from apex_cli.errors import ModelAnswerInvalid
from apex_cli.llm.cache import Cache
from apex_cli.llm.protocol import LanguageModel, Prompt
from apex_cli.llm.schema import check


class CachedModel:
    """Another model with a cache before it. An answer is kept, on disk, before anybody is given it.

    A prompt that is being asked is not asked again: who comes second waits for the same answer (or gets the same
    error). Such a request goes on when one of them is cancelled, for it is paid for all the same.
    """

    def __init__(self, model: LanguageModel, cache: Cache) -> None:
        self.name = model.name
        self._model = model
        self._cache = cache
        self._asked: dict[str, asyncio.Task[Mapping[str, Any]]] = {}

    async def answer(self, prompt: Prompt) -> Mapping[str, Any]:
        """See `LanguageModel.answer`."""
        key = prompt.key(self.name)
        task = self._asked.get(key)
        if task is None:
            task = self._asked[key] = asyncio.ensure_future(self._answer(key, prompt))
            task.add_done_callback(lambda done: self._done(key, done))
        return await asyncio.shield(task)

    async def has(self, prompt: Prompt) -> bool:
        """Whether the answer is kept already."""
        return prompt.key(self.name) in await self._cache.get([prompt.key(self.name)])

    async def close(self) -> None:
        """Cancel what is still being asked."""
        tasks = list(self._asked.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, key: str, prompt: Prompt) -> Mapping[str, Any]:
        kept = (await self._cache.get([key])).get(key)
        if kept is not None and (answer := load_answer(kept, prompt)) is not None:
            return answer
        answer = await self._model.answer(prompt)
        await self._cache.put({key: dump_answer(answer)})
        return answer

    def _done(self, key: str, task: asyncio.Task[Mapping[str, Any]]) -> None:
        self._asked.pop(key, None)
        if not task.cancelled():
            # Seen here, so that nothing is logged when everybody who waited for it was cancelled.
            task.exception()


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
