"""Every way an item goes through the staging directory, read back from the disk."""

from __future__ import annotations

import io
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from apex_cli.errors import ReadError, StagingUnusable
from apex_cli.staging import Item, ItemFailure, ItemStatus, StagingDirectory

MEGABYTE = 1024 * 1024
EVERY = set(ItemStatus)


def failure(*, retriable: bool = True, ago: float = 0.0) -> ItemFailure:
    at = datetime.now(UTC) - timedelta(seconds=ago)
    return ItemFailure("broken", "it broke", "repair it", "commit", retriable, at, "orders.json:3")


def put(staging: StagingDirectory, path: Path, *, source: str = "turvo", consume: bool = False) -> Item:
    return staging.add(path, source=source, forced_source=None, consume=consume)


def keep(
    staging: StagingDirectory, parent: Item, line: int, *, retriable: bool = False, record_id: str | None = "r"
) -> Item:
    return staging.add_record(
        parent,
        locator=f"{parent.name}:{line}",
        source="turvo",
        payload=b'{"line": %d}' % line,
        failure=failure(retriable=retriable),
        record_id=record_id,
        extension=".json",
    )


def listed(staging: StagingDirectory) -> dict[str, ItemStatus]:
    return {item.name: item.status for item in staging.items()}


def waiting(staging: StagingDirectory, *, retriable: bool = False, every: bool = False) -> list[str]:
    return [item.name for item in staging.waiting(retriable_failed=retriable, all_failed=every)]


def opened(root: Path) -> StagingDirectory:
    """An open staging directory. Locks keep two of these apart as they keep two processes apart."""
    staging = StagingDirectory(root, max_bytes=MEGABYTE)
    staging.open()
    return staging


