"""How far an ingest has come: of how many bytes and files, and in which file."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apex_cli.pipeline.context import InputProgress


@dataclass(slots=True)
class Progress:
    """What is done of a run. Each field is written by one thread, and may be read by any.

    `files` are those whose records all have a result, and `bytes` theirs, with those records of a file in hand that
    have one. `earlier_files` and `earlier_bytes` are what earlier runs left staged and no path of this run names.
    `passed` counts the records that left each stage. `began` is when the first input was looked for, 0 before, and
    `moved` when `bytes` grew last, both by `time.monotonic`.
    """

    files: int = 0
    bytes: int = 0
    in_hand: str = ""
    earlier_files: int = 0
    earlier_bytes: int = 0
    passed: Counter[str] = field(default_factory=Counter)
    began: float = 0.0
    moved: float = 0.0

    def take_earlier(self, origin: InputProgress) -> None:
        """An input comes that an earlier run left."""
        self.earlier_files += 1
        self.earlier_bytes += origin.bytes

    def advance(self, origin: InputProgress, size: int) -> None:
        """A record of so many bytes has a result. All records together never count more than their input has."""
        step = min(size, origin.bytes - origin.counted)
        origin.counted += step
        self.bytes += step
        self.moved = time.monotonic()

    def end(self, origin: InputProgress) -> None:
        """All records of the input have a result."""
        self.advance(origin, origin.bytes)
        self.files += 1
