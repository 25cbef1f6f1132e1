"""Walking: what is found, what is passed over, and that nothing but files is touched."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from apex_cli.errors import UsageError
from apex_cli.reading.files import Found, Rejected, Young, walk


def put(path: Path, text: str = "{}") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def names(*paths: Path, exclude: tuple[Path, ...] = ()) -> list[str]:
    return [item.name for item in walk(paths, exclude=exclude) if isinstance(item, Found)]


def codes(*paths: Path) -> list[tuple[str, str]]:
    return [(item.locator, item.error.code) for item in walk(paths) if isinstance(item, Rejected)]


def test_a_path_that_does_not_exist_is_said_before_anything_is_read(tmp_path: Path) -> None:
    put(tmp_path / "a.json")
    for missing in (tmp_path / "nope", tmp_path / "a.json" / "below", Path("nul\0")):
        with pytest.raises(UsageError) as caught:
            walk([tmp_path, missing])
        assert caught.value.hint


def test_files_in_sorted_order_by_name_within_their_directory(tmp_path: Path) -> None:
    for name in ("b.json", "a/z.json", "a/b/c.md", "c.txt", "a.json"):
        put(tmp_path / name)
    assert names(tmp_path) == ["a/b/c.md", "a/z.json", "a.json", "b.json", "c.txt"]
    assert names(tmp_path / "c.txt", tmp_path / "a") == ["c.txt", "b/c.md", "z.json"]
    assert all(item.path.is_absolute() for item in walk([tmp_path]) if isinstance(item, Found))


def test_hidden_entries_are_passed_over_unless_named(tmp_path: Path) -> None:
    put(tmp_path / ".hidden/x.json")
    hidden = put(tmp_path / ".x.json")
    assert list(walk([tmp_path])) == []
    assert names(hidden) == [".x.json"]


def test_loops_of_symlinks_end(tmp_path: Path) -> None:
    put(tmp_path / "a/x.json")
    (tmp_path / "a/loop").symlink_to(tmp_path)
    (tmp_path / "a/self").symlink_to("self")
    assert names(tmp_path) == ["a/x.json"]
    assert codes(tmp_path) == [(str(tmp_path / "a/self"), "unreadable")]


def test_symlinks_within_and_out_of_the_directory(tmp_path: Path) -> None:
    secret = put(tmp_path / "outside/secret.json")
    put(tmp_path / "in/real.json")
    (tmp_path / "in/good.json").symlink_to("real.json")
    (tmp_path / "in/bad.json").symlink_to(secret)
    (tmp_path / "in/bad_directory").symlink_to(secret.parent)
    (tmp_path / "in/dangling.json").symlink_to("nowhere.json")
    (tmp_path / "inside").mkdir()
    (tmp_path / "in/prefix.json").symlink_to(put(tmp_path / "inside/x.json"))
    assert names(tmp_path / "in") == ["good.json", "real.json"]
    assert [(Path(locator).name, code) for locator, code in codes(tmp_path / "in")] == [
        ("bad.json", "symlink_outside"),
        ("bad_directory", "symlink_outside"),
        ("dangling.json", "unreadable"),
        ("prefix.json", "symlink_outside"),
    ]


def test_a_named_symlink_is_followed(tmp_path: Path) -> None:
    put(tmp_path / "real/x.json")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "file").symlink_to("real/x.json")
    assert names(tmp_path / "link") == ["x.json"]
    assert names(tmp_path / "file") == ["file"]


def test_what_is_no_file_is_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "fifo.json")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.json")
        found = codes(tmp_path, Path(os.devnull))
    assert [code for _, code in found] == ["not_a_file"] * 3


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_directory_that_may_not_be_read(tmp_path: Path) -> None:
    put(tmp_path / "a/x.json")
    put(tmp_path / "b.json")
    (tmp_path / "a").chmod(0)
    try:
        assert codes(tmp_path) == [(str(tmp_path / "a"), "unreadable")]
        assert names(tmp_path) == ["b.json"]
    finally:
        (tmp_path / "a").chmod(0o700)


def test_excluded_directories_are_not_entered_by_any_way(tmp_path: Path) -> None:
    put(tmp_path / "staging/x.json")
    put(tmp_path / "a.json")
    (tmp_path / "b.json").symlink_to("staging/x.json")
    assert names(tmp_path, exclude=(tmp_path / "staging",)) == ["a.json"]
    assert names(tmp_path / "staging", exclude=(tmp_path / "staging",)) == ["x.json"]


def test_files_still_being_written_are_left(tmp_path: Path) -> None:
    old, new = put(tmp_path / "a.json"), put(tmp_path / "b.json")
    os.utime(old, (time.time() - 100, time.time() - 100))
    assert list(walk([tmp_path], min_age_seconds=30)) == [Found(old, "a.json"), Young(new)]


def test_deep_directories_need_no_recursion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(600):
        Path("d").mkdir()
        monkeypatch.chdir("d")
    put(Path("x.json"))
    monkeypatch.chdir(tmp_path)
    assert names(tmp_path) == ["d/" * 600 + "x.json"]


def test_lazily(tmp_path: Path) -> None:
    put(tmp_path / "a.json")
    put(tmp_path / "b/x.json")
    files = walk([tmp_path])
    next(files)
    put(tmp_path / "b/y.json")
    assert [item.name for item in files if isinstance(item, Found)] == ["b/x.json", "b/y.json"]
