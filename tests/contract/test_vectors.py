"""What every `VectorCollection` guarantees. Each implementation is one more parameter of `make`."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from qdrant_client import AsyncQdrantClient
from qdrant_edge import EdgeShard

from apex_cli.addresses import Secret
from apex_cli.errors import StoreError, StoreTerminal, StoreTransient, StoreUnavailable
from apex_cli.model import PlanKind
from apex_cli.stores.qdrant import edge as qdrant_edge
from apex_cli.stores.qdrant import points
from apex_cli.stores.qdrant import server as qdrant_server
from apex_cli.stores.qdrant.collections import VectorCollection
from apex_cli.stores.qdrant.connection import Connector
from apex_cli.stores.qdrant.edge import QdrantEdgeStore
from apex_cli.stores.qdrant.server import QdrantServerStore
from apex_cli.stores.servers import Tls
from apex_cli.stores.views import RecordFilter, StoredSummary
from tests.plans import DIMENSIONS, from_journal, make_plan, new_saga_id, vector_of
from tests.servers import server_url

# Qdrant's client warns in its local mode that it has no payload indexes.
pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect:UserWarning")

MODEL = "test-model"
Maker = Callable[[str], VectorCollection]
"""Makes a store for a model, as often as asked: all on the same data."""


def edge(folder: Path, model: str = MODEL) -> QdrantEdgeStore:
    return QdrantEdgeStore(folder, namespace="test", model=model, dimensions=DIMENSIONS)


class LocalMode(Connector):
    """The client in its local mode; the URL is a folder."""

    def __call__(self) -> AsyncQdrantClient:
        return AsyncQdrantClient(path=self.url)


@pytest.fixture(params=["edge", "client", "server", "server-grpc"])
async def make(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Maker]:
    """Qdrant's engine in process; the server's client in its local mode; a server by REST and by gRPC, if given."""
    if request.param == "edge":
        yield lambda model: edge(tmp_path, model)
        return
    namespace = f"t{uuid.uuid4().hex[:20]}"
    if request.param == "client":
        connect: Connector = LocalMode(str(tmp_path / "qdrant"), timeout=60)
    else:
        key = os.environ.get("APEX_TEST_QDRANT_API_KEY")
        connect = Connector(
            server_url("QDRANT"),
            api_key=Secret(key) if key else None,
            grpc_port=_grpc_port() if request.param == "server-grpc" else None,
            timeout=60,
            tls=Tls(),
        )
    yield lambda model: QdrantServerStore(connect, namespace=namespace, model=model, dimensions=DIMENSIONS)
    client = connect()
    for collection in (await client.get_collections()).collections:
        if collection.name.startswith(f"{namespace}-"):
            await client.delete_collection(collection.name)
    await client.close()


def _grpc_port() -> int:
    port = os.environ.get("APEX_TEST_QDRANT_GRPC_PORT")
    if not port:
        pytest.skip("APEX_TEST_QDRANT_GRPC_PORT is not set")
    return int(port)


@pytest.fixture
async def store(make: Maker) -> AsyncIterator[VectorCollection]:
    opened = make(MODEL)
    await opened.open()
    yield opened
    await opened.close()


async def held(store: VectorCollection) -> set[StoredSummary]:
    return {item async for batch in store.scan() for item in batch}


async def found(store: VectorCollection, text: str, source: str | None = None) -> list[tuple[str, str | None]]:
    hits = await store.search(vector_of(text).tolist(), limit=10, where=RecordFilter(source=source))
    return [(hit.record_id, hit.saga_id) for hit in hits]


async def test_prepared_points_are_held_but_not_found(store: VectorCollection) -> None:
    plan = make_plan(chunks=("one", "two", "three"))
    await store.prepare([plan])
    await store.prepare([plan])
    assert await held(store) == {StoredSummary(plan.record_id, plan.saga_id, parts=3, visible=False)}
    views = (await store.read([plan.record_id]))[plan.record_id]
    assert [(view.id, view.text, view.visible) for view in views] == [
        (identifier, text, False) for identifier, text in zip(plan.point_ids(), ("one", "two", "three"), strict=True)
    ]
    assert await found(store, "one") == []


async def test_publish_shows_the_nearest_first(store: VectorCollection) -> None:
    plans = [make_plan(f"r-{number}", chunks=(f"text {number}",)) for number in range(20)]
    await store.prepare(plans)
    await store.publish([from_journal(plan) for plan in plans])
    await store.publish(plans)
    hits = await store.search(vector_of("text 7").tolist(), limit=3)
    assert len(hits) == 3
    assert (hits[0].record_id, hits[0].saga_id, hits[0].text) == (plans[7].record_id, plans[7].saga_id, "text 7")
    assert hits[0].score == pytest.approx(1.0, abs=1e-4)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


async def test_search_can_be_limited_to_a_source(store: VectorCollection) -> None:
    ours, theirs = make_plan("a", source="turvo", chunks=("same",)), make_plan("a", source="samsara", chunks=("same",))
    await store.prepare([ours, theirs])
    await store.publish([ours, theirs])
    assert await found(store, "same", "samsara") == [(theirs.record_id, theirs.saga_id)]
    assert len(await found(store, "same")) == 2


async def test_an_update_replaces_the_version_before(store: VectorCollection) -> None:
    old = make_plan(epoch=1, chunks=("old one", "old two"))
    new = make_plan(epoch=2, chunks=("new",), supersedes=old)
    await store.prepare([old])
    await store.publish([old])
    await store.prepare([new])
    assert await found(store, "new") == [(old.record_id, old.saga_id)] * 2
    await store.publish([new])
    assert await held(store) == {StoredSummary(new.record_id, new.saga_id, parts=1, visible=True)}


async def test_a_late_publish_brings_nothing_back(store: VectorCollection) -> None:
    old = make_plan(epoch=1)
    new = make_plan(epoch=2, supersedes=old)
    await store.prepare([old, new])
    await store.publish([old])
    await store.publish([new])
    await store.publish([old])
    await store.publish([from_journal(old)])
    assert await held(store) == {StoredSummary(new.record_id, new.saga_id, parts=1, visible=True)}


async def test_points_that_are_gone_do_not_stop_the_others(store: VectorCollection) -> None:
    gone, there = make_plan("gone"), make_plan("there")
    await store.prepare([there])
    await store.publish([gone, there])
    assert await held(store) == {StoredSummary(there.record_id, there.saga_id, parts=1, visible=True)}


async def test_forget_drops_the_record(store: VectorCollection) -> None:
    plan, other = make_plan("a"), make_plan("b")
    await store.prepare([plan, other])
    await store.publish([plan, other])
    forget = make_plan("a", epoch=2, kind=PlanKind.FORGET, supersedes=plan)
    await store.prepare([forget])
    await store.publish([forget])
    await store.publish([forget])
    assert await held(store) == {StoredSummary(other.record_id, other.saga_id, parts=1, visible=True)}
    assert await store.read([plan.record_id]) == {}


async def test_discard_leaves_other_attempts_alone(store: VectorCollection) -> None:
    current, failed = make_plan(epoch=1), make_plan(epoch=2, chunks=("x", "y"))
    await store.prepare([current])
    await store.publish([current])
    await store.prepare([failed])
    await store.discard([from_journal(failed)])
    await store.discard([from_journal(failed)])
    assert await held(store) == {StoredSummary(current.record_id, current.saga_id, parts=1, visible=True)}


async def test_sweep_removes_only_unpublished_points_of_the_sagas_named(store: VectorCollection) -> None:
    shown, waiting, orphan = make_plan("a"), make_plan("b"), make_plan("c", chunks=("1", "2"))
    await store.prepare([shown, waiting, orphan])
    await store.publish([shown])
    assert await store.list_unpublished() == {waiting.saga_id, orphan.saga_id}
    assert await store.sweep(frozenset({orphan.saga_id, shown.saga_id, new_saga_id()})) == 2
    assert {item.saga_id for item in await held(store)} == {shown.saga_id, waiting.saga_id}
    assert await store.list_unpublished() == {waiting.saga_id}


async def test_more_points_than_fit_one_call(
    store: VectorCollection, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two and a half calls. The client's local mode compares every pair of ids, so there a call takes fewer points."""
    size = points.SLICE
    if request.node.callspec.params["make"] == "client":
        size = 20
        monkeypatch.setattr(points, "SLICE", size)
        monkeypatch.setattr(qdrant_server, "UPSERT_POINTS", size // 2)
    count = size * 5 // 2
    plan = make_plan(chunks=tuple(f"piece {number}" for number in range(count)))
    await store.prepare([plan])
    await store.publish([plan])
    assert await held(store) == {StoredSummary(plan.record_id, plan.saga_id, parts=count, visible=True)}
    views = (await store.read([plan.record_id]))[plan.record_id]
    assert [view.id for view in views] == plan.point_ids()
    await store.discard([plan])
    assert await held(store) == set()


async def test_empty_batches_are_no_work(store: VectorCollection) -> None:
    await store.prepare([])
    await store.publish([])
    await store.discard([])
    assert await store.read([]) == {}
    assert await store.sweep(frozenset()) == 0


async def test_hostile_text_comes_back_as_it_was(store: VectorCollection) -> None:
    text = "NUL \0, \x1b[31mred, \u202e, 🚚, 'quote\" \\ " + "x" * 100_000
    plan = make_plan("../../x\0", chunks=(text,))
    await store.prepare([plan])
    assert [point.text for point in (await store.read([plan.record_id]))[plan.record_id]] == [text]


@pytest.mark.parametrize("damage", ["dimensions", "nan"])
async def test_vectors_that_do_not_fit_are_refused(store: VectorCollection, damage: str) -> None:
    plan = make_plan(chunks=("a text",))
    assert plan.embedded is not None
    matrix = plan.embedded.chunk_vectors
    if damage == "nan":
        matrix[0, 3] = np.nan
    else:
        matrix.resize((1, DIMENSIONS - 1), refcheck=False)
    with pytest.raises(StoreTerminal):
        await store.prepare([plan])
    assert await held(store) == set()


async def test_search_with_a_vector_of_another_size_is_refused(store: VectorCollection) -> None:
    with pytest.raises(StoreTerminal):
        await store.search([0.5, 0.5], limit=1)


async def test_what_was_written_is_there_after_closing(make: Maker) -> None:
    plan = make_plan()
    first = make(MODEL)
    await first.open()
    await first.prepare([plan])
    await first.publish([plan])
    await first.close()
    await first.close()
    with pytest.raises(StoreError):
        await first.check()
    second = make(MODEL)
    await second.open()
    assert await held(second) == {StoredSummary(plan.record_id, plan.saga_id, parts=1, visible=True)}
    facts = await second.check()
    assert facts["engine"]
    assert facts["version"]
    await second.close()


async def test_models_do_not_mix(make: Maker) -> None:
    plan = make_plan()
    one = make("one")
    await one.open()
    await one.prepare([plan])
    assert (await one.check())["collection"].endswith("-one-256")
    assert (await one.check())["points"] == 1
    await one.close()
    two = make("two-256")
    await two.open()
    assert await held(two) == set()
    assert (await two.check())["collection"].endswith("-two-256")
    await two.close()


async def test_a_dropped_collection_is_gone(make: Maker) -> None:
    store = make(MODEL)
    await store.open()
    assert store.is_there
    await store.prepare([make_plan()])
    await store.drop()
    with pytest.raises(StoreError):
        await store.check()
    again = make(MODEL)
    await again.open()
    assert await held(again) == set()
    await again.close()


async def test_namespaces_do_not_mix(tmp_path: Path) -> None:
    plan = make_plan()
    one = edge(tmp_path)
    two = QdrantEdgeStore(tmp_path, namespace="other", model=MODEL, dimensions=DIMENSIONS)
    await one.open()
    await two.open()
    await one.prepare([plan])
    assert await held(two) == set()
    await one.close()
    await two.close()


def reading(folder: Path, *, create: bool = True) -> QdrantEdgeStore:
    return QdrantEdgeStore(folder, namespace="test", model=MODEL, dimensions=DIMENSIONS, create=create, later=True)


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_edge_may_wait_for_the_first_call(tmp_path: Path) -> None:
    plan = make_plan(chunks=("a text",))
    unused = reading(tmp_path)
    await unused.open()
    assert not unused.is_there
    await unused.close()
    assert files_in(tmp_path) == []
    writer = edge(tmp_path)
    await writer.open()
    await writer.prepare([plan])
    await writer.publish([plan])
    await writer.close()
    store = reading(tmp_path)
    await store.open()
    assert store.is_there
    hits, views = await asyncio.gather(
        store.search(vector_of("a text").tolist(), limit=1), store.read([plan.record_id])
    )
    assert [hit.record_id for hit in hits] == [plan.record_id]
    assert len(views[plan.record_id]) == 1
    await store.close()
    with pytest.raises(StoreTransient):
        await store.read([plan.record_id])
    with pytest.raises(StoreTransient):
        await unused.read([plan.record_id])


async def test_edge_that_waits_reports_at_the_first_call_what_opening_does(tmp_path: Path) -> None:
    absent = reading(tmp_path, create=False)
    await absent.open()
    with pytest.raises(StoreTransient):
        await absent.check()
    await absent.close()
    assert files_in(tmp_path) == []
    writer = edge(tmp_path)
    await writer.open()
    await writer.close()
    (folder,) = files_in(tmp_path)
    (folder / "edge_config.json").write_text("{")
    store = reading(tmp_path)
    await store.open()
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="cannot be opened"):
            await store.check()
    await store.close()


