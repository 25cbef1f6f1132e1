"""Files that are written whole, locks of the kernel, and opening without waiting."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from apex_cli.files import NotRegularFile, open_lock_file, open_regular, try_lock, wait_for_lock, write_atomic


def test_write_atomic_replaces_the_content_and_leaves_no_temporary_file(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_atomic(path, b"old")
    write_atomic(path, b"new", mode=0o644)
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_keeps_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.json"
    write_atomic(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


async def test_a_lock_is_exclusive_until_its_descriptor_is_closed(tmp_path: Path) -> None:
    first, second = open_lock_file(tmp_path / "lock"), open_lock_file(tmp_path / "lock")
    assert try_lock(first)
    assert not try_lock(second)
    assert not await wait_for_lock(second, 0.05)
    os.close(first)
    assert await wait_for_lock(second)
    os.close(second)


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    for path in (tmp_path, tmp_path / "fifo", Path("/dev/zero")):
        with pytest.raises(NotRegularFile):
            open_regular(path)
    with open_regular(tmp_path / "link") as file:
        assert file.read() == b"x"
    with pytest.raises(OSError, match="symbolic links"):
        open_regular(tmp_path / "link", follow_links=False)
