"""`apex ingest --sync`: the memory follows a folder."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.acceptance.apex import Line, Result, run, verified

TOPICS = ("detention", "lumpers", "reefers", "scales", "permits", "tarps", "pallets", "seals", "tolls", "fuel", "tires")


def note(topic: str) -> str:
    return f"What drivers ask about {topic}, and what the desk answers them about {topic} on a Monday."


@pytest.fixture
def desk(home: Path) -> Path:
    """A folder of 11 notes and 10 customers."""
    folder = home.parent / "desk"
    (folder / "notes").mkdir(parents=True)
    for topic in TOPICS:
        (folder / "notes" / f"{topic}.txt").write_text(note(topic))
    customers(folder, range(10))
    return folder


def customers(folder: Path, numbers: Sequence[int]) -> None:
    rows = [{"id": f"C-{number}", "name": f"Customer {number} Freight"} for number in numbers]
    (folder / "customers.json").write_text(json.dumps(rows))


def sync(home: Path, *args: str | Path, expect: int = 0) -> Result:
    return run(home, "ingest", *args, "--sync", "--json").expect(expect)


def forgotten(result: Result) -> set[str]:
    """What `record` lines say was forgotten: ids of rows, files of documents."""
    lines = [line for line in result.of("record") if line["status"] == "forgotten"]
    assert result.summary["forgotten"] == len(lines)
    return {_name(line) for line in lines}


def _name(line: Line) -> str:
    return Path(line["locator"]).name if line["source"] == "document" else line["external_id"].rpartition("#")[2]


def is_known(home: Path, ident: str) -> bool:
    return run(home, "get", ident).exit == 0


def test_what_left_the_folder_is_forgotten(home: Path, desk: Path) -> None:
    assert sync(home, desk).summary["committed"] == 21
    (desk / "notes" / "tolls.txt").unlink()
    customers(desk, [0, 1, 2, 3, 4, 6, 7, 8, 9])
    result = sync(home, desk)
    assert forgotten(result) == {"tolls.txt", "C-5"}
    found: Mapping[str, object] = result.summary["sync"]
    assert (found["gone"], found["moved"], found["refused"]) == (2, 0, None)
    assert not is_known(home, "document:tolls.txt")
    assert not is_known(home, "json:C-5")
    assert is_known(home, "json:C-4")
    assert "tolls" not in run(home, "search", "tolls on a Monday").stdout
    assert verified(home) == 19
    # A second run has nothing to do. What comes back is taken again, under the same id.
    assert forgotten(sync(home, desk)) == set()
    (desk / "notes" / "tolls again.txt").write_text(note("tolls"))
    customers(desk, range(10))
    result = sync(home, desk)
    assert (result.summary["committed"], result.summary["unchanged"]) == (2, 19)
    assert is_known(home, "json:C-5")
    assert verified(home) == 21


def test_more_than_the_limit_is_refused(home: Path, desk: Path) -> None:
    sync(home, desk)
    for topic in TOPICS[:4]:
        (desk / "notes" / f"{topic}.txt").unlink()
    result = sync(home, desk, expect=3)
    assert forgotten(result) == set()
    found = result.summary["sync"]
    assert (found["gone"], found["refused"]["code"], len(found["first"])) == (4, "max_forget", 4)
    assert "--max-forget 4" in found["refused"]["hint"]
    shown = run(home, "ingest", desk, "--sync").expect(3).stdout
    assert all(f"{topic}.txt" in shown for topic in TOPICS[:4])
    assert "nothing is forgotten" in run(home, "ingest", desk, "--sync", "-q").expect(3).stderr
    assert verified(home) == 21
    # A dry run says the same, and changes nothing either.
    assert run(home, "ingest", desk, "--sync", "--dry-run", "--json").expect(3).summary["sync"] == found
    dry = run(home, "ingest", desk, "--sync", "--dry-run", "--max-forget", "4", "--json").expect(0)
    assert forgotten(dry) == {f"{topic}.txt" for topic in TOPICS[:4]}
    assert verified(home) == 21
    assert forgotten(sync(home, desk, "--max-forget", "20%")) == {f"{topic}.txt" for topic in TOPICS[:4]}
    # Not mounted, or emptied: only 100 % is all.
    shutil.rmtree(desk)
    run(home, "ingest", desk, "--sync").expect(2)
    desk.mkdir()
    for limit in ("99.9%", "17", "1000"):
        refused = sync(home, desk, "--max-forget", limit, expect=3).summary["sync"]["refused"]
        assert "mounted" in refused["hint"]
    assert verified(home) == 17
    assert len(forgotten(sync(home, desk, "--max-forget", "100%"))) == 17
    assert verified(home) == 0


def test_what_moves_stays(home: Path, desk: Path) -> None:
    sync(home, desk)
    notes = desk / "notes"
    (notes / "fuel.txt").rename(desk / "fuel card.txt")
    shutil.copy(notes / "tires.txt", desk / "tires copy.txt")
    customers(desk, range(5))
    customers(notes, range(5, 10))
    dry = run(home, "ingest", desk, "--sync", "--dry-run", "--json").expect(0)
    result = sync(home, desk)
    assert (result.summary["unchanged"], result.summary["forgotten"]) == (22, 0)
    assert (result.summary["sync"]["moved"], dry.summary["sync"]["moved"]) == (6, 6)
    (line,) = run(home, "get", "document:fuel card.txt", "--json").of("record")
    places = {place["shown"]: place["vacated_at"] for place in line["places"]}
    assert places[str(desk / "fuel card.txt")] is None
    assert places[str(notes / "fuel.txt")] is not None
    # Of a copy and its original, one may go.
    (notes / "tires.txt").unlink()
    assert forgotten(sync(home, desk)) == set()
    (desk / "tires copy.txt").unlink()
    assert forgotten(sync(home, desk)) == {"tires copy.txt"}
    # The whole folder gets another name.
    renamed = desk.rename(home.parent / "office")
    result = sync(home, renamed)
    assert (result.summary["committed"], result.summary["forgotten"], result.summary["sync"]["moved"]) == (0, 0, 20)
    (renamed / "fuel card.txt").unlink()
    assert forgotten(sync(home, renamed)) == {"fuel card.txt"}
    assert verified(home) == 19


def test_a_folder_within_another_one_counts_once(home: Path, desk: Path) -> None:
    sync(home, desk)
    (desk / "notes" / "tolls.txt").unlink()
    result = sync(home, desk / "notes", desk, desk / "notes" / ".")
    assert forgotten(result) == {"tolls.txt"}
    assert (result.summary["sync"]["gone"], len(result.summary["sync"]["first"])) == (1, 1)


def test_a_folder_that_has_two_names_is_one(home: Path, desk: Path) -> None:
    """A file that is gone is gone under both names. One on a disk that is not there now is not."""
    link = desk.parent / "link to desk"
    link.symlink_to(desk)
    share = desk.parent / "share"
    share.mkdir()
    for topic in ("tolls", "seals"):
        shutil.copy(desk / "notes" / f"{topic}.txt", share)
    for place in (desk, link, share):
        sync(home, place)
    share.rename(desk.parent / "not mounted")
    share.mkdir()
    for topic in ("tolls", "fuel"):
        (desk / "notes" / f"{topic}.txt").unlink()
    assert forgotten(sync(home, desk)) == {"fuel.txt"}


def test_what_is_not_looked_at_stays(home: Path, desk: Path) -> None:
    with zipfile.ZipFile(desk / "packed.zip", "w") as archive:
        archive.writestr("north/rates.txt", note("rates"))
        archive.writestr("north/docks.txt", note("docks"))
    sync(home, desk)
    gone = desk / "notes" / "scales.txt"
    gone.unlink()
    # A file that fails keeps what it held: broken, and emptied.
    whole = (desk / "customers.json").read_bytes()
    (desk / "customers.json").write_bytes(whole[: len(whole) // 2])
    (desk / "notes" / "seals.txt").write_text("")
    packed = (desk / "packed.zip").read_bytes()
    (desk / "packed.zip").write_bytes(packed[:-30])
    cut = run(home, "ingest", desk, "--sync", "--limit", "3", "--json")
    assert forgotten(cut) == set()
    assert cut.summary["sync"]["complete"] is False
    assert forgotten(sync(home, desk, "--exclude", "notes/", expect=3)) == set()
    result = sync(home, desk, expect=3)
    assert forgotten(result) == {"scales.txt"}
    # An answer that says nothing is no empty list.
    (desk / "customers.json").write_text('{"_error": {"status": 429, "title": "Too Many Requests", "message": ""}}')
    (desk / "packed.zip").write_bytes(packed)
    (desk / "notes" / "seals.txt").write_text(note("seals"))
    said = sync(home, desk).summary
    assert (said["skipped"], said["sync"]["gone"]) == (1, 0)
    # What is too young is left for the next run, and so is what may have moved there.
    (desk / "customers.json").write_bytes(whole)
    (desk / "notes" / "tarps.txt").rename(desk / "notes" / "new.txt")
    (desk / "notes" / "new.txt").touch()
    (desk / "notes" / "fuel.txt").unlink()
    waiting = run(home, "ingest", desk, "--sync", "--min-age", "1h", "--json").expect(0)
    assert forgotten(waiting) == set()
    assert waiting.summary["skipped_young"]
    assert forgotten(sync(home, desk)) == {"fuel.txt"}
    # A member left the archive.
    with zipfile.ZipFile(desk / "packed.zip", "w") as archive:
        archive.writestr("north/docks.txt", note("docks"))
    assert len(forgotten(sync(home, desk))) == 1
    assert not is_known(home, "document:rates.txt")
    assert is_known(home, "document:docks.txt")


def test_a_run_forgets_only_where_it_looks(home: Path, desk: Path) -> None:
    other = home.parent / "other"
    other.mkdir()
    (other / "extra.txt").write_text(note("extra"))
    sync(home, desk, other)
    (other / "extra.txt").unlink()
    (desk / "notes" / "tolls.txt").unlink()
    customers(desk, range(9))
    assert forgotten(sync(home, desk, "--exclude", "notes/", "--exclude", "customers.json")) == set()
    # A folder in the folder, and a file in it.
    assert forgotten(sync(home, desk / "notes")) == {"tolls.txt"}
    assert forgotten(sync(home, desk / "customers.json")) == {"C-9"}
    # Each folder has a limit of its own.
    result = sync(home, desk, other, expect=3)
    assert str(other) in result.summary["sync"]["refused"]["message"]


def test_what_other_runs_took_stays(home: Path, desk: Path) -> None:
    elsewhere = home.parent / "elsewhere"
    elsewhere.mkdir()
    # It was taken before, from this very file: the folder has it now.
    run(home, "ingest", desk, "-q").expect(0)
    assert sync(home, desk).summary["unchanged"] == 21
    shutil.copy(desk / "notes" / "fuel.txt", elsewhere / "fuel.txt")
    run(home, "ingest", elsewhere, "-q").expect(0)
    run(home, "ingest", "-", "--collection", "customers", stdin=b'{"id": "C-9", "name": "Customer 9 Freight"}').expect(
        0
    )
    # The same folder without --sync changes nothing.
    run(home, "ingest", desk, "-q").expect(0)
    for topic in ("fuel", "tires"):
        (desk / "notes" / f"{topic}.txt").unlink()
    customers(desk, range(8))
    assert forgotten(sync(home, desk, "--max-forget", "4")) == {"tires.txt", "C-8"}
    assert is_known(home, "json:C-9")
    assert is_known(home, "document:fuel.txt")
    # What a person forgets is not taken again, though it is there.
    run(home, "forget", "json:C-0", "--yes").expect(0)
    assert sync(home, desk).summary["forgotten"] == 1
    assert not is_known(home, "json:C-0")


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("-", "--sync"), "stdin"),
        ((".", "--sync", "--consume"), "--consume"),
        ((".", "--sync", "--explain"), "--dry-run"),
        ((".", "--max-forget", "3"), "--sync"),
        ((".", "--sync", "--max-forget", "200%"), "10%"),
    ],
)
def test_flags_that_do_not_fit(home: Path, args: tuple[str, ...], why: str) -> None:
    assert why in run(home, "ingest", *args).expect(2).stderr
    assert not home.exists()
