"""Failed records as items of their own: what adds them, what removes them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from apex_cli.staging import ItemStatus, StagingDirectory
from tests.unit.test_staging import an_input, failure, keep, listed, opened, put


@pytest.fixture
def staging(tmp_path: Path) -> StagingDirectory:
    return opened(tmp_path / "staging")


@pytest.fixture
def other(staging: StagingDirectory) -> StagingDirectory:
    return opened(staging.root)


@pytest.fixture
def original(tmp_path: Path) -> Path:
    return an_input(tmp_path)


def test_kept_alone_when_its_input_goes(staging: StagingDirectory, original: Path) -> None:
    parent = put(staging, original)
    assert staging.claim(parent)
    child = keep(staging, parent, 3)
    staging.complete(parent, keep_children={child.item_id})

    (kept,) = staging.items()
    assert kept == child
    assert kept.is_record
    assert (kept.name, kept.origin, kept.record_id) == ("orders.json:3", str(original), "r")
    assert (kept.status, kept.attempts, kept.staged_at) == (ItemStatus.FAILED, 1, parent.staged_at)
    assert kept.payload.read_bytes() == b'{"line": 3}'


def test_repaired_ones_go_with_their_input(staging: StagingDirectory, original: Path) -> None:
    parent = put(staging, original)
    assert staging.claim(parent)
    one, two = keep(staging, parent, 1), keep(staging, parent, 2)
    staging.complete(parent, keep_children={one.item_id, two.item_id})

    fresh = opened(staging.root)
    parent = put(fresh, original)
    assert fresh.claim(parent)
    again = keep(fresh, parent, 2)
    assert (again.item_id, again.attempts) == (two.item_id, 2)
    fresh.complete(parent, keep_children={again.item_id})
    assert listed(staging) == {"orders.json:2": ItemStatus.FAILED}


def test_others_records_stay(staging: StagingDirectory, original: Path, tmp_path: Path) -> None:
    another = tmp_path / "other.json"
    another.write_bytes(b"{}")
    keep(staging, put(staging, another), 1)
    parent = put(staging, original)
    assert staging.claim(parent)
    staging.complete(parent)
    assert "other.json:1" in listed(staging)


def test_retriable_ones_stay_until_their_record_is_committed(staging: StagingDirectory, original: Path) -> None:
    parent = put(staging, original)
    assert staging.claim(parent)
    keep(staging, parent, 1, retriable=True)
    staging.complete(parent)
    assert listed(staging) == {"orders.json:1": ItemStatus.FAILED}
    assert staging.remove_record("another") == 0
    assert staging.remove_record("r") == 1
    assert listed(staging) == {}


def test_one_in_use_stays(staging: StagingDirectory, other: StagingDirectory, original: Path) -> None:
    parent = put(staging, original)
    child = keep(staging, parent, 1)
    assert other.claim(child)
    assert staging.claim(parent)
    assert staging.remove_record("r") == 0
    staging.complete(parent)
    assert listed(staging) == {"orders.json:1": ItemStatus.PROCESSING}


def test_a_newer_version_outlives_an_older_commit(staging: StagingDirectory, original: Path) -> None:
    child = keep(staging, put(staging, original), 1)
    assert staging.remove_record("r", observed_at=child.staged_at - timedelta(seconds=1)) == 0
    assert staging.remove_record("r", observed_at=child.staged_at) == 1


def test_failing_again(staging: StagingDirectory, original: Path) -> None:
    keep(staging, put(staging, original), 1)
    sibling = keep(staging, put(staging, original), 2)
    assert staging.claim(sibling)
    again = keep(staging, sibling, 1, retriable=True)
    staging.complete(sibling, keep_children={again.item_id})
    kept = {item.name: item for item in staging.items() if item.is_record}
    assert sorted(kept) == ["orders.json:1", "orders.json:2"]
    assert kept["orders.json:2"].attempts == 2
    assert kept["orders.json:2"].failure is not None
    assert kept["orders.json:2"].failure.retriable


def test_repaired_alone(staging: StagingDirectory, original: Path) -> None:
    parent = put(staging, original)
    keep(staging, parent, 1)
    child = keep(staging, parent, 2)
    assert staging.claim(child)
    staging.complete(child)
    assert listed(staging) == {"orders.json": ItemStatus.STAGED, "orders.json:1": ItemStatus.FAILED}


def test_the_same_file_under_another_source_goes_too(staging: StagingDirectory, original: Path) -> None:
    wrong = put(staging, original, source="document")
    assert staging.claim(wrong)
    staging.fail(wrong, failure())
    right = put(staging, original, source="turvo")
    assert staging.claim(right)
    staging.complete(right)
    assert listed(staging) == {}
