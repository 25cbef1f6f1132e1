"""Vectors on Qdrant's own engine in this process (`qdrant-edge-py`, pinned: it is a beta).

One shard for each embedding model, named after it. A point's payload:
    record_id, saga_id, source, data_type, external_id    whose text it is, and which attempt wrote it
    chunk         position of the piece in its record, from 0
    text          the piece
    event_time    RFC 3339
    visible       1 for readers, 0 before publishing; an integer, for this beta matches no boolean

Search is exact: no graph index is built (m = 0), for at its size a scan is as quick (1.3 ms at 20,000 points, measured)
and the tidying at the end of a large run stays cheap (0.2 s instead of 6 s for those).
An update that has returned is in the shard's write-ahead log and survives `kill -9`. Readers must filter on `visible`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from apex_cli.errors import ApexError, StoreTerminal, StoreTransient, StoreUnavailable
from apex_cli.model import Plan, PlanKind, point_ids
from apex_cli.stores.protocol import Held, Hit, PointView

if TYPE_CHECKING:
    from qdrant_edge import EdgeShard, Filter, Record

T = TypeVar("T")

FLUSH_POINTS = 10_000
"""Points changed between flushes, which bound what the next start replays from the log."""
OPTIMIZE_POINTS = 20_000
"""Points changed by one run from which its end rebuilds segments, to give back the space of deleted points."""
_SLICE = 1_000
_KEYWORDS = ("record_id", "saga_id", "source")


class QdrantEdgeStore:
    """`VectorStore` in `folder`. The engine is called from one thread of its own, a batch at a time."""

    name = "vectors"

    def __init__(self, folder: Path, *, model: str, dimensions: int) -> None:
        suffix = f"-{dimensions}"
        self.collection = model if model.endswith(suffix) else model + suffix
        self._path = folder / self.collection
        self._dimensions = dimensions
        self._thread: ThreadPoolExecutor | None = None
        self._opened: EdgeShard | None = None
        self._changed = 0
        self._unflushed = 0

    async def open(self) -> None:
        """Load the model's shard, or make it. Raises `StoreUnavailable`."""
        self._thread = ThreadPoolExecutor(1, "apex-vectors")
        try:
            await self._call(self._open)
        except (StoreTransient, StoreTerminal) as error:
            await self.close()
            held = "WouldBlock" in error.message
            raise StoreUnavailable(
                f"the vectors at {self._path} are open in another process"
                if held
                else f"the vectors at {self._path} cannot be opened: {error.message}",
                hint="wait for the other run to end" if held else "check the disk and the rights of that directory",
            ) from error

    async def close(self) -> None:
        """Write everything out, tidy up after a large run, and release the shard. Idempotent; never raises."""
        thread = self._thread
        if thread is None:
            return
        try:
            await self._call(self._close)
        except (StoreTransient, StoreTerminal):
            # What was acknowledged is in the log; the next start replays it.
            self._opened = None
        finally:
            self._thread = None
            thread.shutdown(wait=True)

    async def check(self) -> Mapping[str, Any]:
        """Engine, version, collection and number of points."""
        from importlib.metadata import version

        points = await self._call(lambda: self._shard.info().points_count)
        return {
            "engine": "qdrant-edge",
            "version": version("qdrant-edge-py"),
            "collection": self.collection,
            "points": points,
        }

    async def prepare(self, plans: Sequence[Plan]) -> None:
        """See `PreparedStore`. Raises `StoreTerminal` for vectors that do not fit the collection."""
        await self._call(lambda: self._prepare(plans))

    async def publish(self, plans: Sequence[Plan]) -> None:
        """See `PreparedStore`. Points that are gone (discarded or superseded since) stay gone."""
        shown = [point for plan in plans if plan.kind is PlanKind.WRITE for point in plan.point_ids()]
        dropped = [
            point
            for plan in plans
            if plan.superseded is not None
            for point in point_ids(plan.superseded.saga_id, plan.superseded.chunks)
        ]
        await self._call(lambda: self._publish(shown, dropped))

    async def discard(self, plans: Sequence[Plan]) -> None:
        """See `PreparedStore`."""
        points = [point for plan in plans for point in plan.point_ids()]
        await self._call(lambda: self._delete(points))

    async def unseen(self) -> frozenset[str]:
        """See `PreparedStore`."""
        return await self._call(
            lambda: frozenset(_saga(record) for record in self._scroll(_where(visible=0), ["saga_id"]))
        )

    async def sweep(self, saga_ids: frozenset[str]) -> int:
        """See `PreparedStore`."""
        return await self._call(lambda: self._sweep(sorted(saga_ids)))

    async def read(self, record_ids: Sequence[str]) -> Mapping[str, Sequence[PointView]]:
        """See `VectorStore`. A record's points come by attempt, in their order."""
        return await self._call(lambda: self._read(record_ids))

    async def search(self, vector: Sequence[float], *, limit: int, source: str | None = None) -> Sequence[Hit]:
        """See `VectorStore`. `limit` counts points."""
        return await self._call(lambda: self._search([float(value) for value in vector], limit, source))

    async def scan(self) -> AsyncIterator[Sequence[Held]]:
        """See `PreparedStore`. Counts all attempts' points first: memory grows with the number of records."""
        held = await self._call(self._count)
        for start in range(0, len(held), _SLICE):
            yield held[start : start + _SLICE]

    # What follows runs in the engine's thread.

    @property
    def _shard(self) -> EdgeShard:
        if self._opened is None:
            raise StoreTransient(self.name, "is not open")
        return self._opened

    def _open(self) -> None:
        from qdrant_edge import EdgeShard

        if not self._path.exists():
            self._create()
        self._opened = EdgeShard.load(str(self._path))

    def _create(self) -> None:
        """Build the shard aside and rename it, so that a kill on the way leaves nothing half made."""
        import shutil

        from qdrant_edge import (
            Distance,
            EdgeConfig,
            EdgeShard,
            EdgeVectorParams,
            HnswIndexConfig,
            PayloadSchemaType,
            UpdateOperation,
        )

        fresh = self._path.with_name(self._path.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True, mode=0o700)
        params = EdgeVectorParams(size=self._dimensions, distance=Distance.Cosine)
        no_graph = HnswIndexConfig(m=0, ef_construct=100, full_scan_threshold=10_000)
        shard = EdgeShard.create(str(fresh), EdgeConfig(vectors=params, hnsw_config=no_graph))
        for field in _KEYWORDS:
            shard.update(UpdateOperation.create_field_index(field, PayloadSchemaType.Keyword))
        shard.update(UpdateOperation.create_field_index("visible", PayloadSchemaType.Integer))
        shard.flush()
        shard.close()
        fresh.rename(self._path)

    def _close(self) -> None:
        shard, self._opened = self._opened, None
        if shard is None:
            return
        shard.flush()
        if self._changed >= OPTIMIZE_POINTS:
            shard.optimize()
        shard.close()

    def _prepare(self, plans: Sequence[Plan]) -> None:
        from qdrant_edge import Point, UpdateOperation

        rows: list[tuple[str, list[float], dict[str, Any]]] = []
        for plan in plans:
            rows.extend(self._points(plan))
        for part in _slices(rows):
            self._shard.update(UpdateOperation.upsert_points([Point(*row) for row in part]))
            self._note(len(part))

    def _points(self, plan: Plan) -> Iterator[tuple[str, list[float], dict[str, Any]]]:
        if plan.kind is PlanKind.FORGET or plan.record is None or plan.embedded is None:
            return
        import numpy as np

        vectors, texts = plan.embedded.chunk_vectors, plan.embedded.extraction.chunks
        if vectors.shape != (plan.chunks, self._dimensions) or len(texts) != plan.chunks:
            raise StoreTerminal(
                self.name,
                f"{plan.chunks} pieces with {len(texts)} texts and vectors of shape {vectors.shape} "
                f"do not fit {self.collection}",
            )
        if not np.isfinite(vectors).all():
            raise StoreTerminal(self.name, f"the vectors of {plan.record.locator} hold values that are no numbers")
        shared = {
            "record_id": plan.record_id,
            "saga_id": plan.saga_id,
            "source": plan.record.source,
            "data_type": plan.record.data_type,
            "external_id": plan.record.external_id,
            "event_time": plan.embedded.extraction.event_time.isoformat(),
            "visible": 0,
        }
        identifiers = plan.point_ids()
        for index, (identifier, vector, text) in enumerate(zip(identifiers, vectors.tolist(), texts, strict=True)):
            yield identifier, vector, {**shared, "chunk": index, "text": text}

    def _publish(self, shown: Sequence[str], dropped: Sequence[str]) -> None:
        from qdrant_edge import Filter, HasIdCondition, UpdateOperation

        for part in _slices(shown):
            # By filter, for by id the engine fails at the first point that is gone.
            chosen = Filter(must=[HasIdCondition(set(part))])
            self._shard.update(UpdateOperation.set_payload_by_filter(chosen, {"visible": 1}))
            self._note(len(part))
        self._delete(dropped)

    def _delete(self, points: Sequence[str]) -> None:
        from qdrant_edge import UpdateOperation

        for part in _slices(points):
            self._shard.update(UpdateOperation.delete_points(list(part)))
            self._note(len(part))

    def _sweep(self, saga_ids: Sequence[str]) -> int:
        stale = [
            str(record.id)
            for part in _slices(saga_ids)
            for record in self._scroll(_where(visible=0, saga_id=list(part)), [])
        ]
        self._delete(stale)
        return len(stale)

    def _read(self, record_ids: Sequence[str]) -> dict[str, list[PointView]]:
        found: dict[str, list[tuple[str, int, PointView]]] = {}
        for part in _slices(record_ids):
            for record in self._scroll(
                _where(record_id=list(part)), ["record_id", "saga_id", "visible", "chunk", "text"]
            ):
                payload = record.payload or {}
                view = PointView(str(record.id), _saga(record), payload["visible"] == 1, payload["text"])
                found.setdefault(payload["record_id"], []).append((view.saga_id, payload["chunk"], view))
        return {
            record_id: [view for _, _, view in sorted(views, key=lambda entry: entry[:2])]
            for record_id, views in found.items()
        }

    def _search(self, vector: list[float], limit: int, source: str | None) -> list[Hit]:
        from qdrant_edge import Query, SearchRequest

        chosen = _where(visible=1) if source is None else _where(visible=1, source=[source])
        request = SearchRequest(
            query=Query.Nearest(vector),
            limit=limit,
            filter=chosen,
            with_payload=["record_id", "saga_id", "text"],
        )
        hits = []
        for point in self._shard.search(request):
            payload = point.payload or {}
            hits.append(Hit(payload["record_id"], payload["saga_id"], point.score, payload["text"]))
        return hits

    def _count(self) -> list[Held]:
        parts: dict[tuple[str, str, bool], int] = {}
        for record in self._scroll(None, ["record_id", "saga_id", "visible"]):
            payload = record.payload or {}
            key = (payload["record_id"], payload["saga_id"], payload["visible"] == 1)
            parts[key] = parts.get(key, 0) + 1
        return [Held(record_id, saga_id, count, visible) for (record_id, saga_id, visible), count in parts.items()]

    def _scroll(self, chosen: Filter | None, fields: list[str]) -> Iterator[Record]:
        from qdrant_edge import ScrollRequest

        offset = None
        while True:
            request = ScrollRequest(offset=offset, limit=_SLICE, filter=chosen, with_payload=fields)
            records, offset = self._shard.scroll(request)
            yield from records
            if offset is None:
                return

    def _note(self, points: int) -> None:
        self._changed += points
        self._unflushed += points
        if self._unflushed >= FLUSH_POINTS:
            self._shard.flush()
            self._unflushed = 0

    async def _call(self, work: Callable[[], T]) -> T:
        """Run `work` in the engine's thread; the engine raises bare `Exception`s, told apart by their text."""
        if self._thread is None:
            raise StoreTransient(self.name, "is not open")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except ApexError:
            raise
        except (ValueError, TypeError) as error:
            raise StoreTerminal(self.name, str(error)) from error
        except Exception as error:
            kind = StoreTerminal if "dimension error" in str(error) else StoreTransient
            raise kind(self.name, str(error)) from error


def _where(*, visible: int | None = None, **fields: list[str]) -> Filter:
    from qdrant_edge import FieldCondition, Filter, MatchAny, MatchValue

    conditions = [FieldCondition(field, match=MatchAny(values)) for field, values in fields.items()]
    if visible is not None:
        conditions.append(FieldCondition("visible", match=MatchValue(visible)))
    return Filter(must=[*conditions])


def _saga(record: Record) -> str:
    return str((record.payload or {})["saga_id"])


def _slices(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _SLICE):
        yield items[start : start + _SLICE]
