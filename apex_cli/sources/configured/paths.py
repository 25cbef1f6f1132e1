"""Dotted paths into JSON: `order.id`, `stops[].city`, `legs[0].driver`, `meta."sent.at"`.

Names are compared in snake case, as everywhere (`extract.field_names`): `orderId` finds `ORDER_ID`. `[]` ranges over
the items of a list; an object in the place of a list is a list of one. `[0]` is one item, `[-1]` the last.

What a path finds below `stops[]` depends on which stop is meant. A `Place` says so: `{"stops[]": 2}` is the third one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from apex_cli.extract.field_names import snake, snake_keys

Place = Mapping[str, int]
"""The item that is meant of each list, by the path of the list."""
MOST_ITEMS = 1_000
_LONGEST = 300
_STEP = re.compile(
    r'(?:"(?P<quoted>[^"]{1,100})"|(?P<name>[^."\[\]{}]{1,100}))(?P<items>(?:\[-?\d{0,6}\]){0,8})(?:\.|$)'
)
_ITEM = re.compile(r"\[(-?\d*)\]")


class _Each:
    """The step `[]`."""


EACH = _Each()
Step = str | int | _Each


@dataclass(frozen=True, slots=True)
class Path:
    """A path as it was written, its steps, and the lists that it ranges over, the outermost first."""

    text: str
    steps: tuple[Step, ...]
    lists: tuple[str, ...]

    @property
    def dotted(self) -> str:
        """The names alone, as `extract.remaining` counts them as used."""
        return ".".join(step for step in self.steps if isinstance(step, str))

    def find(self, payload: Any, place: Place | None = None) -> Any:
        """The value there; None where there is none."""
        value, lists = payload, iter(self.lists)
        for step in self.steps:
            if value is None:
                return None
            if isinstance(step, str):
                value = _field(value, step)
            else:
                items = _items(value)
                index = step if isinstance(step, int) else (place or {}).get(next(lists), 0)
                value = items[index] if -len(items) <= index < len(items) else None
        return value

    def around(self, payload: Any, place: Place | None = None) -> tuple[Mapping[str, Any], str]:
        """The object that holds the value, names in snake case, and the value's name in it."""
        name = self.steps[-1]
        above = Path(self.text, self.steps[:-1], self.lists).find(payload, place) if isinstance(name, str) else None
        if isinstance(above, Mapping):
            return snake_keys(above), str(name)
        return {self.text: self.find(payload, place)}, self.text

    def all(self, payload: Any) -> list[Any]:
        """The values of all places, without null."""
        found = (self.find(payload, place) for place in places(payload, self.lists))
        return [value for value in found if value is not None]


@lru_cache(maxsize=4096)
def parse(text: str) -> Path:
    """The path that a text is. Raises `ValueError` with what is wrong."""
    steps: list[Step] = []
    lists: list[str] = []
    position = 0
    while position < len(text) or not steps:
        match = _STEP.match(text, position) if len(text) <= _LONGEST else None
        if match is None:
            raise ValueError(f"{text!r} is no path such as order.id or stops[].city")
        name = snake(match["quoted"] or match["name"].strip())
        steps.append(name)
        for item in _ITEM.finditer(match["items"]):
            if item[1] in ("", "-"):
                lists.append(_so_far(steps))
                steps.append(EACH)
            else:
                steps.append(int(item[1]))
        position = match.end()
    if text.endswith("."):
        raise ValueError(f"{text!r} ends in a dot")
    return Path(text, tuple(steps), tuple(lists))


def places(payload: Any, lists: Sequence[str]) -> Iterator[Place]:
    """Every place of these lists, each of which is inside of the one before it; one empty place for no list."""
    yield from _places(payload, lists, {})


def longest(chains: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The innermost of these chains of lists. Raises `ValueError` where two lists are beside each other."""
    found = max(chains, key=len, default=())
    for chain in chains:
        if chain != found[: len(chain)]:
            raise ValueError(f"{chain[-1]} and {found[-1]} are two lists beside each other")
    return found


def _places(payload: Any, lists: Sequence[str], place: Place) -> Iterator[Place]:
    if not lists:
        yield place
        return
    here = parse(lists[0].removesuffix("[]"))
    for index in range(min(len(_items(here.find(payload, place))), MOST_ITEMS)):
        yield from _places(payload, lists[1:], {**place, lists[0]: index})


def _so_far(steps: Sequence[Step]) -> str:
    """The path of the list that the next step ranges over: `stops[].items[]`."""
    text = ""
    for step in steps:
        if isinstance(step, str):
            text += f'{"." if text else ""}"{step}"' if re.search(r"[^\w-]", step) else f"{'.' if text else ''}{step}"
        else:
            text += "[]" if isinstance(step, _Each) else f"[{step}]"
    return f"{text}[]"


def _field(value: Any, name: str) -> Any:
    if not isinstance(value, Mapping):
        return None
    found = value.get(name)
    return snake_keys(value).get(name) if found is None else found


def _items(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, Mapping) else []
