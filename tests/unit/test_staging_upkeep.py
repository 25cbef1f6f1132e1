"""Listing, counting, cleaning and retrying."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from apex_cli.staging import ItemStatus, StagingDirectory, files
from tests.unit.test_staging import EVERY, MEGABYTE, an_input, failure, keep, listed, opened, put, waiting


@pytest.fixture
def staging(tmp_path: Path) -> StagingDirectory:
    return opened(tmp_path / "staging")


@pytest.fixture
def other(staging: StagingDirectory) -> StagingDirectory:
    return opened(staging.root)


@pytest.fixture
def original(tmp_path: Path) -> Path:
    return an_input(tmp_path)


def test_take_up_is_in_order_of_arrival(staging: StagingDirectory, tmp_path: Path) -> None:
    for name in ("c", "a", "b"):
        (tmp_path / name).write_bytes(b"x")
        put(staging, tmp_path / name, source=f"source-{name}")
    assert waiting(staging) == ["c", "a", "b"]


def test_retry(staging: StagingDirectory, other: StagingDirectory, tmp_path: Path) -> None:
    failed = []
    for name in ("a", "b", "c"):
        (tmp_path / name).write_bytes(b"x")
        item = put(staging, tmp_path / name)
        assert staging.claim(item)
        staging.fail(item, failure(retriable=False))
        failed.append(item)
    assert staging.retry([failed[0].item_id, "unknown", "../../etc"]) == 1
    assert waiting(staging) == ["a"]
    assert other.claim(failed[1])
    assert staging.retry(None) == 1, "one is staged already and one in use"
    assert sorted(waiting(staging)) == ["a", "c"]
    assert {item.attempts for item in staging.items() if item.status is ItemStatus.STAGED} == {1}


def test_drop_removes_failed_items_by_name_and_nothing_in_use(
    staging: StagingDirectory, other: StagingDirectory, tmp_path: Path
) -> None:
    items = {}
    for name in "abc":
        (tmp_path / name).write_bytes(b"{}")
        items[name] = put(staging, tmp_path / name)
        if name != "c":
            assert staging.claim(items[name])
            staging.fail(items[name], failure(retriable=False))
    used = files.lock_folder(items["b"].path)
    assert used is not None
    everything = [item.item_id for item in items.values()]
    assert [item.name for item in other.drop([*everything, "unknown", "../../etc"])] == ["a"]
    assert listed(staging) == {"b": ItemStatus.FAILED, "c": ItemStatus.STAGED}
    used.release()
    assert [item.name for item in other.drop(everything)] == ["b"]


def test_an_excerpt_is_the_beginning_of_the_payload(staging: StagingDirectory, original: Path) -> None:
    item = put(staging, original)
    whole = original.read_bytes()
    assert staging.excerpt(item, 5) == whole[:5]
    assert staging.excerpt(item, 10_000) == whole
    assert staging.claim(item)
    staging.complete(item)
    assert staging.excerpt(item, 5) == b""


def test_clean_goes_by_age_and_status(staging: StagingDirectory, tmp_path: Path) -> None:
    for name, ago in (("old", 100.0), ("young", 0.0)):
        (tmp_path / name).write_bytes(b"x")
        item = put(staging, tmp_path / name)
        assert staging.claim(item)
        staging.fail(item, failure(ago=ago))
    (tmp_path / "waiting").write_bytes(b"x")
    put(staging, tmp_path / "waiting")

    would = staging.clean(older_than=60, statuses={ItemStatus.FAILED}, dry_run=True)
    assert [item.name for item in would] == ["old"]
    assert len(listed(staging)) == 3
    assert [i.name for i in staging.clean(older_than=60, statuses={ItemStatus.FAILED}, dry_run=False)] == ["old"]
    assert sorted(listed(staging)) == ["waiting", "young"]
    assert len(staging.clean(older_than=0, statuses=EVERY, dry_run=False)) == 2
    assert listed(staging) == {}


def test_clean_spares_what_is_in_use(staging: StagingDirectory, other: StagingDirectory, original: Path) -> None:
    item = put(staging, original)
    assert staging.claim(item)
    assert other.clean(older_than=0, statuses=EVERY, dry_run=True) == []
    assert other.clean(older_than=0, statuses=EVERY, dry_run=False) == []
    assert item.payload.exists()


def test_clean_takes_broken_remains_and_nothing_foreign(staging: StagingDirectory, original: Path) -> None:
    item = put(staging, original)
    item.payload.unlink()
    foreign = staging.root / "turvo" / "someones-folder"
    foreign.mkdir()
    half = staging.root / ".tmp" / "half"
    half.mkdir()
    (half / "payload").write_bytes(b"half")
    assert listed(staging) == {}
    assert staging.clean(older_than=1e9, statuses=set(), dry_run=False) == []
    assert not item.path.exists()
    assert not half.exists()
    assert foreign.exists()


def test_stats(staging: StagingDirectory, original: Path) -> None:
    empty = StagingDirectory(staging.root / "nowhere", max_bytes=5).stats()
    assert (empty.total.count, empty.oldest, empty.newest, empty.free, empty.limit) == (0, None, None, None, 5)

    parent = put(staging, original)
    child = keep(staging, parent, 1)
    found = staging.stats()
    assert (found.total.count, found.total.bytes) == (2, parent.bytes + child.bytes)
    assert found.by_status[ItemStatus.STAGED].count == found.by_status[ItemStatus.FAILED].count == 1
    assert found.by_source["turvo"].bytes == found.total.bytes
    assert found.oldest == found.newest == found.by_status[ItemStatus.STAGED].oldest == parent.staged_at
    assert found.used == found.total.bytes
    assert {stage: tally.count for stage, tally in found.failed_in.items()} == {"commit": 1}
    assert found.limit == MEGABYTE
    assert found.free is not None


def test_a_copy_that_was_cut_is_never_read_and_its_original_replaces_it(
    staging: StagingDirectory, original: Path
) -> None:
    item = put(staging, original)
    os.truncate(item.payload, item.bytes - 1)
    (found,) = staging.items()
    assert (found.status, found.cut) == (ItemStatus.FAILED, True)
    assert list(staging.waiting(retriable_failed=True, all_failed=True)) == []
    again = put(staging, original)
    assert staging.claim(again)
    assert again.payload.read_bytes() == original.read_bytes()


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b"null", b'{"status": "staged"}', b"\xff\x00", b"[" * 100_000, b"1" * 300_000, None]
)
def test_a_damaged_status_counts_as_failed(staging: StagingDirectory, original: Path, damage: bytes | None) -> None:
    item = put(staging, original)
    status = item.path / "status.json"
    status.unlink()
    if damage is not None:
        status.write_bytes(damage)
    (found,) = staging.items()
    assert (found.status, found.attempts, found.bytes) == (ItemStatus.FAILED, 0, item.bytes)
    assert found.failure is not None
    assert (found.failure.code, found.failure.retriable) == ("staging_damaged", False)
    assert waiting(staging) == []
    again = put(staging, original)
    assert again.origin == str(original)
    assert [i.origin for i in staging.items()] == [str(original)]
    assert staging.claim(again)
    staging.complete(again)
    assert listed(staging) == {}
