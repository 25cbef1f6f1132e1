"""A language model behind OpenAI's API: OpenAI itself, Azure, or any compatible server.

The first half holds the request bodies and replies of the Responses API and of Chat Completions. The same bodies are
sent by HTTP (as keyword arguments of the typed client) and in the lines of a batch file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from apex_cli.errors import ModelAnswerInvalid, ModelRefused, ModelTruncated
from apex_cli.llm.connection import Connection, RequestRejected
from apex_cli.llm.protocol import JsonSchema, Message, Prompt, Size
from apex_cli.llm.schema import parsed, strict
from apex_cli.llm.usage import OUTPUT_TOKENS, ModelUsage, estimate_tokens
from apex_cli.text_cleaning import replace_unencodable

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletion
    from openai.types.responses import Response

Body = dict[str, Any]

RESPONSES = "/responses"
CHAT = "/chat/completions"
_CONTENT_FILTER = "the provider's content filter"
_VERSION = re.compile(r"gpt-(\d+)(?:\.(\d+))?")


class Form(StrEnum):
    """How a chat model is bound to the schema: by the API, or to JSON only, with the schema in the prompt."""

    SCHEMA = "json_schema"
    OBJECT = "json_object"


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's answer. `refusal` is its reason not to answer; `truncated`: the answer was cut at its limit."""

    text: str
    refusal: str | None
    truncated: bool
    usage: ModelUsage


def responses_body(prompt: Prompt, model: str) -> Body:
    """The body of `POST /responses`. Nothing is stored at the provider."""
    body: Body = {
        "model": model,
        "input": _turns(prompt.messages),
        "max_output_tokens": prompt.max_tokens,
        "store": False,
        "text": {"format": {"type": "json_schema", **_named(prompt)}},
    }
    effort = _effort(model)
    body |= {"temperature": 0} if effort is None else {"reasoning": {"effort": effort}}
    return body | _prompt_cache(model)


def chat_body(prompt: Prompt, model: str, form: Form, *, openai: bool) -> Body:
    """The body of `POST /chat/completions`; `openai`: the server is OpenAI's own, whose newer models differ."""
    messages = list(prompt.messages)
    if form is Form.OBJECT:
        schema = json.dumps(prompt.schema, separators=(",", ":"), ensure_ascii=False)
        # Into the last turn: many chat templates require the system turn first and the others to alternate.
        last = messages.pop()
        text = f"{last.text}\n\nAnswer with one JSON object in the following format:\n\n{schema}"
        messages.append(replace(last, text=text))
        response_format: Body = {"type": "json_object"}
    else:
        response_format = {"type": "json_schema", "json_schema": _named(prompt)}
    body: Body = {"model": model, "messages": _turns(messages), "response_format": response_format}
    effort = _effort(model) if openai else None
    body["max_completion_tokens" if openai else "max_tokens"] = prompt.max_tokens
    body |= {"temperature": 0} if effort is None else {"reasoning_effort": effort}
    return body | (_prompt_cache(model) if openai else {})


def batch_reply(route: str, body: Mapping[str, Any]) -> Reply:
    """The reply in a line of a batch's answers. Raises `ValueError` for a body of another form."""
    from openai.types.chat import ChatCompletion
    from openai.types.responses import Response

    # `construct` does what the client does with an HTTP answer: it types the fields and rejects nothing.
    return (
        responses_reply(Response.construct(**body))
        if route == RESPONSES
        else chat_reply(ChatCompletion.construct(**body))
    )


def responses_reply(answer: Response) -> Reply:
    """The reply in an answer of the Responses API. Raises `ValueError` where a compatible server omits its parts."""
    try:
        parts = [part for item in answer.output if item.type == "message" for part in item.content]
        refusals = [part.refusal for part in parts if part.type == "refusal"]
        reason = answer.incomplete_details and answer.incomplete_details.reason
        if reason == "content_filter":
            refusals.append(_CONTENT_FILTER)
        usage = answer.usage
        return Reply(
            answer.output_text,
            "; ".join(refusals) or None,
            answer.status == "incomplete" and reason != "content_filter",
            ModelUsage(1)
            if usage is None
            else _usage(usage.input_tokens, usage.input_tokens_details, usage.output_tokens),
        )
    except (TypeError, AttributeError) as error:
        raise ValueError(f"no response object ({error!r})") from error


def chat_reply(answer: ChatCompletion) -> Reply:
    """The reply in an answer of Chat Completions. Raises `ValueError` where a compatible server omits its parts."""
    try:
        choice, usage = answer.choices[0], answer.usage
        reason = choice.finish_reason
        refusal = choice.message.refusal or (_CONTENT_FILTER if reason == "content_filter" else None)
        return Reply(
            choice.message.content or "",
            refusal,
            reason == "length",
            ModelUsage(1)
            if usage is None
            else _usage(usage.prompt_tokens, usage.prompt_tokens_details, usage.completion_tokens),
        )
    except (IndexError, TypeError, AttributeError) as error:
        raise ValueError(f"no chat completion ({error!r})") from error


