"""What is found inside of one JSON value, and what is known of it from around it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from apex_cli.model import JsonObject
from apex_cli.reading import envelope_names as names


@dataclass(frozen=True, slots=True)
class Around:
    """What an object's envelopes say of it.

    `collection` is the name of the list, table or stream that it stands in, "" where there is none. `id_fields` names
    the fields that identify it there. `as_of` is the time of the nearest envelope that has one. `ended`: the source
    says that the thing is gone.
    """

    collection: str = ""
    id_fields: tuple[str, ...] = ()
    as_of: datetime | None = None
    ended: bool = False

    def within(self, envelope: JsonObject) -> Around:
        """The same for what is inside of an object: the time of the nearest envelope counts."""
        time = names.time_of(envelope)
        return self if time is None else replace(self, as_of=time)

    def under(self, name: str) -> Around:
        """The same for what is under a name: a list's name is that of a collection, `data` or `SHIP-1` is not."""
        collection = name if names.is_telling(name) else self.collection
        unchanged = collection == self.collection and not self.id_fields
        return self if unchanged else replace(self, collection=collection, id_fields=())


@dataclass(frozen=True, slots=True)
class Inner:
    """One record inside of a value. `identity` is set where a source knows its shape; `is_row` where a connector or a
    source says that it is a record, whatever its shape.
    """

    payload: JsonObject
    around: Around
    identity: tuple[str, str, str] | None = None
    is_row: bool = False
    notes: tuple[str, ...] = ()

    def noted(self, notes: tuple[str, ...]) -> Inner:
        """The same with more notes."""
        return replace(self, notes=(*self.notes, *notes)) if notes else self


@dataclass(frozen=True, slots=True)
class Nothing:
    """An object that is understood and holds nothing to ingest: which source knows it, and why."""

    source: str
    note: str


Part = Inner | Nothing
