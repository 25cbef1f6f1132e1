"""The journal of sagas, on every PostgreSQL: see `database` in conftest."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from apex_cli.errors import StoreError
from apex_cli.model import Embedded, Plan, PlanKind, Position, Record
from apex_cli.stores.journal import Begun, OpenSaga, SagaState
from apex_cli.stores.postgres.catalog import Catalog, shown_points
from apex_cli.stores.postgres.connection import Database
from apex_cli.stores.postgres.journal import PostgresJournal
from apex_cli.stores.views import RecordFilter
from tests.plans import NOON, make_embedded, make_record


@pytest.fixture
def journal(database: Database) -> PostgresJournal:
    return PostgresJournal(database)


@pytest.fixture
def catalog(database: Database) -> Catalog:
    return Catalog(database)


async def begin(journal: PostgresJournal, *names: str, content: str = "a") -> Begun:
    """The contents "a", "b" and so on are states of one hour after the other."""
    as_of = NOON + timedelta(hours=ord(content) - ord("a"))
    items = [
        (make_record(name, payload={"id": name, "content": content}), make_embedded(event_time=as_of)) for name in names
    ]
    return await journal.begin_write(items, run_id=None, group_id="test")


async def written(journal: PostgresJournal, name: str, content: str = "a") -> Plan:
    (plan,) = (await begin(journal, name, content=content)).plans
    assert await journal.commit([plan]) == {plan.saga_id}
    await journal.done([plan])
    return plan


async def test_a_new_version_is_not_visible_until_it_is_committed(journal: PostgresJournal, catalog: Catalog) -> None:
    (plan,) = (await begin(journal, "r-1")).plans
    assert (plan.epoch, plan.revision, plan.superseded) == (1, 1, ())
    assert await catalog.by_id([plan.record_id]) == {}
    assert await journal.commit([plan]) == {plan.saga_id}
    seen = (await catalog.by_id([plan.record_id]))[plan.record_id]
    assert (seen.saga_id, seen.revision, seen.external_id) == (plan.saga_id, 1, "r-1")


async def test_the_content_of_any_version_is_unchanged(journal: PostgresJournal) -> None:
    first = await written(journal, "r-1", "a")
    second = await written(journal, "r-1", "b")
    assert [p.revision for p in (first, second)] == [1, 2]
    assert [old.saga_id for old in second.superseded] == [first.saga_id]
    assert first.epoch < second.epoch
    for content in ("a", "b"):
        assert (await begin(journal, "r-1", content=content)).unchanged == {first.record_id}
    known = await journal.known([first.record_id])
    assert known.unchanged == {
        (first.record_id, make_record("r-1", payload={"id": "r-1", "content": content}).content_hash)
        for content in ("a", "b")
    }


async def test_without_a_time_going_back_is_a_new_version(journal: PostgresJournal) -> None:
    for hour, content in enumerate(("a", "b", "a")):
        record = make_record("r-1", payload={"id": "r-1", "content": content})
        embedded = make_embedded(event_time=NOON + timedelta(hours=hour), dated=False)
        (plan,) = (await journal.begin_write([(record, embedded)], run_id=None, group_id="test")).plans
        await journal.commit([plan])
        await journal.done([plan])
        assert plan.revision == hour + 1


async def test_an_earlier_version_comes_late_and_readers_see_the_later_one(
    journal: PostgresJournal, catalog: Catalog
) -> None:
    later = await written(journal, "r-1", "b")
    (earlier,) = (await begin(journal, "r-1", content="a")).plans
    assert (earlier.position, earlier.current, earlier.shown) == (Position.LATE, False, False)
    assert [version.saga_id for version in earlier.versions()] == [earlier.saga_id, later.saga_id]
    (saga,) = await journal.open_sagas([earlier.record_id])
    assert (saga.plan.current, saga.plan.shown, saga.plan.superseded) == (False, False, ())
    await journal.commit([earlier])
    await journal.done([earlier])
    seen = (await catalog.by_id([later.record_id]))[later.record_id]
    assert (seen.saga_id, seen.marker) == (later.saga_id, earlier.saga_id)
    versions = (await catalog.versions([later.record_id]))[later.record_id]
    assert [(one.saga_id, one.current) for one in versions] == [(later.saga_id, True), (earlier.saga_id, False)]
    assert await catalog.broken() == []


async def test_a_correction_replaces_its_version_when_it_commits(journal: PostgresJournal, catalog: Catalog) -> None:
    wrong = await written(journal, "r-1", "a")
    right = make_record("r-1", payload={"id": "r-1", "content": "right"})
    (plan,) = (await journal.begin_write([(right, make_embedded(event_time=NOON))], run_id=None, group_id="t")).plans
    assert (plan.position, plan.history) == (Position.CORRECTS, ())
    await journal.abort([plan], "not this time")
    assert (await catalog.versions([wrong.record_id]))[wrong.record_id][0].replaced_by is None
    (plan,) = (await journal.begin_write([(right, make_embedded(event_time=NOON))], run_id=None, group_id="t")).plans
    await journal.commit([plan])
    await journal.done([plan])
    replaced, current = (await catalog.versions([wrong.record_id]))[wrong.record_id]
    assert (replaced.replaced_by, current.saga_id, current.current) == (plan.saga_id, plan.saga_id, True)
    assert (await begin(journal, "r-1", content="a")).unchanged == {wrong.record_id}


async def test_a_partial_version_is_shown_over_the_last_whole_one(journal: PostgresJournal, catalog: Catalog) -> None:
    whole = await written(journal, "r-1", "a")
    record = make_record("r-1", payload={"id": "r-1", "status": "delivered"})
    embedded = make_embedded(event_time=NOON + timedelta(hours=1), whole=False, chunks=["delivered"])
    (plan,) = (await journal.begin_write([(record, embedded)], run_id=None, group_id="test")).plans
    assert plan.superseded == ()
    await journal.commit([plan])
    await journal.done([plan])
    seen = (await catalog.by_id([plan.record_id]))[plan.record_id]
    assert seen.payload == {"id": "r-1", "content": "a", "status": "delivered"}
    assert shown_points(seen) == {whole.saga_id: whole.chunks, plan.saga_id: 1}
    assert {hit.saga_id for hit in await catalog.search("text delivered", limit=5)} == {whole.saga_id, plan.saga_id}
    later = await written(journal, "r-1", "c")
    assert {old.saga_id for old in later.superseded} == {whole.saga_id, plan.saga_id}


async def test_a_record_with_an_open_saga_is_busy(journal: PostgresJournal) -> None:
    (plan,) = (await begin(journal, "r-1")).plans
    begun = await begin(journal, "r-1", "r-2", content="b")
    assert begun.busy == {plan.record_id}
    assert [p.record.external_id for p in begun.plans if p.record] == ["r-2"]


async def test_abort_leaves_no_version_and_frees_the_record(journal: PostgresJournal, catalog: Catalog) -> None:
    (plan,) = (await begin(journal, "r-1")).plans
    await journal.abort([plan], "because")
    assert await journal.open_sagas() == []
    assert await catalog.by_id([plan.record_id]) == {}
    assert await catalog.broken() == []
    again = (await begin(journal, "r-1")).plans[0]
    assert again.epoch == plan.epoch + 1


async def test_a_writer_whose_epoch_was_taken_over_commits_nothing(journal: PostgresJournal, catalog: Catalog) -> None:
    (plan,) = (await begin(journal, "r-1")).plans
    (saga,) = await journal.open_sagas()
    epochs = await journal.claim([saga])
    assert epochs == {plan.record_id: plan.epoch + 1}
    assert await journal.commit([plan]) == frozenset()
    await journal.resolve([saga], epochs, frozenset())
    assert await catalog.by_id([plan.record_id]) == {}
    assert await journal.open_sagas() == []


async def test_resolving_forward_makes_the_version_current(journal: PostgresJournal, catalog: Catalog) -> None:
    (plan,) = (await begin(journal, "r-1")).plans
    (saga,) = await journal.open_sagas()
    epochs = await journal.claim([saga])
    await journal.resolve([saga], epochs, frozenset({plan.saga_id}))
    assert (await catalog.by_id([plan.record_id]))[plan.record_id].saga_id == plan.saga_id
    (left,) = await journal.open_sagas()
    assert left.state is SagaState.COMMITTED


async def test_a_stale_claim_decides_nothing(journal: PostgresJournal) -> None:
    await begin(journal, "r-1")
    (saga,) = await journal.open_sagas()
    stale = await journal.claim([saga])
    fresh = await journal.claim([saga])
    await journal.resolve([saga], stale, frozenset())
    (still,) = await journal.open_sagas()
    assert still.state is SagaState.RESOLVING
    await journal.resolve([saga], fresh, frozenset())
    assert await journal.open_sagas() == []


async def test_every_step_twice_is_the_same_as_once(journal: PostgresJournal, catalog: Catalog) -> None:
    plan = await written(journal, "r-1")
    assert await journal.commit([plan]) == {plan.saga_id}
    await journal.done([plan])
    await journal.abort([plan], "too late")
    assert (await catalog.by_id([plan.record_id]))[plan.record_id].saga_id == plan.saga_id


async def test_forgetting_leaves_a_tombstone_with_its_epoch(journal: PostgresJournal, catalog: Catalog) -> None:
    plan = await written(journal, "r-1")
    await written(journal, "r-1", "b")
    (forget,) = (await journal.begin_forget([plan.record_id], run_id=None, group_id="test")).plans
    assert forget.kind is PlanKind.FORGET
    await journal.commit([forget])
    await journal.done([forget])
    assert await catalog.by_id([plan.record_id]) == {}
    assert await catalog.broken() == []
    assert (await journal.begin_forget([plan.record_id], run_id=None, group_id="test")).plans == []
    for content in ("a", "b"):
        assert (await begin(journal, "r-1", content=content)).forgotten == {plan.record_id}
    (second,) = (await begin(journal, "r-1", content="c")).plans
    assert second.epoch > forget.epoch
    assert second.superseded == ()


async def test_open_sagas_carry_what_publishing_needs(journal: PostgresJournal) -> None:
    first = await written(journal, "r-1", "a")
    (plan,) = (await begin(journal, "r-1", content="b")).plans
    (saga,) = await journal.open_sagas([plan.record_id])
    assert saga == OpenSaga(
        replace(
            plan,
            record=None,
            embedded=None,
            history=(),
            position=Position.FIRST,
            group_id=saga.plan.group_id,
        ),
        SagaState.PREPARED,
    )
    assert [old.saga_id for old in saga.plan.superseded] == [first.saga_id]


async def test_two_writers_of_the_same_records_never_deadlock_or_both_begin(journal: PostgresJournal) -> None:
    names = [f"r-{n}" for n in range(50)]
    first, second = await asyncio.gather(begin(journal, *names), begin(journal, *reversed(names)))
    assert len(first.plans) + len(second.plans) == 50
    assert len(first.busy) + len(second.busy) == 50


async def test_text_that_postgres_refuses_is_kept_without_the_bad_characters(
    journal: PostgresJournal, catalog: Catalog
) -> None:
    record = make_record("r\x00-1", payload={"a\x00": "nul \x00", "lone": "\ud800", "back\\u0000slash": 1})
    embedded = make_embedded(chunks=["text \x00 \udfff"], title="\x00")
    (plan,) = (await journal.begin_write([(record, embedded)], run_id=None, group_id="test")).plans
    await journal.commit([plan])
    seen = (await catalog.by_id([plan.record_id]))[plan.record_id]
    assert seen.payload == {"a\ufffd": "nul \ufffd", "lone": "\ufffd", "back\\u0000slash": 1}
    assert seen.text == "text \ufffd \ufffd"


async def test_keyword_search_finds_any_of_the_words(journal: PostgresJournal, catalog: Catalog) -> None:
    record = make_record("r-1")
    embedded = make_embedded(chunks=["The truck was delayed by snow near Lafayette"], title="Delay notice")
    plans = (await journal.begin_write([(record, embedded)], run_id=None, group_id="test")).plans
    assert await catalog.search("snow delays", limit=5) == []
    await journal.commit(plans)
    hits = await catalog.search("snowing, or raining?", limit=5)
    assert [hit.record_id for hit in hits] == [record.record_id]
    assert await catalog.search("'; DROP TABLE record; --", limit=5) == []
    assert await catalog.search("...", limit=5) == []
    assert await catalog.search("snow", limit=5, where=RecordFilter(source="samsara")) == []


async def test_errors_of_the_driver_stay_inside(database: Database) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        await database.rows("SELECT nothing_like_this")


async def test_what_is_no_version_of_other_json_is_a_conflict(journal: PostgresJournal, catalog: Catalog) -> None:
    def item(hour: int, payload: dict[str, Any]) -> tuple[Record, Embedded]:
        record = make_record("customers#1", source="json", data_type="customer", payload=payload)
        return record, make_embedded(event_time=NOON + timedelta(hours=hour))

    items = [item(0, {"id": 1, "customer_name": "Halcyon Paper Co", "city": "Fargo"})]
    (plan,) = (await journal.begin_write(items, run_id=None, group_id="test")).plans
    await journal.commit([plan])
    await journal.done([plan])
    other = item(1, {"id": 1, "trailer_number": "TL-5501", "axles": 2})
    begun = await journal.begin_write([other], run_id=None, group_id="test")
    assert not begun.plans
    assert begun.conflicts == {plan.record_id}
    renamed = item(2, {"id": 1, "customer_name": "Halcyon Papers", "city": "Omaha"})
    begun = await journal.begin_write([renamed], run_id=None, group_id="test")
    assert [one.position for one in begun.plans] == [Position.SUCCEEDS]
    assert (await catalog.by_id([plan.record_id]))[plan.record_id].payload["city"] == "Fargo"


async def test_a_state_without_a_time_follows_the_one_before(journal: PostgresJournal, catalog: Catalog) -> None:
    """The first version counts from the date in its id; two of one staging follow each other."""
    noon_of_the_id, staged = NOON - timedelta(days=30), NOON
    plans = []
    for content in ("a", "b", "c", "a"):
        record = make_record("r-1", payload={"id": "r-1", "content": content}, observed_at=staged)
        item = (record, make_embedded(event_time=noon_of_the_id, dated=False))
        (plan,) = (await journal.begin_write([item], run_id=None, group_id="test")).plans
        await journal.commit([plan])
        await journal.done([plan])
        plans.append(plan)
    assert [plan.position for plan in plans] == [Position.FIRST, *[Position.SUCCEEDS] * 3]
    versions = (await catalog.versions([plans[0].record_id]))[plans[0].record_id]
    assert [version.event_time for version in versions] == [
        noon_of_the_id,
        *(staged + timedelta(microseconds=number) for number in range(3)),
    ]
    assert [version.payload["content"] for version in versions if version.current] == ["a"]
