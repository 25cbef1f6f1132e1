"""Reads the files of the configuration: `.env`, `apex.toml`, and a file for each source that is described."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from apex_cli.errors import ConfigError

_TOML_BYTES = 1024 * 1024


class SourceTable(NamedTuple):
    """A source that the configuration describes: its name, the file that does, and the table as it is there."""

    name: str
    origin: str
    table: Any


def working_directory() -> Path:
    """Where `.env` and `apex.toml` are looked for. Raises `ConfigError`."""
    try:
        return Path.cwd()
    except OSError as error:
        raise ConfigError(
            f"the working directory cannot be used: {error.strerror or error}",
            hint="change to a directory that exists and that you may read",
        ) from error


def dotenv(path: Path) -> Mapping[str, str]:
    """The variables of a file `.env`; none where there is no such file. Raises `ConfigError`."""
    if not path.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        values = dotenv_values(path, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name} cannot be read: {error}", hint="it must be a text in UTF-8") from error
    return {key: value for key, value in values.items() if value is not None}


def sources_of(folder: Path) -> list[SourceTable]:
    """The sources of the files `NAME.toml` in a folder, sorted by name; each file is the table of one source."""
    try:
        is_there = folder.is_dir()
    except OSError:
        # A home that this user may not look into: opening it says so, with a hint.
        return []
    try:
        found = sorted(folder.glob("*.toml")) if is_there else []
    except OSError as error:
        raise ConfigError(f"{folder} cannot be read: {error.strerror or error}") from error
    return [SourceTable(path.stem, str(path), read_toml(path, str(path))) for path in found]


def read_toml(path: Path, shown: str) -> dict[str, Any]:
    """What a file in TOML holds. `shown` names it in errors. Raises `ConfigError`."""
    try:
        if path.stat().st_size > _TOML_BYTES:
            raise ConfigError(f"{shown} is larger than {_TOML_BYTES >> 20} MiB")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError, RecursionError) as error:
        raise ConfigError(f"{shown} cannot be read: {error}") from error
