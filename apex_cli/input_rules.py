"""What holds for the reading of an input: its limits, and what the user says of how its records are called."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Naming:
    """What the user says of how the records of an input are called.

    `collection` is the collection of other JSON, `id_fields` the dotted paths of the fields that together are its id.
    `name` is what a stream is called, as if it were a file of this name.
    """

    collection: str | None = None
    id_fields: tuple[str, ...] = ()
    name: str | None = None


UNSAID = Naming()
"""Nothing is said."""


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Limits of one input: sizes in bytes, as in the file; `max_depth` counts the objects and arrays around a value.

    A parser in a worker process is ended where it is silent for `parse_timeout` seconds, and cannot have more than
    `parse_memory` bytes. The files inside of one input have at most `max_unpacked_bytes` together.
    """

    max_record_bytes: int
    max_document_bytes: int
    max_depth: int
    parse_timeout: float = 60.0
    parse_memory: int = 2 * 1024**3
    max_unpacked_bytes: int = 8 * 1024**3
