"""Inputs that were refused before they could be staged, such as a link out of its folder or an object without access.

No copy of them is staged, so this list alone says that a run has seen the same refusal before. Without it, `ingest -q`
writes the same lines every five minutes, and cron sends them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from apex_cli.files import private_directory, write_atomic

_NAME = "refused.json"
_MOST = 10_000
"""Refusals that are remembered. Those above it are reported by each run."""
_LONGEST_BYTES = 16 * 1024**2


class Refusals:
    """The refusals of earlier runs and those of this one, in the folder `home`. Not safe for several threads."""

    def __init__(self, home: Path) -> None:
        self._path = home / _NAME
        self._before = _read(self._path)
        self._now: dict[str, str] = {}

    def add(self, place: bytes, code: str) -> bool:
        """Note that the input at this place is refused. Returns whether an earlier run refused it by the same code."""
        name = os.fsdecode(place)
        if len(self._now) < _MOST:
            self._now[name] = code
        return self._before.get(name) == code

    def save(self, is_looked_at: Callable[[bytes], bool]) -> None:
        """Write the list for the next run. Of earlier refusals, those of places that this run did not look at stay.

        A disk that cannot be written is no error: the next run reports once more.
        """
        kept = {name: code for name, code in self._before.items() if not is_looked_at(os.fsencode(name))}
        found = dict(list({**kept, **self._now}.items())[:_MOST])
        if found != self._before:
            with suppress(OSError):
                private_directory(self._path.parent, parents=True)
                # Surrogates of names that are not UTF-8 stand in JSON as escapes.
                write_atomic(self._path, json.dumps(found).encode(), durable=False)


def _read(path: Path) -> dict[str, str]:
    """The list of an earlier run; nothing where there is none, or none that can be read."""
    with suppress(OSError, ValueError, RecursionError):
        if path.stat().st_size <= _LONGEST_BYTES:
            found = json.loads(path.read_bytes())
            if isinstance(found, dict):
                return {name: code for name, code in found.items() if isinstance(code, str)}
    return {}
