"""Disks that refuse, names that lie, links that lead out."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apex_cli.errors import ReadError, StagingUnusable
from apex_cli.staging import ItemFailure, ItemStatus, StagingDirectory, names
from tests.unit.test_staging import EVERY, MEGABYTE, an_input, failure, keep, opened, put


@pytest.fixture
def staging(tmp_path: Path) -> StagingDirectory:
    return opened(tmp_path / "staging")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 512 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)], capture_output=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode != 0:
        pytest.skip("this user may not mount a file system")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


class TestDisk:
    def test_full_while_copying(self, small_disk: Path, tmp_path: Path) -> None:
        staging = opened(small_disk / "staging")
        big = tmp_path / "big.json"
        big.write_bytes(bytes(600 * 1024))
        with pytest.raises(StagingUnusable) as caught:
            put(staging, big)
        assert (caught.value.code, caught.value.exit_code) == ("staging_full", 10)
        assert "disk is full" in caught.value.message
        assert caught.value.hint
        assert list((staging.root / ".tmp").iterdir()) == []
        assert put(staging, an_input(tmp_path)).bytes == 21, "what fits still goes in"

    def test_full_from_the_start_can_still_be_looked_at_and_cleaned(self, small_disk: Path, tmp_path: Path) -> None:
        staging = opened(small_disk / "staging")
        item = put(staging, an_input(tmp_path))
        filler = small_disk / "filler"
        with pytest.raises(OSError, match="No space"):
            filler.write_bytes(bytes(600 * 1024))
        late = StagingDirectory(staging.root, max_bytes=MEGABYTE)
        with pytest.raises(StagingUnusable, match="disk is full"):
            late.open()
        with pytest.raises(StagingUnusable, match="disk is full"):
            staging.claim(item)
        assert [found.status for found in staging.items()] == [ItemStatus.STAGED]
        assert late.stats().total.count == 1
        assert len(late.clean(older_than=0, statuses=EVERY, dry_run=False)) == 1
        filler.unlink()
        late.open()

    def test_a_failure_that_cannot_be_written_lets_go(self, small_disk: Path, tmp_path: Path) -> None:
        staging = opened(small_disk / "staging")
        item = put(staging, an_input(tmp_path))
        assert staging.claim(item)
        filler = small_disk / "filler"
        with pytest.raises(OSError, match="No space"):
            filler.write_bytes(bytes(600 * 1024))
        with pytest.raises(StagingUnusable):
            staging.fail(item, failure())
        filler.unlink()
        (left,) = staging.waiting(retriable_failed=False, all_failed=False)
        assert staging.claim(left)

    def test_read_only(self, small_disk: Path, tmp_path: Path) -> None:
        staging = opened(small_disk / "staging")
        item = put(staging, an_input(tmp_path))
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
        with pytest.raises(StagingUnusable) as caught:
            opened(staging.root)
        assert caught.value.code == "staging_read_only"
        assert "APEX_STAGING_DIR" in (caught.value.hint or "")
        with pytest.raises(StagingUnusable, match="read-only"):
            put(staging, Path(item.origin))
        assert list(StagingDirectory(staging.root, max_bytes=MEGABYTE).items()) == [item]

    @pytest.mark.parametrize("below", ["", "sub/staging"])
    def test_not_a_folder(self, tmp_path: Path, below: str) -> None:
        path = tmp_path / "file"
        path.write_bytes(b"")
        with pytest.raises(StagingUnusable) as caught:
            opened(path / below)
        assert caught.value.code == "staging_not_a_folder"

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_forbidden(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o500)
        with pytest.raises(StagingUnusable) as caught:
            opened(tmp_path / "staging")
        assert caught.value.code == "staging_denied"


class TestLimit:
    def test_refuses_and_says_why(self, tmp_path: Path) -> None:
        staging = StagingDirectory(tmp_path / "staging", max_bytes=100)
        staging.open()
        big = tmp_path / "big"
        big.write_bytes(bytes(80))
        item = put(staging, big)
        with pytest.raises(StagingUnusable) as caught:
            put(staging, an_input(tmp_path))
        assert caught.value.code == "staging_full"
        assert "80 of 100 bytes" in caught.value.message
        assert "APEX_STAGING_MAX_BYTES" in (caught.value.hint or "")

        keep(staging, item, 1)
        assert staging.claim(item)
        staging.complete(item)
        assert put(staging, tmp_path / "in" / "orders.json").bytes == 21

    def test_a_file_of_the_wrong_size(self, tmp_path: Path) -> None:
        """Files of procfs say 0 bytes and hold more: what counts is what is read."""
        staging = StagingDirectory(tmp_path / "staging", max_bytes=10)
        staging.open()
        path = Path("/proc/self/status")
        if not path.exists():
            pytest.skip("there is no procfs")
        with pytest.raises(StagingUnusable):
            put(staging, path)
        assert list(staging.items()) == []


class TestInputs:
    def test_missing(self, staging: StagingDirectory, tmp_path: Path) -> None:
        with pytest.raises(ReadError, match="No such file"):
            put(staging, tmp_path / "nothing.json")

    def test_folder(self, staging: StagingDirectory, tmp_path: Path) -> None:
        with pytest.raises(ReadError):
            put(staging, tmp_path)
        assert tmp_path.exists()

    @pytest.mark.parametrize("place", ["outside", "inside"])
    def test_pipe(self, staging: StagingDirectory, tmp_path: Path, place: str) -> None:
        pipe = (tmp_path if place == "outside" else staging.root) / "pipe"
        os.mkfifo(pipe)
        with pytest.raises(ReadError, match="not a regular file"):
            put(staging, pipe)
        assert pipe.exists()

    def test_loop(self, staging: StagingDirectory, tmp_path: Path) -> None:
        (tmp_path / "a").symlink_to(tmp_path / "b")
        (tmp_path / "b").symlink_to(tmp_path / "a")
        with pytest.raises(ReadError):
            put(staging, tmp_path / "a")

    def test_nul(self, staging: StagingDirectory) -> None:
        with pytest.raises(ReadError):
            put(staging, Path("a\0b"))

    @pytest.mark.parametrize(
        "name", [b"\xff\xfe.json", b"-rf", b"...", b" ", b"a\nb\x1b[31m.JSON", b"x" * 255, "ü€😀.jsön".encode()]
    )
    def test_names(self, staging: StagingDirectory, tmp_path: Path, name: bytes) -> None:
        path = tmp_path / os.fsdecode(name)
        path.write_bytes(b"{}")
        item = put(staging, path)
        (found,) = staging.items()
        assert found == item
        assert (found.name, found.origin) == (path.name, str(path))
        assert names.is_item_id(found.item_id)
        assert found.payload.name in ("payload", "payload.json")

    def test_texts(self, staging: StagingDirectory, tmp_path: Path) -> None:
        parent = put(staging, an_input(tmp_path))
        at = failure().at
        item = staging.add_record(
            parent,
            locator="../../x:\ud800\0",
            source="../../../etc",
            payload=b"\0\xff",
            failure=ItemFailure("c", "m" * 1_000_000, "\ud800", "read", True, at, "l" * 1_000_000),
            record_id="../../\udfff",
            extension="/../../x",
        )
        assert item.path.parent.parent == staging.root
        assert item.payload.name == "payload"
        found = next(found for found in staging.items() if found.is_record)
        assert (found.name, found.record_id) == ("../../x:\ud800\0", "../../\udfff")
        assert found.failure is not None
        assert found.failure.message == "m" * 4000
        assert staging.remove_record("../../\udfff") == 1
        assert [found.is_record for found in staging.items()] == [False]


class TestLinks:
    """Symbolic links that somebody put into the directory: nothing is read, written or removed through them."""

    @pytest.fixture
    def outside(self, tmp_path: Path) -> Path:
        folder = tmp_path / "outside"
        folder.mkdir()
        (folder / "secret").write_bytes(b"secret")
        return folder

    def test_for_a_source(self, staging: StagingDirectory, tmp_path: Path, outside: Path) -> None:
        (staging.root / "turvo").symlink_to(outside)
        with pytest.raises(StagingUnusable) as caught:
            put(staging, an_input(tmp_path))
        assert caught.value.code == "staging_not_a_folder"
        assert [path.name for path in outside.iterdir()] == ["secret"]

    def test_for_an_item(self, staging: StagingDirectory, tmp_path: Path, outside: Path) -> None:
        item = put(staging, an_input(tmp_path))
        item.path.rename(outside / "moved")
        item.path.symlink_to(outside / "moved")
        assert list(staging.items()) == []
        assert not staging.claim(item)
        with pytest.raises(StagingUnusable):
            put(staging, Path(item.origin))
        assert staging.clean(older_than=0, statuses=EVERY, dry_run=False) == []
        assert sorted(path.name for path in (outside / "moved").iterdir()) == ["payload.json", "status.json"]

    def test_for_a_payload(self, staging: StagingDirectory, tmp_path: Path, outside: Path) -> None:
        item = put(staging, an_input(tmp_path))
        item.payload.unlink()
        item.payload.symlink_to(outside / "secret")
        assert list(staging.items()) == []
        assert not staging.claim(item)
        again = put(staging, Path(item.origin))
        assert not again.payload.is_symlink()
        assert (outside / "secret").read_bytes() == b"secret"

    def test_for_a_status(self, staging: StagingDirectory, tmp_path: Path, outside: Path) -> None:
        item = put(staging, an_input(tmp_path))
        status = item.path / "status.json"
        status.rename(outside / "status.json")
        status.symlink_to(outside / "status.json")
        before = (outside / "status.json").read_bytes()
        (found,) = staging.items()
        assert found.origin != item.origin, "what a link holds is not believed"
        assert staging.claim(found)
        staging.fail(found, failure())
        assert not status.is_symlink()
        assert (outside / "status.json").read_bytes() == before

    def test_for_drafts(self, staging: StagingDirectory, tmp_path: Path, outside: Path) -> None:
        (staging.root / ".tmp" / "link").symlink_to(outside)
        staging.clean(older_than=0, statuses=EVERY, dry_run=False)
        (staging.root / ".tmp").rmdir()
        (staging.root / ".tmp").symlink_to(outside)
        with pytest.raises(StagingUnusable):
            put(staging, an_input(tmp_path))
        assert [path.name for path in outside.iterdir()] == ["secret"]


@given(name=st.text(), origin=st.text())
def test_input_ids(name: str, origin: str) -> None:
    item_id = names.input_id(name, origin)
    assert names.is_item_id(item_id)
    assert not names.is_record_item(item_id)
    assert Path(item_id).name == item_id
    assert item_id == names.input_id(name, origin)


@given(st.text(), st.text(), st.binary(), st.none() | st.text())
def test_record_ids(name: str, locator: str, payload: bytes, record_id: str | None) -> None:
    parent = names.input_id(name, name)
    item_id = names.record_item_id(parent, locator, payload, record_id)
    assert names.is_item_id(item_id)
    assert names.is_record_item(item_id)
    assert names.origin_hash(item_id) == names.origin_hash(parent)
    assert names.record_hash(item_id) == (None if record_id is None else names.digest(record_id))


@given(st.lists(st.text(max_size=3), max_size=3), st.lists(st.text(max_size=3), max_size=3))
def test_digests_distinguish_lists(one: list[str], two: list[str]) -> None:
    assert (names.digest(*one) == names.digest(*two)) == (one == two)


@given(st.text())
def test_only_our_own_names_are_items(name: str) -> None:
    assert not names.is_item_id(name + "/x")
    assert not names.is_item_id("../" + name)
    assert not names.is_payload("status" + name)
