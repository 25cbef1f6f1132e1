"""Broken and hostile documents, mail, sheets, archives, EDI and images: each named, alone, in bounded time and memory.

All lie in one folder with good records, which are committed. Nothing is left behind.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.apex import Line, Result, Running, engines, new_home, run, spawn, verified, write_lines
from tests.acceptance.seeds import SEEDS
from tests.bad_documents import BAD_DOCUMENTS, MEGABYTE, SECRET, BadDocument
from tests.process_tree import ProcessTree

pytestmark = [pytest.mark.any_engine, pytest.mark.timeout(600)]
MOST_SECONDS = 240.0
"""On a loaded machine; a free one takes a quarter of it."""
PARSER_MEGABYTES = 1_024
MOST_BYTES = (PARSER_MEGABYTES + 600) * MEGABYTE
"""What a parser may take, and the engines, the embedder and a batch beside it."""


@dataclass(frozen=True)
class Ingested:
    """One run over the folder, and what was around it before and after."""

    home: Path
    result: Result
    seconds: float
    tree: ProcessTree
    left: set[Path]
    temporary: list[Path]

    def lines(self, bad: BadDocument) -> list[Line]:
        """The results of one file, in its order."""
        found = defaultdict(list)
        for line in self.result.of("record"):
            found[line["locator"].replace("/", ":").split(":")[0]].append(line)
        return found[bad.name]


@pytest.fixture(scope="module")
def ingested(short_tmp: Path) -> Iterator[Ingested]:
    with new_home(short_tmp) as home:
        drop, temporary = home.parent / "drop", home.parent / "t"
        drop.mkdir()
        temporary.mkdir()
        write_lines(drop / "good.jsonl", SEEDS)
        for bad in BAD_DOCUMENTS:
            bad.write(drop / bad.name)
        before = _around(home)
        begin = time.monotonic()
        limits = {"APEX_PARSE_TIMEOUT": "10s", "APEX_PARSE_MEMORY": f"{PARSER_MEGABYTES}M"}
        process = spawn(home, "ingest", drop, "--json", env={"TMPDIR": str(temporary), **limits})
        tree = ProcessTree(process.pid)
        result = Running(process).end(timeout=MOST_SECONDS * 2)
        seconds = time.monotonic() - begin
        tree.stop()
        yield Ingested(home, result, seconds, tree, _around(home) - before, list(temporary.iterdir()))


def _around(home: Path) -> set[Path]:
    """Every path beside the home, and in the folder above."""
    near = {path for path in home.parent.rglob("*") if not path.is_relative_to(home)}
    return near | set(home.parent.parent.iterdir())


@pytest.mark.parametrize("bad", BAD_DOCUMENTS, ids=lambda bad: bad.name)
def test_each_is_named_and_alone(ingested: Ingested, bad: BadDocument) -> None:
    lines = ingested.lines(bad)
    found = [(line["status"], (line["error"] or {}).get("code", "")) for line in lines]
    assert len(found) == len(bad.outcomes), lines
    for (status, code), (expected, codes) in zip(sorted(found), sorted(bad.outcomes), strict=True):
        assert (status, code in codes.split("|")) == (expected, True), lines
    said = " ".join(f"{(line['error'] or {}).get('message', '')} {line['note'] or ''}" for line in lines)
    assert [words for words in bad.says if words not in said] == [], said


def test_good_records_beside_them_are_committed(ingested: Ingested) -> None:
    assert ingested.result.exit == 3
    good = [line for line in ingested.result.of("record") if line["locator"].startswith("good.jsonl")]
    assert [line["status"] for line in good] == ["committed"] * len(SEEDS)
    assert verified(ingested.home) == ingested.result.summary["committed"]


def test_time_and_memory_are_bounded(ingested: Ingested) -> None:
    assert ingested.seconds < MOST_SECONDS
    assert ingested.tree.peak_bytes < MOST_BYTES


def test_nothing_is_left_behind(ingested: Ingested) -> None:
    assert ingested.tree.alive() == []
    assert engines(ingested.home) == []
    assert ingested.temporary == []
    assert ingested.left - {ingested.home} == set()
    assert not Path("/tmp/apex-absolute.txt").exists()


def test_no_external_entity_is_loaded(ingested: Ingested) -> None:
    assert SECRET not in ingested.result.stdout + ingested.result.stderr
    found = run(ingested.home, "search", SECRET, "--json").expect(0)
    assert SECRET not in found.stdout


def test_formulas_are_text(ingested: Ingested) -> None:
    """A formula of a CSV file stays its text, and one of a workbook is the value that it had when it was saved."""
    texts = []
    for name in ("formulas.csv", "formulas.xlsx"):
        [line] = ingested.lines(next(bad for bad in BAD_DOCUMENTS if bad.name == name))
        [held] = run(ingested.home, "get", line["record_id"], "--json").expect(0).lines
        texts.append(str(held["stores"]["postgres"]["payload"]))
    assert "=HYPERLINK" in texts[0]
    assert "open" in texts[1]
    assert "HYPERLINK" not in texts[1]
