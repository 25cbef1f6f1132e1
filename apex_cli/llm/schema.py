"""JSON Schema: the strict form that OpenAI's structured outputs require, and the check of answers against it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from apex_cli.errors import ModelAnswerInvalid
from apex_cli.llm.protocol import JsonSchema

_MESSAGE_CHARS = 200
_DROPPED = frozenset({"title", "default", "examples", "minLength", "maxLength", "uniqueItems", "discriminator"})
_UNKNOWN = frozenset({"allOf", "not", "if", "then", "else", "patternProperties", "prefixItems", "dependentSchemas"})
_FORMATS = frozenset({"date-time", "date", "time", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"})


def strict(schema: JsonSchema) -> dict[str, Any] | None:
    """The schema as `strict: true` requires it: every object closed, every property required, nothing beside a `$ref`.

    Titles and keywords that OpenAI does not accept are left out; answers are checked against the whole schema anyway.
    None where there is no strict form: an object with free keys, a tuple, an `allOf`, a schema that contains itself
    with a description. See OpenAI's guide on structured outputs, "Supported schemas". The openai package
    makes this form from pydantic models only; ours are JSON, because a batch stores them until the next run.
    """
    try:
        made = _strict(schema, schema)
    except (_NotStrict, RecursionError):
        return None
    assert isinstance(made, dict)
    return made


class _NotStrict(Exception):
    """The schema has no strict form."""


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
        elif key in _UNKNOWN:
            raise _NotStrict
        elif key not in _DROPPED and (key != "format" or value in _FORMATS):
            made["anyOf" if key == "oneOf" else key] = _strict(value, root)
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

    Raises `ModelAnswerInvalid`; its message states the error and its place, and is sent back to the model.
    """
    text = text.strip()
    if text.startswith("```") and text.endswith("```"):
        text = text[3:-3].removeprefix("json")
    try:
        answer = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ModelAnswerInvalid(f"the language model's answer is not JSON: {str(error)[:_MESSAGE_CHARS]}") from error
    if not isinstance(answer, dict):
        raise ModelAnswerInvalid(f"the language model's answer is {type(answer).__name__}, not an object")
    check(answer, schema)
    return answer


def check(answer: Mapping[str, Any], schema: JsonSchema) -> None:
    """Raises `ModelAnswerInvalid` with the most relevant error of an answer that is not valid against `schema`."""
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


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")
