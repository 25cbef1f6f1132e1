"""Prompts and answers as JSON: the strict form of schemas, both APIs, validation, keys of caches."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AnyUrl, BaseModel, Field

from apex_cli.errors import ModelAnswerInvalid, ModelRefused, ModelTruncated
from apex_cli.llm.client import (
    CHAT,
    RESPONSES,
    Form,
    Reply,
    batch_reply,
    chat_body,
    reply_object,
    responses_body,
)
from apex_cli.llm.protocol import Message, Size
from apex_cli.llm.schema import parsed, strict
from apex_cli.llm.usage import ModelUsage, estimate_tokens
from apex_cli.text_cleaning import replace_unencodable
from tests.llm_world import ENTITIES, prompt


class Inner(BaseModel):
    name: str = Field(description="as it stands there", max_length=50)
    title: str | None = None


class Outer(BaseModel):
    inner: Inner = Field(description="the one")
    others: list[Inner] = []


class Open(BaseModel):
    anything: dict[str, str]


class Pair(BaseModel):
    two: tuple[str, int]


class Tree(BaseModel):
    left: Tree | None = None
    right: Tree = Field(description="never ends")


class Cat(BaseModel):
    kind: Literal["cat"]
    site: AnyUrl


class Dog(BaseModel):
    kind: Literal["dog"]
    born: datetime


class Pet(BaseModel):
    pet: Cat | Dog = Field(discriminator="kind")


def test_the_strict_form_closes_objects_and_requires_everything() -> None:
    made = strict(Outer.model_json_schema())
    assert made is not None
    inner = made["$defs"]["Inner"]
    assert (inner["required"], inner["additionalProperties"]) == (["name", "title"], False)
    assert made["required"] == ["inner", "others"]
    assert made["properties"]["inner"]["description"] == "the one"
    assert "$ref" not in made["properties"]["inner"]
    assert made["properties"]["others"] == {"type": "array", "items": {"$ref": "#/$defs/Inner"}}
    assert "title" in inner["properties"]
    assert "title" not in inner
    assert "default" not in str(made)


def test_the_strict_form_has_only_keywords_that_openai_takes() -> None:
    made = strict(Pet.model_json_schema())
    assert made is not None
    assert made["properties"]["pet"] == {"anyOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}]}
    assert made["$defs"]["Dog"]["properties"] == {
        "kind": {"const": "dog", "type": "string"},
        "born": {"format": "date-time", "type": "string"},
    }
    for word in ("maxLength", "minLength", "uri", "discriminator"):
        assert word not in str(made) + str(strict(Outer.model_json_schema()))


@pytest.mark.parametrize("model", [Open, Pair, Tree])
def test_what_has_no_strict_form_is_sent_as_it_is(model: type[BaseModel]) -> None:
    assert strict(model.model_json_schema()) is None
    body = responses_body(prompt("x", schema=Open.model_json_schema()), "m")
    assert body["text"]["format"]["strict"] is False


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        ("gpt-4.1-mini", {"temperature": 0}),
        ("gpt-6-luna", {"reasoning": {"effort": "none"}, "prompt_cache_options": {"mode": "explicit"}}),
        ("gpt-5-mini", {"reasoning": {"effort": "minimal"}}),
        ("gpt-5.1", {"reasoning": {"effort": "none"}}),
        ("o3-mini", {"reasoning": {"effort": "low"}}),
    ],
)
def test_reasoning_models_take_an_effort_and_no_temperature(model: str, fields: dict[str, Any]) -> None:
    body = responses_body(prompt("x"), model)
    given = {key: body[key] for key in ("temperature", "reasoning", "prompt_cache_options") if key in body}
    assert given == fields


def test_nothing_is_stored_at_the_provider() -> None:
    assert responses_body(prompt("x"), "m")["store"] is False


def test_other_servers_get_the_older_parameters() -> None:
    theirs, openais = (chat_body(prompt("x"), "gpt-6-luna", Form.SCHEMA, openai=openai) for openai in (False, True))
    assert (theirs["max_tokens"], theirs["temperature"]) == (16_384, 0)
    assert (openais["max_completion_tokens"], openais["reasoning_effort"]) == (16_384, "none")
    assert theirs["response_format"]["json_schema"]["strict"] is True


def test_without_schemas_the_schema_is_in_the_prompt() -> None:
    body = chat_body(prompt("x"), "m", Form.OBJECT, openai=False)
    assert body["response_format"] == {"type": "json_object"}
    assert '"entities"' in body["messages"][-1]["content"]


@given(st.text())
def test_any_text_can_be_sent(text: str) -> None:
    assert "\0" not in replace_unencodable(text)
    replace_unencodable(text + "\ud800").encode("utf-8")


def test_refusals_cuts_and_content_filters_are_distinguished() -> None:
    message = {"type": "message", "content": [{"type": "refusal", "refusal": "no"}]}
    assert batch_reply(RESPONSES, {"output": [message], "status": "completed"}).refusal == "no"
    cut = {"output": [], "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    assert batch_reply(RESPONSES, cut).truncated
    filtered = batch_reply(RESPONSES, {**cut, "incomplete_details": {"reason": "content_filter"}})
    assert (filtered.truncated, filtered.refusal) == (False, "the provider's content filter")
    choice = {"message": {"content": "{"}, "finish_reason": "length"}
    assert batch_reply(CHAT, {"choices": [choice]}).truncated
    assert batch_reply(CHAT, {"choices": [{**choice, "finish_reason": "content_filter"}]}).refusal is not None


def test_usage_includes_cached_tokens() -> None:
    usage = {"input_tokens": 9, "input_tokens_details": {"cached_tokens": 4}, "output_tokens": 2}
    assert batch_reply(RESPONSES, {"output": [], "usage": usage}).usage == ModelUsage(1, 9, 4, 2)
    assert batch_reply(CHAT, {"choices": [{"message": {}}], "usage": None}).usage == ModelUsage(1)


@pytest.mark.parametrize("body", [{}, {"output": 3}, {"choices": []}, {"choices": [{}]}, {"output": [3]}])
def test_bodies_of_another_form_are_value_errors(body: dict[str, Any]) -> None:
    for route in (RESPONSES, CHAT):
        with pytest.raises(ValueError, match="no "):
            batch_reply(route, body)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Sure! {}", "not JSON"),
        ("", "not JSON"),
        ("[1]", "list, not an object"),
        ('{"entities": [{"name": 3, "kind": null}]}', r"entities\[0\].name: 3 is not of type 'string'"),
        ('{"entities": [], "more": 1}', "the whole: Additional properties"),
        ('{"entities": NaN}', "not JSON"),
        ("{}", "'entities' is a required property"),
        ("[" * 100_000, "not JSON"),
        ('{"entities": [' + "[" * 900 + "]" * 900 + "]}", "does not fit"),
    ],
)
def test_answers_are_checked(text: str, problem: str) -> None:
    with pytest.raises(ModelAnswerInvalid, match=problem) as caught:
        parsed(text, ENTITIES)
    assert len(caught.value.message) < 400


def test_a_fence_around_the_answer_is_taken_off() -> None:
    assert parsed('```json\n{"entities": []}\n```', ENTITIES) == {"entities": []}


def test_refused_and_cut_answers_are_never_used() -> None:
    with pytest.raises(ModelRefused, match="I cannot"):
        reply_object(Reply('{"entities": []}', "I cannot", False, ModelUsage()), ENTITIES)
    with pytest.raises(ModelTruncated):
        reply_object(Reply('{"entities": []}', None, True, ModelUsage()), ENTITIES)


def test_a_key_is_of_everything_that_shapes_the_answer() -> None:
    asked = prompt("Acme")
    same = [asked, prompt("Acme", name="other"), prompt("Acme", max_tokens=7)]
    assert len({one.key("m") for one in same}) == 1
    different = [
        asked.key("m"),
        asked.key("n"),
        prompt("Acme ").key("m"),
        replace(asked, size=Size.SMALL).key("m"),
        replace(asked, schema={**ENTITIES, "description": "x"}).key("m"),
        replace(asked, messages=[Message("user", "List the entities."), Message("user", "Acme")]).key("m"),
    ]
    assert len(set(different)) == len(different)
    assert prompt("\ud800").key("m") != prompt("\ufffd").key("m")


def test_token_estimates_are_near_and_never_zero() -> None:
    english = "The truck is late because the dock in Gary was closed until noon. " * 10
    assert 130 <= estimate_tokens(english) <= 260
    assert estimate_tokens("") == 1
    assert estimate_tokens("運送会社" * 100) >= 300
