"""A small fake of Qdrant's gRPC interface, on the client's own protobuf stubs. No Qdrant engine is behind it.

It knows one collection, its payload schema, and errors that a test sets. Its answers have the form of Qdrant's .proto
files; what a real server does is tested by the contract suite, where `APEX_TEST_QDRANT_GRPC_PORT` names one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc  # type: ignore[import-untyped]
from qdrant_client import grpc as messages
from qdrant_client.grpc import collections_service_pb2_grpc, points_service_pb2_grpc, qdrant_pb2_grpc

from tests.plans import DIMENSIONS

KINDS = {
    "record_id": messages.PayloadSchemaType.Keyword,
    "saga_id": messages.PayloadSchemaType.Keyword,
    "source": messages.PayloadSchemaType.Keyword,
    "data_type": messages.PayloadSchemaType.Keyword,
    "visible": messages.PayloadSchemaType.Integer,
    "event_time": messages.PayloadSchemaType.Datetime,
}
_DONE = messages.UpdateResult(operation_id=1, status=messages.UpdateStatus.Completed)


class FakeQdrant:
    """`exists` and `schema` are the collection's state. `calls` are the names of the methods called, in order.

    `errors` maps a method's name to the status code and details that it fails with.
    """

    def __init__(self) -> None:
        self.exists = False
        self.schema: dict[str, messages.PayloadSchemaType.ValueType] = {}
        self.calls: list[str] = []
        self.keys: set[str | None] = set()
        self.errors: dict[str, tuple[grpc.StatusCode, str]] = {}
        self.seconds_to_create = 0.0

    async def answer(self, method: str, request: Any, context: grpc.aio.ServicerContext) -> Any:
        """Answer one call."""
        self.calls.append(method)
        self.keys.add(dict(context.invocation_metadata()).get("api-key"))
        if method in self.errors:
            await context.abort(*self.errors[method])
        match method:
            case "HealthCheck":
                return messages.HealthCheckReply(title="fake", version="1.19.0")
            case "CollectionExists":
                return messages.CollectionExistsResponse(result=messages.CollectionExists(exists=self.exists))
            case "Create":
                await asyncio.sleep(self.seconds_to_create)
                if self.exists:
                    details = f"Wrong input: Collection `{request.collection_name}` already exists!"
                    await context.abort(grpc.StatusCode.ALREADY_EXISTS, details)
                self.exists = True
                return messages.CollectionOperationResponse(result=True)
            case "Get":
                return messages.GetCollectionInfoResponse(result=self._collection())
            case "CreateFieldIndex":
                self.schema[request.field_name] = KINDS[request.field_name]
                return messages.PointsOperationResponse(result=_DONE)
            case "Query":
                return messages.QueryResponse(result=[])

    def _collection(self) -> Any:
        params = messages.VectorParams(size=DIMENSIONS, distance=messages.Distance.Cosine)
        config = messages.CollectionConfig(
            params=messages.CollectionParams(
                shard_number=1, on_disk_payload=True, vectors_config=messages.VectorsConfig(params=params)
            ),
            hnsw_config=messages.HnswConfigDiff(m=16, ef_construct=100, full_scan_threshold=10_000),
            optimizer_config=messages.OptimizersConfigDiff(
                deleted_threshold=0.2, vacuum_min_vector_number=1000, default_segment_number=0, flush_interval_sec=5
            ),
            wal_config=messages.WalConfigDiff(wal_capacity_mb=32, wal_segments_ahead=0),
        )
        schema = {name: messages.PayloadSchemaInfo(data_type=kind, points=0) for name, kind in self.schema.items()}
        return messages.CollectionInfo(
            status=messages.CollectionStatus.Green,
            optimizer_status=messages.OptimizerStatus(ok=True),
            segments_count=1,
            config=config,
            payload_schema=schema,
        )


def _servicer(base: type[Any], fake: FakeQdrant, methods: tuple[str, ...]) -> Any:
    """An instance of a generated servicer whose `methods` are answered by the fake."""

    def method(name: str) -> Any:
        async def call(self: Any, request: Any, context: grpc.aio.ServicerContext) -> Any:
            return await fake.answer(name, request, context)

        return call

    return type(base.__name__, (base,), {name: method(name) for name in methods})()


@asynccontextmanager
async def fake_qdrant() -> AsyncIterator[tuple[FakeQdrant, int]]:
    """The fake and the port of 127.0.0.1 that it listens on."""
    fake, server = FakeQdrant(), grpc.aio.server()
    root = _servicer(qdrant_pb2_grpc.QdrantServicer, fake, ("HealthCheck",))
    collections = _servicer(
        collections_service_pb2_grpc.CollectionsServicer, fake, ("CollectionExists", "Create", "Get")
    )
    points = _servicer(points_service_pb2_grpc.PointsServicer, fake, ("CreateFieldIndex", "Query", "Upsert"))
    register: list[tuple[Any, Any]] = [
        (qdrant_pb2_grpc.add_QdrantServicer_to_server, root),
        (collections_service_pb2_grpc.add_CollectionsServicer_to_server, collections),
        (points_service_pb2_grpc.add_PointsServicer_to_server, points),
    ]
    for add, servicer in register:
        add(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield fake, port
    finally:
        await server.stop(None)
