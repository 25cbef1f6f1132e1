"""JSON Schema: in the strict form that OpenAI's structured outputs want, and checking answers against it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from apex_cli.errors import ModelAnswerInvalid
from apex_cli.llm.protocol import JsonSchema

_MESSAGE_CHARS = 200


def strict(schema: JsonSchema) -> dict[str, Any] | None:
    """The schema as `strict: true` requires it: every object closed, every property required, nothing beside a `$ref`.

    Titles and defaults go too. None when it cannot be said that way: an object with keys of the model's own choice.
    See OpenAI's guide on structured outputs, "Supported schemas".
    """
    try:
        made = _strict(schema, schema)
    except _NotStrict:
        return None
    assert isinstance(made, dict)
    return made


class _NotStrict(Exception):
    """An object that is open by intent."""


def _strict(node: Any, root: JsonSchema) -> Any:
    if isinstance(node, list):
        return [_strict(one, root) for one in node]
    if not isinstance(node, Mapping):
        return node
    if "$ref" in node and len(node) > 1:
        rest = {key: value for key, value in node.items() if key != "$ref"}
        return _strict({**_resolved(node["$ref"], root), **rest}, root)
    made: dict[str, Any] = {}
    for key, value in node.items():
        if key in ("properties", "$defs"):
            made[key] = {name: _strict(inner, root) for name, inner in value.items()}
        elif key in ("enum", "const"):
            made[key] = value
        elif key not in ("default", "title"):
            made[key] = _strict(value, root)
    if made.get("type") == "object":
        if made.get("additionalProperties") not in (None, False):
            raise _NotStrict
        made["additionalProperties"] = False
        made["properties"] = made.get("properties", {})
        made["required"] = list(made["properties"])
    return made


def _resolved(reference: str, root: JsonSchema) -> Mapping[str, Any]:
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    assert isinstance(found, Mapping)
    return found


def parsed(text: str, schema: JsonSchema) -> dict[str, Any]:
    """The JSON object in `text`, valid against `schema`; a Markdown fence around it is taken off.

    Raises `ModelAnswerInvalid`, which says what is wrong and where, in words that can be put to the model.
    """
    try:
        answer = json.loads(_unfenced(text), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ModelAnswerInvalid(f"the language model's answer is not JSON: {str(error)[:_MESSAGE_CHARS]}") from error
    if not isinstance(answer, dict):
        raise ModelAnswerInvalid(f"the language model's answer is {type(answer).__name__}, not an object")
    check(answer, schema)
    return answer


def check(answer: Mapping[str, Any], schema: JsonSchema) -> None:
    """Raises `ModelAnswerInvalid` for the worst fault of an answer that is not valid against `schema`."""
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
    from jsonschema.exceptions import best_match  # type: ignore[import-untyped]

    try:
        fault = best_match(Draft202012Validator(schema).iter_errors(answer))
    except RecursionError:
        raise ModelAnswerInvalid("the language model's answer is nested too deeply") from None
    if fault is not None:
        place = fault.json_path.removeprefix("$").removeprefix(".") or "the whole"
        raise ModelAnswerInvalid(
            f"the language model's answer does not fit the schema: {place}: {fault.message[:_MESSAGE_CHARS]}"
        )


def _unfenced(text: str) -> str:
    text = text.strip()
    if text.startswith("```") and text.endswith("```"):
        return text[3:-3].removeprefix("json")
    return text


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")
