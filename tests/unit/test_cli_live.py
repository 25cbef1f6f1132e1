"""What the moving lines of an ingest say of how far it has come."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from rich.spinner import Spinner

from apex_cli.cli.live import Live
from apex_cli.cli.output import Output
from apex_cli.config import Settings, load
from apex_cli.errors import ReadError, UsageError
from apex_cli.pipeline.context import IngestRequest, InputProgress
from apex_cli.pipeline.inputs import InputTotal, extent
from apex_cli.pipeline.progress import Progress
from apex_cli.results import RecordResult, RecordStatus

KIB = 1024


def shown(live: Live, seconds: float, width: int = 80) -> list[str]:
    """The lines, so many seconds after the run and its first input began."""
    console = Console(file=io.StringIO(), width=width)
    with console.capture() as captured:
        console.print(live.lines(live.started + seconds, width, Spinner("dots")))
    lines = captured.get().splitlines()
    assert all(len(line) <= width for line in lines)
    return [line.rstrip() for line in lines]


def following(progress: Progress, named: InputTotal | None) -> Live:
    live = Live(Output(), progress=progress, named=named)
    live.phase("ingesting")
    progress.began = progress.moved = live.started
    return live


def committed(live: Live, count: int) -> None:
    for _ in range(count):
        live.outcome(RecordResult(RecordStatus.COMMITTED, "r", locator="a", source="turvo", external_id="1"))


def test_a_known_total_has_a_share_and_the_time_that_is_left() -> None:
    progress = Progress(files=3, bytes=25 * KIB)
    live = following(progress, InputTotal(12, 100 * KIB))
    progress.moved = progress.began + 30.0
    first, _ = shown(live, 30.0)
    assert first.startswith("ingesting  ━")
    assert first.endswith("  25%  25.0 KiB of 100.0 KiB  3 of 12 files  1:30 left")


def test_no_time_is_estimated_at_the_beginning_nor_at_the_end() -> None:
    for done, size, seconds in ((50, 100, 2.0), (1, 1000, 60.0), (100, 100, 60.0)):
        progress = Progress(bytes=done)
        live = following(progress, InputTotal(1, size))
        progress.moved = progress.began + seconds
        assert "left" not in shown(live, seconds)[0]


def test_what_earlier_runs_left_counts_too_and_no_share_is_more_than_all() -> None:
    left = following(Progress(bytes=100, files=1, earlier_files=1, earlier_bytes=100), InputTotal(1, 100))
    assert "50%" in shown(left, 1.0)[0]
    assert "1 of 2 files" in shown(left, 1.0)[0]
    grown = following(Progress(bytes=300, files=2), InputTotal(1, 100))
    assert "100%" in shown(grown, 1.0)[0]
    empty = following(Progress(files=1), InputTotal(2, 0))
    assert "50%" in shown(empty, 1.0)[0]


@pytest.mark.parametrize("named", [None, InputTotal(0, 0)])
def test_an_unknown_total_has_a_spinner(named: InputTotal | None) -> None:
    first, _ = shown(following(Progress(bytes=100), named), 5.0)
    assert first.endswith("ingesting")
    assert "%" not in first


def test_before_the_first_input_there_is_a_spinner() -> None:
    live = Live(Output(), progress=Progress(), named=InputTotal(1, 100))
    live.phase("starting the stores")
    assert shown(live, 1.0)[0].endswith("starting the stores")
    assert shown(live, 1.0)[1] == "0:01  0 records"


def test_the_second_line_counts_records_and_failures_and_names_the_file() -> None:
    live = following(Progress(in_hand="loads-2025.jsonl"), None)
    committed(live, 1500)
    live.outcome(RecordResult(RecordStatus.FAILED, error=ReadError("broken"), stage="read", locator="b:1"))
    live.started -= 5.0
    assert live.counts(live.started + 80.0, 80) == "1:20  1,501 records  20/s  1 failed  loads-2025.jsonl"
    assert live.counts(live.started + 80.0, 50) == "1:20  1,501 records  20/s  1 failed  loads-2025.…"
    assert live.counts(live.started + 80.0, 40) == "1:20  1,501 records  20/s  1 failed"
    assert live.counts(live.started + 3605.0, 40).startswith("1:00:05  ")


def test_the_third_line_counts_what_each_stage_has_done() -> None:
    progress = Progress()
    assert len(shown(following(progress, None), 1.0)) == 2
    progress.passed.update(read=300, extracted=200, begun=150, committed=100)
    assert shown(following(progress, None), 1.0)[2] == "read 300  extracted 200  committed 100"


def test_what_is_left_becomes_less_between_two_batches() -> None:
    progress = Progress(bytes=50)
    live = following(progress, InputTotal(1, 100))
    progress.moved = progress.began + 10.0
    assert shown(live, 10.0)[0].endswith("0:10 left")
    assert shown(live, 14.0)[0].endswith("0:06 left")
    assert shown(live, 30.0)[0].endswith("0:00 left")


def test_a_hostile_file_name_is_harmless() -> None:
    live = following(Progress(in_hand="a\x1b[2Jb"), None)
    assert live.counts(live.started + 1.0, 80) == "0:01  0 records  a\\x1b[2Jb"


def test_the_records_of_an_input_never_count_more_than_its_bytes() -> None:
    progress, origin = Progress(), InputProgress(None, bytes=100)
    progress.advance(origin, 30)
    assert progress.bytes == 30
    progress.advance(origin, 90)
    assert progress.bytes == 100
    progress.end(origin)
    assert (progress.bytes, progress.files) == (100, 1)
    short = InputProgress(None, bytes=50)
    progress.advance(short, 10)
    progress.end(short)
    assert (progress.bytes, progress.files) == (150, 2)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"home": tmp_path / "home"}, cwd=tmp_path, environ={})


def test_the_extent_of_a_request_is_known_where_it_names_files_alone(settings: Settings, tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    (drop / "in").mkdir(parents=True)
    (drop / "a.json").write_bytes(b"x" * 10)
    (drop / "in" / "b.json").write_bytes(b"x" * 5)
    (drop / ".hidden").write_bytes(b"x" * 99)
    assert extent(settings, IngestRequest((str(drop),))) == InputTotal(2, 15)
    assert extent(settings, IngestRequest((str(drop), str(drop / "a.json")))) == InputTotal(2, 15)
    assert extent(settings, IngestRequest((str(drop),), limit=3)) is None
    assert extent(settings, IngestRequest((str(drop), "-"))) is None
    assert extent(settings, IngestRequest((str(drop), "s3://bucket/key"))) is None
    with pytest.raises(UsageError):
        extent(settings, IngestRequest((str(tmp_path / "nothing"),)))
