"""How much of one input may be in hand at a time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Sizes in bytes of the input as it lies in the file; `max_depth` counts the objects and arrays around a value."""

    max_record_bytes: int
    max_document_bytes: int
    max_depth: int
