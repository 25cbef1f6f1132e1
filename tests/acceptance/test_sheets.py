"""Sheets through the installed command: every row is one record, and a later sheet is a later version."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import xlsxwriter  # type: ignore[import-untyped]  # it has no stubs

from tests.acceptance.apex import run, verified

pytestmark = pytest.mark.any_engine

HEADS = "Load #,Customer,Origin,Destination,Carrier,MC #,Status,Rate"
ROWS = [
    'LD-4401,Acme Corp,"Chicago, IL","Gary, IN",Bluestem Transit,774120,Booked,"$1,200.00"',
    'LD-4402,Beta Foods,"Reno, NV","Boise, ID",Norte Freight,948811,Booked,"$2,400.00"',
]


def workbook() -> bytes:
    held = io.BytesIO()
    book = xlsxwriter.Workbook(held)
    trucks = book.add_worksheet("Trucks")
    for number, cells in enumerate((["Truck #", "VIN", "Driver"], ["6520", "1XKYD49X7PJ304417", "Tomas Beltran"])):
        trucks.write_row(number, 0, cells)
    form = book.add_worksheet("Confirmation")
    for number, cells in enumerate((["RATE CONFIRMATION"], [], ["Load #:", "LD-4401"], ["Detention:", "$40 an hour"])):
        form.write_row(number, 0, cells)
    book.close()
    return held.getvalue()


def test_sheets_become_records_that_answers_rest_on(home: Path) -> None:
    folder = home.parent / "desk"
    folder.mkdir()
    (folder / "board_2026-03-04.csv").write_text("\n".join(["Loads of the week", HEADS, *ROWS, "Total,,,,,,,3600", ""]))
    (folder / "desk.xlsx").write_bytes(workbook())
    summary = run(home, "ingest", str(folder), "--json").expect(0).summary
    counted = {source: dict(counts) for source, counts in summary["by_source"].items()}
    assert (counted["table"], counted["document"]) == ({"committed": 3}, {"committed": 1})
    again = run(home, "ingest", str(folder), "--json").expect(0).summary
    assert (again["unchanged"], again["committed"]) == (4, 0)

    later = [ROWS[0].replace("Booked", "Delivered"), ROWS[1]]
    (folder / "board_2026-03-06.csv").write_text("\n".join([HEADS, *later, ""]))
    run(home, "ingest", str(folder / "board_2026-03-06.csv"), "--json").expect(0)
    facts = run(home, "facts", "LD-4401", "--json").expect(0).of("fact")
    statuses = [
        (fact["object"], fact["valid_at"][:10], fact["current"]) for fact in facts if fact["predicate"] == "HAS_STATUS"
    ]
    assert statuses == [("booked", "2026-03-04", False), ("delivered", "2026-03-06", True)]
    current = {(fact["predicate"], fact["object"]) for fact in facts if fact["current"]}
    assert current >= {
        ("FOR_CUSTOMER", "Acme Corp"),
        ("HAULED_BY", "Bluestem Transit"),
        ("ORIGIN", "Chicago, IL"),
        ("DESTINATION", "Gary, IN"),
    }
    drives = run(home, "facts", "6520", "--json").expect(0).of("fact")
    assert ("DRIVES", "Tomas Beltran") in {(fact["predicate"], fact["subject"]) for fact in drives}
    hit = run(home, "search", "detention an hour", "--json").expect(0).of("hit")[0]
    assert hit["place"] == "desk.xlsx, sheet Confirmation, row 3"
    assert verified(home) == 4


def test_what_is_broken_in_a_sheet_fails_alone(home: Path) -> None:
    path = home.parent / "loads.csv"
    broken = 'LD-4403,"Acme Corp,Reno,Gary,Norte,948811,Booked,5'
    path.write_text("\n".join([HEADS, ROWS[0], broken, ROWS[1], ROWS[1].replace("4402", "4404"), ""]))
    found = run(home, "ingest", str(path), "--json").expect(3)
    assert found.summary["committed"] == 3
    [failed] = [line for line in found.of("record") if line["status"] == "failed"]
    assert failed["error"]["code"] == "broken_row"
    assert verified(home) == 3
