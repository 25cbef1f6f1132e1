"""Vectors on Qdrant's own engine in this process (`qdrant-edge-py`, pinned: it is a beta).

One shard for each namespace and embedding model, named after both. See `points` for the payload of a point.

No HNSW graph is built (m = 0): optimizing at the end of a large run takes 0.2 s instead of 6 s. Search scans the
vectors as bytes, which optimizing makes (25 MB for 100,000 points, 4 ms warm). The best twice `limit` are scored again
by the vectors themselves, which are 16-bit floats. A shard of an earlier version keeps its 32-bit floats, and its one
segment.

Memory does not grow with the collection: a long run optimizes what it wrote every `LONG_RUN_POINTS`, into segments that
are not merged with others, and maps the files again. Optimizing 100,000 points at once takes 300 MB more.
An update that has returned is in the shard's write-ahead log and survives `kill -9`. It survives a loss of power once
`flush` has returned: the engine syncs nothing by itself.
"""

from __future__ import annotations

import asyncio
import functools
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from apex_cli.errors import ApexError, StoreTerminal, StoreTransient, StoreUnavailable
from apex_cli.files import sync_folder
from apex_cli.model import Plan
from apex_cli.stores.qdrant import points
from apex_cli.stores.qdrant.edge_shard import load_shard, new_shard
from apex_cli.stores.qdrant.points import SLICE, STORE, slices
from apex_cli.stores.views import ANY_RECORD, Hit, PointView, RecordFilter, StoredSummary

if TYPE_CHECKING:
    from qdrant_edge import EdgeShard, Filter, Record, UpdateOperation

P = ParamSpec("P")
T = TypeVar("T")

OPTIMIZE_POINTS = 20_000
"""A run that changes this many points rebuilds the segments at its end, which frees the space of deleted points."""
LONG_RUN_POINTS = 40_000
"""So many changes, as many as 20,000 new points take, are optimized before the end."""


def _in_its_thread(
    work: Callable[Concatenate[QdrantEdgeStore, P], T],
) -> Callable[Concatenate[QdrantEdgeStore, P], Coroutine[Any, Any, T]]:
    """Run a method in the engine's thread; the engine raises bare `Exception`s, so their text decides."""

    @functools.wraps(work)
    async def run(store: QdrantEdgeStore, /, *args: P.args, **options: P.kwargs) -> T:
        if store.thread is None:
            raise StoreTransient(STORE, "is not open")
        job = functools.partial(work, store, *args, **options)
        try:
            return await asyncio.get_running_loop().run_in_executor(store.thread, job)
        except ApexError:
            raise
        except (ValueError, TypeError) as error:
            raise StoreTerminal(STORE, str(error)) from error
        except Exception as error:
            kind = StoreTerminal if "dimension error" in str(error) else StoreTransient
            raise kind(STORE, str(error)) from error

    return run