async def test_edge_gives_space_back_after_a_large_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qdrant_edge, "OPTIMIZE_POINTS", 4_000)
    store = edge(tmp_path)
    await store.open()
    versions = [make_plan(f"r-{number}", chunks=(f"old {number}",)) for number in range(3_000)]
    await store.prepare(versions)
    await store.publish(versions)
    kept = make_plan("r-0", epoch=2, chunks=("kept",), supersedes=versions[0])
    await store.prepare([kept])
    await store.publish(
        [
            kept,
            *(
                make_plan(f"r-{number}", epoch=2, kind=PlanKind.FORGET, supersedes=versions[number])
                for number in range(1, 3_000)
            ),
        ]
    )
    await store.close()
    await store.open()
    assert await held(store) == {StoredSummary(kept.record_id, kept.saga_id, parts=1, visible=True)}
    assert await found(store, "kept") == [(kept.record_id, kept.saga_id)]
    await store.close()


def log_files(folder: Path) -> list[int]:
    """The sizes of the files of a shard's write-ahead log, the smallest first."""
    return sorted(
        file.stat().st_size for file in (folder / "wal").iterdir() if file.name.startswith(("open", "closed"))
    )


async def write_much(store: QdrantEdgeStore, records: int) -> None:
    """Publish so many records of 10 KB, and find all of them again after closing."""
    plans = [make_plan(f"r-{number}", chunks=(f"{number} " + "x" * 10_000,)) for number in range(records)]
    await store.open()
    for start in range(0, records, 500):
        await store.prepare(plans[start : start + 500])
        await store.publish(plans[start : start + 500])
        await store.flush()
    await store.close()
    await store.open()
    assert await held(store) == {StoredSummary(plan.record_id, plan.saga_id, parts=1, visible=True) for plan in plans}
    await store.close()


