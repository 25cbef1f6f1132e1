"""`/v1/responses` and `/v1/chat/completions`: the same answer in two envelopes."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.openai_server import tokens
from tests.openai_server.answer import answer, verdict
from tests.openai_server.prompt import Prompt
from tests.openai_server.switches import Switch

_REFUSAL = "I'm sorry, but I cannot assist with that request."
_numbers = itertools.count(1)


@dataclass(frozen=True)
class LLMExtraction:
    """What the model said: `text`, or its refusal; `cut` when it had to stop in the middle."""

    text: str
    input_tokens: int
    cut: bool = False
    refused: bool = False
    metered: bool = True
    logprob: float | None = None

    @property
    def output_tokens(self) -> int:
        """Tokens of the text."""
        return tokens.count(self.text)


def say(prompt: Prompt, limit: int | None, switches: Sequence[Switch], *, verdict_only: bool = False) -> LLMExtraction:
    """The answer in at most `limit` tokens, spoilt as the switches say."""
    asked = tokens.count(prompt.whole)
    text, logprob = verdict(prompt) if verdict_only else (answer(prompt), None)
    metered, cut = True, False
    for switch in switches:
        match switch.kind:
            case "refusal":
                return LLMExtraction(_REFUSAL, asked, refused=True)
            case "truncated":
                text, cut = tokens.cut(text, max(1, tokens.count(text) // 2)), True
            case "invalid":
                text = f"Sure! Here it is: {text[:-1]}"
            case "wrong_schema":
                text = json.dumps({"unexpected": [text[:20]]})
            case "answer":
                text = switch.text
            case "no_usage":
                metered = False
    if limit is not None and tokens.count(text) > limit:
        text, cut = tokens.cut(text, limit), True
    return LLMExtraction(text, asked, cut=cut, metered=metered, logprob=logprob)


def response(model: str, said: LLMExtraction) -> dict[str, Any]:
    """The `response` object."""
    number = next(_numbers)
    content: dict[str, Any] = {"type": "output_text", "text": said.text, "annotations": [], "logprobs": []}
    if said.refused:
        content = {"type": "refusal", "refusal": said.text}
    status = "incomplete" if said.cut else "completed"
    message = {"id": f"msg_{number:024x}", "type": "message", "role": "assistant", "status": status}
    usage = {
        "input_tokens": said.input_tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": said.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": said.input_tokens + said.output_tokens,
    }
    return {
        "id": f"resp_{number:024x}",
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if said.cut else None,
        "model": model,
        "output": [{**message, "content": [content]}],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "metadata": {},
        "usage": usage if said.metered else None,
    }


def completion(model: str, said: LLMExtraction) -> dict[str, Any]:
    """The `chat.completion` object."""
    choice: dict[str, Any] = {
        "index": 0,
        "message": {
            "role": "assistant",
            "content": None if said.refused else said.text,
            "refusal": said.text if said.refused else None,
        },
        "logprobs": None,
        "finish_reason": "length" if said.cut else "stop",
    }
    if said.logprob is not None:
        token = {"token": said.text, "logprob": said.logprob, "bytes": list(said.text.encode())}
        choice["logprobs"] = {"content": [{**token, "top_logprobs": [token]}], "refusal": None}
    made: dict[str, Any] = {
        "id": f"chatcmpl-{next(_numbers):024x}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [choice],
    }
    if said.metered:
        made["usage"] = {
            "prompt_tokens": said.input_tokens,
            "completion_tokens": said.output_tokens,
            "total_tokens": said.input_tokens + said.output_tokens,
        }
    return made
