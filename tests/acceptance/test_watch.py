"""`apex watch` with the installed command: what is there, what comes, what is in the way, and how it ends.

Nothing is slept for: each test waits for the lines that the command writes.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.apex import TIME_LIMIT, Line, Running, killed, run, running, verified
from tests.acceptance.seeds import shipment

LONG_AGO = time.time() - 10_000


@pytest.fixture
def drop(home: Path) -> Path:
    folder = home.parent / "drop"
    folder.mkdir()
    return folder


class Watch:
    """A running `apex watch --json`, by its lines."""

    def __init__(self, process: Running) -> None:
        self.process = process

    def until(self, kind: str) -> tuple[Line, list[Line]]:
        """The next line of a type, and the lines before it."""
        before: list[Line] = []
        while True:
            line = self.process.line()
            assert line is not None, f"ended before {kind!r}: {before} {self.process.end()}"
            if line["type"] == kind:
                return line, before
            before.append(line)

    def run(self) -> dict[str, str]:
        """Wait for the end of a run: the status of each record by its external id, or by its place."""
        _, lines = self.until("summary")
        return {line["external_id"] or line["locator"]: line["status"] for line in lines if line["type"] == "record"}

    def runs(self, *wanted: str) -> dict[str, str]:
        """Wait until all of these records came, in one run or in several."""
        found: dict[str, str] = {}
        while not found.keys() >= {*wanted}:
            found |= self.run()
        return found


@contextmanager
def watching(home: Path, *args: str | Path, env: dict[str, str] | None = None) -> Iterator[Watch]:
    with running(home, "watch", *args, "--json", env=env) as process:
        # A test that waits in vain fails, and does not hang.
        killer = threading.Timer(TIME_LIMIT, process.process.kill)
        killer.start()
        try:
            yield Watch(process)
        finally:
            killer.cancel()


def put(folder: Path, *numbers: int, name: str | None = None, age: float = LONG_AGO, **changes: Any) -> list[str]:
    """Write one file for each shipment and move it into place; their ids."""
    folder.mkdir(exist_ok=True, parents=True)
    for number in numbers:
        new = folder.parent / f"new-{number}"
        new.write_text(json.dumps(shipment(number, **changes)))
        os.utime(new, (age, age))
        new.rename(folder / (name or f"{number}.json"))
    return [shipment(number)["shipmentId"] for number in numbers]


def test_what_is_there_and_then_each_change(home: Path, drop: Path) -> None:
    there = put(drop, 1, 2)
    with watching(home, drop) as watch:
        assert watch.until("watching")[0]["paths"] == [str(drop)]
        assert watch.run() == dict.fromkeys(there, "committed")
        # A subfolder with files in it, one after the other.
        deep = put(drop / "a" / "b", 3)
        assert watch.runs(*deep) == dict.fromkeys(deep, "committed")
        # What another file replaces, and what comes beside it.
        changed = put(drop, 1, status="delivered", updatedAt="2025-10-21T08:00:00Z")
        assert watch.runs(*changed) == {changed[0]: "updated"}
        many = put(drop / "many", *range(10, 60))
        assert watch.runs(*many) == dict.fromkeys(many, "committed")
        # What fails is reported, and does not end it.
        (drop / "new").write_text('{"shipmentId": ')
        os.utime(drop / "new", (LONG_AGO, LONG_AGO))
        (drop / "new").rename(drop / "bad.json")
        assert watch.runs("bad.json:1") == {"bad.json:1": "failed"}
        # The home is free between runs.
        other = home.parent / "other.json"
        other.write_text(json.dumps(shipment(99)))
        run(home, "ingest", other, "--lock-timeout", "60s", "-q").expect(0)
        run(home, "get", f"turvo:{shipment(3)['shipmentId']}").expect(0)
        last = put(drop, 4)
        assert watch.runs(*last) == {last[0]: "committed"}
        watch.process.end(signal.SIGTERM).expect(143)
    assert verified(home) == 2 + 1 + 50 + 1 + 1


def test_a_file_that_is_still_written_to_waits(home: Path, drop: Path) -> None:
    young = put(drop, 1, age=time.time())
    with watching(home, drop, "--min-age", "1h") as watch:
        watch.until("watching")
        old = put(drop, 2)
        assert watch.runs(*old) == {old[0]: "committed"}
        os.utime(drop / "1.json", (LONG_AGO, LONG_AGO))
        assert watch.runs(*young) == {young[0]: "committed"}
        watch.process.end(signal.SIGINT).expect(130)


def test_a_file_is_taken_once_it_is_old_enough(home: Path, drop: Path) -> None:
    with watching(home, drop, "--min-age", "2s") as watch:
        watch.until("watching")
        began = time.time()
        young = put(drop, 1, age=began)
        assert watch.runs(*young) == {young[0]: "committed"}
        assert time.time() - began >= 2
        watch.process.end(signal.SIGTERM).expect(143)


def test_a_folder_and_a_file_that_go_and_come_back(home: Path, drop: Path) -> None:
    put(drop, 1)
    [named] = put(home.parent / "one", 2, name="named.json")
    file = home.parent / "one" / "named.json"
    with watching(home, drop, file) as watch:
        watch.until("watching")
        watch.runs(named)
        drop.rename(home.parent / "away")
        assert str(drop) in watch.until("waiting")[0]["message"]
        [back] = put(drop, 3)
        assert watch.runs(back) == {back: "committed"}
        # As an editor saves: another file under the same name.
        put(home.parent / "one", 2, name="named.json", status="delivered", updatedAt="2025-10-21T08:00:00Z")
        assert watch.runs(named) == {named: "updated"}
        watch.process.end(signal.SIGTERM).expect(143)


def test_without_a_word_of_the_system(home: Path, drop: Path) -> None:
    with watching(home, drop, "--poll", "0.2s") as watch:
        watch.until("watching")
        new = put(drop / "sub", 1)
        assert watch.runs(*new) == {new[0]: "committed"}
        again = put(drop / "sub", 1, status="delivered", updatedAt="2025-10-21T08:00:00Z")
        assert watch.runs(*again) == {again[0]: "updated"}
        watch.process.end(signal.SIGTERM).expect(143)


@pytest.mark.embedded
def test_a_run_of_another_process_is_waited_for(home: Path, drop: Path) -> None:
    run(home, "recover").expect(0)
    put(drop, 1)
    with (home / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(json.dumps({"pid": 1, "host": "desk", "started": "now", "reads": None}))
        lock.flush()
        with watching(home, drop) as watch:
            line, _ = watch.until("waiting")
            assert line["code"] == "locked"
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert list(watch.run().values()) == ["committed"]
            watch.process.end(signal.SIGTERM).expect(143)


def test_a_store_that_is_down_is_waited_for(home: Path, drop: Path) -> None:
    put(drop, 1)
    env = {"APEX_POSTGRES_URL": "postgresql://apex@127.0.0.1:9/apex"}
    with watching(home, drop, env=env) as watch:
        line, before = watch.until("waiting")
        assert line["code"] == "store_unavailable"
        assert line["seconds"] > 0
        assert [one["type"] for one in before] == ["watching"]
        watch.process.end(signal.SIGTERM).expect(143)
    run(home, "ingest", drop, "-q").expect(0)


def test_a_commit_that_fails_is_tried_again(home: Path, drop: Path) -> None:
    [there] = put(drop, 1)
    # The fault stays as long as the process.
    with watching(home, drop, env={"APEX_FAULT": "graph.commit.before:error"}) as watch:
        assert watch.run() == {there: "failed"}
        assert watch.run() == {there: "failed"}
        watch.process.end(signal.SIGTERM).expect(143)
    with watching(home, drop) as watch:
        # The record that was kept is committed, and its file, which is read again, is unchanged.
        assert watch.run() == {there: "unchanged"}
        watch.process.end(signal.SIGTERM).expect(143)
    assert verified(home) == 1


@pytest.mark.parametrize("fault", ["graph.commit.after:kill", "staging.put.after:kill:2"])
def test_after_a_kill_the_next_one_goes_on(home: Path, drop: Path, fault: str) -> None:
    there = put(drop, *range(1, 6))
    killed(home, fault, "watch", drop, "--consume")
    with watching(home, drop, "--consume") as watch:
        found = watch.runs(*there) if any(drop.iterdir()) else watch.run()
        assert {*found.values()} <= {"committed", "unchanged"}
        watch.process.end(signal.SIGTERM).expect(143)
    assert verified(home) == 5
    assert list(drop.iterdir()) == []


def test_what_is_in_no_file_any_more_is_forgotten_with_sync(home: Path, drop: Path) -> None:
    there = put(drop, 1, 2, 3)
    with watching(home, drop, "--sync", "--max-forget", "50%") as watch:
        assert watch.run() == dict.fromkeys(there, "committed")
        (drop / "2.json").unlink()
        assert watch.runs(there[1])[there[1]] == "forgotten"
        watch.process.end(signal.SIGTERM).expect(143)
    assert verified(home) == 2


@pytest.mark.parametrize("path", ["-", "https://example.com/x", "not-there", ""])
def test_what_cannot_be_watched(home: Path, path: str) -> None:
    run(home, "watch", path).expect(2)


def test_for_a_person(home: Path, drop: Path) -> None:
    put(drop, 1)
    with running(home, "watch", drop) as process:
        assert process.process.stdout is not None
        assert process.process.stdout.readline().startswith(b"1 record from 1 input: 1 committed")
        ended = process.end(signal.SIGINT).expect(130)
    assert f"Watching {drop}" in ended.stderr
