"""The vector store's protocol on a Qdrant server. See `stores.points` for what a point holds.

Every write waits until the server has applied it (`wait=true`), so what has returned is seen by the next read. Points
are shown by filter, for by id the server refuses a call that names a point which is gone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from apex_cli.errors import StoreError, StoreTransient, StoreUnavailable
from apex_cli.model import Plan
from apex_cli.stores.protocol import Hit, PointView, StoredSummary
from apex_cli.stores.qdrant import points
from apex_cli.stores.qdrant.collection import ensure, refuse_old
from apex_cli.stores.qdrant.connection import Connector, translated
from apex_cli.stores.qdrant.points import STORE, slices

if TYPE_CHECKING:
    from qdrant_client import AsyncQdrantClient
    from qdrant_client.models import Filter, Record

UPSERT_POINTS = 500
"""Points in one upsert: 2 MB of JSON at 256 dimensions, far below the server's limit of 32 MB."""


class QdrantServerStore:
    """`VectorStore` on a server. `connect` makes the client (see `connector`); `encrypted`: whether it speaks TLS."""

    name = STORE

    def __init__(
        self, connect: Connector, *, namespace: str, model: str, dimensions: int, encrypted: bool = False
    ) -> None:
        self.collection = points.collection_name(namespace, model, dimensions)
        self._connect = connect
        self._dimensions = dimensions
        self._encrypted = encrypted
        self._connected: AsyncQdrantClient | None = None

    async def open(self) -> None:
        """Connect; make the collection or see that it fits. Raises `StoreUnavailable`."""
        try:
            with translated():
                self._connected = self._connect()
                await refuse_old(self._connected)
                await ensure(self._connected, self.collection, self._dimensions)
        except StoreError as error:
            raise StoreUnavailable(
                f"the vectors cannot be reached: {error.message}",
                hint="check APEX_QDRANT_URL and APEX_QDRANT_API_KEY, and that the server runs",
            ) from error

    async def close(self) -> None:
        """Disconnect. Idempotent."""
        client, self._connected = self._connected, None
        if client is not None:
            with suppress(StoreError), translated():
                await client.close()

    async def check(self) -> Mapping[str, Any]:
        """Engine, version, collection, its dimension and number of points, and `tls`."""
        with translated():
            version = await refuse_old(self._client)
            count = await self._client.count(self.collection, exact=True)
        return {
            "engine": "qdrant",
            "version": version,
            "collection": self.collection,
            "dimension": self._dimensions,
            "points": count.count,
            "tls": "on" if self._encrypted else "off",
        }

    async def prepare(self, plans: Sequence[Plan]) -> None:
        """See `PreparedStore`. Raises `StoreTerminal` for vectors that do not fit the collection."""
        from qdrant_client.models import PointStruct

        rows = [row for plan in plans for row in points.rows(plan, self._dimensions)]
        with translated():
            for part in slices(rows, UPSERT_POINTS):
                batch = [PointStruct(id=row.id, vector=row.vector, payload=row.payload) for row in part]
                await self._client.upsert(self.collection, batch, wait=True)

    async def publish(self, plans: Sequence[Plan]) -> None:
        """See `PreparedStore`. Points that are gone (discarded or superseded since) stay gone."""
        from qdrant_client.models import Filter, HasIdCondition

        with translated():
            for part in slices(points.shown(plans)):
                chosen = Filter(must=[HasIdCondition(has_id=list(part))])
                await self._client.set_payload(self.collection, {"visible": 1}, chosen, wait=True)
        await self._delete(points.superseded(plans))

    async def discard(self, plans: Sequence[Plan]) -> None:
        """See `PreparedStore`."""
        await self._delete([point for plan in plans for point in plan.point_ids()])

    async def list_unpublished(self) -> frozenset[str]:
        """See `PreparedStore`."""
        found = [record async for record in self._scroll(_where(visible=0), ["saga_id"])]
        return frozenset(str(_payload(record)["saga_id"]) for record in found)

    async def sweep(self, saga_ids: frozenset[str]) -> int:
        """See `PreparedStore`."""
        swept = 0
        for part in slices(sorted(saga_ids)):
            chosen = _where(visible=0, saga_id=list(part))
            with translated():
                swept += (await self._client.count(self.collection, chosen, exact=True)).count
                await self._client.delete(self.collection, chosen, wait=True)
        return swept

    async def read(self, record_ids: Sequence[str]) -> Mapping[str, Sequence[PointView]]:
        """See `VectorStore`. A record's points come by attempt, in their order."""
        found = [
            (str(record.id), _payload(record))
            for part in slices(record_ids)
            async for record in self._scroll(_where(record_id=list(part)), points.SHOWN)
        ]
        return points.views(found)

    async def search(self, vector: Sequence[float], *, limit: int, source: str | None = None) -> Sequence[Hit]:
        """See `VectorStore`. `limit` counts points."""
        chosen = _where(visible=1) if source is None else _where(visible=1, source=[source])
        with translated():
            answer = await self._client.query_points(
                self.collection,
                query=[float(value) for value in vector],
                query_filter=chosen,
                limit=limit,
                with_payload=points.FOUND,
            )
        return [points.hit(found.payload or {}, found.score) for found in answer.points]

    async def scan(self) -> AsyncIterator[Sequence[StoredSummary]]:
        """See `PreparedStore`. Counts all attempts' points first: memory grows with the number of records."""
        tally = points.PointCounter()
        async for record in self._scroll(None, points.HELD):
            tally.add(_payload(record))
        for part in slices(tally.held()):
            yield part

    async def _delete(self, dropped: Sequence[str]) -> None:
        from qdrant_client.models import PointIdsList

        with translated():
            for part in slices(dropped):
                await self._client.delete(self.collection, PointIdsList(points=list(part)), wait=True)

    async def _scroll(self, chosen: Filter | None, fields: list[str]) -> AsyncIterator[Record]:
        offset = None
        while True:
            with translated():
                records, offset = await self._client.scroll(
                    self.collection, chosen, limit=points.SLICE, offset=offset, with_payload=fields
                )
            for record in records:
                yield record
            if offset is None:
                return

    @property
    def _client(self) -> AsyncQdrantClient:
        if self._connected is None:
            raise StoreTransient(STORE, "is not open")
        return self._connected


def _where(*, visible: int | None = None, **fields: list[str]) -> Filter:
    from qdrant_client.models import Condition, FieldCondition, Filter, MatchAny, MatchValue

    conditions: list[Condition] = [
        FieldCondition(key=field, match=MatchAny(any=values)) for field, values in fields.items()
    ]
    if visible is not None:
        conditions.append(FieldCondition(key="visible", match=MatchValue(value=visible)))
    return Filter(must=conditions)


def _payload(record: Record) -> Mapping[str, Any]:
    return record.payload or {}
