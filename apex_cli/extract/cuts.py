"""What is left out of a record while it is read, for the note of its result.

Limits keep one record from taking all memory. Nothing is cut in silence: whatever cuts says so here, however deep in a
mapping it is, and `registry.extract` puts it into the notes of the extraction.

Quoted mail is no loss, for it is a record of its own: its lines are only counted, for `apex ingest --explain`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

LEFT_OUT = "left out: "
"""How a note begins that says what of a record is not in the memory."""
_MOST = 20
_notes: ContextVar[dict[str, None] | None] = ContextVar("notes", default=None)


@dataclass(slots=True)
class QuotedLines:
    """How many lines of quoted mail are no part of a text; blank ones do not count."""

    count: int = 0


_quoted: ContextVar[QuotedLines | None] = ContextVar("quoted", default=None)


def left_out(what: str) -> None:
    """Says what is left out of the record at hand: "140 of 340 stops". The same counts once; at most 20 for a record.

    Outside of `collected` it is a no-op: a caller that wants to know asks.
    """
    notes = _notes.get()
    if notes is not None and len(notes) < _MOST:
        notes[LEFT_OUT + what] = None


@contextmanager
def collected() -> Iterator[dict[str, None]]:
    """The notes of what is left out within the block, as they come, in this thread or task."""
    notes: dict[str, None] = {}
    token = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(token)


def quoted(lines: int) -> None:
    """Counts lines of quoted mail in the record at hand. Outside of `counted_quotes` it is a no-op."""
    count = _quoted.get()
    if count is not None:
        count.count += lines


@contextmanager
def counted_quotes() -> Iterator[QuotedLines]:
    """How many lines of quoted mail are found within the block, in this thread or task."""
    count = QuotedLines()
    token = _quoted.set(count)
    try:
        yield count
    finally:
        _quoted.reset(token)
