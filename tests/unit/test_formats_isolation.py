"""The worker process of isolated formats: whatever a parser does, this process goes on and reads the next file."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
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

ROOT = Path(__file__).parents[2]
MEGABYTE = 1024**2
LIMITS = ReadLimits(1_000_000, 1_000_000, 100, parse_timeout=30.0, parse_memory=512 * MEGABYTE)
QUICK = replace(LIMITS, parse_timeout=1.0)
"""For files that hang; the worker is started before, which on a loaded machine takes longer."""


@pytest.fixture
def isolation(monkeypatch: pytest.MonkeyPatch) -> Iterator[Isolation]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    made = Isolation("tests.hostile_worker")
    before = _children(), _descriptors()
    yield made
    made.close()
    assert (_children(), _descriptors()) == before


def _launchers() -> list[psutil.Process]:
    """The launchers of this module: an engine that an earlier test of this process left running is none."""
    running = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in running if "tests.hostile_worker" in child.cmdline()]


def _children() -> set[int]:
    """The launcher and its workers, where there are any."""
    return {found.pid for launcher in _launchers() for found in (launcher, *launcher.children(recursive=True))}


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def read(isolation: Isolation, says: str, limits: ReadLimits = LIMITS, name: str = "file") -> list[Part]:
    return list(isolation.parts(HostileFormat(), io.BytesIO(says.encode()), FileInfo(name, limits)))


def text_of(parts: list[Part]) -> str:
    (document,) = parts
    assert isinstance(document, Document)
    return document.blocks[0].text


DEATHS = [
    ("abort", "worker_died", "SIGABRT"),
    ("kill", "worker_died", "SIGSEGV"),
    ("leave", "worker_died", "exit code 7"),
    ("eat", "too_large", "536,870,912 bytes of memory"),
    ("abort full", "too_large", "536,870,912 bytes of memory"),
    ("double", "too_large", "536,870,912 bytes of memory"),
    ("abort at once", "too_large", "536,870,912 bytes of memory"),
]


@pytest.mark.parametrize(
    ("harm", "code", "says"),
    [
        *DEATHS,
        ("hang", "too_slow", "silent for 1 s"),
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


@pytest.fixture(scope="module")
def large_parent() -> Iterator[None]:
    """This process has 600 MB in use, more than a parser may have."""
    ballast = bytearray(b"x") * (600 * MEGABYTE)
    assert psutil.Process().memory_info().rss > 600 * MEGABYTE
    yield
    assert ballast[-1] == ord("x")


@pytest.mark.usefixtures("large_parent")
@pytest.mark.parametrize(("harm", "code", "says"), DEATHS)
def test_the_verdict_is_of_the_worker_alone_however_large_its_parent(
    isolation: Isolation, harm: str, code: str, says: str
) -> None:
    with pytest.raises(ReadError, match=says) as caught:
        read(isolation, harm)
    assert caught.value.code == code


@pytest.mark.parametrize("earlier", ["hold", "chatter", "eat"])
def test_what_an_earlier_file_took_or_said_is_not_held_against_the_next(isolation: Isolation, earlier: str) -> None:
    if earlier == "eat":
        with pytest.raises(ReadError):
            read(isolation, earlier)
    else:
        read(isolation, earlier)
    with pytest.raises(ReadError, match="SIGABRT") as caught:
        read(isolation, "abort")
    assert caught.value.code == "worker_died"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux measures the peak of a process anew")
def test_a_worker_that_gave_its_memory_back_goes_on(isolation: Isolation) -> None:
    read(isolation, "hold")
    workers = _children()
    read(isolation, "hold")
    assert _children() == workers


def test_what_a_library_says_does_not_hold_it_up(isolation: Isolation) -> None:
    for _ in range(3):
        assert read(isolation, "chatter") == []


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
    workers = _children()
    assert text_of(read(isolation, "read:two")) == "two"
    with pytest.raises(ReadError):
        read(isolation, "fail")
    assert text_of(read(isolation, "read:three")) == "three"
    assert _children() == workers


def test_a_file_that_is_read_while_another_waits_has_a_worker_of_its_own(isolation: Isolation) -> None:
    workers = set()
    for _ in range(3):
        rows = isolation.parts(HostileFormat(), io.BytesIO(b"rows:2000"), FileInfo("mail", LIMITS))
        assert next(rows) == Object({"row": 0, "filler": "x" * 1_000})
        with pytest.raises(ReadError):
            read(isolation, "fail", name="attachment")
        assert text_of(read(isolation, "read:Load LD-1", name="attachment")) == "Load LD-1"
        assert len(list(rows)) == 1_999
        workers |= _children()
    assert len(workers) == 3, "a launcher and two workers, which read one mail after the other"


def test_many_files_that_wait_leave_no_more_than_two_workers(isolation: Isolation) -> None:
    waiting = [isolation.parts(HostileFormat(), io.BytesIO(b"rows:2000"), FileInfo("mail", LIMITS)) for _ in range(5)]
    for rows in waiting:
        next(rows)
    for rows in waiting:
        assert len(list(rows)) == 1_999
    assert len(_children()) == 3


def test_a_new_launcher_is_started_where_the_old_one_died(isolation: Isolation) -> None:
    read(isolation, "read:one")
    (launcher,) = _launchers()
    launcher.kill()
    psutil.wait_procs([launcher])
    assert text_of(read(isolation, "read:two")) == "two"


def test_a_launcher_that_dies_takes_its_workers_along(isolation: Isolation) -> None:
    rows = isolation.parts(HostileFormat(), io.BytesIO(b"rows:50000"), FileInfo("rows", LIMITS))
    next(rows)
    (launcher,) = _launchers()
    (worker,) = launcher.children()
    launcher.kill()
    with pytest.raises(ReadError) as caught:
        list(rows)
    assert caught.value.code == "worker_died"
    assert _gone([worker])
    assert text_of(read(isolation, "read:two")) == "two"


def test_a_worker_goes_on_where_its_whole_session_is_asked_to_stop(isolation: Isolation) -> None:
    """systemd sends SIGTERM to every process of a service, and a terminal sends Ctrl-C to all: the parent decides."""
    rows = isolation.parts(HostileFormat(), io.BytesIO(b"rows:5000"), FileInfo("rows", LIMITS))
    next(rows)
    for pid in _children():
        for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(pid, stop)
    assert len(list(rows)) == 4_999


_HANGS = """
import io
from apex_cli.formats.format import FileInfo
from apex_cli.formats.isolation import Isolation
from apex_cli.input_rules import ReadLimits
from tests.hostile_worker import HostileFormat

