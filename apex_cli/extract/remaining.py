"""What a record says beyond the fields that its source knows, as phrases for its text.

Relations are a closed list, fields are not: `{"commodity": "frozen blueberries", "tags": ["kumquat", "late"]}` is no
claim, but a search must find it. Its phrases are "commodity frozen blueberries" and "tags kumquat, late".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from apex_cli.extract import clean, fields
from apex_cli.extract.cuts import LEFT_OUT

_MAX_PHRASES = 200
_MAX_CHARACTERS = 6_000
_LONGEST_VALUE = 1_000
_MAX_LEVELS = 8
_MAX_ITEMS = 200
_NAMED_IN_NOTE = 5
_MAX_CUT = 1_000
_NAMES_SHOWN = 3
_SAYS_NOTHING = frozenset(("name", "value", "values", "items", "data"))
"""Names that add nothing to what the field around them is called: `{"tag": {"name": "late"}}` is "tag late"."""

_Phrase = tuple[str, str, bool]
"""Path, phrase, and whether the value was cut."""


def remaining_phrases(payload: Mapping[str, Any], used: Collection[str]) -> tuple[list[str], str | None]:
    """The phrases of all fields that are not in `used`, in their order, and a note if any of them was cut.

    `payload` is a tree with names in snake case. `used` holds names of fields, and dotted paths of fields inside of
    them ("data.vehicle"; a list adds nothing to a path): what is at or below such a path has no phrase. Empty values
    have none either. A phrase begins with the last three names of its path.
    At most 200 phrases and 6,000 characters, 1,000 of one value, 8 levels, 200 items of a list.
    """
    phrases: dict[str, None] = {}
    cut: dict[str, None] = {}
    room = _MAX_CHARACTERS
    for path, phrase, shortened in _fields(payload, "", frozenset(used), _MAX_LEVELS):
        if phrase in phrases:
            continue
        fits = bool(phrase) and len(phrases) < _MAX_PHRASES and len(phrase) <= room
        if shortened or not fits:
            cut[path] = None
        if len(cut) == _MAX_CUT:
            break
        if fits:
            phrases[phrase] = None
            room -= len(phrase)
    return list(phrases), _note(list(cut)) if cut else None


def _note(paths: list[str]) -> str:
    more = f" and {len(paths) - _NAMED_IN_NOTE} more" if len(paths) > _NAMED_IN_NOTE else ""
    if len(paths) == _MAX_CUT:
        more += ", at least"
    named = clean.joined(clean.line(path, 60) for path in paths[:_NAMED_IN_NOTE])
    return f"{LEFT_OUT}from the text, content of {named}{more}"


def _fields(value: Mapping[str, Any], path: str, used: frozenset[str], levels: int) -> Iterator[_Phrase]:
    for name, inside in value.items():
        own = f"{path}.{name}" if path else name
        if own not in used:
            yield from _field(inside, own, used, levels)


def _field(value: Any, path: str, used: frozenset[str], levels: int) -> Iterator[_Phrase]:
    """The phrases of one field. One without a phrase is content that is too deep or beyond the end of a list."""
    if isinstance(value, Mapping):
        if levels:
            yield from _fields(value, path, used, levels - 1)
        elif value:
            yield path, "", True
    elif isinstance(value, list):
        plain = [text for item in value[:_MAX_ITEMS] if (text := _shown(item))]
        if plain:
            yield _phrase(path, ", ".join(plain))
        for item in value[:_MAX_ITEMS]:
            if isinstance(item, Mapping | list):
                yield from _field(item, path, used, levels - 1) if levels else ((path, "", True),)
        if len(value) > _MAX_ITEMS:
            yield path, "", True
    elif text := _shown(value):
        yield _phrase(path, text)


def _phrase(path: str, text: str) -> _Phrase:
    names = [name for name in path.split(".") if name not in _SAYS_NOTHING] or [path]
    words = clean.line(" ".join(names[-_NAMES_SHOWN:]).replace("_", " "))
    value = clean.line(text, _LONGEST_VALUE)
    return path, f"{words} {value}", len(text) > _LONGEST_VALUE and value.endswith("…")


def _shown(value: object) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    # A long text is longer than a scalar's line may be.
    return value.strip() if isinstance(value, str) else fields.scalar(value)