def an_input(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "orders.json"
    path.parent.mkdir()
    path.write_bytes(b'{"shipmentId": "S-1"}')
    return path


@pytest.fixture
def staging(tmp_path: Path) -> StagingDirectory:
    return opened(tmp_path / "staging")


@pytest.fixture
def other(staging: StagingDirectory) -> StagingDirectory:
    return opened(staging.root)


@pytest.fixture
def original(tmp_path: Path) -> Path:
    return an_input(tmp_path)


def test_put_copies_and_remembers(staging: StagingDirectory, original: Path) -> None:
    item = staging.add(original, source="turvo", forced_source="turvo", consume=True)

    assert item.payload == staging.root / "turvo" / item.item_id / "payload.json"
    assert item.payload.read_bytes() == original.read_bytes()
    assert list(staging.items()) == [item]
    assert (item.origin, item.name, item.bytes) == (str(original), "orders.json", 21)
    assert (item.status, item.attempts, item.forced_source, item.consume) == (ItemStatus.STAGED, 0, "turvo", True)
    assert item.staged_at.tzinfo is UTC


def test_everything_is_private(staging: StagingDirectory, original: Path) -> None:
    item = put(staging, original)
    keep(staging, item, 1)
    for folder, _, names in os.walk(staging.root):
        assert stat.S_IMODE(Path(folder).stat().st_mode) == 0o700
        for name in names:
            assert stat.S_IMODE((Path(folder) / name).stat().st_mode) == 0o600


def test_open_leaves_the_mode_of_an_existing_folder(tmp_path: Path) -> None:
    root = tmp_path / "staging"
    root.mkdir()
    root.chmod(0o755)
    StagingDirectory(root, max_bytes=MEGABYTE).open()
    assert stat.S_IMODE(root.stat().st_mode) == 0o755


def test_success_removes(staging: StagingDirectory, original: Path) -> None:
    item = put(staging, original)
    assert staging.claim(item)
    assert (item.status, item.attempts) == (ItemStatus.PROCESSING, 1)
    assert listed(staging) == {"orders.json": ItemStatus.PROCESSING}

    assert staging.complete(item) is True
    assert listed(staging) == {}
    assert not item.path.exists()
    assert original.exists()


def test_failure_stays_with_its_error(staging: StagingDirectory, original: Path) -> None:
    item = put(staging, original)
    assert staging.claim(item)
    error = failure()
    staging.fail(item, error)

    (kept,) = staging.items()
    assert (kept.status, kept.failure, kept.attempts) == (ItemStatus.FAILED, error, 1)
    assert kept.staged_at == item.staged_at
    assert waiting(staging) == []
    assert waiting(staging, retriable=True) == ["orders.json"]


def test_failures_for_ever_are_taken_up_only_on_demand(staging: StagingDirectory, original: Path) -> None:
    item = put(staging, original)
    assert staging.claim(item)
    staging.fail(item, failure(retriable=False))
    assert waiting(staging, retriable=True) == []
    assert waiting(staging, every=True) == ["orders.json"]


def test_release_puts_back(staging: StagingDirectory, other: StagingDirectory, original: Path) -> None:
    item = put(staging, original)
    assert staging.claim(item)
    staging.release(item)
    assert listed(staging) == {"orders.json": ItemStatus.STAGED}
    assert other.claim(item)
    assert item.attempts == 2


def test_an_item_has_one_holder(staging: StagingDirectory, other: StagingDirectory, original: Path) -> None:
    item = put(staging, original)
    assert staging.claim(item)
    (seen,) = other.items()
    assert not other.claim(seen)
    assert not staging.claim(seen)
    assert waiting(other, every=True) == []

    staging.complete(item)
    assert not other.claim(seen)


@pytest.mark.parametrize("act", ["complete", "release", "fail"])
def test_only_the_holder_finishes(staging: StagingDirectory, original: Path, act: str) -> None:
    item = put(staging, original)
    with pytest.raises(ValueError, match="not claimed"):
        staging.fail(item, failure()) if act == "fail" else getattr(staging, act)(item)
    assert listed(staging) == {"orders.json": ItemStatus.STAGED}


def test_closing_leaves_claimed_items_for_the_next(
    staging: StagingDirectory, other: StagingDirectory, original: Path
) -> None:
    item = put(staging, original)
    assert staging.claim(item)
    staging.close()
    (left,) = other.waiting(retriable_failed=False, all_failed=False)
    assert left.status is ItemStatus.PROCESSING
    assert other.claim(left)
    assert left.attempts == 2


def test_the_same_file_again_replaces_its_failed_item(staging: StagingDirectory, original: Path) -> None:
    first = put(staging, original)
    assert staging.claim(first)
    staging.fail(first, failure())
    original.write_bytes(b'{"repaired": true}')

    second = put(staging, original)
    (kept,) = staging.items()
    assert second.item_id == first.item_id
    assert (kept.status, kept.failure, kept.attempts) == (ItemStatus.STAGED, None, 1)
    assert kept.payload.read_bytes() == b'{"repaired": true}'
    assert kept.bytes == second.bytes == 18
    assert kept.staged_at > first.staged_at


def test_the_same_unchanged_file_keeps_its_time(staging: StagingDirectory, original: Path) -> None:
    first = put(staging, original)
    assert put(staging, original).staged_at == first.staged_at


def test_the_same_file_while_in_use_is_busy(staging: StagingDirectory, other: StagingDirectory, original: Path) -> None:
    item = put(staging, original)
    assert staging.claim(item)
    original.write_bytes(b"newer")

    again = put(other, original)
    assert again.busy
    assert item.payload.read_bytes() != b"newer"
    staging.release(item)
    assert not other.claim(again), "what was read then is not what it was asked to stage"


def test_two_files_of_one_name_are_two_items(staging: StagingDirectory, tmp_path: Path, original: Path) -> None:
    twin = tmp_path / "orders.json"
    twin.write_bytes(b"{}")
    assert put(staging, original).item_id != put(staging, twin).item_id


def test_a_path_has_one_spelling(staging: StagingDirectory, original: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(original.parent)
    around = put(staging, tmp_path / "alias" / ".." / "in" / "orders.json")
    assert around.origin == str(original)
    assert put(staging, tmp_path / "alias" / "orders.json").item_id == around.item_id


class TestInPlace:
    def test_a_file_dropped_into_the_directory_is_moved(self, staging: StagingDirectory) -> None:
        dropped = staging.root / "turvo" / "drop" / "orders.json"
        dropped.parent.mkdir(parents=True)
        dropped.write_bytes(b"{}")
        before = dropped.stat().st_ino

        item = put(staging, dropped, consume=True)
        assert not dropped.exists()
        assert item.payload.stat().st_ino == before
        assert item.payload.stat().st_nlink == 1
        assert stat.S_IMODE(item.payload.stat().st_mode) == 0o600
        assert staging.claim(item)
        assert staging.complete(item) is True

    def test_a_payload_is_its_item(self, staging: StagingDirectory, original: Path) -> None:
        item = put(staging, original)
        assert put(staging, item.payload) == item
        assert item.payload.read_bytes() == original.read_bytes()

    def test_the_directorys_own_files_are_no_input(self, staging: StagingDirectory, original: Path) -> None:
        child = keep(staging, put(staging, original), 1)
        with pytest.raises(ReadError, match="belongs to the staging directory"):
            put(staging, child.path / "status.json")

    def test_a_move_cut_short_loses_nothing(self, staging: StagingDirectory) -> None:
        dropped = staging.root / "orders.json"
        dropped.write_bytes(b"{}")
        item = put(staging, dropped)
        os.link(item.payload, dropped)

        again = put(staging, dropped)
        assert again.item_id == item.item_id
        assert again.payload.read_bytes() == b"{}"
        assert not dropped.exists()


class TestStreams:
    def test_spooled_whole(self, staging: StagingDirectory) -> None:
        item = staging.add_stream(io.BytesIO(b'{"a":1}\n' * 3), source="json", forced_source="json")
        assert (item.origin, item.name, item.payload.name) == ("-", "stdin", "payload.jsonl")
        assert item.payload.read_bytes() == b'{"a":1}\n' * 3

    def test_other_bytes_never_replace_it(self, staging: StagingDirectory) -> None:
        first = staging.add_stream(io.BytesIO(b"1"), source="json", forced_source=None)
        second = staging.add_stream(io.BytesIO(b"2"), source="json", forced_source=None)
        again = staging.add_stream(io.BytesIO(b"1"), source="json", forced_source=None)
        assert first.item_id == again.item_id != second.item_id
        assert len(list(staging.items())) == 2

    def test_endless(self, staging: StagingDirectory) -> None:
        with Path("/dev/zero").open("rb") as endless, pytest.raises(StagingUnusable) as caught:
            staging.add_stream(endless, source="json", forced_source=None)
        assert caught.value.code == "staging_full"
        assert list((staging.root / ".tmp").iterdir()) == []

    def test_one_that_breaks(self, staging: StagingDirectory) -> None:
        with pytest.raises(ReadError):
            staging.add_stream(_Broken(), source="json", forced_source=None)
        assert list(staging.items()) == []


class _Broken(io.BytesIO):
    def read(self, _size: int | None = -1, /) -> bytes:
        raise OSError(5, "Input/output error")


class TestConsume:
    def consumed(self, staging: StagingDirectory, item: Item) -> bool:
        assert staging.claim(item)
        return staging.complete(item)

    def test_the_original_goes(self, staging: StagingDirectory, original: Path) -> None:
        item = put(staging, original, consume=True)
        assert original.exists()
        assert self.consumed(staging, item) is True
        assert not original.exists()
        assert original.parent.exists()

    def test_already_gone(self, staging: StagingDirectory, original: Path) -> None:
        item = put(staging, original, consume=True)
        original.unlink()
        assert self.consumed(staging, item) is True

    def test_rewritten_since(self, staging: StagingDirectory, original: Path) -> None:
        item = put(staging, original, consume=True)
        original.write_bytes(b'{"shipmentId": "S-2"}')
        os.utime(original, ns=(0, 1))
        assert self.consumed(staging, item) is False
        assert original.read_bytes() == b'{"shipmentId": "S-2"}'

    def test_replaced_since_by_one_of_the_same_size_and_time(self, staging: StagingDirectory, original: Path) -> None:
        item = put(staging, original, consume=True)
        times = original.stat()
        fresh = original.with_name("fresh")
        fresh.write_bytes(b'{"shipmentId": "S-9"}')
        os.utime(fresh, ns=(times.st_atime_ns, times.st_mtime_ns))
        fresh.rename(original)
        assert self.consumed(staging, item) is False
        assert original.exists()

    def test_a_link_and_its_target_stay(self, staging: StagingDirectory, original: Path, tmp_path: Path) -> None:
        link = tmp_path / "link.json"
        link.symlink_to(original)
        item = put(staging, link, consume=True)
        assert item.origin == str(link)
        assert self.consumed(staging, item) is False
        assert link.is_symlink()
        assert original.exists()

    def test_failure_keeps_the_original(self, staging: StagingDirectory, original: Path) -> None:
        item = put(staging, original, consume=True)
        assert staging.claim(item)
        staging.fail(item, failure())
        assert original.exists()


@pytest.mark.parametrize("again", [False, True], ids=["new", "replaced"])
def test_an_item_that_is_claimed_when_it_is_added(
    staging: StagingDirectory, other: StagingDirectory, tmp_path: Path, *, again: bool
) -> None:
    path = an_input(tmp_path)
    if again:
        first = put(staging, path)
        assert staging.claim(first)
        staging.fail(first, failure())
    item = staging.add(path, source="turvo", forced_source=None, consume=False, claim=True)
    (on_disk,) = other.items()
    assert (on_disk.status, on_disk.attempts, on_disk.failure) == (ItemStatus.PROCESSING, 1 + again, None)
    assert waiting(other, every=True) == []
    assert put(other, path).busy
    assert not other.claim(on_disk)
    assert staging.claim(item)
    assert not staging.claim(item)
    staging.close()
    assert waiting(other) == [path.name]
    assert other.claim(on_disk)
    assert on_disk.attempts == 2 + again
    assert other.complete(on_disk)
    assert listed(other) == {}
