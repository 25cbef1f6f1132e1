"""Bad and hostile inputs: what is to be refused, under which code, and what is odd but right."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.pdf_files import locked

BELL_AND_COLOUR = "\x1b[31mred\x1b[0m\x07 \x9b2J [bold red]markup[/bold red] [link=file:///etc]x[/link] \u202etxt.exe"
DEPTH = 10_000
LONG = 10 * 1024**2
LOCKED_PDF = locked("user")


@dataclass(frozen=True)
class Refused:
    """An input that fails alone. `says` is in its message; `staged`: a copy of it is kept in the staging directory."""

    name: str
    make: Callable[[Path], object]
    code: str
    says: str
    staged: bool = True


@dataclass(frozen=True)
class Taken:
    """An odd payload that is committed all the same, under this key; `exact` unless no store can hold all of it."""

    name: str
    payload: dict[str, Any]
    key: str
    exact: bool = True


def _bytes(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


REFUSED = (
    Refused("empty.json", _bytes(b""), "empty_file", "empty"),
    Refused("blank.txt", _bytes(b" \n\t\n"), "empty_file", "empty"),
    Refused("broken.json", _bytes(b'{"shipmentId": "S-1",\n "status": }\n'), "bad_json", "line 2, column 12"),
    Refused("cut.json", _bytes(b'{"shipmentId": "S-1", "status": "in_tr'), "bad_json", "line 1"),
    Refused("latin1.json", _bytes(b'{"message_id": "M\xe9", "body": "x"}'), "wrong_encoding", "0xe9"),
    Refused("cyrillic.txt", _bytes(b"\xcf\xf0\xe8\xe2\xe5\xf2\n"), "wrong_encoding", "0xcf"),
    Refused("locked.pdf", _bytes(LOCKED_PDF), "encrypted", "password"),
    Refused("cut.pdf", _bytes(LOCKED_PDF[:-400]), "broken_file", "ends in the middle"),
    Refused("sheet.xlsx", _bytes(b"PK\x03\x04"), "broken_file", "sheet.xlsx"),
    Refused("nul.txt", _bytes(b"a\0b"), "binary_file", "NUL"),
    Refused("nul.json", _bytes(b'{"id": "a\0b"}'), "bad_json", "line 1"),
    Refused("twice.json", _bytes(b'{"id": 1, "id": 2}'), "duplicate_key", "'id'"),
    Refused("nan.json", _bytes(b'{"id": "n", "weight": NaN}'), "bad_number", "NaN"),
    Refused("huge-number.json", _bytes(b'{"id": "n", "weight": 1e999}'), "bad_number", "1e999"),
    Refused("deep.json", _bytes(b'{"id":' + b"[" * DEPTH + b"]" * DEPTH + b"}"), "too_deep", "200 levels"),
    Refused("number.json", _bytes(b"42"), "not_an_object", "a number"),
    Refused("colours\x1b[31m.json", _bytes(b"{"), "bad_json", "line 1"),
    Refused("dangling.json", lambda path: path.symlink_to("nowhere.json"), "unreadable", "cannot be read", False),
    Refused("outside.json", lambda path: path.symlink_to("/etc/hostname"), "symlink_outside", "outside", False),
    Refused("pipe.json", os.mkfifo, "not_a_file", "not a regular file", False),
)

TAKEN = (
    Taken("traversal.json", {"id": "../../x", "name": "Upwards"}, "json:../../x"),
    Taken("absolute.json", {"id": "/etc/passwd", "name": "Absolute"}, "json:/etc/passwd"),
    Taken("escaped-nul.json", {"id": "escaped-nul", "note": "a\0b"}, "json:escaped-nul", False),
    Taken("surrogate.json", {"id": "surrogate", "note": "\ud800 alone"}, "json:surrogate", False),
    Taken("long.json", {"id": "long", "note": "x" * LONG}, "json:long"),
    Taken("terminal.json", {"id": "terminal", "name": BELL_AND_COLOUR, "note": BELL_AND_COLOUR}, "json:terminal"),
    Taken("sql.json", {"id": "'; DROP TABLE record; --", "name": "$1 %s {x}"}, "json:'; DROP TABLE record; --"),
)


def make_taken(folder: Path, odd: Taken) -> Path:
    """Write an odd payload; escapes that JSON has for what it cannot hold stay escapes."""
    path = folder / odd.name
    path.write_text(json.dumps(odd.payload), encoding="ascii")
    return path


def make_loop(folder: Path) -> None:
    """Directories that contain themselves by symbolic links."""
    (folder / "loop").mkdir()
    (folder / "loop" / "again").symlink_to("..")
    (folder / "loop" / "self").symlink_to(".")
