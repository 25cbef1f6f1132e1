"""`/v1/responses` and `/v1/chat/completions`: the same answer in two envelopes."""

from __future__ import annotations

import itertools
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.openai_server.embeddings import words
from tests.openai_server.filling import filled, resolved
from tests.openai_server.judging import QUESTIONS
from tests.openai_server.limits import count_tokens, cut_tokens
from tests.openai_server.listing import list_of
from tests.openai_server.prompt import Prompt, unwrap
from tests.openai_server.reading import sentences
from tests.openai_server.switches import Switch


def answer(prompt: Prompt) -> str:
    """The answer to a prompt: plain text, or compact JSON with its fields in the schema's order."""
    if not prompt.wants_json:
        return " ".join(sentences(prompt.text)[:2])
    if prompt.schema is None:
        return json.dumps({"answer": " ".join(sentences(prompt.text)[:2])}, ensure_ascii=False)
    return json.dumps(instance(prompt.schema, prompt), ensure_ascii=False, separators=(",", ":"))


def instance(schema: dict[str, Any], prompt: Prompt) -> Any:
    """An instance of `schema`. A field is a known question, else a list of things or facts, else any value."""
    fields = resolved(schema, prompt).get("properties")
    if not fields:
        return filled(schema, prompt)
    known = QUESTIONS.get(frozenset(fields), {})
    found = {}
    for name, inner in fields.items():
        if name in known:
            found[name] = known[name](prompt)
            continue
        plain = resolved(inner, prompt)
        listing = list_of(plain, prompt) if plain.get("type") == "array" else None
        found[name] = filled(inner, prompt, name) if listing is None else listing[: plain.get("maxItems")]
    return found


def relevance(prompt: Prompt) -> float:
    """The relevance of a PASSAGE for a QUERY, as a reranker states it: the share of the query's words in it, 0 to 1."""
    passage = set(words(unwrap(prompt.sections.get("PASSAGE", ""))))
    query = set(words(unwrap(prompt.sections.get("QUERY", ""))))
    return min(0.99, max(0.01, len(passage & query) / len(query))) if query else 0.01


def verdict(prompt: Prompt) -> tuple[str, float]:
    """`True` or `False`, and its log-probability."""
    share = relevance(prompt)
    return ("True", math.log(share)) if share >= 0.5 else ("False", math.log(1 - share))


_REFUSAL = "I'm sorry, but I cannot assist with that request."
_numbers = itertools.count(1)


@dataclass(frozen=True)
class ModelAnswer:
    """The model's answer: `text`, or its refusal; `cut` when it stops in the middle."""

    text: str
    input_tokens: int
    cut: bool = False
    refused: bool = False
    metered: bool = True
    logprob: float | None = None

    @property
    def output_tokens(self) -> int:
        """Tokens of the text."""
        return count_tokens(self.text)


def make_answer(
    prompt: Prompt, limit: int | None, switches: Sequence[Switch], *, verdict_only: bool = False
) -> ModelAnswer:
    """The answer in at most `limit` tokens, with the faults of the switches."""
    asked = count_tokens(prompt.whole)
    text, logprob = verdict(prompt) if verdict_only else (answer(prompt), None)
    metered, cut = True, False
    for switch in switches:
        match switch.kind:
            case "refusal":
                return ModelAnswer(_REFUSAL, asked, refused=True)
            case "truncated":
                text, cut = cut_tokens(text, max(1, count_tokens(text) // 2)), True
            case "invalid":
                text = f"Sure! Here it is: {text[:-1]}"
            case "wrong_schema":
                text = json.dumps({"unexpected": [text[:20]]})
            case "answer":
                text = switch.text
            case "no_usage":
                metered = False
    if limit is not None and count_tokens(text) > limit:
        text, cut = cut_tokens(text, limit), True
    return ModelAnswer(text, asked, cut=cut, metered=metered, logprob=logprob)


def response(model: str, reply: ModelAnswer) -> dict[str, Any]:
    """The `response` object."""
    number = next(_numbers)
    content: dict[str, Any] = {"type": "output_text", "text": reply.text, "annotations": [], "logprobs": []}
    if reply.refused:
        content = {"type": "refusal", "refusal": reply.text}
    status = "incomplete" if reply.cut else "completed"
    message = {"id": f"msg_{number:024x}", "type": "message", "role": "assistant", "status": status}
    usage = {
        "input_tokens": reply.input_tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": reply.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": reply.input_tokens + reply.output_tokens,
    }
    return {
        "id": f"resp_{number:024x}",
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if reply.cut else None,
        "model": model,
        "output": [{**message, "content": [content]}],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "metadata": {},
        "usage": usage if reply.metered else None,
    }


def completion(model: str, reply: ModelAnswer) -> dict[str, Any]:
    """The `chat.completion` object."""
    choice: dict[str, Any] = {
        "index": 0,
        "message": {
            "role": "assistant",
            "content": None if reply.refused else reply.text,
            "refusal": reply.text if reply.refused else None,
        },
        "logprobs": None,
        "finish_reason": "length" if reply.cut else "stop",
    }
    if reply.logprob is not None:
        token = {"token": reply.text, "logprob": reply.logprob, "bytes": list(reply.text.encode())}
        choice["logprobs"] = {"content": [{**token, "top_logprobs": [token]}], "refusal": None}
    made: dict[str, Any] = {
        "id": f"chatcmpl-{next(_numbers):024x}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [choice],
    }
    if reply.metered:
        made["usage"] = {
            "prompt_tokens": reply.input_tokens,
            "completion_tokens": reply.output_tokens,
            "total_tokens": reply.input_tokens + reply.output_tokens,
        }
    return made
