"""The file that a node exporter may read at any moment."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from apex_cli.errors import ConfigError
from apex_cli.metrics import check_textfile, write_textfile


def test_it_is_readable_for_the_exporter_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "apex.prom"
    before = os.umask(0o077)
    try:
        write_textfile(path, b"one\n")
        write_textfile(path, b"two\n")
    finally:
        os.umask(before)
    assert path.read_bytes() == b"two\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_sees_the_old_or_the_new(tmp_path: Path) -> None:
    path = tmp_path / "apex.prom"
    contents = [letter.encode() * 200_000 for letter in "abcd"]
    write_textfile(path, contents[0])

    def write() -> None:
        for content in contents * 5:
            write_textfile(path, content)

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    reads = 0
    while any(writer.is_alive() for writer in writers) or not reads:
        assert path.read_bytes() in contents
        reads += 1
    for writer in writers:
        writer.join()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["apex.txt", "missing/apex.prom", "folder.prom"])
def test_what_cannot_be_written_is_refused_before_and_after(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.prom").mkdir()
    with pytest.raises(ConfigError, match=r"the metrics file .*"):
        check_textfile(tmp_path / name)


@pytest.mark.parametrize("name", ["missing/apex.prom", "folder.prom"])
def test_a_failed_write_leaves_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.prom").mkdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        write_textfile(tmp_path / name, b"one\n")
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder.prom"]
