"""`apex ls`, `apex entities`, and tables at a terminal: what is in, whole ids, times as people read them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.apex import APEX, environment, new_home, run, write_lines
from tests.acceptance.hostile import BELL_AND_COLOUR
from tests.acceptance.seeds import (
    MESSAGE_KEY,
    PING_KEY,
    SHIPMENT_ID,
    SHIPMENT_KEY,
    TRUCK,
    WANDERER,
    shipment,
)
from tests.acceptance.terminal import at_terminal

NOTHING = "Nothing is in the memory yet. Next: `apex ingest PATH`"
CHICAGO = {"TZ": "America/Chicago"}
LONG_ID = "SHIP-" + "9" * 200
MIDDLING_ID = "SHIP-" + "7" * 60


@pytest.fixture(scope="module")
def odd(short_tmp: Path) -> Iterator[Path]:
    """A home of ids that are long and texts that are hostile."""
    with new_home(short_tmp) as place:
        names = {"x1": BELL_AND_COLOUR, "x2": "<script>alert(1)</script>\n[bold]", "x3": "卡车" * 60, "x4": "ok"}
        payloads = [shipment(number, customerName=name) for number, name in enumerate(names.values())]
        payloads += [{**payloads[0], "shipmentId": each} for each in (LONG_ID, MIDDLING_ID)]
        run(place, "ingest", write_lines(place.parent / "odd.jsonl", payloads), "-q").expect(0)
        yield place


def test_ls_lists_records_newest_first(seeded: Path) -> None:
    lines = run(seeded, "ls", "--json").expect(0).of("record")
    assert [line["event_time"] for line in lines] == sorted((line["event_time"] for line in lines), reverse=True)
    found = {f"{line['source']}:{line['external_id']}": line for line in lines}
    assert {PING_KEY, SHIPMENT_KEY, MESSAGE_KEY} < found.keys()
    assert found[PING_KEY]["event_time"] == "2025-10-19T14:23:00Z"
    assert (found[PING_KEY]["dated"], found[PING_KEY]["versions"]) == (True, 1)


def test_ls_takes_only_what_was_asked_for(seeded: Path) -> None:
    def keys(*options: str) -> list[str]:
        lines = run(seeded, "ls", "--json", *options).expect(0).of("record")
        return [f"{line['source']}:{line['external_id']}" for line in lines]

    assert keys("--source", "samsara", "--limit", "1") == [PING_KEY]
    assert keys("--type", "message") == [MESSAGE_KEY]
    assert keys("--entity", TRUCK) == [PING_KEY]
    assert keys("--since", "2025-10-19T11:00:00Z", "--until", "2025-10-19T14:23:00Z") == [
        f"samsara:{WANDERER}@2025-10-19T12:00:00Z"
    ]
    assert keys("--source", "x12") == []
    assert run(seeded, "ls", "--source", "x12").expect(0).stdout == "No such records.\n"


def test_what_does_not_exist_is_a_usage_error_with_a_hint(seeded: Path) -> None:
    for options in (("--entity", "TRUCK-9999"), ("--source", "turvoo"), ("--limit", "0"), ("--since", "yesterday")):
        done = run(seeded, "ls", *options).expect(2)
        assert "hint: " in done.stderr
        assert done.stdout == ""
    assert "did you mean Vehicle?" in run(seeded, "entities", "--type", "vehicles").expect(2).stderr
    done = run(seeded, "ls", "--entity", "Twin Lakes", "--json").expect(2)
    assert [line["type"] for line in done.lines] == ["entity", "entity", "error"]


def test_entities_lists_them_by_name(seeded: Path) -> None:
    def names(*options: str) -> list[str]:
        return [line["name"] for line in run(seeded, "entities", "--json", *options).expect(0).of("entity")]

    assert names("--type", "vehicle") == [WANDERER, TRUCK]
    assert names("truck-65") == [TRUCK]
    assert names("--type", "Shipment", "ship-2025-10-19") == [SHIPMENT_ID]
    assert names("zzz") == []
    assert run(seeded, "entities", "zzz").expect(0).stdout == "No such entities.\n"
    few = run(seeded, "entities", "--limit", "1").expect(0)
    assert len(few.stdout.splitlines()) == 2
    assert "--limit N shows more" in few.stderr
    for name in names("--type", "Shipment"):
        run(seeded, "facts", name).expect(0)


@pytest.mark.parametrize("verb", [("ls",), ("entities",), ("entities", "--type", "Shipment")], ids=" ".join)
def test_an_empty_memory_says_what_to_do_and_makes_nothing(home: Path, verb: tuple[str, ...]) -> None:
    assert run(home, *verb).expect(0).stdout.startswith(NOTHING)
    assert run(home, *verb, "--json").expect(0).stdout == ""
    assert not home.exists()
    home.mkdir()
    assert run(home, *verb).expect(0).stdout.startswith(NOTHING)
    assert list(home.iterdir()) == []
    run(home, "ls", "--entity", TRUCK).expect(2)
    assert run(home, "runs").expect(0).stdout == "No runs yet.\n"
    assert list(home.iterdir()) == []


def test_people_see_local_times_and_programs_see_whole_ones(seeded: Path) -> None:
    def time(*options: str) -> str:
        code, lines = at_terminal(seeded, "ls", "--source", "samsara", "--limit", "1", *options, env=CHICAGO)
        assert code == 0
        return lines[1].partition("  ")[0]

    assert time() == "2025-10-19 09:23"
    assert time("--utc") == "2025-10-19 14:23Z"
    assert time("--iso") == "2025-10-19T14:23:00Z"
    piped = run(seeded, "ls", "--source", "samsara", "--limit", "1", env=CHICAGO).expect(0)
    assert piped.stdout.splitlines()[1].startswith("2025-10-19T14:23:00Z  " + PING_KEY)


@pytest.mark.parametrize(
    ("verb", "columns"),
    [
        (("ls",), 40),
        (("ls",), 80),
        (("ls",), 200),
        (("entities",), 80),
        (("search", "Twin Lakes"), 80),
        (("runs",), 80),
        (("get", SHIPMENT_KEY), 80),
    ],
    ids=str,
)
def test_a_table_keeps_ids_whole_at_a_terminal(seeded: Path, verb: tuple[str, ...], columns: int) -> None:
    code, lines = at_terminal(seeded, *verb, columns=columns)
    assert code == 0
    if verb[0] in ("ls", "entities", "runs"):
        assert max(map(len, lines[1:])) <= columns
    shown = {word.rstrip(",;:)") for line in lines for word in line.split()}
    whole = run(seeded, *verb).expect(0).stdout
    for word in shown:
        if word.startswith(("SHIP-", "samsara:", "turvo:", "frontapp:", "TRUCK-")) and "…" not in word:
            assert word in whole.split() or f"{word}:" in whole or f"{word};" in whole, word
    if verb == ("ls",):
        assert {PING_KEY, SHIPMENT_KEY, MESSAGE_KEY} <= shown


def test_long_ids_and_hostile_texts_leave_a_table_as_it_is(odd: Path) -> None:
    code, lines = at_terminal(odd, "ls", columns=80)
    assert code == 0
    assert max(map(len, lines)) <= 80
    records = [line for line in lines[1:] if "turvo:" in line]
    assert len(records) == 6
    assert any(f"turvo:{MIDDLING_ID}" in line for line in records)
    assert any(line == f"turvo:{LONG_ID}"[:79] + "…" for line in records)
    assert all(line.isprintable() for line in lines)
    code, lines = at_terminal(odd, "entities", "--type", "Customer", columns=80)
    assert len(lines) == 1 + 4
    assert all(line.isprintable() for line in lines)
    piped = run(odd, "ls").expect(0)
    assert f"turvo:{LONG_ID}" in piped.stdout
    assert "…" not in piped.stdout


def test_a_reader_that_leaves_early_is_no_error(seeded: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f"'{APEX}' ls --json | head -1; '{APEX}' entities | head -1"],
        env=environment(seeded, seeded.parent),
        capture_output=True,
        text=True,
        check=True,
    )
    first, second = done.stdout.splitlines()
    assert json.loads(first)["type"] == "record"
    assert second.split()[:2] == ["TYPE", "NAME"]
    assert "Traceback" not in done.stderr
