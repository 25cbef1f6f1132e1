"""Dataclasses as JSON and back, by their type hints: what one process asks another, and what it answers.

    to_json(Answer(...))       dataclasses, enums, datetimes, tuples, sets and mappings, nested
    from_json(Answer, text)    the same value; tuples are tuples, times are aware

An `ApexError` is a value too. Its annotated attributes travel, and it comes back as an instance of its own class.
A value whose hint is `Any` must be plain JSON: nothing says what else it was.

Libraries for this (cattrs, msgspec) know no exceptions, and lose integers of more than 64 bits or lone surrogates,
both of which are legal in the payload of a record.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from apex_cli.errors import ApexError

_Reader = Callable[[Any], Any]
_PLAIN = (str, int, bool, type(None))
_KIND = "kind"


def to_json(value: Any) -> bytes:
    """The value as JSON, pure ASCII. Raises `TypeError` for what has no form in JSON."""
    return json.dumps(value, default=_plain, separators=(",", ":")).encode("ascii")


def from_json(kind: Any, text: bytes) -> Any:
    """The value of this type that `to_json` made the text of. Raises `ValueError` where the text is none."""
    try:
        return from_plain(kind, json.loads(text))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def from_plain(kind: Any, value: Any) -> Any:
    """As `from_json`, of what `json.loads` gave. Raises `ValueError`."""
    try:
        return _reader(kind)(value)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"no {getattr(kind, '__name__', kind)}: {error!r}") from error


def _plain(value: Any) -> Any:
    """One step towards JSON, for what `json` does not know."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    if isinstance(value, ApexError):
        return {_KIND: type(value).__name__, **{name: getattr(value, name) for name in get_type_hints(type(value))}}
    if isinstance(value, datetime) and value.tzinfo is None:
        raise TypeError("a time without a zone")
    for kind, plain in _FORMS:
        if isinstance(value, kind) and not isinstance(value, bytes):
            return plain(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


_FORMS: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (datetime, datetime.isoformat),
    (Mapping, dict),
    (AbstractSet, sorted),
    (Sequence, list),
)
"""What `json` takes instead of a value of these classes. Enums of text and numbers it takes as they are."""


@cache
def _reader(kind: Any) -> _Reader:
    """What makes a value of this type of plain JSON."""
    if kind is Any:
        return lambda value: value
    if kind in _PLAIN:
        return lambda value: _of_type(kind, value)
    if kind is float:
        return lambda value: float(_of_type((int, float), value))
    if kind is datetime:
        return _moment
    if isinstance(kind, type) and get_origin(kind) is None:
        return _reader_of_class(kind)
    return _reader_of_generic(get_origin(kind), get_args(kind))


def _reader_of_class(kind: type) -> _Reader:
    if issubclass(kind, Enum):
        return kind
    if issubclass(kind, ApexError):
        return _error
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        names = [(each.name, _reader(hints[each.name])) for each in fields(kind)]
        return lambda value: kind(**{name: read(value[name]) for name, read in names})
    raise TypeError(f"values of {kind.__name__} are not read from JSON")


def _reader_of_generic(origin: Any, arguments: tuple[Any, ...]) -> _Reader:
    if origin in (Union, types.UnionType):
        present = [argument for argument in arguments if argument is not type(None)]
        if len(present) == 1 and len(arguments) == 2:
            only = _reader(present[0])
            return lambda value: None if value is None else only(value)
    elif origin is tuple and arguments[1:] != (...,):
        each = [_reader(argument) for argument in arguments]
        return lambda value: tuple(read(one) for read, one in zip(each, _of_type(list, value), strict=True))
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        of_value = _reader(arguments[1])
        return lambda value: {_of_type(str, name): of_value(one) for name, one in value.items()}
    elif isinstance(origin, type) and issubclass(origin, Sequence | AbstractSet):
        of_item = _reader(arguments[0])
        make = tuple if origin is tuple else frozenset if issubclass(origin, AbstractSet) else list
        return lambda value: make([of_item(one) for one in _of_type(list, value)])
    raise TypeError(f"values of {origin}{list(arguments)} are not read from JSON")


def _of_type(kind: Any, value: Any) -> Any:
    # `True` is an int for Python.
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"{str(value)[:40]!r} where {kind} belongs")
    return value


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(_of_type(str, value))
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment


def _error(value: Any) -> ApexError:
    """An error as it was raised. One of a class that is not known here is an `ApexError` with the same exit code."""
    kind = _class_of_error(value[_KIND])
    hints = get_type_hints(kind)
    error = kind.__new__(kind)
    Exception.__init__(error, value["message"])
    for name, hint in hints.items():
        one = from_plain(hint, value[name])
        if not hasattr(kind, name) or getattr(kind, name) != one:
            setattr(error, name, one)
    return error


def _class_of_error(name: str) -> type[ApexError]:
    waiting = [ApexError]
    while waiting:
        kind = waiting.pop()
        if kind.__name__ == name:
            return kind
        waiting += kind.__subclasses__()
    return ApexError
