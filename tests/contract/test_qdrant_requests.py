"""The requests to a Qdrant server: method, path, query and body of each, as in Qdrant's REST reference.

No package contains a Qdrant server. Where `APEX_TEST_QDRANT_URL` names none, these tests and the contract suite on the
client's local mode test the store. Answers have the shape of the reference (api.qdrant.tech).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from apex_cli.addresses import Secret
from apex_cli.errors import StoreTerminal, StoreTransient, StoreUnavailable
from apex_cli.stores.qdrant.connection import Connector
from apex_cli.stores.qdrant.server import UPSERT_POINTS, QdrantServerStore
from apex_cli.stores.servers import Tls
from apex_cli.stores.views import PointView, RecordFilter, StoredSummary
from tests.plans import DIMENSIONS, NOON, make_plan, vector_of
from tests.qdrant_answers import COLLECTION, Answers, collection, ok
from tests.recorder import Answer, Recorder, Request, recording

WAIT = {"wait": "true"}
VISIBLE = {"key": "visible", "match": {"value": 1}}
UNPUBLISHED = {"key": "visible", "match": {"value": 0}}


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def server(answers: Answers) -> Iterator[Recorder]:
    with recording(answers) as recorder:
        yield recorder


def store_at(url: str, key: str | None = "k3y", timeout: float = 30) -> QdrantServerStore:
    connect = Connector(url, api_key=Secret(key) if key else None, timeout=timeout, tls=Tls())
    return QdrantServerStore(connect, namespace="test", model="model", dimensions=DIMENSIONS)


@contextmanager
def only(server: Recorder) -> Iterator[list[Request]]:
    """The requests of the block."""
    before = len(server.requests)
    caught: list[Request] = []
    yield caught
    caught.extend(server.requests[before:])


async def test_opening_makes_the_collection_and_its_indexes(server: Recorder, answers: Answers) -> None:
    answers.exists = False
    store = store_at(server.url)
    await store.open()
    await store.close()
    made = {"vectors": {"size": 256, "distance": "Cosine"}}
    keywords = [(name, "keyword") for name in ("record_id", "saga_id", "source", "data_type")]
    indexes = [*keywords, ("visible", "integer"), ("event_time", "datetime")]
    assert server.requests == [
        Request("GET", "/", {}, None),
        Request("GET", f"{COLLECTION}/exists", {}, None),
        Request("PUT", COLLECTION, {}, made),
        Request("GET", COLLECTION, {}, None),
        *(
            Request("PUT", f"{COLLECTION}/index", WAIT, {"field_name": name, "field_schema": kind})
            for name, kind in indexes
        ),
    ]
    assert {request.headers.get("api-key") for request in server.requests} == {"k3y"}


async def test_writes_wait_and_carry_the_whole_point(server: Recorder) -> None:
    store = store_at(server.url)
    await store.open()
    plan = make_plan(chunks=("one",))
    with only(server) as requests:
        await store.prepare([plan])
    payload = {
        "record_id": plan.record_id,
        "saga_id": plan.saga_id,
        "source": "turvo",
        "data_type": "shipment",
        "external_id": "r-1",
        "event_time": NOON.isoformat(),
        "visible": 0,
        "chunk": 0,
        "text": "one",
    }
    point = {"id": plan.point_ids()[0], "vector": pytest.approx(vector_of("one").tolist()), "payload": payload}
    assert requests == [Request("PUT", f"{COLLECTION}/points", WAIT, {"points": [point]})]
    await store.close()


async def test_a_large_batch_goes_in_bounded_upserts(server: Recorder) -> None:
    store = store_at(server.url)
    await store.open()
    with only(server) as requests:
        await store.prepare([make_plan(chunks=[f"piece {number}" for number in range(UPSERT_POINTS * 2 + 1)])])
    assert [len(request.body["points"]) for request in requests] == [UPSERT_POINTS, UPSERT_POINTS, 1]
    await store.close()


async def test_publishing_shows_by_filter_and_drops_by_id(server: Recorder) -> None:
    store = store_at(server.url)
    await store.open()
    old = make_plan(epoch=1)
    new = make_plan(epoch=2, supersedes=old)
    with only(server) as requests:
        await store.publish([new])
        await store.discard([old])
    shown = {"payload": {"visible": 1}, "filter": {"must": [{"has_id": new.point_ids()}]}}
    gone = Request("POST", f"{COLLECTION}/points/delete", WAIT, {"points": old.point_ids()})
    assert requests == [Request("POST", f"{COLLECTION}/points/payload", WAIT, shown), gone, gone]
    await store.close()


async def test_sweeping_counts_and_deletes_unpublished_points(server: Recorder) -> None:
    store = store_at(server.url)
    await store.open()
    with only(server) as requests:
        assert await store.sweep(frozenset({"b", "a"})) == 3
    chosen = {"filter": {"must": [{"key": "saga_id", "match": {"any": ["a", "b"]}}, UNPUBLISHED]}}
    assert requests == [
        Request("POST", f"{COLLECTION}/points/count", {}, {**chosen, "exact": True}),
        Request("POST", f"{COLLECTION}/points/delete", WAIT, chosen),
    ]
    await store.close()


async def test_reads_filter_and_page(server: Recorder, answers: Answers) -> None:
    plan = make_plan()
    payload = {"record_id": plan.record_id, "saga_id": plan.saga_id, "visible": 1, "chunk": 0, "text": "t"}
    first, second = ({"id": identifier, "payload": payload} for identifier in ("1" * 32, "2" * 32))

    def pages(request: Request) -> Answer:
        if "offset" in request.body:
            return ok({"points": [second], "next_page_offset": None})
        return ok({"points": [first], "next_page_offset": "2" * 32})

    answers.special["POST", "/points/scroll"] = pages
    store = store_at(server.url)
    await store.open()
    with only(server) as requests:
        read = await store.read([plan.record_id])
    assert [view.id for view in read[plan.record_id]] == ["1" * 32, "2" * 32]
    assert isinstance(read[plan.record_id][0], PointView)
    wanted = {
        "filter": {"must": [{"key": "record_id", "match": {"any": [plan.record_id]}}]},
        "limit": 1000,
        "with_payload": ["record_id", "saga_id", "visible", "chunk", "text", "place"],
        "with_vector": False,
    }
    assert requests == [
        Request("POST", f"{COLLECTION}/points/scroll", {}, wanted),
        Request("POST", f"{COLLECTION}/points/scroll", {}, {**wanted, "offset": "2" * 32}),
    ]
    with only(server) as requests:
        assert [item async for batch in store.scan() for item in batch] == [
            StoredSummary(plan.record_id, plan.saga_id, parts=2, visible=True)
        ]
    assert "filter" not in requests[0].body
    with only(server) as requests:
        assert await store.list_unpublished() == {plan.saga_id}
    assert requests[0].body["filter"] == {"must": [UNPUBLISHED]}
    await store.close()


@pytest.mark.parametrize("source", [None, "turvo"])
async def test_search_asks_for_visible_points_only(server: Recorder, source: str | None) -> None:
    store = store_at(server.url)
    await store.open()
    with only(server) as requests:
        assert await store.search([0.5] * DIMENSIONS, limit=7, where=RecordFilter(source=source)) == []
    ours = [] if source is None else [{"key": "source", "match": {"any": [source]}}]
    body = {
        "query": {"nearest": [0.5] * DIMENSIONS},
        "filter": {"must": [*ours, VISIBLE]},
        "limit": 7,
        "with_payload": ["record_id", "saga_id", "text", "place"],
        "with_vector": False,
    }
    assert requests == [Request("POST", f"{COLLECTION}/points/query", {}, body)]
    await store.close()


async def test_another_process_may_make_the_collection_first(server: Recorder, answers: Answers) -> None:
    answers.exists = False

    def another_was_first(request: Request) -> Answer:
        answers.exists = True
        return 409, {"status": {"error": "Collection already exists!"}, "time": 0.0}

    answers.special["PUT", ""] = another_was_first
    store = store_at(server.url)
    await store.open()
    assert (await store.check())["points"] == 3
    await store.close()


@pytest.mark.parametrize(
    ("size", "distance", "words"), [(384, "Cosine", "384 dimensions"), (DIMENSIONS, "Dot", "distance Dot")]
)
async def test_a_collection_of_another_kind_is_refused(
    server: Recorder, answers: Answers, size: int, distance: str, words: str
) -> None:
    answers.special["GET", ""] = collection(size, distance)
    store = store_at(server.url)
    with pytest.raises(StoreUnavailable, match=words):
        await store.open()
    await store.close()


async def test_an_old_server_is_refused(server: Recorder, answers: Answers) -> None:
    answers.version = "1.15.5"
    store = store_at(server.url)
    with pytest.raises(StoreUnavailable, match=r"1\.16 or newer"):
        await store.open()
    await store.close()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((500, {"status": {"error": "Service internal error"}}), StoreTransient),
        ((503, {"status": {"error": "shard is not ready"}}), StoreTransient),
        ((429, {"status": {"error": "rate limit"}}), StoreTransient),
        ((200, b"<html>a proxy in between</html>"), StoreTransient),
        ((400, {"status": {"error": "Wrong input: Vector dimension error"}}), StoreTerminal),
        ((401, b"Must provide an API key"), StoreTerminal),
        ((404, {"status": {"error": "Not found: Collection"}}), StoreTerminal),
    ],
)
async def test_errors_are_transient_or_terminal(
    server: Recorder, answers: Answers, answer: Answer, kind: type[Exception]
) -> None:
    store = store_at(server.url)
    await store.open()
    answers.special["PUT", "/points"] = answer
    with pytest.raises(kind) as caught:
        await store.prepare([make_plan()])
    assert "k3y" not in repr(caught.value)
    await store.close()


async def test_an_unreachable_server_names_the_variable_to_check() -> None:
    with recording(Answers()) as gone:
        url = gone.url
    store = store_at(url)
    with pytest.raises(StoreUnavailable) as caught:
        await store.open()
    assert "APEX_QDRANT_URL" in str(caught.value.hint)
    await store.close()
    with pytest.raises(StoreTransient):
        await store.check()
