"""Canonical JSON: equal values have one form, and nothing that JSON can hold makes it fail."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apex_cli.extract.identity import canonical_json, content_hash

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_the_form_reads_back_as_the_value(value: Any) -> None:
    assert json.loads(canonical_json(value)) == value


@given(st.dictionaries(st.text(), json_values, max_size=6))
def test_the_order_of_keys_does_not_matter(value: dict[str, Any]) -> None:
    assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)


def test_sorted_compact_utf8() -> None:
    assert canonical_json({"ü": [1, 2.5, None], "a": "é\n"}) == '{"a":"é\\n","ü":[1,2.5,null]}'.encode()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_a_number_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json({"a": number})


def test_lone_surrogates_are_replaced() -> None:
    assert canonical_json({"\ud800": "x\udfff"}) == '{"\ufffd":"x\ufffd"}'.encode()


def test_the_hash_is_blake2b_256_of_the_form() -> None:
    value = {"b": 1, "a": 2}
    assert content_hash(value) == blake2b(b'{"a":2,"b":1}', digest_size=32).hexdigest()
