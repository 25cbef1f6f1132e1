"""Bad input fails alone, with a clear error; odd input is taken as it is. Nothing raw, nothing outside the home."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.apex import Line, new_home, run, verified, write_lines
from tests.acceptance.hostile import REFUSED, TAKEN, Refused, Taken, make_loop, make_taken
from tests.acceptance.seeds import SEEDS, shipment


@pytest.fixture(scope="module")
def shared(short_tmp: Path) -> Iterator[Path]:
    """One home for inputs that leave no record behind, or one that no other test looks at."""
    with new_home(short_tmp) as place:
        yield place


def listed(home: Path) -> list[Line]:
    return run(home, "staging", "list", "--json").expect(0).lines


def around(home: Path) -> set[str]:
    """Every path beside the home and in the folders above it that is not in the home."""
    near = {str(path) for path in home.parent.rglob("*") if not path.is_relative_to(home)}
    return near | {str(path) for path in home.parent.parent.iterdir()}


@pytest.mark.any_engine
@pytest.mark.parametrize("bad", REFUSED, ids=lambda bad: ascii(bad.name))
def test_each_alone_is_a_clear_error(shared: Path, bad: Refused) -> None:
    # A link out of the tree is followed when it is named itself: it is a named folder that it may not leave.
    folder = Path(tempfile.mkdtemp(dir=shared.parent))
    bad.make(folder / bad.name)
    result = run(shared, "ingest", folder, "--json").expect(3)
    [line] = result.of("record")
    assert (line["status"], line["stage"], line["error"]["code"]) == ("failed", "read", bad.code)
    assert bad.says in line["error"]["message"]
    assert (result.summary["failed"], result.summary["records"]) == (1, 1)
    kept = [item for item in listed(shared) if Path(item["origin"]).parent == folder]
    assert [item["error"]["code"] for item in kept] == ([bad.code] if bad.staged else [])


@pytest.mark.parametrize("odd", TAKEN, ids=lambda odd: odd.name)
def test_each_odd_record_is_taken_as_it_is(shared: Path, odd: Taken) -> None:
    path = make_taken(shared.parent, odd)
    before = around(shared)
    [line] = run(shared, "ingest", path, "--json").expect(0).of("record")
    # The collection is that of the file.
    assert (line["status"], line["source"]) == ("committed", "json")
    assert line["external_id"] == f"{Path(odd.name).stem.replace('-', '_')}#{odd.payload['id']}"
    assert around(shared) == before
    [held] = run(shared, "get", odd.key, "--json").expect(0).lines
    assert held["external_id"] == line["external_id"]
    assert held["stores"]["vectors"]
    if odd.exact:
        assert held["stores"]["postgres"]["payload"] == odd.payload


def test_all_in_one_directory_with_good_records(home: Path) -> None:
    drop = home.parent / "drop"
    drop.mkdir()
    write_lines(drop / "good.jsonl", SEEDS)
    make_loop(drop)
    for bad in REFUSED:
        bad.make(drop / bad.name)
    for odd in TAKEN:
        make_taken(drop, odd)
    before = around(home)
    result = run(home, "ingest", drop, "--json").expect(3)
    good = len(SEEDS) + len(TAKEN)
    assert (result.summary["committed"], result.summary["failed"]) == (good, len(REFUSED))
    failed = [line["error"]["code"] for line in result.of("record") if line["status"] == "failed"]
    assert sorted(failed) == sorted(bad.code for bad in REFUSED)
    assert around(home) - {str(home)} == before
    items = {Path(item["origin"]).name: item["error"]["code"] for item in listed(home)}
    assert items == {bad.name: bad.code for bad in REFUSED if bad.staged}
    # For people, too: the helper sees that nothing raw reaches a terminal.
    assert "broken JSON" in run(home, "staging", "list").expect(0).stdout
    assert "[bold red]markup" in run(home, "get", "json:terminal").expect(0).stdout
    assert verified(home) == good

    (drop / "broken.json").write_text(json.dumps(shipment(1)))
    again = run(home, "ingest", drop, "--json").expect(3)
    assert (again.summary["committed"], again.summary["unchanged"]) == (1, good)
    assert "broken.json" not in {Path(item["origin"]).name for item in listed(home)}
    assert verified(home) == good + 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(home: Path) -> None:
    drop = home.parent / "drop"
    drop.mkdir()
    write_lines(drop / "good.jsonl", SEEDS)
    secret = write_lines(drop / "secret.jsonl", SEEDS)
    secret.chmod(0)
    result = run(home, "ingest", drop, "--json").expect(3)
    assert (result.summary["committed"], result.summary["failed"]) == (3, 1)


def test_a_payload_name_reaches_people_escaped(home: Path) -> None:
    file = home.parent / "names.json"
    file.write_text(json.dumps(shipment(1, customerName="[bold]Evil\x1b]0;owned\x07 Corp[/bold]\u202e")))
    run(home, "ingest", file, "-v").expect(0)
    facts = run(home, "facts", shipment(1)["shipmentId"]).expect(0)
    assert "[bold]Evil" in facts.stdout
    hit = run(home, "search", "Evil Corp").expect(0)
    assert "[bold]" in hit.stdout
