"""Every answer and every question of a `Reader` comes out of JSON as it went in."""

from __future__ import annotations

import types
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apex_cli import errors
from apex_cli.errors import ApexError, Fenced, Locked, StoreTransient, UsageError
from apex_cli.queries import AmbiguousEntity
from apex_cli.readers import messages
from apex_cli.search.find import FailedPart, SearchResult
from apex_cli.stores.views import EntityView
from apex_cli.typed_json import from_json, to_json

_TEXT = st.text(st.characters(), max_size=8)
_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_TEXT, inner, max_size=2),
    max_leaves=4,
)
_TIMES = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5, minutes=-30))]))


def _store_error(message: str, hint: str) -> StoreTransient:
    return StoreTransient("graph", message, hint=hint)


_SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    Any: _PLAIN,
    str: _TEXT,
    int: st.integers(),
    bool: st.booleans(),
    float: st.floats(allow_nan=False),
    type(None): st.none(),
    datetime: _TIMES,
    ApexError: st.builds(_store_error, _TEXT, _TEXT),
}


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of this type."""
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if get_origin(kind) is not None:
        return values_of_generic(get_origin(kind), get_args(kind))
    if issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    hints = get_type_hints(kind)
    return st.builds(kind, **{each.name: values(hints[each.name]) for each in fields(kind)})


def values_of_generic(origin: Any, arguments: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if origin in (Union, types.UnionType):
        return st.one_of([values(one) for one in arguments])
    if origin is tuple and arguments[1:] != (...,):
        return st.tuples(*map(values, arguments))
    if issubclass(origin, Mapping):
        return st.dictionaries(_TEXT, values(arguments[1]), max_size=2)
    items = st.lists(values(arguments[0]), max_size=2)
    return items.map(frozenset) if issubclass(origin, AbstractSet) else items.map(tuple if origin is tuple else list)


def plain(value: Any) -> Any:
    """Errors are equal if their class and their attributes are."""
    if isinstance(value, ApexError):
        return type(value), {name: plain(one) for name, one in vars(value).items()}, str(value)
    if is_dataclass(value):
        return type(value), [plain(getattr(value, each.name)) for each in fields(value)]
    if isinstance(value, list | tuple):
        return type(value), [plain(one) for one in value]
    return value


@pytest.mark.parametrize("question", messages.QUESTIONS)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_answer_comes_back_as_it_was(question: str, data: st.DataObject) -> None:
    kind = messages.types_of(question).answer
    answer = data.draw(values(kind))
    assert plain(from_json(kind, to_json(answer))) == plain(answer)


@pytest.mark.parametrize("question", messages.QUESTIONS)
@given(data=st.data())
def test_every_question_comes_back_as_it_was(question: str, data: st.DataObject) -> None:
    types_of = messages.types_of(question)
    arguments = {name: data.draw(values(kind)) for name, kind in types_of.arguments.items()}
    asked = messages.Question("apex", "memory", question, arguments)
    read = from_json(messages.Question, to_json(asked))
    assert types_of.read(read.arguments) == arguments


@pytest.mark.parametrize(
    "error",
    [
        UsageError("no record", hint="name it", code="not_found"),
        AmbiguousEntity("Acme", [EntityView("1", "Acme \udcff", "Customer", ("a", "b"), {"n": 2**80})]),
        Fenced("graph", "newer"),
        Locked("held"),
        errors.IdentityConflict("two things"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_is_the_same_error(error: ApexError) -> None:
    again = from_json(ApexError, to_json(error))
    assert type(again) is type(error)
    assert plain(again) == plain(error)
    assert (again.code, again.exit_code) == (error.code, error.exit_code)


def test_an_error_of_an_unknown_class_keeps_its_exit_code() -> None:
    text = to_json(Locked("held", hint="wait")).replace(b"Locked", b"LockedByAliens")
    again = from_json(ApexError, text)
    assert (type(again), str(again), again.hint, again.code, again.exit_code) == (
        ApexError,
        "held",
        "wait",
        "locked",
        11,
    )


def test_a_part_that_failed_travels_with_the_hits() -> None:
    result = SearchResult([], [FailedPart("graph", StoreTransient("graph", "gone"))])
    [part] = from_json(SearchResult, to_json(result)).left_out
    assert (part.part, type(part.error), part.error.message) == ("graph", StoreTransient, "graph: gone")


@dataclass(frozen=True)
class Few:
    name: str
    count: int
    times: tuple[datetime, ...] = ()


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"{", b"[]", b"null", b"7", b'"x"', b"{}", b'{"name": "a"}', b'{"name": 1, "count": 2, "times": []}'),
        *(b'{"name": "a", "count": "2", "times": []}', b'{"name": "a", "count": true, "times": []}'),
        *(b'{"name": "a", "count": 2, "times": ["2025-01-01"]}', b'{"name": "a", "count": 2, "times": {}}'),
        *(b'{"name": "a", "count": 2, "times": [["x"]]}', b"[" * 100_000, b"\xff\xfe"),
    ],
)
def test_what_is_no_such_value_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_json(Few, text)


@pytest.mark.parametrize(
    "value", [object(), datetime(2025, 1, 1), {"x": b"bytes"}, Few], ids=["object", "naive time", "bytes", "type"]
)
def test_what_has_no_form_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError):
        to_json(value)
