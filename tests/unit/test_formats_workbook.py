"""Workbooks: sheets that are tables are rows, forms are a document; hostile files are refused by name."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]  # it has no stubs

from apex_cli.errors import ReadError
from apex_cli.formats.part import Document, Ignored, Object
from tests.sheet_helpers import document, format_of, parts, rejected

Sheet = list[list[Any]]


def workbook(sheets: dict[str, Sheet], merged: tuple[str, ...] = (), hidden: tuple[str, ...] = ()) -> bytes:
    """A workbook; `merged` are ranges of its first sheet, whose value is in their first cell."""
    held = io.BytesIO()
    book = xlsxwriter.Workbook(held, {"default_date_format": "yyyy-mm-dd hh:mm"})
    for place, (name, rows) in enumerate(sheets.items()):
        sheet = book.add_worksheet(name)
        for number, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                if cell is not None:
                    sheet.write(number, column, cell)
        for each in merged if place == 0 else ():
            [first, last] = each.split(":")
            row, column = int(first[1:]) - 1, ord(first[0]) - ord("A")
            sheet.merge_range(row, column, int(last[1:]) - 1, ord(last[0]) - ord("A"), rows[row][column])
        if name in hidden:
            sheet.hide()
    book.close()
    return held.getvalue()


def payloads(data: bytes) -> list[dict[str, Any]]:
    return [dict(part.payload) for part in parts(data, "book.xlsx") if isinstance(part, Object)]


LOADS: Sheet = [["Load #", "Origin", "Rate"], [4401, "Gary, IN", 1200], [4402, "Reno, NV", 980.5]]


def test_every_sheet_that_is_a_table_gives_its_rows() -> None:
    carriers: Sheet = [["Carrier", "MC #"], ["Bluestem Transit", 774120]]
    data = workbook({"Loads": LOADS, "Sheet2": carriers}, hidden=("Sheet2",))
    found = [part for part in parts(data, "book.xlsx") if isinstance(part, Object)]
    assert [(part.place, part.collection, dict(part.payload)) for part in found] == [
        ("sheet Loads, row 2", "Loads", {"Load #": "4401", "Origin": "Gary, IN", "Rate": "1200"}),
        ("sheet Loads, row 3", "Loads", {"Load #": "4402", "Origin": "Reno, NV", "Rate": "980.5"}),
        ("sheet Sheet2, row 2", "", {"Carrier": "Bluestem Transit", "MC #": "774120"}),
    ]
    assert found[2].notes == ("the sheet Sheet2 is hidden",)


def formatted(*cells: tuple[str, Any, str], first_row: int = 0, first_column: int = 0) -> bytes:
    """A workbook of one row below its heads: head, value and number format of each cell."""
    held = io.BytesIO()
    book = xlsxwriter.Workbook(held)
    sheet = book.add_worksheet("Loads")
    for column, (head, value, code) in enumerate(cells, start=first_column):
        sheet.write(first_row, column, head)
        sheet.write(first_row + 1, column, value, book.add_format({"num_format": code}))
    book.close()
    return held.getvalue()


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("000000", 4711, "004711"),
        ("00000;-00000", 60431, "60431"),
        ('"LD-"0000', 42, "LD-0042"),
        ("000\\-0000", 5, "5"),  # two groups of digits: how they are split is not read
        ("0.0%", 0.125, "12.5%"),
        ("0%", 0.07, "7%"),
        ("[$€-407] #,##0.00", 1450, "1450 EUR"),
        ('#,##0.00 "CAD"', 99.5, "99.5 CAD"),
        ("$#,##0.00", 1450, "1450"),
        ("#,##0", 42000, "42000"),
        ("000", "LD-7", "LD-7"),
    ],
)
def test_numbers_are_read_as_their_cells_show_them(code: str, value: Any, shown: str) -> None:
    for start in (0, 3):
        data = formatted(
            ("Load #", "LD-1", "@"), ("Origin", "Gary, IN", "General"), ("Rate", value, code), ("Weight", 7, "General"),
            first_row=start, first_column=start,
        )  # fmt: skip
        [row] = parts(data, "book.xlsx")
        assert isinstance(row, Object)
        assert row.payload == {"Load #": "LD-1", "Origin": "Gary, IN", "Rate": shown, "Weight": "7"}
        assert row.place == f"sheet Loads, row {start + 2}"


def test_merged_cells_of_a_table_that_begins_further_down() -> None:
    rows: Sheet = [
        [],
        [],
        [None, "Load #", "Driver"],
        [None, "LD-1", "Ann"],
        [None, "LD-2", None],
        [None, "LD-3", "Lou"],
    ]
    assert [row["Driver"] for row in payloads(workbook({"Loads": rows}, merged=("C4:C5",)))] == ["Ann", "Ann", "Lou"]


def test_number_formats_of_each_row_of_each_sheet_are_its_own() -> None:
    held = io.BytesIO()
    book = xlsxwriter.Workbook(held)
    padded = book.add_format({"num_format": "00000"})
    for name in ("Loads & more", "Loads 2"):
        sheet = book.add_worksheet(name)
        sheet.write_row(0, 0, ["Load #", "Origin", "Status"])
        for row in range(1, 20_000):
            sheet.write(row, 0, row, padded if row % 3 else None)
            sheet.write_row(row, 1, ["Gary, IN", "Booked"])
    book.close()
    found = [row["Load #"] for row in payloads(held.getvalue())]
    assert found == [f"{row:05d}" if row % 3 else str(row) for row in range(1, 20_000)] * 2


def test_styles_with_entities_say_nothing_of_numbers() -> None:
    data = repacked(
        formatted(("Load #", "LD-1", "@"), ("Rate", 7, "000"), ("Origin", "Gary, IN", "@")),
        "xl/styles.xml",
        lambda text: text.replace("<styleSheet", " " * 5_000 + "<!DOCTYPE x [<!ENTITY a 'b'>]><styleSheet", 1),
    )
    assert payloads(data) == [{"Load #": "LD-1", "Rate": "7", "Origin": "Gary, IN"}]


def repacked(data: bytes, part: str, change: Callable[[str], str]) -> bytes:
    """The package with one part changed."""
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content.decode()) if name == part else content)
    return held.getvalue()


def test_merged_heads_and_groups_count_for_each_column_and_row() -> None:
    rows: Sheet = [
        ["Week 42", *[None] * 6],
        [None] * 7,
        ["Load #", "Customer", "Pickup", None, "Delivery", None, "Rate"],
        [None, None, "City", "State", "City", "State", None],
        [4401, "Acme", "Gary", "IN", "Reno", "NV", 5],
        [4402, None, "Erie", "PA", "Reno", "NV", 6],
        ["Total", None, None, None, None, None, 11],
    ]
    data = workbook({"Loads": rows}, ("A1:G1", "A3:A4", "B3:B4", "C3:D3", "E3:F3", "G3:G4", "B5:B6"))
    first, second = payloads(data)
    assert first == {
        "Load #": "4401",
        "Customer": "Acme",
        "Pickup City": "Gary",
        "Pickup State": "IN",
        "Delivery City": "Reno",
        "Delivery State": "NV",
        "Rate": "5",
    }
    assert (second["Load #"], second["Customer"], second["Pickup City"]) == ("4402", "Acme", "Erie")
    [total] = [part for part in parts(data, "book.xlsx") if isinstance(part, Ignored)]
    assert (total.place, total.note, total.detail) == ("sheet Loads, row 7", "totals", "Total | 11")


def test_dates_numbers_and_truths_are_written_plainly() -> None:
    rows: Sheet = [["Load #", "Pick date", "Appt", "Miles", "Hazmat"]]
    rows.append([1_001_002_003, datetime(2026, 3, 2), datetime(2026, 3, 2, 14, 30), 12.0, True])
    assert list(payloads(workbook({"Loads": rows}))[0].values()) == [
        "1001002003",
        "2026-03-02",
        "2026-03-02T14:30:00",
        "12",
        "true",
    ]


def test_a_formula_gives_the_value_that_was_saved_with_it() -> None:
    rows: Sheet = [["Load #", "Link", "Rate"], [4401, '=HYPERLINK("http://example.com", "x")', "=1+1"]]
    [row] = payloads(workbook({"Loads": rows}))
    assert "HYPERLINK" not in str(row)
    assert row["Load #"] == "4401"


def test_a_sheet_that_is_a_form_is_a_document_with_the_place_of_each_part() -> None:
    rows: Sheet = [
        ["RATE CONFIRMATION"],
        [],
        ["Load #:", "LD-7001", None, "Date:", "10/19/2025"],
        ["Carrier", "Lakeshore Haulage", None, "MC #", 774120],
        [],
        ["Stop", "Type", "Facility", "City", "Appointment"],
        ["1", "Pickup", "Acme Plant", "Gary, IN", "10/19 08:00"],
        ["2", "Delivery", "Beta DC", "Reno, NV", "10/20 10:00"],
        [],
        ["Total rate:", "$1,850.00"],
    ]
    found = document(workbook({"Rates": rows}), "rate-con.xlsx")
    assert [(block.place, block.text) for block in found.blocks] == [
        ("sheet Rates, row 1", "RATE CONFIRMATION"),
        ("sheet Rates, row 3", "Load #: LD-7001 | Date: 10/19/2025\nCarrier: Lakeshore Haulage | MC #: 774120"),
        (
            "sheet Rates, row 6",
            "Stop: 1 | Type: Pickup | Facility: Acme Plant | City: Gary, IN | Appointment: 10/19 08:00\n"
            "Stop: 2 | Type: Delivery | Facility: Beta DC | City: Reno, NV | Appointment: 10/20 10:00",
        ),
        ("sheet Rates, row 10", "Total rate: $1,850.00"),
    ]


def test_a_table_and_a_form_in_one_workbook_are_rows_and_a_document() -> None:
    form: Sheet = [["Load #:", "LD-1"], ["Carrier:", "Bluestem"], ["Rate:", 5]]
    found = parts(workbook({"Loads": LOADS, "Confirmation": form}), "book.xlsx")
    assert [type(part) for part in found] == [Object, Object, Document]


def test_a_workbook_is_known_by_its_content() -> None:
    assert format_of(workbook({"Loads": LOADS}), "loads.zip").name == "workbook"
    assert format_of(workbook({"Loads": LOADS}), "loads").name == "workbook"


def packed(members: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in members.items():
            package.writestr(name, data)
    return held.getvalue()


def test_a_zip_bomb_is_refused_before_it_is_opened() -> None:
    bomb = packed({"[Content_Types].xml": b"<Types/>", "xl/worksheets/sheet1.xml": b"\0" * (80 * 1024**2)})
    with pytest.raises(ReadError) as raised:
        parts(bomb, "bomb.xlsx")
    assert raised.value.code == "zip_bomb"


@pytest.mark.parametrize("folder", ["xl/workbook.xml", "word/document.xml"])
def test_entities_are_refused(folder: str) -> None:
    laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'
    with pytest.raises(ReadError) as raised:
        parts(packed({"[Content_Types].xml": b"<Types/>", folder: laughs}), "x.xlsx")
    assert raised.value.code == "unsafe_xml"


def compound(*streams: str) -> bytes:
    """A compound file ([MS-CFB]) with a list of these streams, all of them empty."""
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    header[30:32] = (9).to_bytes(2, "little")
    header[48:52] = (1).to_bytes(4, "little")
    header[76:512] = b"\xff" * 436
    header[76:80] = (0).to_bytes(4, "little")
    table = bytearray(b"\xff" * 512)
    table[4:8] = (0xFFFFFFFE).to_bytes(4, "little")
    entries = bytearray(512)
    for place, name in enumerate(("Root Entry", *streams)):
        written = (name + "\0").encode("utf-16-le")
        entries[place * 128 : place * 128 + len(written)] = written
        entries[place * 128 + 64 : place * 128 + 66] = len(written).to_bytes(2, "little")
    return bytes(header + table + entries)


@pytest.mark.parametrize("name", ["loads.xlsx", "letter.docx"])
def test_a_file_under_a_password_is_named(name: str) -> None:
    with pytest.raises(ReadError) as raised:
        parts(compound("EncryptionInfo", "EncryptedPackage"), name)
    assert raised.value.code == "encrypted"


def test_an_old_word_file_is_not_supported_under_either_name(tmp_path: Path) -> None:
    for name in ("letter.doc", "letter.docx"):
        (tmp_path / name).write_bytes(compound("WordDocument"))
        assert rejected(tmp_path / name) == ["unknown_type"]


@pytest.mark.parametrize("size", [0, 100, 3000])
def test_a_workbook_that_is_cut_off_is_named(tmp_path: Path, size: int) -> None:
    path = tmp_path / "loads.xlsx"
    path.write_bytes(workbook({"Loads": LOADS})[:size])
    assert rejected(path) == ["broken_file" if size else "empty_file"]


def test_a_sheet_that_declares_a_million_columns_is_read_in_bounded_memory(tmp_path: Path) -> None:
    book = workbook({"Loads": LOADS})
    with zipfile.ZipFile(io.BytesIO(book)) as package:
        members = {name: package.read(name) for name in package.namelist()}
    sheet = members["xl/worksheets/sheet1.xml"]
    last = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    members["xl/worksheets/sheet1.xml"] = sheet.replace(b"</sheetData>", last)
    path = tmp_path / "loads.xlsx"
    path.write_bytes(packed(members))
    # The parser ends itself where it gets no memory, and says so.
    assert rejected(path) == ["too_large"]
