"""What a source is: the one class that everything about a source hangs on.

To add a source, make a package `sources/<name>/`, subclass `Source` in its `__init__.py`, and add it to
`registry.BUILT_IN`. `--source`, the help texts and the order of recognition follow from there. Keep `__init__.py` light
(every `apex --help` imports it): import the mapping inside of `extract`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

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
    id_field: str = "id"
    """The field with the external id; unused by a source with an `identify` of its own."""
    specificity: int = 1
    """How much a shape must have to match. Higher is tried first; 0 takes every object that no other source takes."""
    reads_documents: bool = False
    """Whether its records are whole documents, made by `reading` and not recognised by keys."""

    @abstractmethod
    def matches(self, payload: JsonObject) -> bool:
        """Whether an object has the shape of a record of this source."""

    def identify(self, payload: JsonObject) -> tuple[str, str | None]:
        """Data type and external id; None for the id of an object that has none. Equal things get equal ids.

        Here: the first of `data_types`, and the value of `id_field`.
        """
        return self.data_types[0], external_id(payload.get(self.id_field))

    @abstractmethod
    def extract(self, record: Record) -> Extraction:
        """What the record states. Never touches a store, a file or the clock.

        Raises `ExtractError` where nothing sound can be extracted.
        """

    def prose(self, record: Record) -> str:  # noqa: ARG002 - for subclasses
        """The free text of a record, which a language model may read; empty for structured records."""
        return ""

    def is_empty_answer(self, payload: JsonObject) -> bool:  # noqa: ARG002 - for subclasses
        """Whether an object is an answer of the source's API, or a test of its webhook, that holds no record."""
        return False