async def test_edge_has_a_small_log(tmp_path: Path) -> None:
    """All of the log is read at each start. Here one update takes more than a file of it."""
    store = edge(tmp_path)
    await write_much(store, 2_000)
    assert sum(log_files(tmp_path / store.collection)) < 16 * 1024**2


async def test_edge_gives_a_shard_of_an_earlier_version_a_small_log(tmp_path: Path) -> None:
    """It had files of 32 MB, as the engine makes them by itself. They go when they are full."""
    store = edge(tmp_path)
    await store.open()
    await store.close()
    folder = tmp_path / store.collection
    config = json.loads((folder / "edge_config.json").read_bytes())
    del config["wal_options"]
    (folder / "edge_config.json").write_text(json.dumps(config))
    shutil.rmtree(folder / "wal")
    with closing(EdgeShard.load(str(folder))):
        assert log_files(folder)[0] > 30 * 1024**2
    await write_much(store, 4_500)
    assert log_files(folder)[0] < 3 * 1024**2


async def test_edge_optimizes_a_long_run_before_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qdrant_edge, "LONG_RUN_POINTS", 2_000)
    store = edge(tmp_path)
    await store.open()
    plans = [make_plan(f"r-{number}", chunks=(f"text {number}",)) for number in range(2_500)]
    for start in range(0, len(plans), 500):
        await store.prepare(plans[start : start + 500])
        await store.publish(plans[start : start + 500])
        await store.flush()
    again = make_plan("r-7", epoch=2, chunks=("newer",), supersedes=plans[7])
    await store.prepare([again])
    await store.flush()
    assert await store.list_unpublished() == {again.saga_id}
    await store.publish([again])
    expected = [again, *(plan for plan in plans if plan is not plans[7])]
    for _ in range(2):
        assert await held(store) == {
            StoredSummary(plan.record_id, plan.saga_id, parts=1, visible=True) for plan in expected
        }
        assert (await found(store, "newer"))[0] == (again.record_id, again.saga_id)
        await store.close()
        await store.open()
    await store.close()


