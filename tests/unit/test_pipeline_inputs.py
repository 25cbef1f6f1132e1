"""How a request becomes batches: staged one after the other, counted, and given back when the run ends early."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from apex_cli.config import Settings
from apex_cli.model import Record
from apex_cli.pipeline.inputs import InputReader, ReadBatch
from apex_cli.pipeline.request import IngestRequest
from apex_cli.reading.files import walk
from apex_cli.staging import ItemStatus, StagingDirectory


class Bench:
    """A staging directory and a folder to ingest from."""

    def __init__(self, tmp: Path) -> None:
        self.drop = tmp / "drop"
        self.drop.mkdir()
        self.settings = Settings(home=tmp / "home", staging_dir=tmp / "staging", batch_size=3)
        self.staging = StagingDirectory(self.settings.staging_dir, max_bytes=10**9)
        self.staging.open()

    def write(self, name: str, *ids: str) -> Path:
        path = self.drop / name
        path.write_text("\n".join(json.dumps({"id": one}) for one in ids))
        return path

    def inputs(self, stopped: Callable[[], bool] = lambda: False, **options: object) -> InputReader:
        request = IngestRequest((str(self.drop),), **options)  # type: ignore[arg-type]
        files = walk([Path(path) for path in request.paths if path != "-"], exclude=(self.staging.root,))
        return InputReader(self.settings, request, files, self.staging, stopped)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def ids(batch: ReadBatch) -> list[str]:
    return [read.what.external_id if isinstance(read.what, Record) else "rejected" for read in batch.reads]


def test_batches_cross_inputs_and_inputs_end_with_their_last_record(bench: Bench) -> None:
    bench.write("a.jsonl", "1", "2")
    bench.write("b.jsonl", "3", "4", "5", "6", "7")
    batches = list(bench.inputs().batches())
    assert [ids(batch) for batch in batches] == [["1", "2", "3"], ["4", "5", "6"], ["7"]]
    assert [[one.item.name for one in batch.ended if one.item] for batch in batches] == [["a.jsonl"], [], ["b.jsonl"]]


def test_the_limit_leaves_the_rest_with_its_input(bench: Bench) -> None:
    bench.write("a.jsonl", "1", "2", "3", "4")
    inputs = bench.inputs(limit=2)
    assert [ids(batch) for batch in inputs.batches()] == [["1", "2"]]
    (left,) = inputs.unfinished()
    assert not left.exhausted


def test_a_request_to_stop_ends_the_reading(bench: Bench) -> None:
    bench.write("a.jsonl", *map(str, range(30)))
    taken: list[str] = []
    inputs = bench.inputs(stopped=lambda: len(taken) >= 6)
    for batch in inputs.batches():
        taken += ids(batch)
    assert len(taken) == 6


def test_a_crash_is_taken_up_before_anything_new_and_not_twice(bench: Bench) -> None:
    gone = bench.write("gone.jsonl", "1")
    bench.write("still.jsonl", "2")
    list(bench.inputs().batches())
    bench.staging.close()
    gone.unlink()
    bench.write("new.jsonl", "3")
    batches = list(bench.inputs().batches())
    assert [one for batch in batches for one in ids(batch)] == ["1", "3", "2"]


def test_standard_input_is_staged_like_a_file(bench: Bench) -> None:
    stream = io.BytesIO(b'{"id": "1"}\nnot json\n{"id": "2"}')
    request = IngestRequest(("-",), stdin=stream)
    batches = list(InputReader(bench.settings, request, walk([]), bench.staging, lambda: False).batches())
    assert [ids(batch) for batch in batches] == [["1", "rejected", "2"], []]
    assert [item.status for item in bench.staging.items()] == [ItemStatus.PROCESSING]
