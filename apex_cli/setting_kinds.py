"""Kinds of settings: how the value of each is read and checked.

A reader takes a string (a variable) or any type (`apex.toml`, a flag). It raises `ValueError` with the end of a
sentence that begins with the name of the setting: "must be a whole number, not 'abc'".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from apex_cli.addresses import Secret
from apex_cli.units import A_DURATION, A_SIZE, parse_duration, parse_size


class Kind(StrEnum):
    """How the value of a setting is read."""

    TEXT = "text"
    NAME = "name"
    CHOICE = "choice"
    COUNT = "count"
    PORT = "port"
    AMOUNT = "amount"
    DURATION = "duration"
    SIZE = "size"
    PATH = "path"
    FILE = "file"
    SECRET = "secret"  # noqa: S105
    STORE_URL = "store URL"
    HTTP_URL = "HTTP URL"


def check_text(kind: Kind, raw: Any) -> None:
    """Raise `ValueError` for a string that is no text: bytes that are not UTF-8, but for the name of a file."""
    if isinstance(raw, str) and kind not in (Kind.PATH, Kind.FILE):
        try:
            raw.encode()
        except UnicodeEncodeError:
            raise ValueError("holds bytes that are not UTF-8") from None


def read_choice(choices: tuple[str, ...], raw: Any) -> str:
    if raw not in choices:
        raise ValueError(f"must be one of {', '.join(choices)}, not {raw!r}")
    return str(raw)


def _number(kind: Callable[[Any], Any], parse: Callable[[str], Any], expected: str) -> Callable[[Any], Any]:
    """A reader of numbers: `parse` takes strings, `kind` makes one of the numbers that apex.toml and flags give."""

    def read(raw: Any) -> Any:
        try:
            if not isinstance(raw, str | int | float) or isinstance(raw, bool):
                raise ValueError(raw)
            return parse(raw) if isinstance(raw, str) else kind(raw)
        except (ValueError, OverflowError):
            raise ValueError(f"must be {expected}, not {raw!r}") from None

    return read


_whole = _number(int, int, "a whole number")
_dollars = _number(float, float, "a number of dollars")


def _count(raw: Any) -> int:
    count: int = _whole(raw)
    if count < 1:
        raise ValueError(f"must be 1 or more, not {count}")
    return count


def _port(raw: Any) -> int:
    port: int = _whole(raw)
    if not 0 < port < 65_536:
        raise ValueError(f"must be a port number, not {port}")
    return port


def _amount(raw: Any) -> float:
    amount: float = _dollars(raw)
    if not 0 <= amount < float("inf"):
        raise ValueError(f"must be a number of dollars, not {amount}")
    return amount


def _path(raw: Any) -> Path:
    path = Path(str(raw).strip())
    try:
        return path.expanduser().absolute()
    except RuntimeError as error:
        raise ValueError(f"names {path}, whose user has no home directory") from error


def _file(raw: Any) -> Path:
    path = _path(raw)
    if not path.is_file():
        raise ValueError(f"names {path}, which is not a file")
    return path


def _name(raw: Any) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", str(raw)):
        raise ValueError(f"must be lower-case letters, digits and _, at most 31, not {raw!r}")
    return str(raw)


def _http_url(raw: Any) -> str:
    if not re.match(r"https?://[^\s/@]+(/[^\s@]*)?$", str(raw)):
        raise ValueError("must start with http:// or https:// and contain no user or password")
    return str(raw)


READERS: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: str,
    Kind.NAME: _name,
    Kind.COUNT: _count,
    Kind.PORT: _port,
    Kind.AMOUNT: _amount,
    Kind.DURATION: _number(float, parse_duration, A_DURATION),
    Kind.SIZE: _number(int, parse_size, A_SIZE),
    Kind.PATH: _path,
    Kind.FILE: _file,
    Kind.SECRET: lambda raw: Secret(str(raw)),
    Kind.HTTP_URL: _http_url,
}
"""The reader of each kind that needs nothing but the value."""
