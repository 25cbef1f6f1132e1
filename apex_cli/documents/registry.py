"""All document formats: by name, by the extension of a file, by what a file begins with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath

from apex_cli.documents import markdown
from apex_cli.documents.format import TEXT, Format

DEFAULT = TEXT
BUILT_IN: tuple[Format, ...] = (TEXT, markdown.FORMAT)
_formats: list[Format] = []


def register(format: Format) -> None:
    """Add a format. Raises `ValueError` for a name or an extension that is taken."""
    for known in _formats:
        if format.name == known.name or not set(format.extensions).isdisjoint(known.extensions):
            raise ValueError(f"the format {known.name!r} has this name or extension already")
    _formats.append(format)


@contextmanager
def registered(format: Format) -> Iterator[None]:
    """A format that is known within a `with` block only."""
    register(format)
    try:
        yield
    finally:
        _formats.remove(format)


for _format in BUILT_IN:
    register(_format)


def extensions() -> tuple[str, ...]:
    """The file name extensions of all formats."""
    return tuple(extension for format in _formats for extension in format.extensions)


def by_name(name: str) -> Format | None:
    """The format of this name."""
    return next((format for format in _formats if format.name == name), None)


def by_file(name: str, head: bytes) -> Format | None:
    """The format of a file by its extension, else by its first bytes."""
    extension = PurePath(name).suffix.lower()
    for format in _formats:
        if extension in format.extensions:
            return format
    return next((format for format in _formats if format.magic and head.startswith(format.magic)), None)
