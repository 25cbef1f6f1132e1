"""The staging directory between real processes, some of which are killed."""

from __future__ import annotations

import fcntl
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from apex_cli.errors import StagingUnusable
from apex_cli.staging import Item, ItemStatus, StagingDirectory, files
from tests.unit.test_staging import EVERY, MEGABYTE, an_input, listed, opened, put, waiting

PRELUDE = """
import os, signal, sys, time
from pathlib import Path
from apex_cli.staging import StagingDirectory
staging = StagingDirectory(Path(sys.argv[1]), max_bytes=1 << 20)
staging.open()
def ready(word="ready"):
    print(word, flush=True)
    sys.stdin.read()
"""
CLAIM = PRELUDE + "item = next(staging.items())\nassert staging.claim(item)\n"


@contextmanager
def another_process(root: Path, script: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has run `script` up to its `ready()` and stays there until it is killed."""
    command = [sys.executable, "-c", script, str(root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield process
        finally:
            process.kill()


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    assert process.wait() == -signal.SIGKILL


def open_descriptors() -> int:
    listing = Path("/proc/self/fd")
    return len(list(listing.iterdir())) if listing.exists() else 0


@pytest.fixture
def staging(tmp_path: Path) -> StagingDirectory:
    return opened(tmp_path / "staging")


@pytest.fixture
def item(staging: StagingDirectory, tmp_path: Path) -> Item:
    return put(staging, an_input(tmp_path))


def test_what_another_process_holds_is_left_alone_until_it_dies(staging: StagingDirectory, item: Item) -> None:
    with another_process(staging.root, CLAIM + "ready()") as holder:
        assert listed(staging) == {"orders.json": ItemStatus.PROCESSING}
        assert not staging.claim(item)
        assert waiting(staging, every=True) == []
        assert staging.retry(None) == 0
        assert staging.clean(older_than=0, statuses=EVERY, dry_run=False) == []
        assert put(staging, Path(item.origin)).busy
        kill(holder)

        assert listed(staging) == {"orders.json": ItemStatus.PROCESSING}
        (left,) = staging.waiting(retriable_failed=False, all_failed=False)
        assert staging.claim(left)
        assert left.attempts == 2
        assert left.payload.read_bytes() == Path(left.origin).read_bytes()
        assert left.staged_at == item.staged_at


def test_a_forked_child_does_not_inherit_what_is_held(staging: StagingDirectory, item: Item) -> None:
    fork = CLAIM + "if os.fork() == 0:\n    ready()\nelse:\n    time.sleep(3600)\n"
    with another_process(staging.root, fork) as holder:
        assert not staging.claim(item)
        kill(holder)
        assert staging.claim(item), "the child that lives on holds nothing"


def test_a_draft_being_written_is_no_stray(staging: StagingDirectory, tmp_path: Path) -> None:
    stuck = PRELUDE + (
        "import io\n"
        "class Slow(io.RawIOBase):\n"
        "    def read(self, size=-1):\n"
        "        ready()\n"
        "staging.add_stream(Slow(), source='json', forced_source=None)\n"
    )
    drafts = staging.root / ".tmp"
    with another_process(staging.root, stuck) as writer:
        staging.clean(older_than=0, statuses=EVERY, dry_run=False)
        assert len(list(drafts.iterdir())) == 1
        kill(writer)
        assert list(staging.items()) == []
        staging.clean(older_than=0, statuses=EVERY, dry_run=False)
        assert list(drafts.iterdir()) == []


@pytest.mark.parametrize(
    ("call", "nth"),
    [("os.link", 1), ("os.mkdir", 1), ("os.mkdir", 2), ("os.rmdir", 1)]
    + [("os.rename", nth) for nth in range(1, 6)]
    + [("os.remove", nth) for nth in range(1, 4)],
)
def test_killed_between_any_two_steps(staging: StagingDirectory, tmp_path: Path, call: str, nth: int) -> None:
    """A dropped file goes from its staging to its completion in a process that dies at the nth such system call."""
    dropped = staging.root / "orders.json"
    dropped.write_bytes(b"{}")
    life = PRELUDE + (
        "count = 0\n"
        "def hook(event, args):\n"
        "    global count\n"
        f"    if event == {call!r}:\n"
        "        count += 1\n"
        f"        if count == {nth}:\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "sys.addaudithook(hook)\n"
        "item = staging.add(Path(sys.argv[1]) / 'orders.json', source='json', forced_source=None, consume=False)\n"
        "assert staging.claim(item)\n"
        "print('claimed', flush=True)\n"
        "staging.release(item)\n"
        "assert staging.claim(item)\n"
        "print('completing', flush=True)\n"
        "staging.complete(item)\n"
    )
    run = subprocess.run([sys.executable, "-c", life, str(staging.root)], stdout=subprocess.PIPE, check=False)
    assert run.returncode == -signal.SIGKILL

    next_run = opened(staging.root)
    left = list(next_run.waiting(retriable_failed=False, all_failed=False))
    contents = [item.payload.read_bytes() for item in left] + ([dropped.read_bytes()] if dropped.exists() else [])
    assert set(contents) == {b"{}"} or (b"completing" in run.stdout and not contents)
    assert len(left) <= 1
    if dropped.exists():
        left = [put(next_run, dropped, source="json")]
    for item in left:
        assert next_run.claim(item)
        next_run.complete(item)
    assert [path for path in staging.root.rglob("*") if path.is_file()] == []


def test_many_processes_share_the_work(staging: StagingDirectory, tmp_path: Path) -> None:
    """Three processes race for sixty items; each item is worked on once, and none is left."""
    for number in range(60):
        path = tmp_path / f"{number}.json"
        path.write_bytes(b"%d" % number)
        put(staging, path)
    work = PRELUDE + (
        "ready()\n"
        "for item in staging.waiting(retriable_failed=False, all_failed=False):\n"
        "    if staging.claim(item):\n"
        "        print(item.payload.read_text(), flush=True)\n"
        "        staging.complete(item)\n"
    )
    done: list[str] = []
    with (
        another_process(staging.root, work) as one,
        another_process(staging.root, work) as two,
        another_process(staging.root, work) as three,
    ):
        for process in (one, two, three):
            assert process.stdin is not None
            process.stdin.close()
        for process in (one, two, three):
            assert process.stdout is not None
            done += process.stdout.read().decode().split()
            assert process.wait() == 0
    assert sorted(done, key=int) == [str(number) for number in range(60)]
    assert list(staging.items()) == []


def test_threads_that_stage_one_file_get_one_item(staging: StagingDirectory, tmp_path: Path) -> None:
    path = an_input(tmp_path)
    found: list[Item] = []
    threads = [threading.Thread(target=lambda: found.append(put(staging, path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({item.item_id for item in found}) == 1
    assert [item.payload.read_bytes() for item in staging.items()] == [path.read_bytes()]
    assert list((staging.root / ".tmp").iterdir()) == []


def test_claimed_by_one_thread_only(staging: StagingDirectory, item: Item) -> None:
    start = threading.Barrier(8)
    claimed: list[bool] = []

    def claim() -> None:
        (mine,) = staging.items()
        start.wait()
        claimed.append(staging.claim(mine))

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == [False] * 7 + [True]


def test_the_limit_sees_what_others_added_and_removed(staging: StagingDirectory, tmp_path: Path) -> None:
    big, small = tmp_path / "big", tmp_path / "small"
    big.write_bytes(bytes(MEGABYTE - 10))
    small.write_bytes(bytes(20))
    put(staging, big)
    other = opened(staging.root)
    with pytest.raises(StagingUnusable, match="full"):
        put(other, small)
    staging.clean(older_than=0, statuses=EVERY, dry_run=False)
    assert put(other, small).bytes == 20


def test_no_descriptor_is_left_open(staging: StagingDirectory, item: Item) -> None:
    before = open_descriptors()
    for _ in range(20):
        assert staging.claim(item)
        assert put(staging, Path(item.origin)).busy
        staging.release(item)
        assert not staging.clean(older_than=1e9, statuses=EVERY, dry_run=False)
        assert waiting(staging) == ["orders.json"]
    assert open_descriptors() == before


def test_a_folder_replaced_while_it_is_locked_is_not_taken(
    staging: StagingDirectory, item: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between opening a folder and locking it, another process completes the item and stages its file again."""
    flock = fcntl.flock

    def late(descriptor: int, operation: int) -> None:
        item.path.rename(staging.root / ".tmp" / "gone")
        item.path.mkdir()
        flock(descriptor, operation)

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", late)
        assert files.lock_folder(item.path) is None
    lock = files.lock_folder(item.path)
    assert lock is not None
    lock.release()
