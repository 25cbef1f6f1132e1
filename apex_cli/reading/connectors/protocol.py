"""What a protocol of connectors is: how programs that copy data write rows, and what they write between the rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from apex_cli.model import JsonObject
from apex_cli.reading.inner import Around


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a stream or table. It is read as any object is: a source may know its shape."""

    payload: JsonObject
    around: Around


@dataclass(frozen=True, slots=True)
class Opened:
    """What one message holds: rows, or none for one about the transfer itself.

    `note` is set for a message without rows that the user must know of: an error of the connector, or an order that is
    not carried out here.
    """

    rows: Sequence[Row] = ()
    note: str | None = None


@dataclass(slots=True)
class Streams:
    """What the messages of one input said so far: the key fields of each stream."""

    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)


class Protocol(ABC):
    """One protocol. Instances keep no state: what must be remembered within an input is in `Streams`."""

    name: str

    @abstractmethod
    def read(self, value: JsonObject, around: Around, streams: Streams) -> Opened | None:
        """The message that an object is; None where it is none of this protocol. Field names are taken literally."""


def fields_of(value: object) -> JsonObject:
    """The object itself, empty for anything else."""
    return value if isinstance(value, Mapping) else {}


def text_of(value: object) -> str:
    """The text itself, "" for anything else."""
    return value if isinstance(value, str) else ""
