"""OpenAI's two ways of asking a model, as plain JSON: the Responses API and Chat Completions.

Pure functions: a prompt to a request's body, an answer's body to a `Reply`. The same bodies go over HTTP and into the
lines of a batch file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from apex_cli.llm.protocol import Message, Prompt
from apex_cli.llm.schema import strict
from apex_cli.llm.usage import ModelUsage

Body = dict[str, Any]

RESPONSES = "/responses"
CHAT = "/chat/completions"
_VERSION = re.compile(r"gpt-(\d+)(?:\.(\d+))?")
_UNSENDABLE = re.compile("[\0\ud800-\udfff]")


class Form(StrEnum):
    """How a chat model is held to the schema: by it, or only to JSON, with the schema written into the prompt."""

    SCHEMA = "json_schema"
    OBJECT = "json_object"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said. `refusal` is its reason not to answer; `truncated`: the answer was cut at its limit."""

    text: str
    refusal: str | None
    truncated: bool
    usage: ModelUsage


def sendable(text: str) -> str:
    """`text` with NULs and lone surrogates, which JSON in UTF-8 cannot carry everywhere, as U+FFFD."""
    return _UNSENDABLE.sub("\ufffd", text)


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
    if effort is None:
        body["temperature"] = 0
    else:
        body["reasoning"] = {"effort": effort}
    return body | _prompt_cache(model)


def chat_body(prompt: Prompt, model: str, form: Form, *, openai: bool) -> Body:
    """The body of `POST /chat/completions`; `openai`: the server is OpenAI's own, whose newer models differ."""
    messages = list(prompt.messages)
    if form is Form.OBJECT:
        schema = json.dumps(prompt.schema, separators=(",", ":"), ensure_ascii=False)
        # Into the last turn: many chat templates want the system's turn first and the others to alternate.
        last = messages.pop()
        wanted = f"{last.text}\n\nAnswer with one JSON object in the following format:\n\n{schema}"
        messages.append(replace(last, text=wanted))
        response_format: Body = {"type": "json_object"}
    else:
        response_format = {"type": "json_schema", "json_schema": _named(prompt)}
    body: Body = {"model": model, "messages": _turns(messages), "response_format": response_format}
    effort = _effort(model) if openai else None
    body["max_completion_tokens" if openai else "max_tokens"] = prompt.max_tokens
    if effort is None:
        body["temperature"] = 0
    else:
        body["reasoning_effort"] = effort
    return body | (_prompt_cache(model) if openai else {})


def responses_reply(body: Mapping[str, Any]) -> Reply:
    """What an answer of `POST /responses` says. Raises `ValueError` for a body of another form."""
    try:
        parts = [
            part
            for item in body["output"]
            if item.get("type") == "message"
            for part in item["content"]
            if isinstance(part, Mapping)
        ]
        why = (body.get("incomplete_details") or {}).get("reason")
        refusals = [str(part["refusal"]) for part in parts if part.get("type") == "refusal"]
        if why == "content_filter":
            refusals.append("the provider's content filter")
        return Reply(
            "".join(part["text"] for part in parts if part.get("type") == "output_text"),
            "; ".join(refusals) or None,
            body.get("status") == "incomplete" and why != "content_filter",
            _usage(body.get("usage"), "input", "output"),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no response object ({error!r})") from error


def chat_reply(body: Mapping[str, Any]) -> Reply:
    """What an answer of `POST /chat/completions` says. Raises `ValueError` for a body of another form."""
    try:
        choice = body["choices"][0]
        message, why = choice["message"], choice.get("finish_reason")
        refusal = message.get("refusal") or ("the provider's content filter" if why == "content_filter" else None)
        return Reply(
            message.get("content") or "", refusal, why == "length", _usage(body.get("usage"), "prompt", "completion")
        )
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError(f"no chat completion ({error!r})") from error


READERS: Mapping[str, Callable[[Mapping[str, Any]], Reply]] = {RESPONSES: responses_reply, CHAT: chat_reply}
"""By route: what reads its answers."""


def _usage(told: Mapping[str, Any] | None, into: str, out: str) -> ModelUsage:
    """Some compatible servers tell no usage: then the tokens are not known, and the call counts alone."""
    told = told or {}
    details = told.get(f"{into}_tokens_details") or {}
    return ModelUsage(
        calls=1,
        input_tokens=int(told.get(f"{into}_tokens") or 0),
        cached_tokens=int(details.get("cached_tokens") or 0),
        output_tokens=int(told.get(f"{out}_tokens") or 0),
    )


def _named(prompt: Prompt) -> Body:
    closed = strict(prompt.schema)
    return {"name": prompt.schema_name, "schema": closed or dict(prompt.schema), "strict": closed is not None}


def _turns(messages: Sequence[Message]) -> list[Body]:
    return [{"role": message.role, "content": sendable(message.text)} for message in messages]


def _effort(model: str) -> str | None:
    """The least reasoning that a reasoning model takes; None for others, which take a temperature instead."""
    if model.startswith(("o1", "o3", "o4")):
        return "low"
    version = _VERSION.match(model)
    if version is None or int(version[1]) < 5:
        return None
    return "minimal" if (int(version[1]), int(version[2] or 0)) == (5, 0) else "none"


def _prompt_cache(model: str) -> Body:
    """GPT-6 writes long prompts into its cache at 1.25 times the price, unless told not to; ours do not come again."""
    return {"prompt_cache_options": {"mode": "explicit"}} if model.startswith("gpt-6") else {}
