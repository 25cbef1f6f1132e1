"""How a request becomes batches: staged one after the other, counted, and given back when the run ends early."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from apex_cli.config import Settings
from apex_cli.errors import ApexError
from apex_cli.model import Record
from apex_cli.pipeline.context import Batch, IngestRequest, RunContext, Stop
from apex_cli.pipeline.read import InputReader
from apex_cli.reading.files import walk
from apex_cli.results import RunSummary
from apex_cli.sources.json.identity import own_id
from apex_cli.staging import ItemStatus, StagingDirectory


class Bench:
    """A staging directory and a folder to ingest from."""

    def __init__(self, tmp: Path, *, batch_size: int = 3) -> None:
        self.drop = tmp / "drop"
        self.drop.mkdir()
        self.settings = Settings(home=tmp / "home", staging_dir=tmp / "staging", batch_size=batch_size)
        self.staging = StagingDirectory(self.settings.staging_dir, max_bytes=10**9)
        self.staging.open()

    def write(self, name: str, *ids: str) -> Path:
        path = self.drop / name
        path.write_text("\n".join(json.dumps({"id": one}) for one in ids))
        return path

    def context(self, request: IngestRequest) -> RunContext:
        """A run's context without stores: reading needs none."""
        missing: Any = None
        return RunContext(
            settings=self.settings,
            request=request,
            observer=missing,
            stop=Stop(),
            summary=RunSummary("run"),
            staging=self.staging,
            stores=missing,
            coordinator=missing,
            worker=missing,
            refusals=missing,
        )

    def reader(self, *paths: Path, **options: Any) -> InputReader:
        """A reader of the drop folder, or of other paths."""
        request = IngestRequest(tuple(map(str, paths or (self.drop,))), **options)
        files = walk([Path(path) for path in request.paths if path != "-"], exclude=(self.staging.root,))
        return InputReader(self.context(request), files)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def ids(batch: Batch) -> list[str]:
    """The records' own ids, without their collections."""
    return [
        own_id(each.source_data.external_id) if isinstance(each.source_data, Record) else "rejected"
        for each in batch.records
    ]


def test_batches_grow_with_what_waits_up_to_the_setting(tmp_path: Path) -> None:
    bench = Bench(tmp_path, batch_size=400)
    bench.write("a.jsonl", *map(str, range(1000)))
    batches = list(bench.reader().batches())
    assert [len(batch.records) for batch in batches] == [125, 250, 400, 225]
    assert [one for batch in batches for one in ids(batch)] == [*map(str, range(1000))]


def test_batches_cross_inputs_and_inputs_end_with_their_last_record(bench: Bench) -> None:
    bench.write("a.jsonl", "1", "2")
    bench.write("b.jsonl", "3", "4", "5", "6", "7")
    batches = list(bench.reader().batches())
    assert [ids(batch) for batch in batches] == [["1", "2", "3"], ["4", "5", "6"], ["7"]]
    assert [[one.item.name for one in batch.ended if one.item] for batch in batches] == [["a.jsonl"], [], ["b.jsonl"]]


def test_the_limit_leaves_the_rest_with_its_input(bench: Bench) -> None:
    bench.write("a.jsonl", "1", "2", "3", "4")
    inputs = bench.reader(limit=2)
    assert [ids(batch) for batch in inputs.batches()] == [["1", "2"]]
    (left,) = inputs.unfinished()
    assert not left.exhausted


def test_a_request_to_stop_ends_the_reading(bench: Bench) -> None:
    bench.write("a.jsonl", *map(str, range(30)))
    request = IngestRequest((str(bench.drop),))
    context = bench.context(request)
    taken: list[str] = []
    for batch in InputReader(context, walk([bench.drop])).batches():
        taken += ids(batch)
        if len(taken) == 6:
            context.end_early(ApexError("stop"))
    assert len(taken) == 6


def test_a_crash_is_taken_up_before_anything_new_and_not_twice(bench: Bench) -> None:
    gone = bench.write("gone.jsonl", "1")
    bench.write("still.jsonl", "2")
    list(bench.reader().batches())
    bench.staging.close()
    gone.unlink()
    bench.write("new.jsonl", "3")
    batches = list(bench.reader().batches())
    assert [one for batch in batches for one in ids(batch)] == ["1", "3", "2"]


def test_standard_input_is_staged_like_a_file(bench: Bench) -> None:
    stream = io.BytesIO(b'{"id": "1"}\nnot json\n{"id": "2"}')
    request = IngestRequest(("-",), stdin=stream)
    batches = list(InputReader(bench.context(request), walk([])).batches())
    assert [ids(batch) for batch in batches] == [["1", "rejected", "2"], []]
    assert [item.status for item in bench.staging.items()] == [ItemStatus.PROCESSING]


@pytest.mark.parametrize("second", ["a.jsonl", "../drop/a.jsonl", "../link.jsonl"])
def test_an_input_named_twice_is_read_once(bench: Bench, second: str) -> None:
    bench.write("a.jsonl", "1")
    (bench.drop.parent / "link.jsonl").symlink_to(bench.drop / "a.jsonl")
    batches = list(bench.reader(bench.drop, bench.drop / second).batches())
    assert [one for batch in batches for one in ids(batch)] == ["1"]
