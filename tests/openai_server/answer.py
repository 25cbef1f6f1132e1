"""The double's answer to a prompt: plain text, or JSON of the schema asked for."""

from __future__ import annotations

import json
import math
from typing import Any

from tests.openai_server.filling import filled, resolved
from tests.openai_server.judging import QUESTIONS
from tests.openai_server.listing import list_of
from tests.openai_server.prompt import Prompt, unwrap
from tests.openai_server.reading import sentences
from tests.openai_server.vectors import words


def answer(prompt: Prompt) -> str:
    """What a model would say. JSON is compact, its fields in the schema's order."""
    if not prompt.wants_json:
        return " ".join(sentences(prompt.text)[:2])
    if prompt.schema is None:
        return json.dumps({"answer": " ".join(sentences(prompt.text)[:2])}, ensure_ascii=False)
    return json.dumps(instance(prompt.schema, prompt), ensure_ascii=False, separators=(",", ":"))


def instance(schema: dict[str, Any], prompt: Prompt) -> Any:
    """An instance of `schema`: each field by what it asks, known questions first, then lists, then anything."""
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
    """How much a PASSAGE has to do with a QUERY, 0 to 1: the share of the query's words that it holds (a reranker)."""
    passage = set(words(unwrap(prompt.sections.get("PASSAGE", ""))))
    query = set(words(unwrap(prompt.sections.get("QUERY", ""))))
    return min(0.99, max(0.01, len(passage & query) / len(query))) if query else 0.01


def verdict(prompt: Prompt) -> tuple[str, float]:
    """`True` or `False`, and its log-probability."""
    share = relevance(prompt)
    return ("True", math.log(share)) if share >= 0.5 else ("False", math.log(1 - share))
