"""The Qdrant store over gRPC: first opens at once, keys that may only read, and the text of errors.

These tests run on a fake server (`tests/qdrant_grpc.py`): they show what the client is asked and how errors arrive.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from grpc import StatusCode  # type: ignore[import-untyped]

from apex_cli.addresses import Secret
from apex_cli.errors import StoreTerminal, StoreTransient, StoreUnavailable
from apex_cli.stores.qdrant.connection import Connector
from apex_cli.stores.qdrant.server import QdrantServerStore
from apex_cli.stores.servers import Tls
from tests.plans import DIMENSIONS, make_plan
from tests.qdrant_grpc import KINDS, FakeQdrant, fake_qdrant

WRITES = {"Create", "CreateFieldIndex"}


@pytest.fixture
async def server() -> AsyncIterator[tuple[FakeQdrant, int]]:
    async with fake_qdrant() as found:
        yield found


def store_at(port: int, *, create: bool = True) -> QdrantServerStore:
    connect = Connector("http://127.0.0.1:1", api_key=Secret("k3y"), grpc_port=port, timeout=30, tls=Tls())
    return QdrantServerStore(connect, namespace="test", model="model", dimensions=DIMENSIONS, create=create)


async def test_several_first_opens_at_once_create_one_collection(server: tuple[FakeQdrant, int]) -> None:
    fake, port = server
    fake.seconds_to_create = 0.1
    stores = [store_at(port) for _ in range(8)]
    await asyncio.gather(*(store.open() for store in stores))
    for store in stores:
        await store.close()
    assert fake.calls.count("Create") > 1
    assert fake.schema == KINDS
    assert fake.keys == {"k3y"}


async def test_a_key_that_may_only_read_opens_a_complete_collection(server: tuple[FakeQdrant, int]) -> None:
    fake, port = server
    fake.exists, fake.schema = True, dict(KINDS)
    fake.errors = dict.fromkeys((*WRITES, "Upsert"), (StatusCode.PERMISSION_DENIED, "Global write access is required"))
    store = store_at(port)
    await store.open()
    assert await store.search([0.5] * DIMENSIONS, limit=3) == []
    with pytest.raises(StoreTerminal, match="PERMISSION_DENIED: Global write access is required"):
        await store.prepare([make_plan()])
    await store.close()
    assert not WRITES & set(fake.calls)


@pytest.mark.parametrize("present", ["none", "one", "another kind"])
async def test_only_the_indexes_that_are_missing_are_created(server: tuple[FakeQdrant, int], present: str) -> None:
    fake, port = server
    fake.exists = True
    complete = {"none": {}, "one": {"source": KINDS["source"]}, "another kind": {**KINDS, "visible": KINDS["source"]}}
    fake.schema = dict(complete[present])
    store = store_at(port)
    await store.open()
    await store.close()
    assert fake.calls.count("CreateFieldIndex") == {"none": 6, "one": 5, "another kind": 1}[present]
    assert fake.schema == KINDS


async def test_without_create_nothing_is_created(server: tuple[FakeQdrant, int]) -> None:
    fake, port = server
    store = store_at(port, create=False)
    await store.open()
    facts = await store.check()
    await store.close()
    assert facts["collection"] == "test-model-256"
    assert "points" not in facts
    assert not WRITES & set(fake.calls)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (StatusCode.UNAVAILABLE, StoreTransient),
        (StatusCode.DEADLINE_EXCEEDED, StoreTransient),
        (StatusCode.RESOURCE_EXHAUSTED, StoreTransient),
        (StatusCode.PERMISSION_DENIED, StoreTerminal),
        (StatusCode.UNAUTHENTICATED, StoreTerminal),
        (StatusCode.INVALID_ARGUMENT, StoreTerminal),
    ],
)
async def test_an_error_keeps_its_code_and_text(
    server: tuple[FakeQdrant, int], code: StatusCode, kind: type[Exception]
) -> None:
    fake, port = server
    store = store_at(port)
    await store.open()
    fake.errors["Upsert"] = code, "the reason in words"
    with pytest.raises(kind, match=f"gRPC {code.name}: the reason in words") as caught:
        await store.prepare([make_plan()])
    assert "k3y" not in repr(caught.value)
    await store.close()


async def test_a_refused_open_names_the_settings(server: tuple[FakeQdrant, int]) -> None:
    fake, port = server
    fake.errors["Create"] = StatusCode.PERMISSION_DENIED, "Global manage access is required"
    store = store_at(port)
    with pytest.raises(StoreUnavailable, match="Global manage access is required") as caught:
        await store.open()
    assert "APEX_QDRANT_GRPC_PORT" in str(caught.value.hint)
    await store.close()


async def test_a_port_where_no_server_listens(server: tuple[FakeQdrant, int]) -> None:
    store = store_at(1)
    with pytest.raises(StoreUnavailable, match="UNAVAILABLE") as caught:
        await store.open()
    assert "APEX_QDRANT_GRPC_PORT" in str(caught.value.hint)
    await store.close()


def test_the_hint_names_what_the_connection_uses() -> None:
    assert "GRPC" not in Connector("http://127.0.0.1", timeout=30).hint()
    assert "APEX_TLS_CA_FILE" in Connector("https://127.0.0.1", timeout=30).hint()
    both = Connector("https://127.0.0.1", timeout=30, grpc_port=6334).hint()
    assert "APEX_QDRANT_GRPC_PORT" in both
    assert "APEX_TLS_CA_FILE" in both
