"""A verb that reads shows the same, byte for byte, whoever has the home open."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from apex_cli.cli.main import main
from tests.acceptance.apex import new_home, run, write_lines
from tests.acceptance.seeds import SEEDS, SHIPMENT_ID, SHIPMENT_KEY, TRUCK, TWIN_LAKES, WANDERING, shipment
from tests.holders import holding

pytestmark = pytest.mark.embedded

QUESTIONS = (
    ("get", SHIPMENT_KEY),
    ("get", "json:1"),
    ("get", "document:notes.txt"),
    ("get", "turvo:NOTHING"),
    ("facts", TRUCK),
    ("facts", TRUCK, "--all"),
    ("facts", SHIPMENT_ID, "--at", "2025-10-19T15:00:00Z"),
    ("facts", "Acme", "--predicate", "FOR_CUSTOMER"),
    ("facts", "Twin Lakes"),
    ("facts", "Twin Laces"),
    ("history", SHIPMENT_KEY),
    ("history", "nothing"),
    ("search", "delivered"),
    ("search", "snow", "--source", "document", "--limit", "1"),
    ("search", "delivered zzzz", "--source", "turvo"),
    ("ls",),
    ("ls", "--entity", TRUCK, "--limit", "1"),
    ("entities",),
    ("entities", "--type", "Vehicle", "TRUCK"),
    ("runs",),
    ("runs", "--limit", "1"),
    ("runs", "show", "ffffffff"),
    ("verify",),
    ("metrics",),
    ("show", TRUCK),
    ("show", SHIPMENT_ID, "--dot"),
    ("show", "Twin Laces", "--mermaid"),
    ("report", "--json", "--at", "2025-10-20T12:00:00Z"),
)
Shown = tuple[int, str, str]

ODD = {
    "id": 1,
    "huge": 2**70,
    "text": "a \u202e b \U0001f69b",
    "list": [1.5, None, {"deep": [True]}],
    "note": "x\u0000y",
}


@pytest.fixture(scope="module")
def filled(short_tmp: Path) -> Iterator[Path]:
    with new_home(short_tmp) as place:
        drop = place.parent / "drop"
        drop.mkdir()
        write_lines(drop / "drop.jsonl", [*SEEDS, *WANDERING, TWIN_LAKES, ODD, shipment(1, customerName="Acme Corp")])
        (drop / "notes.txt").write_text("The reefer unit of trailer 88 was late because of snow.", encoding="utf-8")
        run(place, "ingest", drop, "-q").expect(0)
        run(place, "ingest", write_lines(place.parent / "more.jsonl", [{**SEEDS[1], "status": "delivered"}]), "-q")
        yield place


def shown(home: Path, *arguments: str) -> Shown:
    """Exit code, stdout and stderr of one command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setenv("APEX_HOME", str(home))
        patch.chdir(home.parent)
        code = main(arguments)
    # How much room the disk has changes while the test runs.
    return code, re.sub(r"(free_bytes[^0-9]+)[0-9.e+]+", r"\1", out.getvalue()), err.getvalue()


@pytest.fixture(scope="module")
def both_ways(filled: Path) -> dict[tuple[str, ...], tuple[Shown, Shown]]:
    """What each question shows without a holder, and at the socket of one."""
    asked = [(*question, *extra) for question in QUESTIONS for extra in ((), ("--json",))]
    alone = {each: shown(filled, *each) for each in asked}
    with holding(filled):
        beside = {each: shown(filled, *each) for each in asked}
    return {each: (alone[each], beside[each]) for each in asked}


@pytest.mark.parametrize("extra", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_a_holder_shows_what_the_stores_show(
    both_ways: dict[tuple[str, ...], tuple[Shown, Shown]], question: tuple[str, ...], extra: tuple[str, ...]
) -> None:
    alone, beside = both_ways[*question, *extra]
    assert beside == alone
    assert alone[1] or alone[2]


def test_the_questions_show_what_they_should(both_ways: dict[tuple[str, ...], tuple[Shown, Shown]]) -> None:
    """The comparison would hold too if everything failed in the same way."""
    codes = {question: both_ways[question][0][0] for question in QUESTIONS}
    refused = {question for question, code in codes.items() if code == 2}
    expected = {("get", "turvo:NOTHING"), ("facts", "Twin Lakes"), ("facts", "Twin Laces")}
    assert refused == expected | {
        ("history", "nothing"),
        ("runs", "show", "ffffffff"),
        ("show", "Twin Laces", "--mermaid"),
    }
    assert set(codes.values()) == {0, 2}
    assert both_ways["facts", "Twin Lakes", "--json"][1][1].count('"type": "entity"') == 2


@pytest.mark.parametrize(
    ("question", "needless"),
    [
        (("runs",), "redis qdrant_edge pyarrow numpy tokenizers stamina"),
        (("facts", TRUCK), "redis qdrant_edge pyarrow numpy tokenizers stamina"),
        (("history", SHIPMENT_KEY), "redis qdrant_edge pyarrow numpy tokenizers stamina"),
        (("search", "delivered"), "redis pyarrow stamina"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_question_starts_and_loads_only_what_its_answer_needs(
    filled: Path, question: tuple[str, ...], needless: str
) -> None:
    """Starting costs more than the answer. Valkey writes into its log when it starts."""
    program = (
        "import sys\n"
        "from apex_cli.cli.main import main\n"
        f"code = main({list(question)!r})\n"
        f"sys.exit(code or ' '.join(name for name in {needless.split()!r} if name in sys.modules) or None)\n"
    )
    log = filled / "valkey" / "server.log"
    before = log.stat().st_size
    environ = {**os.environ, "APEX_HOME": str(filled)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=filled.parent, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout
    assert log.stat().st_size == before


def test_the_doctor_asks_the_holder_about_the_stores(filled: Path) -> None:
    with holding(filled) as holder:
        code, out, _ = shown(filled, "doctor")
    assert code == 0
    assert re.search(rf"^note +lock .*pid {holder.pid} ", out, re.MULTILINE)
    assert len(re.findall(r"^ok +(graph|postgres|vectors|cache) ", out, re.MULTILINE)) == 4


@pytest.mark.parametrize(
    "verb", [("recover",), ("ingest", "more.jsonl"), ("forget", SHIPMENT_KEY, "--yes"), ("verify", "--repair")]
)
def test_verbs_that_write_find_the_home_locked(filled: Path, verb: tuple[str, ...]) -> None:
    with holding(filled) as holder:
        code, _, err = shown(filled, *verb)
    assert code == 11
    assert f"pid {holder.pid}" in err


def test_a_home_with_a_long_path_has_a_door(short_tmp: Path, tmp_path: Path) -> None:
    home = short_tmp / ("a" * 100) / ("b" * 60) / "home"
    home.parent.mkdir(parents=True)
    (home.parent / "note.txt").write_text("snow", encoding="utf-8")
    run(home, "ingest", "note.txt", "-q").expect(0)
    alone = shown(home, "search", "snow", "--json")
    with holding(home):
        assert len(os.fsencode(home / "readers.sock")) > 108
        assert (home / "readers.sock").stat().st_mode & 0o777 == 0o600
        assert shown(home, "search", "snow", "--json") == alone
    assert alone[0] == 0
    assert not (home / "readers.sock").exists()
