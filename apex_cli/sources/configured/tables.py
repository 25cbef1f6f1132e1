"""Readers of a TOML table: each value has a kind, and each error says where it is and what is allowed there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

from apex_cli.errors import ConfigError
from apex_cli.extract import time_zones
from apex_cli.extract.identity import slug
from apex_cli.sources.configured import paths
from apex_cli.sources.configured.paths import Path

E = TypeVar("E", bound=StrEnum)
_HOLE = re.compile(r"\{([^{}]*)\}")
_MOST_PARTS = 100


@dataclass(frozen=True, slots=True)
class Condition:
    """Fields that must be there and, where `allowed` is not None, hold one of these texts."""

    parts: tuple[tuple[Path, frozenset[str] | None], ...]

    def holds(self, payload: Any, place: paths.Place | None = None) -> bool:
        """Whether each part does. Of a path through a list, in the item that is meant, else in any item."""
        return all(self._found(path, allowed, payload, place) for path, allowed in self.parts)

    def _found(self, path: Path, allowed: frozenset[str] | None, payload: Any, place: paths.Place | None) -> bool:
        values = path.all(payload) if place is None and path.lists else [path.find(payload, place)]
        return any(
            value is not None and value != "" and (allowed is None or text_of(value) in allowed) for value in values
        )


@dataclass(frozen=True, slots=True)
class At:
    """Where in which file: every error says so."""

    origin: str
    key: str

    def below(self, name: str) -> At:
        return At(self.origin, f"{self.key}.{name}")

    def fail(self, what: str, *, hint: str | None = None) -> NoReturn:
        """Raises `ConfigError`."""
        raise ConfigError(f"{self.origin}: {self.key}: {what}", hint=hint)

    def unknown(self, given: object, allowed: Sequence[str]) -> NoReturn:
        near = get_close_matches(str(given).casefold(), [each.casefold() for each in allowed], n=1)
        meant = next((each for each in allowed if near and each.casefold() == near[0]), None)
        self.fail(
            f"{given!r} is not known{f'; did you mean {meant}?' if meant else ''}",
            hint=f"allowed: {', '.join(allowed)}",
        )


class Table:
    """A TOML table whose keys are all known, and readers of its values."""

    def __init__(self, at: At, table: Any, known: Sequence[str]) -> None:
        if not isinstance(table, Mapping):
            at.fail(f"must be a table, not {table!r}")
        self.at = at
        self.table: Mapping[str, Any] = table
        for key in table:
            if key not in known:
                at.below(key).unknown(key, known)

    def _needed(self, key: str, needed: bool) -> Any:
        value = self.table.get(key)
        if value is None and needed:
            self.at.below(key).fail("is missing")
        return value

    def text(self, key: str, *, needed: bool = False) -> str | None:
        value = self._needed(key, needed)
        if value is not None and (not isinstance(value, str) or not value.strip()):
            self.at.below(key).fail(f"must be a text, not {value!r}")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        value = self.table.get(key, default)
        if not isinstance(value, bool):
            self.at.below(key).fail(f"must be true or false, not {value!r}")
        return bool(value)

    def choice(self, key: str, kind: type[E], *, needed: bool = False, but: E | None = None) -> E | None:
        value = self._needed(key, needed)
        if value is None:
            return None
        allowed = [each for each in kind if each is not but]
        if value not in allowed:
            self.at.below(key).unknown(value, [str(each) for each in allowed])
        return kind(value)

    def zone(self, key: str) -> str | None:
        value = self.text(key)
        if value is not None and time_zones.zone(value) is None:
            self.at.below(key).fail(f"{value!r} is no time zone", hint="for example America/Chicago, CST or -06:00")
        return value

    def path(self, key: str, *, needed: bool = False) -> Path | None:
        value = self._needed(key, needed)
        return None if value is None else self._path(self.at.below(key), value)

    def paths(self, key: str, *, needed: bool = False) -> tuple[Path, ...]:
        value = self._needed(key, needed)
        items = value if isinstance(value, list) else [] if value is None else [value]
        if value == [] or len(items) > _MOST_PARTS:
            self.at.below(key).fail(f"must be a path or a list of 1 to {_MOST_PARTS} paths")
        return tuple(self._path(self.at.below(key), item) for item in items)

    def paths_by_name(
        self, key: str, allowed: Sequence[str] | None = None, *, plain: bool = False
    ) -> Mapping[str, Path]:
        value = self.table.get(key, {})
        at = self.at.below(key)
        if not isinstance(value, Mapping) or len(value) > _MOST_PARTS:
            at.fail(f'must be a table of at most {_MOST_PARTS} paths: {{ number = "order_id" }}')
        for name in value:
            if allowed is not None and name not in allowed:
                at.below(name).unknown(name, allowed)
        found = {name: self._path(at.below(name), text) for name, text in value.items()}
        if plain:
            for name, path in found.items():
                without_lists(at.below(name), (path,))
        return found

    def condition(self, key: str) -> Condition | None:
        """A list of paths that must be there, or a table of paths and the values that they may have."""
        value, at = self.table.get(key), self.at.below(key)
        if value is None:
            return None
        if isinstance(value, str | list):
            return Condition(tuple((path, None) for path in self.paths(key)))
        if not isinstance(value, Mapping) or not value:
            at.fail('must be a list of paths, or a table: { kind = "order", status = ["open", "closed"], id = "*" }')
        return Condition(
            tuple((self._path(at.below(text), text), _allowed(at.below(text), each)) for text, each in value.items())
        )

    def words(self, key: str) -> Mapping[str, str]:
        value = self.table.get(key, {})
        if not isinstance(value, Mapping) or not all(isinstance(word, str) and slug(word) for word in value.values()):
            self.at.below(key).fail('must be a table of words: { D = "delivered" }')
        return dict(value)

    def tables(self, key: str, known: Sequence[str]) -> list[Table]:
        value = self.table.get(key, [])
        if not isinstance(value, list) or len(value) > _MOST_PARTS:
            self.at.below(key).fail(f"must be a list of at most {_MOST_PARTS} tables: [[{self.at.key}.{key}]]")
        return [Table(self.at.below(f"{key}[{number}]"), each, known) for number, each in enumerate(value, start=1)]

    def template(self, key: str) -> tuple[str | Path, ...]:
        """The parts of a text with paths in braces: "Order {id} for {customer.name}"."""
        parts: list[str | Path] = list(_HOLE.split(self.text(key) or ""))
        parts[1::2] = [self._path(self.at.below(key), str(hole)) for hole in parts[1::2]]
        return tuple(part for part in parts if part)

    def _path(self, at: At, value: Any) -> Path:
        if not isinstance(value, str):
            at.fail(f'must be a path such as "order.id", not {value!r}')
        try:
            return paths.parse(value)
        except ValueError as error:
            at.fail(str(error))


def _allowed(at: At, value: Any) -> frozenset[str] | None:
    """The texts that a field may hold; None for "*", anything that is there."""
    items = value if isinstance(value, list) else [value]
    if not items or not all(isinstance(item, str | int | float) for item in items):
        at.fail(f'must be a value, a list of values, or "*" for any, not {value!r}')
    return None if value == "*" else frozenset(text_of(item) for item in items)


def text_of(value: object) -> str:
    """A scalar as conditions compare it: `true`, `7`, `open`."""
    return str(value).lower() if isinstance(value, bool) else str(value).strip()


def without_lists(at: At, found: tuple[Path, ...]) -> tuple[Path, ...]:
    for path in found:
        if path.lists:
            at.fail(f"{path.text!r} goes through a list: name one item, as {path.text.replace('[]', '[0]')!r}")
    return found
