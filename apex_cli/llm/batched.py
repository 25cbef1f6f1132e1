"""Models whose answers come in batches: asked for what is not in the cache, they queue it and say so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from apex_cli.errors import AnswerPending
from apex_cli.llm.batch import Batching, Wanted
from apex_cli.llm.client import OpenAIModel
from apex_cli.llm.embeddings import ROUTE, EmbeddingForm
from apex_cli.llm.protocol import Prompt
from apex_cli.llm.tokens import estimate
from apex_cli.llm.usage import ModelUsage

if TYPE_CHECKING:
    from apex_cli.llm.embeddings import Row


class BatchModel:
    """A `LanguageModel` to stand behind a cache. Its name is that of the live model, so they share their answers."""

    def __init__(self, live: OpenAIModel, batching: Batching) -> None:
        self.name = live.name
        self._live = live
        self._batching = batching

    async def answer(self, prompt: Prompt) -> Mapping[str, Any]:
        """Raises `AnswerPending`, or what became of this prompt in an earlier batch; `BudgetExhausted`."""
        route, body = self._live.request(prompt)
        wanted = Wanted(route, body["model"], body, prompt.schema, self._live.estimate(prompt))
        self._batching.queue(prompt.key(self.name), wanted)
        raise _pending()


class BatchEmbeddings:
    """The fetching part of an `OpenAIEmbedder`: a line of a batch for each text."""

    def __init__(self, form: EmbeddingForm, batching: Batching) -> None:
        self._form = form
        self._batching = batching

    async def __call__(self, texts: Mapping[str, str]) -> Mapping[str, Row]:
        """Raises `AnswerPending`, or what became of one of these texts in an earlier batch; `BudgetExhausted`."""
        for key, text in texts.items():
            used = ModelUsage(calls=1, input_tokens=estimate(text))
            self._batching.queue(key, Wanted(ROUTE, self._form.model, self._form.body([text]), None, used))
        raise _pending()


def _pending() -> AnswerPending:
    return AnswerPending(
        "the language model's answer comes with a batch", hint="it is collected by the next run with --llm-batch"
    )