def reply_object(reply: Reply, schema: JsonSchema) -> dict[str, Any]:
    """The valid object in a reply. Raises `ModelRefused`, `ModelTruncated` or `ModelAnswerInvalid`."""
    if reply.refusal is not None:
        raise ModelRefused(f"the language model refuses: {reply.refusal[:200]}")
    if reply.truncated:
        raise ModelTruncated("the language model's answer was cut off at its limit", hint="split the text")
    return parsed(reply.text, schema)


class OpenAIModel:
    """A `LanguageModel` by HTTP. An answer that does not fit the schema is sent back once, with its error.

    A server that does not know `json_schema` (it answers 400) gets `json_object` from then on.
    """

    def __init__(self, connection: Connection, models: Mapping[Size, str]) -> None:
        endpoint = connection.endpoint
        self._connection = connection
        self._models = models
        self.models = frozenset(models.values())
        self._form = Form.SCHEMA
        self.name = f"{endpoint.host}/{'+'.join(dict.fromkeys(models.values()))}/{endpoint.api}"

    async def answer(self, prompt: Prompt) -> Mapping[str, Any]:
        """See `LanguageModel.answer`."""
        reply = await self._ask(prompt)
        try:
            return reply_object(reply, prompt.schema)
        except ModelAnswerInvalid as error:
            turns = [Message("assistant", reply.text), Message("user", f"{error.message}. Answer again, in full.")]
            again = replace(prompt, messages=[*prompt.messages, *(turn for turn in turns if turn.text)])
        return reply_object(await self._ask(again), prompt.schema)

    def request(self, prompt: Prompt, form: Form = Form.SCHEMA) -> tuple[str, Body]:
        """The route and the body that ask a prompt."""
        model = self._models[prompt.size]
        if self._connection.endpoint.api == "responses":
            return RESPONSES, responses_body(prompt, model)
        return CHAT, chat_body(prompt, model, form, openai=self._connection.endpoint.openai)

    def estimate(self, prompt: Prompt) -> ModelUsage:
        """An estimate of what a prompt takes: one call, its tokens and dollars."""
        used = ModelUsage(1, estimate_tokens(prompt.text()), 0, min(prompt.max_tokens, OUTPUT_TOKENS))
        return self._connection.meter.priced(self._models[prompt.size], used)

    async def _ask(self, prompt: Prompt) -> Reply:
        form = self._form
        try:
            return await self._send(prompt, form)
        except RequestRejected as error:
            about_the_schema = "response_format" in error.message or "json_schema" in error.message
            if form is not Form.SCHEMA or error.code != "llm_rejected" or not about_the_schema:
                raise
            self._form = Form.OBJECT
            return await self._send(prompt, Form.OBJECT)

    async def _send(self, prompt: Prompt, form: Form) -> Reply:
        route, body = self.request(prompt, form)
        model, estimate = self._models[prompt.size], self.estimate(prompt)
        try:
            if route == RESPONSES:
                response = await self._connection.send(
                    lambda client, timeout: client.responses.with_raw_response.create(**body, timeout=timeout),
                    model=model,
                    estimate=estimate,
                    used=lambda answer: responses_reply(answer).usage,
                )
                return responses_reply(response)
            completion = await self._connection.send(
                lambda client, timeout: client.chat.completions.with_raw_response.create(**body, timeout=timeout),
                model=model,
                estimate=estimate,
                used=lambda answer: chat_reply(answer).usage,
            )
            return chat_reply(completion)
        except ValueError as error:
            raise ModelAnswerInvalid(f"{self._connection.endpoint.host} gave an answer of no known form") from error


def _usage(input_tokens: int, details: Any, output_tokens: int) -> ModelUsage:
    """Some compatible servers omit counts: those are zero then, and the call counts alone."""
    cached = getattr(details, "cached_tokens", None)
    return ModelUsage(1, int(input_tokens or 0), int(cached or 0), int(output_tokens or 0))


def _named(prompt: Prompt) -> Body:
    closed = strict(prompt.schema)
    return {"name": prompt.schema_name, "schema": closed or dict(prompt.schema), "strict": closed is not None}


def _turns(messages: Sequence[Message]) -> list[Body]:
    return [{"role": message.role, "content": replace_unencodable(message.text)} for message in messages]


def _effort(model: str) -> str | None:
    """The least reasoning that a reasoning model accepts; None for others, which accept a temperature instead."""
    if model.startswith(("o1", "o3", "o4")):
        return "low"
    version = _VERSION.match(model)
    if version is None or int(version[1]) < 5:
        return None
    return "minimal" if (int(version[1]), int(version[2] or 0)) == (5, 0) else "none"


def _prompt_cache(model: str) -> Body:
    """GPT-6 writes long prompts into its cache at 1.25 times the price unless disabled; ours never repeat."""
    return {"prompt_cache_options": {"mode": "explicit"}} if model.startswith("gpt-6") else {}
