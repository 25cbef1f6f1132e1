"""What stands in for the model: names and facts in plain sentences, and valid instances of any schema."""

from __future__ import annotations

import json
from datetime import date, datetime
from enum import Enum
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from tests.openai_server.completions import answer
from tests.openai_server.limits import count_tokens, cut_tokens
from tests.openai_server.prompt import Prompt, of_chat, unwrap
from tests.openai_server.reading import distinct, listed, names, normal
from tests.openai_server.relations import FactType, fitted, relations, utc


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Bob met Alice in Paris.", {("Entity", "Bob"), ("Entity", "Alice"), ("Entity", "Paris")}),
        ("Attached is the POD for Monday.", set()),
        ("In St. Louis, MO driver Dana Okafor waits.", {("Location", "St. Louis, MO"), ("Driver", "Dana Okafor")}),
        ("PO 70315, BOL 0850-17 and MSKU1234565", {("Order", "PO 70315"), ("Reference", "BOL 0850-17"),
                                                   ("Reference", "MSKU1234565")}),
        ("Crossroads Assembly called Lakeshore Haulage & Sons", {("Customer", "Crossroads Assembly"),
                                                                 ("Carrier", "Lakeshore Haulage & Sons")}),
        ("Tomasz Żółkiewski: dispatch@lakeshore.example", {("Person", "Tomasz Żółkiewski"),
                                                           ("Person", "dispatch@lakeshore.example")}),
        ("", set()),
    ],
)  # fmt: skip
def test_names(text: str, found: set[tuple[str, str]]) -> None:
    assert {(one.kind, one.name) for one in names(text)} == found


@given(st.text())
def test_names_are_parts_of_the_text_and_do_not_overlap(text: str) -> None:
    end = 0
    for one in names(text):
        assert one.start >= end
        assert " ".join(text[one.start : one.end].split()) == one.name
        end = one.end
    relations(text, names(text))


def test_a_thing_named_twice_is_one() -> None:
    found = distinct(names("Acme Manufacturing Corp called. ACME Manufacturing, no; Acme Manufacturing Corp again."))
    assert [one.name for one in found] == ["Acme Manufacturing Corp"]
    assert normal("ACME Corp., Inc.") == normal("acme") != normal("Corp")


def test_listed_names_keep_the_listed_kind() -> None:
    found = listed("the big truck is in Gary, IN, says Bob Ames", [("Big Truck", "Vehicle"), ("Gary, IN", "Entity")])
    assert [(one.name, one.kind) for one in found] == [
        ("Big Truck", "Vehicle"),
        ("Gary, IN", "Location"),
        ("Bob Ames", "Person"),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Lakeshore Haulage is hauling SHIP-1 from Gary, IN to Dallas, TX.",
         [("Lakeshore Haulage", "HAULS", "SHIP-1"), ("SHIP-1", "ORIGIN", "Gary, IN"),
          ("SHIP-1", "DESTINATION", "Dallas, TX")]),
        ("Dana Okafor drives TRUCK-1 and works for Lakeshore Haulage.",
         [("Dana Okafor", "DRIVES", "TRUCK-1"), ("Dana Okafor", "WORKS_FOR", "Lakeshore Haulage")]),
        ("Lakeshore Haulage delivered SHIP-1 and SHIP-2.",
         [("Lakeshore Haulage", "DELIVERED", "SHIP-1"), ("Lakeshore Haulage", "DELIVERED", "SHIP-2")]),
        ("TRUCK-1 is at Gary, IN. SHIP-1 was delivered by Lakeshore Haulage.",
         [("TRUCK-1", "LOCATED_AT", "Gary, IN"), ("SHIP-1", "HAULED_BY", "Lakeshore Haulage")]),
        ("TRUCK-1, TRUCK-2 and Gary, IN are names and no facts.", []),
    ],
)  # fmt: skip
def test_relations(text: str, found: list[tuple[str, str, str]]) -> None:
    assert [(one.source.name, one.name, one.target.name) for one in relations(text, names(text))] == found


