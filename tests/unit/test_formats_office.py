"""Web pages, Word and RTF: structure survives, what is hidden or hostile does not come in."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml

from apex_cli.errors import ReadError
from apex_cli.formats.content import payload_of
from apex_cli.formats.format import FileInfo
from apex_cli.formats.part import Document, Object
from apex_cli.model import Record
from tests.sheet_helpers import LIMITS, document, format_of, parts, read, rejected

LOADS = [["Load #", "Origin", "Rate"], ["LD-1", "Gary, IN", "$1,200.00"], ["LD-2", "Reno, NV", "$900.00"]]
LINES = "Load #: LD-1 | Origin: Gary, IN | Rate: $1,200.00\nLoad #: LD-2 | Origin: Reno, NV | Rate: $900.00"


def shown(found: Document) -> list[tuple[tuple[str, ...], str]]:
    return [(block.heading_path, block.text) for block in found.blocks]


def test_a_page_keeps_its_headings_lists_and_tables() -> None:
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in LOADS[1:])
    page = f"""<!DOCTYPE html><html><head><title>Loads &amp; rates</title><style>p {{}}</style></head><body>
        <h1>Terms</h1><p>Call&nbsp;<b>24 h</b> before.<p>No  double
        brokering.</p><h2>Rates</h2><ul><li>Fuel is included<li>No lumper</ul>
        <table><tr>{"".join(f"<th>{cell}</th>" for cell in LOADS[0])}</tr>{rows}</table>
        <script>alert("LD-9")</script><div style="display: none">LD-8</div><p hidden>LD-7</p><!-- LD-6 -->
        </body></html>"""
    found = document(page, "page.html")
    assert found.title == "Loads & rates"
    assert shown(found) == [
        (("Terms",), "Call 24 h before."),
        (("Terms",), "No double brokering."),
        (("Terms", "Rates"), "Fuel is included"),
        (("Terms", "Rates"), "No lumper"),
        (("Terms", "Rates"), LINES),
    ]


def test_tables_for_the_layout_hold_paragraphs_and_tables() -> None:
    page = (
        "<html><table><tr><td>Dear Ann,<table><tr><th>Carrier</th><td>Bluestem</td></tr>"
        "<tr><th>MC #</th><td>774120</td></tr></table></td><td><p>Regards</p></td></tr></table></html>"
    )
    texts = [block.text for block in document(page, "page.html").blocks]
    assert texts == ["Dear Ann,", "Carrier: Bluestem\nMC #: 774120", "Regards"]


def test_cells_that_span_rows_count_for_each() -> None:
    page = (
        "<html><table><tr><th>Carrier<th>Load #<th>Rate<tr><td rowspan=2>Bluestem<td>LD-1<td>5<tr><td>LD-2<td>6</table>"
    )
    [block] = document(page, "page.html").blocks
    assert block.text == "Carrier: Bluestem | Load #: LD-1 | Rate: 5\nCarrier: Bluestem | Load #: LD-2 | Rate: 6"


@pytest.mark.parametrize(
    "data",
    [
        '<html><meta charset="iso-8859-1"><p>José</p></html>'.encode("latin-1"),
        "<html><p>José</p></html>".encode(),
        "<html><p>José</p></html>".encode("utf-16"),
    ],
)
def test_the_encoding_of_a_page_is_found(data: bytes) -> None:
    assert [block.text for block in document(data, "page.html").blocks] == ["José"]


@pytest.mark.parametrize(
    ("data", "text", "notes"),
    [
        ('<html><meta charset="gb2312"><p>货物 €</p></html>'.encode("gb18030"), "货物 €", ()),
        (
            '<html><meta charset="shift_jis"><p>Señal é</p></html>'.encode("cp1252"),
            "Señal é",
            ("the page is no shift_jis: read as cp1252",),
        ),
        ('<html><meta charset="x-none"><p>José</p></html>'.encode(), "José", ("the page is no x-none: read as utf-8",)),
        (
            '<html><meta charset="utf-8"><p>José</p></html>'.encode("cp1252"),
            "José",
            ("not UTF-8: read as Windows-1252",),
        ),
    ],
)
def test_a_charset_that_a_page_names_gives_way_where_it_is_wrong(
    data: bytes, text: str, notes: tuple[str, ...]
) -> None:
    page = document(data, "page.html")
    assert [block.text for block in page.blocks] == [text]
    assert page.notes == notes


def test_a_page_that_is_called_a_workbook_is_its_rows() -> None:
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in LOADS)
    found = parts(f"<html><body><table>{rows}</table></body></html>", "export.xls")
    assert [part.payload["Load #"] for part in found if isinstance(part, Object)] == ["LD-1", "LD-2"]


def test_a_page_of_200_megabytes_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    with path.open("wb") as file:
        file.write(b"<html><body><p>")
        file.truncate(200 * 1024**2)
    assert rejected(path) == ["too_large"]


@pytest.mark.parametrize("page", ["<html>" + "<div>" * 20_000 + "deep", "<html><body>" + "<p <p <p" * 50_000 + ">x"])
def test_a_hostile_page_takes_bounded_time(tmp_path: Path, page: str) -> None:
    path = tmp_path / "page.html"
    path.write_text(page)
    [found] = read(path)
    assert isinstance(found, Record)
    assert found.payload["content"].endswith(("deep", "x"))


def word(document: Any) -> bytes:
    held = io.BytesIO()
    document.save(held)
    return held.getvalue()


def filled(table: Any, rows: list[list[str]]) -> None:
    for number, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            table.cell(number, column).text = cell


def test_word_keeps_headings_paragraphs_tables_headers_and_text_boxes() -> None:
    held = docx.Document()
    held.core_properties.title = "Rate confirmation LD-1"
    held.add_heading("Terms", 1)
    held.add_paragraph("Call 24 h before.")
    held.add_heading("Rates", 2)
    filled(held.add_table(rows=3, cols=3), LOADS)
    held.add_paragraph("Fuel is included", style="List Bullet")
    boxed = held.add_paragraph("Beside: ")
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    boxed._p.append(
        parse_xml(
            f"<w:r {space}><w:pict><w:txbxContent><w:p><w:r><w:t>In a box</w:t></w:r></w:p></w:txbxContent></w:pict>"
            "</w:r>"
        )
    )
    changed = held.add_paragraph("Rate is ")
    changed._p.append(parse_xml(f'<w:ins {space} w:id="1" w:author="a"><w:r><w:t>$900</w:t></w:r></w:ins>'))
    changed._p.append(parse_xml(f'<w:del {space} w:id="2" w:author="a"><w:r><w:delText>$800</w:delText></w:r></w:del>'))
    held.sections[0].header.paragraphs[0].text = "Lakeshore Haulage, MC 774120"
    found = document(word(held), "rate-con.docx")
    assert found.title == "Rate confirmation LD-1"
    assert shown(found) == [
        (("Terms",), "Call 24 h before."),
        (("Terms", "Rates"), LINES),
        (("Terms", "Rates"), "Fuel is included"),
        (("Terms", "Rates"), "Beside:"),
        (("Terms", "Rates"), "In a box"),
        (("Terms", "Rates"), "Rate is $900"),
        (("Terms", "Rates"), "Lakeshore Haulage, MC 774120"),
    ]


def test_merged_cells_of_word_count_for_each_row() -> None:
    held = docx.Document()
    table = held.add_table(rows=3, cols=3)
    filled(table, [["Carrier", "Load #", "Rate"], ["Bluestem", "LD-1", "5"], ["", "LD-2", "6"]])
    table.cell(1, 0).merge(table.cell(2, 0))
    [block] = document(word(held), "a.docx").blocks
    assert block.text == "Carrier: Bluestem | Load #: LD-1 | Rate: 5\nCarrier: Bluestem | Load #: LD-2 | Rate: 6"


def test_a_heading_is_part_of_the_text_of_a_document() -> None:
    held = docx.Document()
    held.add_heading("Load LD-7001", 1)
    held.add_paragraph("Call before.")
    data = word(held)
    found = document(data, "a.docx")
    payload = payload_of(found, format=format_of(data, "a.docx"), path="", data=data)
    assert payload["content"] == "Load LD-7001\n\nCall before."
    assert payload["blocks"] == [[14, 26, "", False, ["Load LD-7001"]]]


def test_a_word_file_of_another_name_is_known_by_its_content() -> None:
    held = docx.Document()
    held.add_paragraph("Call before.")
    assert format_of(word(held), "letter.zip").name == "docx"


@pytest.mark.parametrize(("cut", "code"), [(0, "empty_file"), (2_000, "broken_file")])
def test_a_word_file_that_is_cut_off_is_named(tmp_path: Path, cut: int, code: str) -> None:
    held = docx.Document()
    held.add_paragraph("Call before.")
    (tmp_path / "a.docx").write_bytes(word(held)[:cut])
    assert rejected(tmp_path / "a.docx") == [code]


RTF = r"""{\rtf1\ansi\ansicpg1252{\info{\title Rate confirmation}}{\fonttbl{\f0 Arial;}}
\pard Carrier \b Bluestem\b0  of Caf\'e9 du Nord\par
\trowd\cellx100\cellx200\cellx300\intbl Load #\cell Origin\cell Rate\cell\row
\trowd\cellx100\cellx200\cellx300\intbl LD-1\cell Gary, IN\cell $1,200.00\cell\row
\trowd\cellx100\cellx200\cellx300\intbl LD-2\cell Reno, NV\cell $900.00\cell\row
\pard Call before.\par}"""


def test_rtf_gives_paragraphs_and_tables() -> None:
    found = document(RTF, "a.rtf")
    assert found.title == "Rate confirmation"
    assert [block.text for block in found.blocks] == ["Carrier Bluestem of Café du Nord", LINES, "Call before."]
    assert format_of(RTF.encode(), "a.txt").name == "rtf"


@pytest.mark.parametrize(
    ("data", "code"), [(b"", "broken_file"), (b"Dear Ann", "broken_file"), (b"{\\rtf1 " + b"{" * 200_000, "empty_file")]
)
def test_rtf_that_is_none_is_named(data: bytes, code: str) -> None:
    with pytest.raises(ReadError) as raised:
        list(format_of(b"", "a.rtf").parts(io.BytesIO(data), FileInfo("a.rtf", LIMITS)))
    assert raised.value.code == code