isolation = Isolation("tests.hostile_worker")
read = lambda says: isolation.parts(HostileFormat(), io.BytesIO(says), FileInfo("file", ReadLimits(10**6, 10**6, 100)))
mail = read(b"rows:50000")
next(mail)
print("reads", flush=True)
next(read(b"hang"))
"""


def test_no_process_is_left_where_the_parent_is_killed() -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", _HANGS], stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"reads\n"
        deadline = time.monotonic() + 30
        while len(left := psutil.Process(parent.pid).children(recursive=True)) < 3:
            assert time.monotonic() < deadline
        parent.kill()
    assert _gone(left)


def _gone(processes: list[psutil.Process]) -> bool:
    # An orphan's zombie is there until the first process of the system takes note of it.
    _, alive = psutil.wait_procs(processes, timeout=20)
    return all(process.status() == psutil.STATUS_ZOMBIE for process in alive)


def test_a_parser_writes_no_file_and_sees_no_setting(
    isolation: Isolation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APEX_POSTGRES_URL", "postgres://u:secret@h/d")
    target = tmp_path / "harm"
    with pytest.raises(ReadError):
        read(isolation, "write", name=str(target))
    assert not target.exists() or target.read_text() == ""
    # All that it sees: onnxruntime must report nothing to its maker.
    with pytest.raises(ReadError, match=r": ORT_DISABLE_TELEMETRY=1$"):
        read(isolation, "see")


def test_a_file_in_the_working_directory_is_not_run_as_a_module(
    isolation: Isolation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody may drop a `socket.py` among the papers."""
    for name in ("socket", "json", "ctypes", "apex_cli"):
        (tmp_path / f"{name}.py").write_text("import os\nos._exit(9)\n")
    monkeypatch.chdir(tmp_path)
    assert text_of(read(isolation, "read:Load LD-1")) == "Load LD-1"
