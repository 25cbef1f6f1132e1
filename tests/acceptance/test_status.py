"""`apex status`: on one screen what is in, how the runs ended, what failed, and the next command to type."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.acceptance.apex import Line, killed, run, running, write_lines
from tests.acceptance.hostile import BELL_AND_COLOUR
from tests.acceptance.seeds import SEEDS, shipment
from tests.acceptance.terminal import at_terminal

ROOT = Path(__file__).resolve().parents[2]
NO_SERVER = {"APEX_POSTGRES_URL": "postgresql://ann:hunter2@127.0.0.1:1/freight"}


def status(home: Path, *options: str) -> Line:
    done = run(home, "status", "--json", *options).expect(0)
    (line,) = done.of("status")
    return line


def commands(line: Line) -> list[str]:
    return [step["command"] for step in line["next"]]


def test_what_is_in_is_counted_by_source_type_and_time(seeded: Path) -> None:
    found = status(seeded)
    assert (found["home"], found["exists"], found["error"]) == (str(seeded), True, None)
    groups = {(one["source"], one["data_type"]): one for one in found["sources"]}
    pings = groups["samsara", "location"]
    assert (pings["records"], pings["undated"]) == (3, 0)
    assert (pings["first"], pings["last"]) == ("2025-10-19T10:00:00Z", "2025-10-19T14:23:00Z")
    assert sum(one["records"] for one in groups.values()) == found["records"] == 6
    assert (found["entities"]["Vehicle"], found["entities"]["Shipment"]) == (2, 2)
    assert found["facts"] > 0
    assert [(one["verb"], one["exit_code"], one["running"]) for one in found["runs"]] == [("ingest", 0, False)]
    assert (found["failed"], found["open_sagas"], found["staging"]["total"]["count"]) == ([], [], 0)
    assert commands(found) == ["apex ls"]


@pytest.mark.embedded
def test_the_fixtures_fit_one_screen(home: Path) -> None:
    shutil.copytree(ROOT / "fixtures", home.parent / "fixtures")
    (home.parent / "broken.json").write_text('{"broken": ')
    run(home, "ingest", "fixtures", "broken.json", "-q").expect(3)
    for _ in range(3):
        run(home, "ingest", "fixtures", "-q").expect(0)
    code, lines = at_terminal(home, "status")
    assert code == 0
    assert len(lines) <= 23, "\n".join(lines)
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    for word in (
        "samsara",
        "turvo",
        "frontapp",
        "Shipment 9",
        "ingest",
        "bad_json",
        "0 staged",
        "no saga is open",
        "embedded",
    ):
        assert word in text
    assert "next      apex dlq list" in text
    found = status(home)
    assert found["home_bytes"] > sum(one["bytes"] for one in found["engines"]) > 0
    assert {one["where"] for one in found["engines"]} == {"embedded"}
    tall = at_terminal(home, "status", columns=200, rows=60)[1]
    assert sum("2025-10" in line for line in tall) >= sum("2025-10" in line for line in lines)


@pytest.mark.parametrize("there", [False, True])
def test_an_empty_home_is_named_with_the_next_step_and_stays_empty(home: Path, there: bool) -> None:
    if there:
        home.mkdir()
    shown = run(home, "status").expect(0).stdout
    assert "nothing is in it yet" in shown
    assert "apex ingest PATH" in shown
    found = status(home)
    assert (found["exists"], found["records"], commands(found)) == (False, None, ["apex ingest PATH"])
    assert home.exists() == there
    assert not there or list(home.iterdir()) == []


def test_what_failed_is_grouped_and_the_next_command_shows_it(home: Path) -> None:
    for number in range(3):
        (home.parent / f"b{number}.json").write_text(f'{{"broken {BELL_AND_COLOUR}{number}": ')
    (home.parent / "e.txt").write_bytes(b"\xcf\xf0\xe8\xe2\xe5\xf2\n")
    run(home, "ingest", *(home.parent / name for name in ("b0.json", "b1.json", "b2.json", "e.txt")), "-q").expect(3)
    found = status(home)
    assert [(one["code"], one["items"]) for one in found["failed"]] == [("bad_json", 3), ("wrong_encoding", 1)]
    assert all(one["message"] for one in found["failed"])
    assert found["staging"]["by_status"]["failed"]["count"] == 4
    (first, *_) = commands(found)
    assert first == "apex dlq list"
    assert len(run(home, *first.split()[1:], "--json").expect(0).lines) == 4
    code, lines = at_terminal(home, "status")
    assert code == 0
    assert all(line.isprintable() for line in lines)
    assert any(line.startswith("failed    3 x bad_json: ") for line in lines)


def test_sagas_that_a_killed_run_left_are_counted_until_they_are_settled(home: Path) -> None:
    killed(home, "graph.commit.after:kill", "ingest", write_lines(home.parent / "s.jsonl", SEEDS))
    found = status(home)
    assert sum(one["sagas"] for one in found["open_sagas"]) == 3
    assert found["runs"][0]["exit_code"] is None
    assert not found["runs"][0]["running"]
    (first, *_) = commands(found)
    assert first == "apex recover"
    run(home, *first.split()[1:]).expect(0)
    assert status(home)["open_sagas"] == []


def test_a_run_at_work_is_shown_as_such(home: Path) -> None:
    drop = write_lines(home.parent / "s.jsonl", [shipment(number) for number in range(3)])
    with running(home, "ingest", drop, "--json", env={"APEX_FAULT": "graph.commit.after:hang"}):
        for _ in range(100):
            found = status(home)
            if found["runs"] and found["open_sagas"]:
                break
        assert found["runs"][0]["running"]
        assert found["open_sagas"]
        assert "apex recover" not in commands(found)
        assert "apex staging retry" not in commands(found)
        assert "running" in run(home, "status").expect(0).stdout


@pytest.mark.embedded
def test_what_is_known_is_shown_although_a_store_does_not_answer(seeded: Path) -> None:
    done = run(seeded, "status", env=NO_SERVER).expect(10)
    assert "memory    cannot be asked: postgres: " in done.stdout
    assert "postgres at postgresql://***@127.0.0.1:1/freight" in done.stdout
    assert "next      apex doctor" in done.stdout
    assert "error: postgres: " in done.stderr
    line, error = run(seeded, "status", "--json", env=NO_SERVER).expect(10).lines
    assert (line["records"], line["exists"], line["error"]["code"]) == (None, None, error["code"])
    assert {one["store"]: one["where"] for one in line["engines"]}["postgres"].endswith("@127.0.0.1:1/freight")
    assert "hunter2" not in done.stdout + done.stderr + str(line)
