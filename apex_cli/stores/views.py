"""What stores answer, and what they are asked for: plain values without a driver's types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from apex_cli.errors import ApexError


@dataclass(frozen=True, slots=True)
class StoredSummary:
    """What a store has of one record, in brief: enough to compare stores.

    `saga_id` is the saga that wrote it; `parts` counts its points, its mentions or its cached value;
    `visible` whether readers see it.
    """

    record_id: str
    saga_id: str
    parts: int
    visible: bool


@dataclass(frozen=True, slots=True)
class EntityView:
    """One entity of the graph, as readers see it. `aliases` are its keys (`vehicle:vin:…`)."""

    id: str
    name: str
    type: str
    aliases: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FactView:
    """One interval of one fact, with the records that support it. Names are the entities' names.

    `certain` is false for what only free text says; `attributes` is what its first record adds to it. `overruled`: only
    free text says it, of a functional predicate of which a system of record says anything.
    """

    id: str
    subject: str
    predicate: str
    object: str
    sentence: str
    valid_at: datetime
    invalid_at: datetime | None
    records: tuple[str, ...]
    subject_id: str = ""
    object_id: str = ""
    certain: bool = True
    attributes: Mapping[str, Any] = field(default_factory=dict)
    overruled: bool = False

    def holds(self, at: datetime) -> bool:
        """Whether its interval, closed at its beginning and open at its end, contains `at`."""
        return self.valid_at <= at and (self.invalid_at is None or at < self.invalid_at)


@dataclass(frozen=True, slots=True)
class SupportedFacts:
    """An entity, all its facts, oldest first, and the marker of each record that supports them, of one moment."""

    entity: EntityView
    facts: Sequence[FactView]
    markers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class GraphView:
    """What the graph has of one record. `entities` leaves plain values (statuses) out; facts name them."""

    saga_id: str
    epoch: int
    entities: tuple[EntityView, ...]
    facts: tuple[FactView, ...]


@dataclass(frozen=True, slots=True)
class PointView:
    """One point: a chunk of a record's text, and where it is in its file ("rate-con.pdf, page 2"), if that is known."""

    id: str
    saga_id: str
    visible: bool
    text: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A record found by a search, best first; `score` is the store's own and comparable only within one answer.

    `place` is where the text is in its file, if that is known. `words` is the share of the question's words that the
    text has, `coverage` that share by the words' weight; only a search by words gives them.
    """

    record_id: str
    saga_id: str | None
    score: float
    text: str
    place: str = ""
    coverage: float = 0.0
    words: float = 0.0


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """Which records a search may find. None: any.

    `after` and `before` bound the event time of what is found: at or after the one, before the other. `at` asks for the
    records as they were: of each record the version that was current then. `ended` keeps records whose facts have all
    ended.
    """

    source: str | None = None
    data_type: str | None = None
    after: datetime | None = None
    before: datetime | None = None
    at: datetime | None = None
    ended: bool = True


ANY_RECORD = RecordFilter()


@dataclass(frozen=True, slots=True)
class Probe:
    """The facts that `check` gives of one store, or the error that kept it from opening.

    Of an embedded store without data there are neither facts nor an error.
    """

    store: str
    facts: Mapping[str, Any]
    error: ApexError | None = None


@dataclass(frozen=True, slots=True)
class TextWithoutVector:
    """An entity or a fact of the graph, and its text: `kind` is the type of an entity, None for a fact."""

    id: str
    text: str
    kind: str | None
