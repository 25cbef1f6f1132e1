"""`VectorCollection` on a Qdrant server, by its official asynchronous client. See `points` for the payload of a point.

Every write waits until the server has applied it (`wait=true`), so the next read sees it. Publishing selects points by
filter: by id the server refuses a call that names a point which is gone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from apex_cli.errors import StoreError, StoreTransient, StoreUnavailable
from apex_cli.model import Plan
from apex_cli.stores.qdrant import points
from apex_cli.stores.qdrant.connection import Connector, is_conflict, translated
from apex_cli.stores.qdrant.points import STORE, slices
from apex_cli.stores.views import ANY_RECORD, Hit, PointView, RecordFilter, StoredSummary

if TYPE_CHECKING:
    from qdrant_client import AsyncQdrantClient
    from qdrant_client.models import Filter, Record

UPSERT_POINTS = 500
"""Points in one upsert: 2 MB of JSON at 256 dimensions, far below the server's limit of 32 MB."""

_OLDEST = (1, 16)


class QdrantServerStore:
    """`VectorCollection` on a server.

    Without `create` nothing is created: a collection that is not there is reported by `check`, and every other method
    fails.
    """

    name = STORE
    needs_flush = False

    def __init__(
        self, connector: Connector, *, namespace: str, model: str, dimensions: int, create: bool = True
    ) -> None:
        self.collection = points.collection_name(namespace, model, dimensions)
        self._connector = connector
        self._dimensions = dimensions
        self._create = create
        self._connected: AsyncQdrantClient | None = None
        self.is_there = False

    async def open(self) -> None:
        """Connect, and create the collection and its payload indexes where they are missing.

        Safe with several processes at once. A key that may only read is enough where nothing is missing. Raises
        `StoreUnavailable`, also for a server that is too old or a collection of another kind.
        """
        try:
            with translated():
                self._connected = self._connector()
                await _server_version(self._connected)
                if await self._connected.collection_exists(self.collection):
                    await self._ensure_indexes(self._connected)
                    self.is_there = True
                elif self._create:
                    await self._create_collection(self._connected)
                    await self._ensure_indexes(self._connected)
                    self.is_there = True
        except StoreError as error:
            raise StoreUnavailable(
                f"the vectors cannot be reached: {error.message}", hint=self._connector.hint()
            ) from error

    async def close(self) -> None:
        """Disconnect. Idempotent."""
        client, self._connected = self._connected, None
        if client is not None:
            with suppress(StoreError), translated():
                await client.close()

    async def check(self) -> Mapping[str, Any]:
        """`engine`, `version`, `collection`, `tls`, and of a collection that exists `dimension` and `points`."""
        found: dict[str, Any] = {"engine": "qdrant", "collection": self.collection}
        with translated():
            found["version"] = await _server_version(self._client)
            if await self._client.collection_exists(self.collection):
                count = await self._client.count(self.collection, exact=True)
                found |= {"dimension": self._dimensions, "points": count.count}
        return {**found, "tls": "on" if self._connector.encrypted else "off"}

    async def prepare(self, plans: Sequence[Plan]) -> None:
        """See `PreparedStore`. Raises `StoreTerminal` for vectors that do not fit the collection."""
        from qdrant_client.models import PointStruct

        rows = [row for plan in plans for row in points.new_points(plan, self._dimensions)]
        with translated():
            for part in slices(rows, UPSERT_POINTS):
                batch = [PointStruct(id=row.id, vector=row.vector, payload=row.payload) for row in part]
                await self._client.upsert(self.collection, batch, wait=True)

    async def publish(self, plans: Sequence[Plan]) -> None:
        """See `PreparedStore`. Points that are gone (discarded or superseded since) stay gone."""
        from qdrant_client.models import Filter, HasIdCondition

        with translated():
            for part in slices(points.published_ids(plans)):
                chosen = Filter(must=[HasIdCondition(has_id=list(part))])
                await self._client.set_payload(self.collection, {"visible": 1}, chosen, wait=True)
        await self._delete(points.superseded_ids(plans))

    async def discard(self, plans: Sequence[Plan]) -> None:
        await self._delete([point for plan in plans for point in plan.point_ids()])

    async def flush(self) -> None:
        """See `PreparedStore`."""

    async def list_unpublished(self) -> frozenset[str]:
        found = [record async for record in self._scroll(_where(visible=0), ["saga_id"])]
        return frozenset(str(_payload(record)["saga_id"]) for record in found)

    async def sweep(self, saga_ids: frozenset[str]) -> int:
        swept = 0
        for part in slices(sorted(saga_ids)):
            chosen = _where(visible=0, saga_id=list(part))
            with translated():
                swept += (await self._client.count(self.collection, chosen, exact=True)).count
                await self._client.delete(self.collection, chosen, wait=True)
        return swept

    async def read(self, record_ids: Sequence[str]) -> Mapping[str, Sequence[PointView]]:
        """See `VectorCollection`. The points of a record are in the order of saga and chunk."""
        found = [
            (str(record.id), _payload(record))
            for part in slices(record_ids)
            async for record in self._scroll(_where(record_id=list(part)), points.VIEW_FIELDS)
        ]
        return points.point_views(found)

    async def search(self, vector: Sequence[float], *, limit: int, where: RecordFilter = ANY_RECORD) -> Sequence[Hit]:
        """See `VectorCollection`. `limit` counts points."""
        with translated():
            answer = await self._client.query_points(
                self.collection,
                query=[float(value) for value in vector],
                query_filter=_visible(where),
                limit=limit,
                with_payload=points.HIT_FIELDS,
            )
        return [points.to_hit(found.payload or {}, found.score) for found in answer.points]

    async def scan(self) -> AsyncIterator[Sequence[StoredSummary]]:
        """See `PreparedStore`. Counts the points of all sagas first: memory grows with the number of records."""
        counter = points.PointCounter()
        async for record in self._scroll(None, points.SUMMARY_FIELDS):
            counter.count(_payload(record))
        for part in slices(counter.summaries()):
            yield part

    async def drop(self) -> None:
        """See `VectorCollection`."""
        with translated():
            await self._client.delete_collection(self.collection)
        await self.close()

    async def _create_collection(self, client: AsyncQdrantClient) -> None:
        from grpc import RpcError  # type: ignore[import-untyped]
        from qdrant_client import models
        from qdrant_client.http.exceptions import UnexpectedResponse

        params = models.VectorParams(size=self._dimensions, distance=models.Distance.COSINE)
        try:
            await client.create_collection(self.collection, vectors_config=params)
        except (UnexpectedResponse, RpcError) as error:
            # Another process may have created it first. Then it is checked like any collection that was there.
            if not is_conflict(error) and not await client.collection_exists(self.collection):
                raise

    async def _ensure_indexes(self, client: AsyncQdrantClient) -> None:
        """Check that the collection has vectors of this model, and create the payload indexes that it lacks.

        Only what is missing is created, so a key without the right to write can open a complete collection.
        """
        from qdrant_client import models

        collection = await client.get_collection(self.collection)
        params = collection.config.params.vectors
        if not isinstance(params, models.VectorParams):
            raise _does_not_fit(self.collection, "named vectors")
        if params.size != self._dimensions or params.distance != models.Distance.COSINE:
            raise _does_not_fit(self.collection, f"{params.size} dimensions and distance {params.distance.value}")
        if not self._create:
            return
        indexes = dict.fromkeys(points.KEYWORD_FIELDS, models.PayloadSchemaType.KEYWORD)
        indexes |= {"visible": models.PayloadSchemaType.INTEGER, "event_time": models.PayloadSchemaType.DATETIME}
        for field, kind in indexes.items():
            index = (collection.payload_schema or {}).get(field)
            if index is None or index.data_type != kind:
                await client.create_payload_index(self.collection, field, kind, wait=True)

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


async def _server_version(client: AsyncQdrantClient) -> str:
    """The server's version. Raises `StoreUnavailable` for one that is too old."""
    version = (await client.info()).version
    if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST:
        raise StoreUnavailable(
            f"the vectors are on Qdrant {version}, and apex needs {_OLDEST[0]}.{_OLDEST[1]} or newer",
            hint="upgrade the server, or name another one in APEX_QDRANT_URL",
        )
    return version


def _does_not_fit(name: str, found: str) -> StoreUnavailable:
    return StoreUnavailable(
        f"the Qdrant collection {name} has {found}, which does not fit the embedding model",
        hint="another program may own it: use another APEX_NAMESPACE, or remove the collection",
    )


def _visible(where: RecordFilter) -> Filter:
    """The points that readers see and that are wanted."""
    from qdrant_client.models import DatetimeRange, FieldCondition, Filter

    chosen = _where(visible=1, **points.fields_of(where))
    if times := points.times_of(where):
        return Filter(must=[chosen, FieldCondition(key="event_time", range=DatetimeRange(**times))])
    return chosen


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
