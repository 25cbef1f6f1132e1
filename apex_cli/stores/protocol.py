"""The protocols of the stores, the same for every engine. What they answer is in `views`.

A *prepared* store (vectors, cache) takes data that is not visible until `publish`. The *pivot* (graph) changes
everything in one transaction: when it has committed, the record's new version is decided. The *journal* (PostgreSQL) is
the list of all sagas, and for each record its epoch and its current version.

Rules for every implementation, tested by one contract suite:

- Methods take batches: one round trip each, as far as the engine allows.
- Every write is idempotent: doing it again with the same plans changes nothing.
- A write that raised, timed out or was cancelled may have been applied; callers settle that through the journal.
- Driver exceptions never leave the implementation: they become `StoreTransient` or `StoreTerminal`.
- `open` may be called once; `close` any number of times, also after a failed `open`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from apex_cli.extract.signatures import Signature
from apex_cli.model import Plan
from apex_cli.stores.views import (
    ANY_RECORD,
    EntityView,
    FactView,
    GraphView,
    Hit,
    PointView,
    RecordFilter,
    StoredSummary,
    SupportedFacts,
    TextWithoutVector,
)


class Store(Protocol):
    """Life cycle common to all stores."""

    name: str
    """graph, postgres, vectors or cache."""

    async def open(self) -> None:
        """Connect and make sure that the schema is there. Raises `StoreUnavailable` with a hint."""

    async def close(self) -> None:
        """Release everything. Never raises for a store that has already gone."""

    async def check(self) -> Mapping[str, Any]:
        """Facts for `apex doctor`, at least `{"engine": …, "version": …}`; a `StoreError` when it cannot look."""


class PreparedStore(Store, Protocol):
    """A store whose data becomes visible only when it is published."""

    @property
    def needs_flush(self) -> bool:
        """Whether a loss of power may take what was written since the last `flush`.

        False for a server: its own settings say what it syncs, and when.
        """

    async def flush(self) -> None:
        """Put on the disk everything that was written before. Nothing where `needs_flush` is false."""

    async def prepare(self, plans: Sequence[Plan]) -> None:
        """Write the plans' data, not yet visible, under ids of their own saga."""

    async def publish(self, plans: Sequence[Plan]) -> None:
        """Make the plans' data visible and remove what they supersede; for `FORGET`, remove the record.

        Never moves a record back to an older epoch.
        """

    async def discard(self, plans: Sequence[Plan]) -> None:
        """Remove what `prepare` wrote for these plans, if anything; never touches the data of another saga."""

    async def list_unpublished(self) -> frozenset[str]:
        """Saga ids whose prepared data is not yet visible."""

    async def sweep(self, saga_ids: frozenset[str]) -> int:
        """Remove the data of these sagas that is not yet visible. Returns how many points or values were removed."""

    def scan(self) -> AsyncIterator[Sequence[StoredSummary]]:
        """Everything that the store has, in batches, for `apex verify`."""


