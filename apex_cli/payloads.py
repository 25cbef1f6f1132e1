"""The fields of a payload as lines, and what changed between two payloads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_MOST_FIELDS = 5_000
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs. `before` is None for a field that came, `after` for one that went. Values are JSON."""

    path: str
    before: str | None
    after: str | None


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The values in a JSON value that are no objects or lists, each with its path: `stops[0].city`.

    An empty object or list is a leaf too. At most 5,000, in the order of the payload.
    """
    waiting: list[tuple[str, Any]] = [(path, value)]
    for _ in range(_MOST_FIELDS):
        if not waiting:
            return
        place, found = waiting.pop()
        inside: list[tuple[str, Any]] = []
        if isinstance(found, Mapping):
            inside = [(f"{place}.{name}" if place else str(name), each) for name, each in found.items()]
        elif isinstance(found, list):
            inside = [(f"{place}[{index}]", each) for index, each in enumerate(found)]
        if inside:
            waiting.extend(reversed(inside))
        else:
            yield place, found


def changes(before: Mapping[str, Any], after: Mapping[str, Any], *, partial: bool = False) -> list[Change]:
    """What differs between two payloads, in the order of `after`; what is gone comes last.

    `partial`: `after` gives only some fields, so a field that it lacks has not gone.
    """
    old, new = dict(leaves(before)), dict(leaves(after))
    found = [
        Change(path, None if (was := old.get(path, _MISSING)) is _MISSING else _text(was), _text(value))
        for path, value in new.items()
        if old.get(path, _MISSING) != value
    ]
    gone = [] if partial else [Change(path, _text(value), None) for path, value in old.items() if path not in new]
    return found + gone


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
