"""Which records the files of synced folders hold, in PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import pytest

from apex_cli.model import Record
from apex_cli.stores.postgres.connection import Database
from apex_cli.stores.postgres.journal import PostgresJournal
from apex_cli.stores.postgres.synced import SyncedFiles
from tests.plans import make_embedded, make_record

A, B, ELSEWHERE = b"/drop/a.csv", b"/drop/deep/b.csv", b"/drop0/c.csv"
ROOT = b"/drop"


@pytest.fixture
def synced(database: Database) -> SyncedFiles:
    return SyncedFiles(database)


async def committed(database: Database, *names: str) -> list[str]:
    """Commit a record of each name; returns their ids."""
    return [await _commit(database, make_record(name)) for name in names]


async def _commit(database: Database, record: Record) -> str:
    journal = PostgresJournal(database)
    (plan,) = (await journal.begin_write([(record, make_embedded())], run_id=None, group_id="test")).plans
    await journal.commit([plan])
    await journal.done([plan])
    return record.record_id


async def gone(synced: SyncedFiles, start: int, root: bytes = ROOT, before: int | None = None) -> list[str]:
    """The names of the records that no file holds any more, once the rest is released."""
    async for _ in synced.release(start, before):
        pass
    found = [each.external_id async for page in synced.gone(root, start, before, page=1) for each in page]
    assert await synced.count_gone(root, start, before) == len(found)
    return sorted(found)


async def files(pages: SyncedFiles, root: bytes, start: int) -> Sequence[bytes]:
    return [file async for page in pages.unread(root, start) for file in page]


async def test_a_record_that_left_a_file_is_gone(database: Database, synced: SyncedFiles) -> None:
    one, two = await committed(database, "one", "two")
    assert not await synced.any()
    await synced.see([(A, one), (A, two), (A, one)])
    await synced.read_through([A])
    assert await synced.any()
    assert await synced.held(ROOT) == 2
    assert await synced.held(b"/dro") == await synced.held(b"/drop/a") == 0
    start = await synced.now()
    await synced.see([(A, one)])
    await synced.miss_records(ROOT, start)
    # The file was not read to its end: what is in the rest of it is not known.
    assert await gone(synced, start) == []
    assert await files(synced, ROOT, start) == [A]
    await synced.read_through([A])
    await synced.miss_records(ROOT, start)
    assert await files(synced, ROOT, start) == []
    assert await gone(synced, start) == ["two"]
    await synced.remove([two])
    assert await synced.held(ROOT) == 1


async def test_a_record_that_another_file_holds_stays(database: Database, synced: SyncedFiles) -> None:
    one, two, three = await committed(database, "one", "two", "three")
    await synced.see([(A, one), (B, one), (A, two), (ELSEWHERE, two), (A, three)])
    start = await synced.now()
    await synced.see([(B, one)])
    await synced.read_through([B])
    await synced.miss_files([A], start)
    released = [pair async for page in synced.release(start) for pair in page]
    assert sorted(released) == sorted([(one, A), (two, A)])
    assert await gone(synced, start) == ["three"]
    # The last copy goes as well.
    start = await synced.now()
    await synced.miss_files([B], start)
    assert await gone(synced, start) == ["one"]
    # What was noted missing by an earlier run counts for nothing by itself.
    start = await synced.now()
    assert await gone(synced, start) == []


async def test_what_was_seen_meanwhile_is_not_missing(database: Database, synced: SyncedFiles) -> None:
    (one,) = await committed(database, "one")
    await synced.see([(A, one)])
    start = await synced.now()
    # Another run sees it while this one is under way.
    await synced.see([(A, one)])
    await synced.miss_files([A], start)
    assert await gone(synced, start) == []


async def test_what_an_earlier_run_has_missed_too(database: Database, synced: SyncedFiles) -> None:
    (one,) = await committed(database, "one")
    await synced.see([(A, one)])
    first = await synced.now()
    await synced.miss_files([A], first)
    assert await gone(synced, first, before=first) == []
    second = await synced.now()
    await synced.miss_files([A], second)
    assert await gone(synced, second, before=second) == ["one"]
    # Seen again, it begins from the beginning.
    await synced.see([(A, one)])
    third = await synced.now()
    await synced.miss_files([A], third)
    assert await gone(synced, third, before=third) == []


async def test_moves_out_of_the_root_are_found(database: Database, synced: SyncedFiles) -> None:
    one, two = await committed(database, "one", "two")
    await synced.see([(ELSEWHERE, one), (ELSEWHERE, two)])
    start = await synced.now()
    await synced.see([(A, one)])
    assert [file async for page in synced.also_in(ROOT, start) for file in page] == [ELSEWHERE]
    await synced.miss_files([ELSEWHERE], start)
    assert [pair async for page in synced.release(start) for pair in page] == [(one, ELSEWHERE)]
    # A sync of one folder forgets nothing of another.
    assert await gone(synced, start) == []


async def test_records_that_the_memory_does_not_have(database: Database, synced: SyncedFiles) -> None:
    """What a killed run noted before it committed, and what was forgotten."""
    await synced.see([(A, str(uuid.uuid4()))])
    assert await synced.held(ROOT) == 0
    start = await synced.now()
    await synced.miss_files([A], start)
    assert [pair async for page in synced.release(start) for pair in page] == []
    assert not await synced.any()
    await synced.remove_empty()
    assert await database.rows("SELECT * FROM synced_file") == []


async def test_only_known_records(database: Database, synced: SyncedFiles) -> None:
    one, two = await committed(database, "one", "two")
    await synced.see([(A, one)])
    assert await synced.known([one, two]) == {one}


async def test_any_name_of_a_file(database: Database, synced: SyncedFiles) -> None:
    (one,) = await committed(database, "one")
    names = [b"/drop/caf\xe9.csv", b"/drop/%.csv", b"/drop/'\\x41.csv", b"/drop/" + b"a" * 1990]
    await synced.see([(name, one) for name in names])
    assert sorted(await files(synced, b"/", await synced.now())) == sorted(names)


async def test_a_rehearsal_leaves_nothing_behind(database: Database, synced: SyncedFiles) -> None:
    one, two = await committed(database, "one", "two")
    await synced.see([(A, one), (A, two)])
    before = await database.rows("SELECT * FROM synced_record ORDER BY record_id")
    async with synced.rehearsal() as copy:
        start = await copy.now()
        await copy.see([(A, one), (B, one)])
        await copy.read_through([A])
        await copy.miss_records(ROOT, start)
        assert await gone(copy, start) == ["two"]
    assert await database.rows("SELECT * FROM synced_record ORDER BY record_id") == before
    assert len(await database.rows("SELECT * FROM synced_file")) == 1


async def test_what_is_forgotten_for_now_is_taken_again(database: Database) -> None:
    journal = PostgresJournal(database)
    for lasting in (False, True):
        record = make_record(f"lasting {lasting}")
        await _commit(database, record)
        (plan,) = (await journal.begin_forget([record.record_id], run_id=None, group_id="test", lasting=lasting)).plans
        await journal.commit([plan])
        await journal.done([plan])
        known = await journal.known([record.record_id])
        assert known.forgotten == ({(record.record_id, record.content_hash)} if lasting else frozenset())
        begun = await journal.begin_write([(record, make_embedded())], run_id=None, group_id="test")
        assert len(begun.plans) == (0 if lasting else 1)


async def test_a_settled_attempt_to_forget_for_now(database: Database) -> None:
    """The run that began it was killed before its end; another one finishes it by the journal alone."""
    journal = PostgresJournal(database)
    record = make_record("one")
    await _commit(database, record)
    (plan,) = (await journal.begin_forget([record.record_id], run_id=None, group_id="test", lasting=False)).plans
    await journal.commit([plan])
    (left,) = await journal.open_sagas()
    await journal.done([left.plan])
    assert (await journal.known([record.record_id])).forgotten == frozenset()


async def test_what_an_earlier_run_staged_is_not_there_now(database: Database, synced: SyncedFiles) -> None:
    one, two = await committed(database, "one", "two")
    start = await synced.now()
    await synced.see([(A, one)])
    await synced.see([(A, one), (B, two)], now=False)
    await synced.miss_files([A, B], start)
    assert await gone(synced, start) == ["two"]