_WRITER = """
import asyncio, os, signal, sys
from pathlib import Path
from apex_cli.stores.qdrant.edge import QdrantEdgeStore
from tests.plans import DIMENSIONS, make_plan

async def main() -> None:
    store = QdrantEdgeStore(Path(sys.argv[1]), namespace="test", model=sys.argv[2], dimensions=DIMENSIONS)
    await store.open()
    plans = [make_plan(f"r-{number}", saga_id=f"saga-{number}") for number in range(300)]
    await store.prepare(plans)
    await store.publish(plans[:200])
    print("written", flush=True)
    sys.stdin.readline()
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_edge_admits_one_process_and_survives_its_kill(tmp_path: Path) -> None:
    writer = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _WRITER, str(tmp_path), MODEL), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert writer.stdout is not None
    assert await writer.stdout.readline() == b"written\n"
    second = edge(tmp_path)
    with pytest.raises(StoreUnavailable, match="another process"):
        await second.open()
    await second.close()
    await writer.communicate(b"\n")
    third = edge(tmp_path)
    await third.open()
    items = await held(third)
    await third.close()
    assert {item.saga_id for item in items} == {f"saga-{number}" for number in range(300)}
    assert {item.saga_id for item in items if item.visible} == {f"saga-{number}" for number in range(200)}
