"""A language model behind OpenAI's API: OpenAI itself, Azure, or any server that speaks as it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from apex_cli.errors import ModelAnswerInvalid, ModelRefused, ModelTruncated
from apex_cli.llm import wire
from apex_cli.llm.connection import Connection
from apex_cli.llm.failures import RequestRejected
from apex_cli.llm.protocol import JsonSchema, Message, Prompt, Size
from apex_cli.llm.schema import parsed
from apex_cli.llm.tokens import OUTPUT_TOKENS, estimate
from apex_cli.llm.usage import ModelUsage


class OpenAIModel:
    """A `LanguageModel` by HTTP. An answer that does not fit the schema is put to the model once more, with its fault.

    A server that does not know `json_schema` (it answers 400) is asked for `json_object` from then on.
    """

    def __init__(self, connection: Connection, models: Mapping[Size, str]) -> None:
        endpoint = connection.endpoint
        self._connection = connection
        self._models = models
        self.models = frozenset(models.values())
        self._form = wire.Form.SCHEMA
        self.name = f"{endpoint.host}/{'+'.join(dict.fromkeys(models.values()))}/{endpoint.api}"

    async def answer(self, prompt: Prompt) -> Mapping[str, Any]:
        """See `LanguageModel.answer`."""
        reply = await self._ask(prompt)
        try:
            return understood(reply, prompt.schema)
        except ModelAnswerInvalid as fault:
            mending = [Message("assistant", reply.text), Message("user", f"{fault.message}. Answer again, in full.")]
            again = replace(prompt, messages=[*prompt.messages, *(one for one in mending if one.text)])
        return understood(await self._ask(again), prompt.schema)

    def request(self, prompt: Prompt, form: wire.Form = wire.Form.SCHEMA) -> tuple[str, wire.Body]:
        """The route and the body that ask a prompt."""
        model = self._models[prompt.size]
        if self._connection.endpoint.api == "responses":
            return wire.RESPONSES, wire.responses_body(prompt, model)
        return wire.CHAT, wire.chat_body(prompt, model, form, openai=self._connection.endpoint.openai)

    def estimate(self, prompt: Prompt) -> ModelUsage:
        """What asking a prompt will take, about: one call, its tokens and dollars."""
        used = ModelUsage(1, estimate(prompt.text()), 0, min(prompt.max_tokens, OUTPUT_TOKENS))
        return self._connection.meter.priced(self._models[prompt.size], used)

    async def _ask(self, prompt: Prompt) -> wire.Reply:
        form = self._form
        try:
            return await self._send(prompt, form)
        except RequestRejected as error:
            if form is not wire.Form.SCHEMA or not _about_the_schema(error):
                raise
            self._form = wire.Form.OBJECT
            return await self._send(prompt, wire.Form.OBJECT)

    async def _send(self, prompt: Prompt, form: wire.Form) -> wire.Reply:
        route, body = self.request(prompt, form)
        read = wire.READERS[route]
        try:
            answer = await self._connection.post(
                route,
                body,
                model=self._models[prompt.size],
                estimate=self.estimate(prompt),
                used=lambda content: read(content).usage,
            )
        except ValueError as error:
            raise ModelAnswerInvalid(f"{self._connection.endpoint.host} gave an answer of no known form") from error
        return read(answer)


def understood(reply: wire.Reply, schema: JsonSchema) -> dict[str, Any]:
    """The valid object in a reply. Raises `ModelRefused`, `ModelTruncated` or `ModelAnswerInvalid`."""
    if reply.refusal is not None:
        raise ModelRefused(f"the language model refuses: {reply.refusal[:200]}")
    if reply.truncated:
        raise ModelTruncated("the language model's answer was cut off at its limit", hint="split the text")
    return parsed(reply.text, schema)


def _about_the_schema(error: RequestRejected) -> bool:
    return error.code == "llm_rejected" and any(word in error.message for word in ("response_format", "json_schema"))