class VectorStore(PreparedStore, Protocol):
    """Vectors of records' text, with `visible` in the payload: readers filter on it. Each model has a collection."""

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the models whose collections are open."""

    async def use(self, models: Sequence[str]) -> None:
        """Open the collections of these models too. Raises `StoreUnavailable`."""

    async def drop_empty(self, model: str) -> bool:
        """Remove the open collection of a model, if it holds no point; whether it did."""

    async def read(self, record_ids: Sequence[str]) -> Mapping[str, Sequence[PointView]]:
        """All points of these records, visible or not."""

    async def search(
        self, model: str, vector: Sequence[float], *, limit: int, where: RecordFilter = ANY_RECORD
    ) -> Sequence[Hit]:
        """The nearest visible points of a model by cosine similarity, best first, one or more per record.

        A store holds points of current versions only, so `where.at` finds none of versions that were replaced since.
        """


class CacheStore(PreparedStore, Protocol):
    """The cache of current versions, and the locks that save duplicate work."""

    async def read(self, record_ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """Cached current versions: `{"saga_id", "epoch", "revision", "content_hash", "source", "data_type",
        "external_id", "title"}`; records that are not cached are absent.
        """

    async def lock(self, names: Sequence[str], owner: str, ttl_seconds: float) -> frozenset[str]:
        """Take each lock that is free (or already `owner`'s, which renews it); returns those that `owner` has now."""

    async def owners(self, names: Sequence[str]) -> Mapping[str, str]:
        """The owner of each of these locks now; free ones are absent."""

    async def unlock(self, names: Sequence[str], owner: str) -> None:
        """Release those of these locks that `owner` still has."""


class RecordSearch(Protocol):
    """Finds records by their texts, as other stores have indexed them. The graph searches by it."""

    async def near(self, vector: Sequence[float], *, limit: int) -> Sequence[Hit]:
        """The nearest texts of records with fields, by cosine similarity: one or more per record, nearest first.

        `vector` is of the memory's own model.
        """

    async def matching(self, text: str, *, limit: int) -> Sequence[Hit]:
        """Records that have any of the words of `text`, best first."""


class PivotStore(Store, Protocol):
    """The graph: the one store whose transaction decides a saga."""

    @property
    def holds_vectors(self) -> bool:
        """Whether plans bring the vectors of names and sentences, for other programs that search the graph.

        Where it does, the store is `Fillable`.
        """

    async def commit(self, plans: Sequence[Plan]) -> None:
        """Write all plans in one transaction: fence, marker (saga id), entities, facts, episodes.

        All or nothing. A plan for a record appears at most once in a batch. Raises `Fenced` when the fence of any
        record is newer than its plan's epoch. Committing a plan whose marker is already there changes nothing.
        """

    async def settle(self, targets: Sequence[tuple[str, int]]) -> Mapping[str, str | None]:
        """Raise each record's fence to the given epoch and return its marker: the last saga committed, or None.

        One transaction. After it, no plan with an older epoch can commit. Raises `Fenced` where the fence is newer
        already.
        """

    async def read(self, record_ids: Sequence[str]) -> Mapping[str, GraphView]:
        """What the graph has of these records; records that it does not have are absent."""

    async def find_entities(self, text: str, *, limit: int = 20) -> Sequence[EntityView]:
        """Entities that `text` means: an id, a key as it is shown or its value in any spelling (`carrier:mc:948811`,
        `MC-948811`, `+1 312 555 0144`), or a name in any case, legal form or diacritics. Without any, those that have
        the text (three characters or more) in their name.
        """

    async def named(self, keys: Sequence[str]) -> Mapping[str, Sequence[EntityView]]:
        """The entities that have each of these keys or names (aliases), without plain values; unknown ones are absent.

        Looked up one by one, never searched.
        """

    async def placed(self, signatures: Sequence[Signature]) -> Mapping[Signature, EntityView]:
        """The entity that each of these signatures is of now, plain values too; those that no record has are absent."""

    async def newest_records(self, entity_id: str, *, limit: int) -> Sequence[str]:
        """The records that mention an entity, the newest by event time first."""

    async def resembling(self, text: str, *, kind: str | None = None, limit: int = 5) -> Sequence[EntityView]:
        """Entities, of one type if `kind` names it, whose name is near `text`, the nearest first: for a person to
        judge.
        """

    async def facts(
        self, entity_id: str, *, at: datetime | None = None, predicate: str | None = None, overruled: bool = False
    ) -> Sequence[FactView]:
        """Facts with this entity as subject or object, oldest first; `at` keeps those that held at that moment.

        Without `overruled`, those that are overruled (see `FactView`) are left out.
        """

    async def supported_facts(self, entity_id: str) -> SupportedFacts | None:
        """An entity with all its facts, those that are overruled too; None where it is not there."""

    async def facts_then(self, predicate: str, *, at: datetime, limit: int) -> Sequence[FactView]:
        """Facts of one predicate that hold at a moment: those that begin last, the latest first."""

    async def free_text_claims(self, *, at: datetime, limit: int) -> Sequence[FactView]:
        """What free text claims, beginning not later than `at`, the latest first: mentions that state a status, and
        facts of functional predicates that no system of record supports.
        """

    async def statements(self, entity_ids: Sequence[str]) -> Sequence[FactView]:
        """What is stated of these entities, now and before, oldest first: facts of functional predicates, but for what
        is read at a moment (positions, engine states, geofences); and stops.
        """

    async def list_entities(self, *, kind: str | None, beginning: str, limit: int) -> Sequence[EntityView]:
        """Entities by name: of this type, and whose name begins so, in any case. Plain values are left out."""

    async def entities(self, ids: Sequence[str]) -> Sequence[EntityView]:
        """Those of these entities that are there, without plain values."""

    async def count_by_type(self) -> tuple[Mapping[str, int], int]:
        """How many entities there are by type, without plain values; and how many facts. Counts all of them."""

    async def known(self, keys: Sequence[str]) -> frozenset[str]:
        """Those of these keys and names (aliases, as `EntityView` shows them) that an entity has."""

    async def mentioned(self, record_ids: Sequence[str]) -> Mapping[str, Sequence[EntityView]]:
        """The entities of each of these records that is there, without plain values."""

    def scan(self) -> AsyncIterator[Sequence[StoredSummary]]:
        """Markers of all records that are present, with their number of mentions (values included), in batches."""

    async def audit(self) -> Sequence[tuple[str, str]]:
        """Breaches of the graph's own rules, as (id, description).

        Nodes without a mention, facts without evidence or ends, intervals that overlap.
        """


@runtime_checkable
class Rebuildable(Protocol):
    """A graph that one process has to itself, and that can be built again from PostgreSQL."""

    @property
    def needs_rebuild(self) -> bool:
        """Whether an older version of the program made it. Then nothing but `settle` and `rebuilding` works."""

    def rebuilding(self, *, trusted: bool) -> AbstractAsyncContextManager[PivotStore]:
        """A second graph to fill, which replaces this one when the block ends without an error. Until then this one
        stays as it is, also after a crash.

        `trusted`: what this graph holds is right, only its schema is old. Then entities keep their ids, and the second
        graph may hold what a killed rebuild committed to it.
        """


@runtime_checkable
class Purgeable(Protocol):
    """A store that can rewrite its own files."""

    async def purge(self) -> None:
        """Rewrite the files so that nothing that was removed is left in them. What is there stays as it is.

        Idempotent; a purge that is killed leaves the store as it was, or purged. Raises `StoreTerminal` where the
        server does not allow it.
        """


@runtime_checkable
class Refillable(Protocol):
    """A graph on a server, which several processes share, and which is emptied where an older version made it.

    Fences and markers stay, so open attempts can be settled.
    """

    @property
    def needs_refill(self) -> bool:
        """Whether it lacks what PostgreSQL holds."""

    async def refill(self, plans: Sequence[Plan]) -> bool:
        """Commit plans as `PivotStore.commit` does. Returns False, and changes nothing, where another process has
        filled the graph meanwhile: from then on records have newer versions, or are forgotten.
        """

    async def refilled(self) -> None:
        """Note that it has everything again."""


@runtime_checkable
class Fillable(Protocol):
    """A graph that holds vectors for other programs, and may lack some: those of texts that came while it held none."""

    async def without_vectors(self, *, limit: int) -> Sequence[TextWithoutVector]:
        """Names and sentences that have no vector, at most so many."""

    async def fill(self, embedded: Sequence[tuple[TextWithoutVector, Sequence[float]]]) -> None:
        """Add vectors. What has another text, or a vector, since it was asked for stays as it is. Idempotent."""
