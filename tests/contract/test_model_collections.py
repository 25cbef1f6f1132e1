"""What the collections of several models guarantee together, on each engine of vectors."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from apex_cli.addresses import Secret
from apex_cli.embed.embedder import dimensions_of
from apex_cli.errors import StoreTerminal
from apex_cli.model import Plan, PlanKind
from apex_cli.stores.protocol import Purgeable
from apex_cli.stores.qdrant.collections import ModelCollections, PurgeableCollections, VectorCollection
from apex_cli.stores.qdrant.connection import Connector
from apex_cli.stores.qdrant.edge import QdrantEdgeStore
from apex_cli.stores.qdrant.server import QdrantServerStore
from apex_cli.stores.views import StoredSummary
from tests.contract.test_vectors import LocalMode
from tests.plans import from_journal, make_plan, vector_of
from tests.servers import server_url

# Qdrant's client warns in its local mode that it has no payload indexes.
pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect:UserWarning")

OWN, TEXT = "words-256", "sentences-384"
Maker = Callable[[], ModelCollections]


@pytest.fixture(params=["edge", "client", "server"])
async def make(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Maker]:
    """Makes the store, as often as asked: all on the same data."""
    namespace = f"t{uuid.uuid4().hex[:20]}"

    def collection(model: str, create: bool) -> VectorCollection:
        dimensions = dimensions_of(model)
        if request.param == "edge":
            return QdrantEdgeStore(tmp_path, namespace=namespace, model=model, dimensions=dimensions, create=create)
        connect: Connector = (
            # A folder for each: the local mode lets one client at a time into a folder.
            LocalMode(str(tmp_path / model), timeout=60)
            if request.param == "client"
            else Connector(server_url("QDRANT"), api_key=_key(), timeout=60)
        )
        return QdrantServerStore(connect, namespace=namespace, model=model, dimensions=dimensions, create=create)

    yield lambda: ModelCollections(collection, OWN)
    for model in (OWN, TEXT):
        left = collection(model, True)
        await left.open()
        await left.drop()


def _key() -> Secret | None:
    key = os.environ.get("APEX_TEST_QDRANT_API_KEY")
    return Secret(key) if key else None


@pytest.fixture
async def store(make: Maker) -> AsyncIterator[ModelCollections]:
    """The store with both models in use."""
    opened = make()
    await opened.open()
    await opened.use([TEXT])
    yield opened
    await opened.close()


async def held(store: ModelCollections) -> set[StoredSummary]:
    return {item async for batch in store.scan() for item in batch}


async def found(store: ModelCollections, model: str, text: str) -> list[str | None]:
    hits = await store.search(model, vector_of(text, dimensions_of(model)).tolist(), limit=10)
    return [hit.saga_id for hit in hits]


async def moved(store: ModelCollections) -> tuple[Plan, Plan]:
    """A record that was committed with one model, and with the other one by a second attempt."""
    old = make_plan(epoch=1, chunks=("one", "two"), model=OWN)
    new = make_plan(epoch=2, chunks=("one", "two"), model=TEXT, supersedes=old)
    await store.prepare([old])
    await store.publish([old])
    await store.prepare([new])
    await store.publish([new])
    return old, new


async def test_each_model_is_searched_by_its_own_vectors(store: ModelCollections) -> None:
    ping, mail = make_plan("ping", chunks=("one",), model=OWN), make_plan("mail", chunks=("two",), model=TEXT)
    await store.prepare([ping, mail])
    assert await store.list_unpublished() == {ping.saga_id, mail.saga_id}
    await store.publish([ping, mail])
    assert await found(store, OWN, "one") == [ping.saga_id]
    assert await found(store, TEXT, "two") == [mail.saga_id]
    views = await store.read([ping.record_id, mail.record_id])
    assert [view.text for record in (ping, mail) for view in views[record.record_id]] == ["one", "two"]
    assert (await store.check())["points"] == 2
    with pytest.raises(StoreTerminal):
        await store.search(TEXT, vector_of("two").tolist(), limit=1)


async def test_a_record_moves_wholly_from_one_model_to_the_other(store: ModelCollections) -> None:
    old = make_plan(epoch=1, chunks=("one", "two"), model=OWN)
    new = make_plan(epoch=2, chunks=("one", "two"), model=TEXT, supersedes=old)
    await store.prepare([old])
    await store.publish([old])
    await store.prepare([new])
    assert await found(store, OWN, "one") == [old.saga_id] * 2
    assert await found(store, TEXT, "one") == []
    await store.publish([new])
    assert await found(store, OWN, "one") == []
    assert await found(store, TEXT, "one") == [new.saga_id] * 2
    assert await held(store) == {StoredSummary(new.record_id, new.saga_id, parts=2, visible=True)}


async def test_a_move_that_is_taken_up_from_the_journal_is_the_same(store: ModelCollections) -> None:
    old, new = make_plan(epoch=1, model=OWN), make_plan(epoch=2, model=TEXT)
    new = replace(new, superseded=make_plan(epoch=2, supersedes=old).superseded)
    await store.prepare([old])
    await store.publish([from_journal(old)])
    await store.prepare([new])
    await store.publish([from_journal(new)])
    await store.publish([from_journal(old)])
    assert await held(store) == {StoredSummary(new.record_id, new.saga_id, parts=1, visible=True)}


async def test_points_of_an_unknown_model_are_found_in_any(store: ModelCollections) -> None:
    """Versions of an older program do not say which model embedded them."""
    old = make_plan(epoch=1, model=TEXT)
    unknown = replace(old, model=None)
    await store.prepare([unknown])
    await store.publish([from_journal(unknown)])
    assert await found(store, TEXT, "x") == [old.saga_id]
    forget = make_plan(epoch=2, kind=PlanKind.FORGET, supersedes=unknown)
    await store.publish([forget])
    assert await held(store) == set()


async def test_discard_and_sweep_know_both_models(store: ModelCollections) -> None:
    plans = [make_plan(f"{model}-{number}", model=model) for model in (OWN, TEXT) for number in range(2)]
    await store.prepare(plans)
    await store.discard([from_journal(plans[0]), from_journal(plans[2])])
    assert await store.list_unpublished() == {plans[1].saga_id, plans[3].saga_id}
    assert await store.sweep(frozenset(plan.saga_id for plan in plans)) == 2
    assert await held(store) == set()


async def test_a_model_that_another_process_uses_is_found(make: Maker, request: pytest.FixtureRequest) -> None:
    if request.node.callspec.params["make"] != "server":
        pytest.skip("one process at a time opens these")
    first, second = make(), make()
    await first.open()
    await second.open()
    old, new = await moved(second)
    await first.publish([make_plan(epoch=3, kind=PlanKind.FORGET, supersedes=new)])
    assert await held(second) == set()
    assert old.record_id == new.record_id
    await first.close()
    await second.close()


async def test_an_empty_collection_is_dropped_and_a_full_one_is_not(make: Maker, store: ModelCollections) -> None:
    _, new = await moved(store)
    back = make_plan(epoch=3, model=OWN, supersedes=new)
    assert not await store.drop_empty(TEXT)
    await store.prepare([back])
    await store.publish([back])
    assert await store.drop_empty(TEXT)
    assert store.models == (OWN,)
    # Versions of the record still name the model; to forget them does not bring the collection back.
    await store.publish([make_plan(epoch=4, kind=PlanKind.FORGET, supersedes=new)])
    await store.discard([from_journal(new)])
    assert store.models == (OWN,)
    assert await held(store) == {StoredSummary(back.record_id, back.saga_id, parts=1, visible=True)}


async def test_what_was_written_is_there_after_closing(make: Maker, store: ModelCollections) -> None:
    _, new = await moved(store)
    await store.close()
    await store.close()
    again = make()
    await again.open()
    await again.use([TEXT])
    assert await held(again) == {StoredSummary(new.record_id, new.saga_id, parts=2, visible=True)}
    await again.close()


async def test_a_purge_rewrites_the_files_of_all_models(tmp_path: Path) -> None:
    def collection(model: str, create: bool) -> VectorCollection:
        return QdrantEdgeStore(tmp_path, namespace="test", model=model, dimensions=dimensions_of(model), create=create)

    assert not isinstance(ModelCollections(collection, OWN), Purgeable)
    store = PurgeableCollections(collection, OWN)
    await store.open()
    await store.use([TEXT])
    plans = [make_plan(model, chunks=("a secret harbour",), model=model) for model in (OWN, TEXT)]
    kept = make_plan("kept", model=TEXT)
    await store.prepare([*plans, kept])
    await store.publish([*plans, kept])
    assert holding(tmp_path, b"a secret harbour")
    by_model = zip((OWN, TEXT), plans, strict=True)
    await store.publish([make_plan(model, epoch=2, kind=PlanKind.FORGET, supersedes=plan) for model, plan in by_model])
    await store.purge()
    assert await held(store) == {StoredSummary(kept.record_id, kept.saga_id, parts=1, visible=True)}
    await store.close()
    assert not holding(tmp_path, b"a secret harbour")


def holding(folder: Path, content: bytes) -> list[Path]:
    """The files that hold this."""
    return [path for path in folder.rglob("*") if path.is_file() and content in path.read_bytes()]
