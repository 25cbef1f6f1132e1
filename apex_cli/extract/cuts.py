"""What is left out of a record while it is read, for the note of its result.

Limits keep one record from taking all memory. Nothing is cut in silence: whatever cuts says so here, however deep in a
mapping it is, and `registry.extract` puts it into the notes of the extraction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

LEFT_OUT = "left out: "
"""How a note begins that says what of a record is not in the memory."""
_MOST = 20
_notes: ContextVar[dict[str, None] | None] = ContextVar("notes", default=None)


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
