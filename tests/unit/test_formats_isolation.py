"""The worker process of isolated formats: whatever a parser does, this process goes on and reads the next file."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from apex_cli.errors import ReadError
from apex_cli.formats.format import FileInfo
from apex_cli.formats.isolation import Isolation
from apex_cli.formats.part import Document, Object, Part
from apex_cli.input_rules import ReadLimits
from tests.hostile_worker import HostileFormat

LIMITS = ReadLimits(1_000_000, 1_000_000, 100, parse_timeout=30.0, parse_memory=512 * 1024**2)
QUICK = replace(LIMITS, parse_timeout=1.0)
"""For files that hang; the worker is started before, which on a loaded machine takes longer."""


@pytest.fixture
def isolation() -> Iterator[Isolation]:
    made = Isolation("tests.hostile_worker")
    before = _children(), _descriptors()
    yield made
    made.close()
    assert (_children(), _descriptors()) == before


def _children() -> list[int]:
    return [child.pid for child in psutil.Process().children()]


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def read(isolation: Isolation, says: str, limits: ReadLimits = LIMITS, name: str = "file") -> list[Part]:
    return list(isolation.parts(HostileFormat(), io.BytesIO(says.encode()), FileInfo(name, limits)))


def text_of(parts: list[Part]) -> str:
    (document,) = parts
    assert isinstance(document, Document)
    return document.blocks[0].text


@pytest.mark.parametrize(
    ("harm", "code", "says"),
    [
        ("hang", "too_slow", "silent for 1 s"),
        ("eat", "too_large", "536,870,912 bytes of memory"),
        ("abort", "worker_died", "SIGABRT"),
        ("kill", "worker_died", "SIGSEGV"),
        ("leave", "worker_died", "exit code 7"),
        ("recurse", "broken_file", "recursion"),
        ("fail", "broken_file", "cannot be read as hostile: the table is odd"),
        ("refuse", "encrypted", "it is locked"),
    ],
)
def test_harm_is_a_clear_error_and_the_next_file_is_read(isolation: Isolation, harm: str, code: str, says: str) -> None:
    for _ in range(2):
        assert text_of(read(isolation, "read:started")) == "started"
        began = time.monotonic()
        with pytest.raises(ReadError, match=says) as caught:
            read(isolation, harm, QUICK if harm == "hang" else LIMITS)
        assert caught.value.code == code
        assert time.monotonic() - began < 30
        assert text_of(read(isolation, "read:Load LD-1")) == "Load LD-1"


def test_what_came_before_an_error_counts(isolation: Isolation) -> None:
    parts = isolation.parts(HostileFormat(), io.BytesIO(b"row then:fail"), FileInfo("rows", LIMITS))
    assert next(parts) == Object({"row": 1})
    with pytest.raises(ReadError) as caught:
        next(parts)
    assert caught.value.code == "broken_file"


def test_a_parser_that_works_for_ever_is_ended(isolation: Isolation) -> None:
    """It says every half second that it is alive, which holds for 30 times the limit and no longer."""
    assert text_of(read(isolation, "read:started")) == "started"
    with pytest.raises(ReadError) as caught:
        read(isolation, "slow", replace(LIMITS, parse_timeout=0.8))
    assert caught.value.code == "too_slow"


def test_a_reader_that_leaves_in_the_middle_leaves_nothing_behind(isolation: Isolation) -> None:
    with closing(isolation.parts(HostileFormat(), io.BytesIO(b"rows:5000"), FileInfo("rows", LIMITS))) as rows:
        assert next(rows) == Object({"row": 0, "filler": "x" * 1_000})
    assert text_of(read(isolation, "read:Load LD-1")) == "Load LD-1"


def test_a_slow_reader_is_not_taken_for_a_slow_parser(isolation: Isolation) -> None:
    # The reader takes 10 s, longer than 30 times the limit: only the parser's own time counts.
    limits = replace(LIMITS, parse_timeout=0.3)
    read(isolation, "read:started")
    found = 0
    for _ in isolation.parts(HostileFormat(), io.BytesIO(b"rows:2000"), FileInfo("rows", limits)):
        found += 1
        if found % 500 == 0:
            time.sleep(2.5)
    assert found == 2_000


def test_the_same_process_reads_file_after_file(isolation: Isolation) -> None:
    assert text_of(read(isolation, "read:one")) == "one"
    worker = _children()
    assert text_of(read(isolation, "read:two")) == "two"
    with pytest.raises(ReadError):
        read(isolation, "fail")
    assert text_of(read(isolation, "read:three")) == "three"
    assert _children() == worker


def test_a_parser_writes_no_file_and_sees_no_setting(
    isolation: Isolation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APEX_POSTGRES_URL", "postgres://u:secret@h/d")
    target = tmp_path / "harm"
    with pytest.raises(ReadError):
        read(isolation, "write", name=str(target))
    assert not target.exists() or target.read_text() == ""
    with pytest.raises(ReadError, match="nothing"):
        read(isolation, "see")