class QdrantEdgeStore:
    """`VectorCollection` in `folder`. The engine is called from one thread of its own, a batch at a time.

    Without `create`, no shard is made. With `later` the first call loads the shard, not `open`: that takes 0.1 s and
    60 MB, and most questions of a reader never ask the vectors. The call may raise what `open` does.
    """

    name = STORE
    needs_flush = True

    def __init__(
        self, folder: Path, *, namespace: str, model: str, dimensions: int, create: bool = True, later: bool = False
    ) -> None:
        self.collection = points.collection_name(namespace, model, dimensions)
        self._path = folder / self.collection
        self._dimensions = dimensions
        self._create = create
        self._later = later
        self.thread: ThreadPoolExecutor | None = None
        self._opened: EdgeShard | None = None
        self._changed = 0

    @property
    def is_there(self) -> bool:
        return self._opened is not None or (self._later and (self._path.exists() or self._before_purge.exists()))

    async def open(self) -> None:
        """Load the model's shard, or make it. Raises `StoreUnavailable`."""
        self.thread = ThreadPoolExecutor(1, "apex-vectors")
        if self._later:
            return
        try:
            await self._open()
        except StoreUnavailable:
            await self.close()
            raise

    async def close(self) -> None:
        """Flush, optimize after a large run, and release the shard. Idempotent; never raises."""
        self._later = False
        thread = self.thread
        if thread is None:
            return
        try:
            await self._close()
        except (StoreTransient, StoreTerminal):
            # Acknowledged updates are in the log; the next start replays it.
            self._opened = None
        finally:
            self.thread = None
            thread.shutdown(wait=True)

    @_in_its_thread
    def check(self) -> Mapping[str, Any]:
        """Engine, version, collection, its dimension and number of points."""
        from importlib.metadata import version

        return {
            "engine": "qdrant-edge",
            "version": version("qdrant-edge-py"),
            "collection": self.collection,
            "dimension": self._dimensions,
            "points": self._shard.info().points_count,
        }

    @_in_its_thread
    def prepare(self, plans: Sequence[Plan]) -> None:
        """See `PreparedStore`. Raises `StoreTerminal` for vectors that do not fit the collection."""
        from qdrant_edge import Point, UpdateOperation

        rows = [row for plan in plans for row in points.new_points(plan, self._dimensions)]
        for part in slices(rows):
            self._shard.update(UpdateOperation.upsert_points([Point(*row) for row in part]))
            self._changed += len(part)

    @_in_its_thread
    def publish(self, plans: Sequence[Plan]) -> None:
        """See `PreparedStore`. Points that are gone (discarded or superseded since) stay gone."""
        from qdrant_edge import Filter, HasIdCondition, UpdateOperation

        for part in slices(points.published_ids(plans)):
            # By filter: by id the engine fails at the first point that is gone.
            chosen = Filter(must=[HasIdCondition(set(part))])
            self._shard.update(UpdateOperation.set_payload_by_filter(chosen, {"visible": 1}))
            self._changed += len(part)
        self._delete(points.superseded_ids(plans))

    @_in_its_thread
    def flush(self) -> None:
        """See `PreparedStore`. This also bounds what the next start replays from the log. Takes some 50 ms."""
        self._shard.flush()
        if self._changed >= LONG_RUN_POINTS:
            self._shard.optimize()
            self._shard.close()
            self._opened = None
            self._load()

    @_in_its_thread
    def discard(self, plans: Sequence[Plan]) -> None:
        self._delete([point for plan in plans for point in plan.point_ids()])

    @_in_its_thread
    def list_unpublished(self) -> frozenset[str]:
        return frozenset(
            str((record.payload or {})["saga_id"]) for record in self._scroll(_where(visible=0), ["saga_id"])
        )

    @_in_its_thread
    def sweep(self, saga_ids: frozenset[str]) -> int:
        stale = [
            str(record.id)
            for part in slices(sorted(saga_ids))
            for record in self._scroll(_where(visible=0, saga_id=list(part)), [])
        ]
        self._delete(stale)
        return len(stale)

    @_in_its_thread
    def read(self, record_ids: Sequence[str]) -> Mapping[str, Sequence[PointView]]:
        """See `VectorCollection`. The points of a record are in the order of saga and chunk."""
        return points.point_views(
            (str(record.id), record.payload or {})
            for part in slices(record_ids)
            for record in self._scroll(_where(record_id=list(part)), points.VIEW_FIELDS)
        )

    @_in_its_thread
    def search(self, vector: Sequence[float], *, limit: int, where: RecordFilter = ANY_RECORD) -> Sequence[Hit]:
        """See `VectorCollection`. `limit` counts points."""
        from qdrant_edge import QuantizationSearchParams, Query, SearchParams, SearchRequest

        request = SearchRequest(
            query=Query.Nearest([float(value) for value in vector]),
            limit=limit,
            filter=_visible(where),
            with_payload=points.HIT_FIELDS,
            params=SearchParams(quantization=QuantizationSearchParams(rescore=True, oversampling=2.0)),
        )
        return [points.to_hit(point.payload or {}, point.score) for point in self._shard.search(request)]

    async def scan(self) -> AsyncIterator[Sequence[StoredSummary]]:
        """See `PreparedStore`. Counts the points of all sagas first: memory grows with the number of records."""
        for part in slices(await self._count()):
            yield part

    @_in_its_thread
    def _count(self) -> list[StoredSummary]:
        counter = points.PointCounter()
        for record in self._scroll(None, points.SUMMARY_FIELDS):
            counter.count(record.payload or {})
        return counter.summaries()

    async def drop(self) -> None:
        """See `VectorCollection`."""
        await self.close()
        await asyncio.to_thread(self._remove)

    def _remove(self) -> None:
        # Renamed first, so that a kill leaves no half of a shard under this name.
        dropped = self._path.with_name(self._path.name + ".dropped")
        if self._path.exists():
            self._path.rename(dropped)
        shutil.rmtree(dropped, ignore_errors=True)

    # What follows runs in the engine's thread, or is called there.

    @property
    def _shard(self) -> EdgeShard:
        if self._later:
            self._load_or_make()
            self._later = False
        if self._opened is None:
            raise StoreTransient(self.name, "is not open")
        return self._opened

    @_in_its_thread
    def purge(self) -> None:
        """See `Purgeable`. The points are copied into a new shard, which replaces the old one."""
        fresh, shard = self._new_shard()
        self._shard.flush()
        for part in self._points():
            shard.update(part)
        shard.flush()
        shard.close()
        self._shard.close()
        self._opened = None
        old = self._before_purge
        shutil.rmtree(old, ignore_errors=True)
        self._path.rename(old)
        fresh.rename(self._path)
        sync_folder(self._path.parent)
        shutil.rmtree(old)
        self._load()

    def _points(self) -> Iterator[UpdateOperation]:
        """All points with their vectors and payloads, as updates of another shard."""
        from qdrant_edge import Point, ScrollRequest, UpdateOperation

        offset = None
        while True:
            request = ScrollRequest(offset=offset, limit=SLICE, with_payload=True, with_vector=True)
            records, offset = self._shard.scroll(request)
            if records:
                rows = [Point(record.id, record.vector or [], record.payload) for record in records]
                yield UpdateOperation.upsert_points(rows)
            if offset is None:
                return

    @_in_its_thread
    def _open(self) -> None:
        self._load_or_make()

    def _load_or_make(self) -> None:
        try:
            self._find()
        except Exception as error:  # the engine raises bare ones
            locked = "WouldBlock" in str(error)
            raise StoreUnavailable(
                f"the vectors at {self._path} are open in another process"
                if locked
                else f"the vectors at {self._path} cannot be opened: {error}",
                hint="wait for the other run to end" if locked else "check the disk and the rights of that directory",
            ) from error

    def _find(self) -> None:
        old = self._before_purge
        if not self._path.exists() and old.exists():
            # A purge was killed between its two renames: the old shard is whole.
            old.rename(self._path)
        if not self._path.exists():
            if not self._create:
                return
            fresh, shard = self._new_shard()
            shard.flush()
            shard.close()
            fresh.rename(self._path)
            sync_folder(self._path.parent)
        shutil.rmtree(old, ignore_errors=True)
        self._load()

    @property
    def _before_purge(self) -> Path:
        """What a purge replaces, until it has."""
        return self._path.with_name(self._path.name + ".old")

    def _load(self) -> None:
        self._opened = load_shard(self._path)
        self._changed = 0

    def _new_shard(self) -> tuple[Path, EdgeShard]:
        """An empty shard under another name: it is renamed when it is complete, so a kill leaves no half of one."""
        fresh = self._path.with_name(self._path.name + ".new")
        return fresh, new_shard(fresh, self._dimensions)

    @_in_its_thread
    def _close(self) -> None:
        shard, self._opened = self._opened, None
        if shard is None:
            return
        shard.flush()
        if self._changed >= OPTIMIZE_POINTS:
            shard.optimize()
        shard.close()

    def _delete(self, dropped: Sequence[str]) -> None:
        from qdrant_edge import UpdateOperation

        for part in slices(dropped):
            self._shard.update(UpdateOperation.delete_points(list(part)))
            self._changed += len(part)

    def _scroll(self, chosen: Filter | None, fields: list[str]) -> Iterator[Record]:
        from qdrant_edge import ScrollRequest

        offset = None
        while True:
            request = ScrollRequest(offset=offset, limit=SLICE, filter=chosen, with_payload=fields)
            records, offset = self._shard.scroll(request)
            yield from records
            if offset is None:
                return


def _visible(where: RecordFilter) -> Filter:
    """The points that readers see and that are wanted."""
    from qdrant_edge import FieldCondition, Filter, RangeDateTime

    chosen = _where(visible=1, **points.fields_of(where))
    if times := points.times_of(where):
        bounds = {name: moment.isoformat() for name, moment in times.items()}
        chosen = Filter(must=[*(chosen.must or []), FieldCondition("event_time", range=RangeDateTime(**bounds))])
    return chosen


def _where(*, visible: int | None = None, **fields: list[str]) -> Filter:
    from qdrant_edge import FieldCondition, Filter, MatchAny, MatchValue

    conditions = [FieldCondition(field, match=MatchAny(values)) for field, values in fields.items()]
    if visible is not None:
        conditions.append(FieldCondition("visible", match=MatchValue(visible)))
    return Filter(must=[*conditions])
