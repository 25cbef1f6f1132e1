"""What is one record: rows within their collection, documents by their content and their places."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.acceptance.apex import Line, Result, run, verified, write_lines
from tests.acceptance.test_ingest import counts

CASES = Path(__file__).parents[1] / "cases"
AGREEMENT = (
    "# Carrier agreement\n\nBetween Lake Freight and Bluestem Transit, for lanes out of Fargo, ND.\n\n"
    "Detention is paid after two hours at $60 an hour. Fuel is billed at cost. Papers come with the invoice.\n"
)


def ingested(home: Path, *args: str | Path, stdin: bytes | None = None) -> dict[str, int]:
    return counts(run(home, "ingest", *args, "--json", stdin=stdin).expect(0).summary)


def document(home: Path, name: str | Path) -> Line:
    [line] = run(home, "get", f"document:{name}", "--json").expect(0).lines
    return line


def places(line: Line) -> dict[str, bool]:
    """The places of a document by file name, and whether it is still there."""
    return {Path(place["shown"]).name: place["vacated_at"] is None for place in line["places"]}


def failures(result: Result) -> list[tuple[str, str]]:
    return [(line["locator"], line["error"]["code"]) for line in result.of("record") if line["status"] == "failed"]


def test_rows_of_one_parent_and_plain_ids_of_two_files_are_all_kept(home: Path) -> None:
    folders = CASES / "rows_with_a_parents_id", CASES / "plain_ids_in_two_files"
    assert ingested(home, *folders) == {"committed": 16}
    assert ingested(home, *folders) == {"unchanged": 16}
    for name in ("Halcyon Paper Co", "Ines Calder", "Bluestem Transit", "Northyard Haulage"):
        assert run(home, "facts", name, "--json").expect(0).of("fact")
    [line] = run(home, "get", "json:vendora#1001", "--json").expect(0).lines
    assert line["stores"]["postgres"]["title"] == "Invoice 1001"
    listed = run(home, "get", "json:1001").expect(2).stderr
    assert "vendora#1001" in listed
    assert "vendorb#1001" in listed
    assert verified(home) == 16


def test_exports_of_one_table_settle(home: Path) -> None:
    drop = home.parent / "drop"
    drop.mkdir()
    row = {"id": 1, "customer_name": "Halcyon Paper Co", "city": "Fargo", "state": "ND"}
    (drop / "customers_2026-03-04.json").write_text(json.dumps([row]))
    (drop / "customers-2026-03-05 (1).json").write_text(json.dumps([{**row, "city": "Omaha", "state": "NE"}]))
    assert run(home, "ingest", drop, "--json").expect(0).summary["records"] == 2
    [line] = run(home, "get", "json:1", "--json").expect(0).lines
    assert line["external_id"] == "customers#1"
    assert line["stores"]["postgres"]["payload"]["city"] == "Omaha"
    assert ingested(home, drop) == {"unchanged": 2}


def test_two_things_on_one_id_are_reported_and_settled_by_the_user(home: Path) -> None:
    rows = [{"id": 7, "code": code, "customer_name": name} for code, name in (("A", "Halcyon"), ("B", "Prairie Oat"))]
    file = write_lines(home.parent / "rows.jsonl", [*rows, rows[0]])
    for _ in range(2):
        result = run(home, "ingest", file, "--json").expect(3)
        assert failures(result) == [("rows.jsonl:2", "identity_conflict")]
        assert "--id-field" in result.of("record")[1]["error"]["hint"]
        [line] = run(home, "get", "json:7", "--json").expect(0).lines
        assert line["stores"]["postgres"]["payload"]["code"] == "A"
    # A retry without more to go by does not replace it either.
    result = run(home, "staging", "retry", "--json").expect(3)
    assert failures(result) == [("rows.jsonl:2", "identity_conflict")]
    assert ingested(home, file, "--id-field", "code") == {"committed": 2, "unchanged": 1}
    assert not list((home / "staging").glob("*/*"))
    assert run(home, "get", "json:rows#B", "--json").expect(0).lines
    assert verified(home) == 3


def test_a_record_without_the_named_id_fails_alone(home: Path) -> None:
    file = write_lines(home.parent / "rows.jsonl", [{"code": "A", "line": 1}, {"code": "B"}])
    result = run(home, "ingest", file, "--id-field", "code,line", "--json").expect(3)
    assert failures(result) == [("rows.jsonl:2", "missing_id")]
    # What failed is retried as it was read.
    assert failures(run(home, "staging", "retry", "--json").expect(3)) == [("rows.jsonl:2", "missing_id")]
    run(home, "get", "json:rows#A|1").expect(0)


def test_standard_input_has_a_collection_too(home: Path) -> None:
    row = b'{"id": 1, "customer_name": "Halcyon Paper Co"}\n'
    assert ingested(home, "-", stdin=row) == {"committed": 1}
    assert ingested(home, "-", "--name", "customers_2026-03-04.jsonl", stdin=row) == {"committed": 1}
    assert ingested(home, "-", "--collection", "Customers", stdin=row) == {"unchanged": 1}
    listed = run(home, "get", "json:1").expect(2).stderr
    assert "stdin#1" in listed
    assert "customers#1" in listed
    run(home, "ingest", home.parent, "--name", "x").expect(2)
    run(home, "ingest", "-", "--collection", "---", stdin=row).expect(2)


def test_a_consumed_place_is_free_for_another_document(home: Path) -> None:
    drop = home.parent / "drop"
    drop.mkdir()
    for day in ("monday", "tuesday"):
        shutil.copy(CASES / "one_place_two_documents" / day / "scan0001.txt", drop)
        assert ingested(home, drop, "--consume") == {"committed": 1}
        assert not list(drop.iterdir())
    for number in ("889001", "889777"):
        assert run(home, "facts", number, "--json").expect(0).of("fact")
    # Nearly the same text: another paper all the same, for the first one is gone from there.
    text = (CASES / "one_place_two_documents" / "tuesday" / "scan0001.txt").read_text()
    (drop / "scan0001.txt").write_text(text.replace("889777", "889778"))
    assert ingested(home, drop, "--consume") == {"committed": 1}
    assert run(home, "facts", "889777", "--json").expect(0).of("fact")
    assert verified(home) == 3


def test_another_document_in_the_same_place(home: Path) -> None:
    drop = home.parent / "drop"
    drop.mkdir()
    for day in ("monday", "tuesday"):
        shutil.copy(CASES / "one_place_two_documents" / day / "scan0001.txt", drop)
        assert ingested(home, drop) == {"committed": 1}
    for number in ("889001", "889777"):
        assert run(home, "facts", number, "--json").expect(0).of("fact")
    assert ingested(home, drop) == {"unchanged": 1}


def test_a_document_is_one_wherever_it_is(home: Path) -> None:
    drop = home.parent / "drop"
    (drop / "deeper").mkdir(parents=True)
    (drop / "agreement.md").write_text(AGREEMENT)
    (drop / "deeper" / "copy.md").write_text(AGREEMENT)
    assert ingested(home, drop) == {"committed": 1, "unchanged": 1}
    first = document(home, "copy.md")
    assert places(first) == {"agreement.md": True, "copy.md": True}
    assert str(drop) not in first["external_id"]
    assert "agreement.md" in run(home, "get", first["record_id"]).expect(0).stdout

    # Moved as a whole, and read from standard input.
    moved = drop.rename(home.parent / "elsewhere")
    assert ingested(home, moved) == {"unchanged": 2}
    assert ingested(home, "-", "--source", "document", stdin=AGREEMENT.encode()) == {"unchanged": 1}
    assert len(document(home, "stdin")["places"]) == 5

    # Edited in its place: a new version, although the copy beside it is the old text still, which stays.
    (moved / "agreement.md").write_text(AGREEMENT.replace("two hours", "three hours"))
    assert ingested(home, moved) == {"committed": 1, "unchanged": 1}
    assert "two hours" in document(home, "copy.md")["stores"]["postgres"]["text"]
    assert "three hours" in document(home, moved / "agreement.md")["stores"]["postgres"]["text"]
    (moved / "agreement.md").write_text(AGREEMENT.replace("two hours", "four hours"))
    assert ingested(home, moved) == {"updated": 1, "unchanged": 1}
    assert document(home, moved / "agreement.md")["revision"] == 2
    assert ingested(home, moved) == {"unchanged": 2}
    assert verified(home) == 2


def test_a_stream_with_a_name_is_a_place(home: Path) -> None:
    name = ("-", "--name", "agreement.md")
    assert ingested(home, *name, stdin=AGREEMENT.encode()) == {"committed": 1}
    assert ingested(home, *name, stdin=AGREEMENT.replace("$60", "$65").encode()) == {"updated": 1}
    line = document(home, "agreement.md")
    assert line["revision"] == 2
    assert line["stores"]["postgres"]["payload"]["format"] == "markdown"


@pytest.mark.parametrize("point", ["staging.remove.before", "staging.remove.after"])
def test_a_run_that_is_killed_leaves_one_document(home: Path, point: str) -> None:
    drop = home.parent / "drop"
    drop.mkdir()
    (drop / "scan.md").write_text(AGREEMENT)
    run(home, "ingest", drop, "--consume", env={"APEX_FAULT": f"{point}:kill"})
    run(home, "ingest", drop, "--consume", "--json")
    (drop / "scan.md").write_text(AGREEMENT.replace("Bluestem Transit", "Northyard Haulage"))
    assert ingested(home, drop, "--consume") == {"committed": 1}
    assert verified(home) == 2
