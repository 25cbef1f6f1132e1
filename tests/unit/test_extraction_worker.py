"""The process beside a long run that extracts: its answers, and what happens where it, or its parent, dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import psutil  # type: ignore[import-untyped]
import pytest

from apex_cli.errors import ExtractError
from apex_cli.input_rules import ReadLimits
from apex_cli.model import Record
from apex_cli.pipeline.extraction_worker import ExtractionWorker, extract_each
from apex_cli.reading.read import read_input
from tests.generate import write_jsonl

_LIMITS = ReadLimits(max_record_bytes=1 << 20, max_document_bytes=1 << 20, max_depth=100)
_PARENT = """
import sys
from tests.unit.test_extraction_worker import records_of
from apex_cli.pipeline.extraction_worker import ExtractionWorker
from pathlib import Path
worker = ExtractionWorker(())
worker.extract_each(records_of(Path(sys.argv[1])))
print("ready", flush=True)
sys.stdin.read()
"""


def records_of(file: Path) -> list[Record]:
    """The records of a JSON file."""
    read = read_input(
        file,
        name=file.name,
        origin=str(file),
        source="auto",
        observed_at=datetime(2025, 11, 1, tzinfo=UTC),
        limits=_LIMITS,
        namespace="apex",
    )
    return [each for each in read if isinstance(each, Record)]


@pytest.fixture
def records(tmp_path: Path) -> list[Record]:
    return records_of(write_jsonl(tmp_path / "some.jsonl", 600))


@pytest.fixture
def worker() -> Iterator[ExtractionWorker]:
    worker = ExtractionWorker(())
    yield worker
    worker.close()


def _children() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if "extraction_worker" in " ".join(each.cmdline())]


def test_it_answers_what_is_extracted_here(records: list[Record], worker: ExtractionWorker) -> None:
    assert worker.extract_each(records) == extract_each(records)
    assert len(_children()) == 1


def test_an_error_is_that_of_its_record(records: list[Record], worker: ExtractionWorker) -> None:
    [shipment, *_] = [each for each in records if each.source == "turvo"]
    future = replace(shipment, payload={**shipment.payload, "updatedAt": "2999-01-01T00:00:00Z"})
    before, failed, after = worker.extract_each([shipment, future, shipment])
    assert before == after == extract_each([shipment])[0]
    assert isinstance(failed, ExtractError)
    assert (failed.code, failed.stage) == ("unreadable_time", "extract")


def test_where_it_dies_the_records_are_extracted_all_the_same(records: list[Record], worker: ExtractionWorker) -> None:
    worker.extract_each(records[:1])
    [child] = _children()
    child.kill()
    assert worker.extract_each(records) == extract_each(records)
    assert _children() == []


def test_where_none_can_be_started_the_records_are_extracted_all_the_same(
    records: list[Record], worker: ExtractionWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert worker.extract_each(records) == extract_each(records)


def test_what_cannot_be_sent_is_extracted_here(records: list[Record], worker: ExtractionWorker) -> None:
    sealed = [replace(each, payload=MappingProxyType(each.payload)) for each in records[:2]]
    assert worker.extract_each(sealed) == extract_each(sealed) == extract_each(records[:2])


def test_it_is_ended_and_leaves_nothing(records: list[Record], worker: ExtractionWorker) -> None:
    worker.extract_each(records[:1])
    [child] = _children()
    for stop in (signal.SIGINT, signal.SIGTERM):
        child.send_signal(stop)
    assert worker.extract_each(records) == extract_each(records)
    assert _children() == [child]  # Stopping is up to its parent.
    worker.close()
    worker.close()
    assert not child.is_running()


def test_it_lives_no_longer_than_its_parent(tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "some.jsonl", 20)
    command = [sys.executable, "-c", _PARENT, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        [child] = psutil.Process(parent.pid).children()
        os.kill(parent.pid, signal.SIGKILL)
    psutil.wait_procs([child], timeout=10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
