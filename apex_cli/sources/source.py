"""What a source is: the one class that everything about a source hangs on.

To add a source, make a package `sources/<name>/`, subclass `Source` in its `__init__.py`, and add it to
`registry.BUILT_IN`. `--source`, the help texts and the order of recognition follow from there. Keep `__init__.py` light
(every `apex --help` imports it): import the mapping inside of `extract`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from apex_cli.extract.identity import external_id
from apex_cli.model import Extraction, JsonObject, Record


class Source(ABC):
    """One source of records. Instances keep no state; every method is pure and safe in any thread and process."""

    name: str
    """Stands in record ids: never change it."""
    title: str
    """What its records are, for help texts: "Turvo shipments"."""
    data_types: tuple[str, ...] = ()
    """The types that `identify` gives; empty where any name may come."""
    text_types: frozenset[str] = frozenset()
    """The types whose records are text that people write (messages, comments, documents): `APEX_TEXT_EMBEDDER`."""
    id_field: str = "id"
    """The field with the external id; unused by a source with an `identify` of its own."""
    specificity: int = 1
    """How much a shape must have to match. Higher is tried first; 0 takes every object that no other source takes."""
    typical_fields: frozenset[str] = frozenset()
    """Names of fields, in snake case, that few records of other sources have: for a hint at records not recognised."""
    revision: str = ""
    """Changes with the rules of a source that users describe; empty for a built-in one. Part of a content hash."""
    holds_writing: bool = False
    """Whether its texts are what people wrote: they are not looked into for records, as those of a queue's message are.
    """
    names_are_dates: bool = False
    """Whether the date in a file's name dates its records: of files that people name."""
    ids_by_hand: bool = False
    """Whether its ids come from people, so that two things may have one: see `pipeline.identities`."""
    reads_documents: bool = False
    """Whether its records are whole documents, made by `reading` and not recognised by keys."""

    @abstractmethod
    def matches(self, payload: JsonObject) -> bool:
        """Whether an object has the shape of a record of this source.

        Here, and in `identify`, `skip_reason` and `unpack`, the names of the object's own fields are in snake case
        (`field_names.snake_keys`); what is inside of them is as it arrived.
        """

    def identify(self, payload: JsonObject) -> tuple[str, str | None]:
        """Data type and external id; None for the id of an object that has none. Equal things get equal ids.

        Here: the first of `data_types`, and the value of `id_field`.
        """
        return self.data_types[0], external_id(payload.get(self.id_field))

    def by_key(self, payload: JsonObject) -> tuple[str, str] | None:  # noqa: ARG002 - for subclasses
        """Data type and external id of an object that is the key of a record and nothing else, as it is in a tombstone.

        None for everything else, also for a key that many sources have, such as `id`.
        """
        return None

    def counts_in_collection(self, data_type: str, payload: JsonObject) -> bool:  # noqa: ARG002 - for subclasses
        """Whether the id of a record counts within its collection only: the list, table or file that it is in.

        The names of the payload's fields are as they arrived.
        """
        return False

    @abstractmethod
    def extract(self, record: Record) -> Extraction:
        """What the record states. Never touches a store, a file or the clock.

        Raises `ExtractError` where nothing sound can be extracted.
        """

    def prose(self, record: Record) -> str:  # noqa: ARG002 - for subclasses
        """The free text of a record, which a language model may read; empty for structured records."""
        return ""

    def skip_reason(self, payload: JsonObject) -> str | None:  # noqa: ARG002 - for subclasses
        """Why there is nothing to ingest in an object of this source: "error answer", "webhook test", "draft".

        None for everything else, also for what is not of this source.
        """
        return None

    def unpack(self, payload: JsonObject) -> Sequence[JsonObject] | None:  # noqa: ARG002 - for subclasses
        """The records in an object of this source that holds several: a page, a feed, a row with a list of readings.

        None where the object is one record, or is not of this source. Each of the records stands for itself: what it
        needs from around it (an organisation's id, the time of the page) is copied into it. Called again for each.
        """
        return None

    def empty_paths(self, payload: JsonObject) -> Sequence[str]:  # noqa: ARG002 - for subclasses
        """The paths of the rules that find nothing in an object, each with what it is for: for `--explain`."""
        return ()
