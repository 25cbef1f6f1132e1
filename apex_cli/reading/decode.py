"""One JSON value from its bytes, strictly: RFC 8259 and no more.

Python's own parser is lenient in ways that lose data or that a store later chokes on: it keeps the last of duplicate
keys, takes NaN and Infinity, turns 1e999 into infinity and passes lone surrogates on. Here the first three are errors;
a lone surrogate, which no UTF-8 text can hold, becomes U+FFFD.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from apex_cli.errors import ReadError
from apex_cli.extract.identity import canonical_json
from apex_cli.reading.structure import too_deep

_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class SourcePosition:
    """Where in its file a value begins: line and column from 1 (column in characters), offset in bytes from 0."""

    line: int
    column: int
    offset: int


def decode(raw: bytes, place: SourcePosition, max_depth: int) -> Any:
    """The value that `raw` is, white space around it aside.

    Raises `ReadError` with code `bad_json`, `duplicate_key`, `bad_number`, `too_deep` or `wrong_encoding`, naming the
    place in the file.
    """
    if too_deep(raw, max_depth):
        raise deep(place, max_depth)
    try:
        value = _parse(str(raw, "utf-8"))
        if _SURROGATE_ESCAPE.search(raw):
            value = _parse(str(canonical_json(value), "utf-8"))
    except UnicodeDecodeError as error:
        raise _not_utf8(raw, place, error) from error
    except json.JSONDecodeError as error:
        line = place.line + error.lineno - 1
        column = error.colno + (place.column - 1 if error.lineno == 1 else 0)
        raise broken(line, column, error.msg) from error
    except _Refused as refused:
        raise ReadError(f"{refused} in the value at line {place.line}", code=refused.code) from refused
    except ValueError as error:  # Python's own limit on the digits of an integer: CVE-2020-10735
        raise ReadError(f"an integer in the value at line {place.line} is too long", code="bad_number") from error
    except RecursionError as error:
        raise deep(place, max_depth) from error
    return value


def broken(line: int, column: int, what: str) -> ReadError:
    """Broken JSON: where, and what was wrong."""
    what = what[:1].lower() + what[1:].removesuffix(" at").removesuffix(" starting")
    return ReadError(f"broken JSON at line {line}, column {column}: {what}", code="bad_json")


def deep(place: SourcePosition, max_depth: int) -> ReadError:
    """A value that nests too deep."""
    return ReadError(f"the value at line {place.line} nests deeper than {max_depth} levels", code="too_deep")


def large(place: SourcePosition, limit: int) -> ReadError:
    """A value with too many bytes."""
    return ReadError(
        f"the value at line {place.line} is larger than {limit:,} bytes",
        hint="set APEX_MAX_RECORD_BYTES to take larger records",
        code="too_large",
    )


class _Refused(Exception):
    """Well-formed, but not taken; raised from inside the parser, which knows no place."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Refused("duplicate_key", f"duplicate key {_short(key)!r}")
            seen.add(key)
    return value


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise _Refused("bad_number", f"the number {_short(text)} is too large")
    return value


def _constant(text: str) -> NoReturn:
    raise _Refused("bad_number", f"{text} is not a JSON number")


_parse: Callable[[str], Any] = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_float, parse_constant=_constant
).decode


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _not_utf8(raw: bytes, place: SourcePosition, error: UnicodeDecodeError) -> ReadError:
    line = place.line + raw.count(b"\n", 0, error.start)
    return ReadError(
        f"not UTF-8: byte 0x{raw[error.start]:02x} at offset {place.offset + error.start} (line {line})",
        hint="save the file as UTF-8",
        code="wrong_encoding",
    )
