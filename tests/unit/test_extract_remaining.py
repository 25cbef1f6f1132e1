"""What a record says beyond the known fields becomes phrases of its text; what is cut is named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apex_cli.extract.field_names import snake_tree
from apex_cli.extract.remaining import remaining_phrases


@pytest.mark.parametrize(
    ("payload", "used", "phrases"),
    [
        ({"commodity": "frozen blueberries"}, (), ["commodity frozen blueberries"]),
        ({"tags": ["kumquat", "detention-dispute"]}, (), ["tags kumquat, detention-dispute"]),
        ({"status": "booked", "temperature": "-10F"}, ("status",), ["temperature -10F"]),
        ({"customAttributes": {"Broker Ref": "ZQ-88120"}}, (), ["custom attributes broker ref ZQ-88120"]),
        ({"rate": {"amount": 1850, "currency": "USD"}}, (), ["rate amount 1850", "rate currency USD"]),
        ({"rate": {"amount": 1850, "currency": "USD"}}, ("rate.amount",), ["rate currency USD"]),
        ({"rate": {"amount": 1850, "currency": "USD"}}, ("rate",), []),
        ({"tags": [{"id": "4", "name": "Midwest OTR"}]}, ("tags.id",), ["tags Midwest OTR"]),
        (
            {"comments": [{"author": "Wanda Poe", "body": "approved"}, {"author": "Wanda Poe"}]},
            (),
            ["comments author Wanda Poe", "comments body approved"],
        ),
        ({"isEcuSpeed": False, "empty": "", "none": None, "list": [], "object": {}}, (), ["is ecu speed no"]),
        ({"grid": [[1, 2.0], ["x", None]]}, (), ["grid 1, 2", "grid x"]),
        ({"note": "a\nb\x00c"}, (), ["note a bc"]),
    ],
)
def test_phrases(payload: dict[str, Any], used: tuple[str, ...], phrases: list[str]) -> None:
    assert remaining_phrases(snake_tree(payload), used) == (phrases, None)


def test_long_content_is_cut_and_named() -> None:
    long_text = "x" * 3_000
    phrases, note = remaining_phrases({"notes": long_text, "rest": "short"}, ())
    assert [len(phrase) < 1_100 for phrase in phrases] == [True, True]
    assert note == "left out: from the text, content of notes"
    phrases, note = remaining_phrases({f"field_{number}": f"value {number}" for number in range(500)}, ())
    assert len(phrases) == 200
    assert note is not None
    assert note.endswith("and 295 more")
    huge = {f"field_{number}": "x" for number in range(100_000)}
    assert str(remaining_phrases(huge, ())[1]).endswith("and 995 more, at least")
    assert remaining_phrases({"codes": list(range(500))}, ())[1] == "left out: from the text, content of codes"
    deep: Any = "core"
    for _ in range(30):
        deep = {"in": deep}
    assert remaining_phrases({"deep": deep}, ())[1] == "left out: from the text, content of deep" + ".in" * 8


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=200,
)


@given(st.dictionaries(st.text(), json_values))
def test_any_content_has_bounded_phrases(payload: dict[str, Any]) -> None:
    phrases, _ = remaining_phrases(payload, ())
    assert sum(map(len, phrases)) <= 6_000
    assert all("\n" not in phrase for phrase in phrases)


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.text("xyz", min_size=1, max_size=50)))
def test_every_short_value_is_in_a_phrase(payload: dict[str, str]) -> None:
    phrases, note = remaining_phrases(payload, ())
    assert phrases == [f"{name} {value}" for name, value in payload.items()]
    assert note is None