def test_relations_are_fitted_to_a_closed_list() -> None:
    text = "Lakeshore Haulage is hauling SHIP-1. Dana Okafor works for Lakeshore Haulage."
    types = [FactType("HAULED_BY", (("Shipment", "Carrier"),)), FactType("WORKS_FOR", (("Vehicle", "Carrier"),))]
    found = relations(text, names(text))
    assert [(one.source.name, one.name) for one in fitted(found, types, strict=True)] == [("SHIP-1", "HAULED_BY")]
    assert [one.name for one in fitted(found, types, strict=False)] == ["HAULED_BY", "WORKS_FOR"]


def test_times_without_an_offset_are_utc() -> None:
    assert utc("at 2025-10-19T14:00:00+02:00") == "2025-10-19T12:00:00Z"
    assert utc("on 2025-10-19 then") == "2025-10-19T00:00:00Z"
    assert utc("on 2025-19-39") is None


class Colour(Enum):
    RED = "red"
    DARK_BLUE = "dark_blue"


class Inner(BaseModel):
    title: str = Field(min_length=3, max_length=10)
    share: float = Field(ge=0.5, le=1)
    self: Inner | None = None


class Demanding(BaseModel):
    """Most of what a schema can ask for."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["demanding"]
    colour: Colour
    day: date
    moment: datetime
    code: str = Field(pattern=r"^[A-Z]{2}\d{3}$")
    inner: Inner
    several: list[Inner] = Field(min_length=2, max_length=3)
    names: list[str] = Field(max_length=1)
    amount: int = Field(ge=10)
    either: int | str
    mapping: dict[str, int]
    paid: bool
    email: str | None
    weight: float | None
    summary: str


def test_any_schema_is_filled() -> None:
    text = (
        "Order AB123 is Dark Blue, paid. Amount: 1,250 and weight: 12.5, on 2025-10-19T08:30:00Z. "
        "Write to dana@lakeshore.example."
    )
    schema = Demanding.model_json_schema()
    made = Demanding.model_validate_json(answer(Prompt("", text, schema, "x", True, schema["$defs"])))
    assert made.colour is Colour.DARK_BLUE
    assert (made.code, made.amount, made.weight, made.paid) == ("AB123", 1250, 12.5, True)
    assert (made.day.isoformat(), made.moment.hour) == ("2025-10-19", 8)
    assert made.email == "dana@lakeshore.example"
    assert made.names == ["Dark Blue"]
    assert made.summary.startswith("Order AB123")


@given(st.text())
def test_a_text_that_states_nothing_still_gets_a_valid_answer(text: str) -> None:
    schema = Inner.model_json_schema()
    Inner.model_validate_json(answer(Prompt("", text, schema, "x", True, schema["$defs"])))


def test_the_text_asked_about_is_the_marked_one() -> None:
    asked = of_chat({"messages": [{"role": "user", "content": "Read.\n<TEXT>\nHello\n</TEXT>\nWell."}]})
    assert asked.text == "Hello"
    assert of_chat({"messages": [{"role": "user", "content": "Just this"}]}).text == "Just this"
    assert unwrap('[{"content": "old"}]\n"the new\\ntext"') == "the new\ntext"
    assert unwrap(json.dumps({"note": "a", "to": ["b", "c"]})) == "note: a\nto: b\nto: c"


def test_a_schema_in_the_prompt_is_no_text() -> None:
    schema: dict[str, Any] = {"title": "T", "type": "object", "properties": {"name": {"type": "string"}}}
    content = f"Bob met Alice.\n\nRespond with a JSON object in the following format:\n\n{json.dumps(schema)}"
    asked = of_chat({"messages": [{"role": "user", "content": content}], "response_format": {"type": "json_object"}})
    assert (asked.text, asked.task) == ("Bob met Alice.", "T")
    assert json.loads(answer(asked)) == {"name": "Bob"}


def test_tokens() -> None:
    assert [count_tokens(text) for text in ("", "Hello, world!", "2025-10-19", "a" * 17)] == [0, 4, 6, 3]
    assert cut_tokens("one two three", 2) == "one two "
    assert cut_tokens("one", 2) == "one"
