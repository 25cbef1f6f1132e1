"""PDF: reading order, columns, tables, headings, form fields and notes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Literal

import pytest
from fpdf import FPDF

from apex_cli.extract.cuts import LEFT_OUT
from apex_cli.formats.format import FileInfo
from apex_cli.formats.part import Document
from apex_cli.formats.pdf import FORMAT
from apex_cli.input_rules import ReadLimits
from tests.pdf_files import CATALOG, FONT, ONE_PAGE, page, page_of, pdf, stream, text_page

LIMITS = ReadLimits(10_000_000, 10_000_000, 100)
TERMS = "The carrier shall deliver the freight in good order and without delay to the named receiver. "
LEFT = "the left column of the page goes on here in line {}"
RIGHT = "while the right column has other words in line {}"


def read(data: bytes) -> Document:
    (part,) = FORMAT.parts(io.BytesIO(data), FileInfo("file.pdf", LIMITS))
    assert isinstance(part, Document)
    return part


def texts(data: bytes) -> list[str]:
    return [block.text for block in read(data).blocks]


def lines(data: bytes) -> list[str]:
    return [line for text in texts(data) for line in text.split("\n")]


def paper() -> FPDF:
    made = FPDF(format="letter")
    made.set_font("Helvetica", size=10)
    made.add_page()
    return made


def finished(made: FPDF) -> bytes:
    return bytes(made.output())


def rows(made: FPDF, *table: Sequence[str], width: float = 45, border: Literal[0, 1] = 0) -> None:
    for row in table:
        for cell in row:
            made.cell(width, 6, cell, border=border)
        made.ln(6)


class TestText:
    def test_paragraphs_run_on_and_pages_are_places(self) -> None:
        made = paper()
        made.multi_cell(0, 5, TERMS * 4)
        made.ln(5)
        made.multi_cell(0, 5, "Second paragraph.")
        made.add_page()
        made.multi_cell(0, 5, "On the next page.")
        blocks = read(finished(made)).blocks
        assert [(block.place, block.text) for block in blocks] == [
            ("page 1", (TERMS * 4).strip()),
            ("page 1", "Second paragraph."),
            ("page 2", "On the next page."),
        ]

    def test_lines_that_are_not_full_stay_lines(self) -> None:
        assert texts(text_page((72, 700, "Acme Manufacturing"), (72, 688, "12 Main St"), (72, 676, "Chicago, IL"))) == [
            "Acme Manufacturing\n12 Main St\nChicago, IL"
        ]

    def test_what_is_drawn_last_is_read_where_it_stands(self) -> None:
        assert lines(text_page((72, 600, "third"), (72, 700, "first"), (72, 650, "second"))) == [
            "first", "second", "third",
        ]  # fmt: skip

    def test_a_word_cut_by_a_hyphen_is_whole_and_an_identifier_keeps_its_own(self) -> None:
        made = text_page(
            (72, 700, "the carrier delivers at the time of the appoint-"), (72, 688, "ment, and the number is LD-"),
            (72, 676, "1001 in all papers"),
        )  # fmt: skip
        assert texts(made) == [
            "the carrier delivers at the time of the appointment, and the number is LD-1001 in all papers"
        ]

    def test_headings_are_what_is_larger_than_the_text(self) -> None:
        made = paper()
        for size, text in ((18, "Rate Agreement"), (13, "1. Payment"), (10, TERMS * 3), (13, "2. Claims"), (10, TERMS)):
            made.set_font("Helvetica", size=size)
            made.multi_cell(0, size / 2, text, new_x="LMARGIN", new_y="NEXT")
            made.ln(2)
        found = [(block.heading_path, block.text[:12]) for block in read(finished(made)).blocks]
        assert found == [
            ((), "Rate Agreeme"),
            (("Rate Agreement",), "1. Payment"),
            (("Rate Agreement", "1. Payment"), "The carrier "),
            (("Rate Agreement",), "2. Claims"),
            (("Rate Agreement", "2. Claims"), "The carrier "),
        ]

    @pytest.mark.parametrize("rotation", [0, 90, 180, 270])
    def test_a_page_that_is_turned_reads_the_same(self, rotation: int) -> None:
        # A page is turned for the reader: what it draws is turned back by the same angle.
        turn = {0: b"1 0 0 1 0 0", 90: b"0 1 -1 0 612 0", 180: b"-1 0 0 -1 612 792", 270: b"0 -1 1 0 0 792"}[rotation]
        drawn = b"q %s cm BT /F1 10 Tf 72 500 Td (Load LD-1 to Gary, IN) Tj 0 -40 Td (PO 4410) Tj ET Q" % turn
        turned = page().replace(b"/Type /Page ", b"/Type /Page /Rotate %d " % rotation)
        assert lines(pdf([CATALOG, ONE_PAGE, FONT, turned, stream(drawn)])) == ["Load LD-1 to Gary, IN", "PO 4410"]

    def test_letters_of_other_languages(self) -> None:
        assert lines(text_page((72, 700, "Señal: Córdoba, Münster, 12 €"))) == ["Señal: Córdoba, Münster, 12 €"]


class TestColumns:
    @pytest.mark.parametrize("by_row", [True, False])
    def test_two_columns_are_read_one_after_the_other(self, by_row: bool) -> None:
        left = [(72.0, 700.0 - 12 * n, LEFT.format(n)) for n in range(8)]
        right = [(330.0, 700.0 - 12 * n, RIGHT.format(n)) for n in range(8)]
        drawn = [piece for pair in zip(left, right, strict=True) for piece in pair] if by_row else [*left, *right]
        text = " ".join(
            texts(text_page((72, 760, "A title that stands across both of the columns of the page"), *drawn))
        )
        order = [text.index(LEFT.format(n)) for n in range(8)] + [text.index(RIGHT.format(n)) for n in range(8)]
        assert order == sorted(order)

    def test_columns_whose_lines_stand_at_other_heights(self) -> None:
        left = [(72.0, 700.0 - 12 * n, f"short {n}") for n in range(6)]
        right = [(330.0, 705.0 - 14 * n, f"other {n}") for n in range(6)]
        text = " ".join(texts(text_page(*left, *right)))
        assert text.index("short 5") < text.index("other 0")

    def test_addresses_side_by_side(self) -> None:
        shipper = ("SHIPPER", "Acme Manufacturing", "12 Main St", "Chicago, IL 60601")
        consignee = ("CONSIGNEE", "Beta Foods LLC", "400 Oak Ave", "Dallas, TX 75201")
        made = text_page(
            *((72, 700 - 12 * n, line) for n, line in enumerate(shipper)),
            *((330, 700 - 12 * n, line) for n, line in enumerate(consignee)),
        )
        assert lines(made) == [*shipper, *consignee]

    def test_the_rows_of_a_form_stay_rows(self) -> None:
        made = paper()
        rows(
            made,
            ("Load #:", "LD-1001", "Date:", "10/19/2025"),
            ("Carrier:", "Lakeshore Haulage", "MC:", "774120"),
            ("Commodity:", "frozen poultry in boxes", "Weight:", "41,200 lbs"),
        )
        assert lines(finished(made)) == [
            "Load #: LD-1001 | Date: 10/19/2025",
            "Carrier: Lakeshore Haulage | MC: 774120",
            "Commodity: frozen poultry in boxes | Weight: 41,200 lbs",
        ]

    def test_a_label_and_its_value(self) -> None:
        made = paper()
        rows(made, ("Carrier", "Lakeshore Haulage"), ("Rate", "$1,200.00"), width=60)
        assert lines(finished(made)) == ["Carrier: Lakeshore Haulage", "Rate: $1,200.00"]


HEADS = ("Load #", "Origin", "Destination", "Rate")
FIRST = ("LD-1001", "Chicago, IL", "Indianapolis, IN", "$1,200.00")
SECOND = ("LD-1002", "Gary, IN", "Dallas, TX", "$900.00")
TABLE = [
    "Load #: LD-1001 | Origin: Chicago, IL | Destination: Indianapolis, IN | Rate: $1,200.00",
    "Load #: LD-1002 | Origin: Gary, IN | Destination: Dallas, TX | Rate: $900.00",
]


class TestTables:
    @pytest.mark.parametrize("border", [0, 1])
    def test_rows_have_their_heads_with_and_without_rules(self, border: Literal[0, 1]) -> None:
        made = paper()
        made.cell(0, 6, "Loads of this week", new_x="LMARGIN", new_y="NEXT")
        made.ln(8)
        rows(made, HEADS, FIRST, SECOND, border=border)
        made.ln(8)
        made.cell(0, 6, "End of the list.")
        blocks = read(finished(made)).blocks
        assert [block.text for block in blocks] == ["Loads of this week", "\n".join(TABLE), "End of the list."]
        assert [block.by_line for block in blocks] == [False, True, False]

    def test_cells_of_several_lines(self) -> None:
        made = paper()
        with made.table() as table:
            for row in (("Description", "Qty", "Amount"), (TERMS.strip(), "1", "$1,000.00"), ("Fuel", "2", "$200.00")):
                cells = table.row()
                for cell in row:
                    cells.cell(cell)
        assert lines(finished(made)) == [
            f"Description: {TERMS.strip()} | Qty: 1 | Amount: $1,000.00",
            "Description: Fuel | Qty: 2 | Amount: $200.00",
        ]

    def test_merged_cells_and_a_title_above_the_heads(self) -> None:
        made = paper()
        made.cell(135, 6, "Open loads", border=1, new_x="LMARGIN", new_y="NEXT")
        rows(made, ("Load", "Origin", "Rate"), ("LD-1001", "Chicago, IL", "$1,200.00"), border=1)
        made.cell(90, 6, "Total", border=1)
        made.cell(45, 6, "$1,200.00", border=1)
        assert lines(finished(made)) == [
            "Open loads",
            "Load: LD-1001 | Origin: Chicago, IL | Rate: $1,200.00",
            "Load: Total | Rate: $1,200.00",
        ]

    def test_a_table_goes_on_over_the_page_under_its_heads(self) -> None:
        made = paper()
        rows(made, HEADS, FIRST, border=1)
        made.add_page()
        rows(made, SECOND, ("LD-1003", "Joliet, IL", "Toledo, OH", "$700.00"), border=1)
        found = read(finished(made)).blocks
        assert [(block.place, block.text.split("\n")[0]) for block in found] == [
            ("page 1", TABLE[0]),
            ("page 2", TABLE[1]),
        ]

    def test_labels_above_their_values_in_boxes(self) -> None:
        made = paper()
        for number, (label, value) in enumerate((("PRO #", "482139055"), ("SEAL", "AX-99812"), ("TRAILER", "53-2201"))):
            made.rect(10 + 60 * number, 20, 60, 12)
            made.text(12 + 60 * number, 24, label)
            made.text(12 + 60 * number, 29, value)
        assert lines(finished(made)) == ["PRO #: 482139055 | SEAL: AX-99812 | TRAILER: 53-2201"]

    def test_a_frame_around_the_page_is_no_table(self) -> None:
        made = paper()
        made.rect(5, 5, 200, 260)
        made.text(20, 20, "Load LD-1001")
        made.line(20, 22, 60, 22)
        made.text(20, 30, "Chicago, IL")
        assert lines(finished(made)) == ["Load LD-1001", "Chicago, IL"]

    def test_no_word_is_lost_in_a_page_full_of_lines(self) -> None:
        made = paper()
        words = [f"w{n}" for n in range(200)]
        for n, word in enumerate(words):
            made.text(12 + 18 * (n % 10), 20 + 9 * (n // 10), word)
            made.rect(10 + 18 * (n % 10), 15 + 9 * (n // 10), 18 + (n % 3) * 5, 9 + (n % 4) * 3)
        found = " ".join(texts(finished(made))).replace("|", " ").replace(":", " ").split()
        assert set(words) <= set(found)


def form(*fields: bytes, annotations: Sequence[bytes] = ()) -> bytes:
    """A page that says "Load #" and "Notes", with fields as given."""
    drawn = b"BT /F1 10 Tf 72 700 Td (Load #) Tj 0 -100 Td (Driver) Tj ET"
    numbers = b" ".join(b"%d 0 R" % (6 + n) for n in range(len(fields) + len(annotations)))
    catalog = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [%s] >> >>" % numbers
    made = page(b"/Annots [%s]" % numbers)
    return pdf([catalog, ONE_PAGE, FONT, made, stream(drawn), *fields, *annotations])


class TestFields:
    def test_values_stand_beside_their_labels(self) -> None:
        field = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (f1) /V (LD-1001) /Rect [130 695 300 712] >>"
        other = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (f2) /V (Ana Ruiz) /Rect [130 595 300 612] >>"
        assert lines(form(field, other)) == ["Load #: LD-1001", "Driver: Ana Ruiz"]

    def test_a_value_without_a_label_has_the_name_of_its_field(self) -> None:
        field = b"<< /Subtype /Widget /FT /Tx /T (form.po) /TU (PO number) /V (4410-A) /Rect [400 300 500 312] >>"
        assert "PO number: 4410-A" in lines(form(field))

    def test_check_boxes(self) -> None:
        on = b"<< /Type /Annot /Subtype /Widget /FT /Btn /T (hazmat) /V /Yes /AS /Yes /Rect [400 300 412 312] >>"
        off = b"<< /Type /Annot /Subtype /Widget /FT /Btn /T (team) /V /Off /AS /Off /Rect [400 200 412 212] >>"
        found = lines(form(on, off))
        assert "hazmat: [x]" in found
        assert not any("team" in line for line in found)

    def test_notes_and_text_boxes(self) -> None:
        box = b"<< /Type /Annot /Subtype /FreeText /Contents (Seal 998812) /Rect [72 300 300 320] >>"
        note = b"<< /Type /Annot /Subtype /Text /Contents (Call before arrival) /Rect [500 700 520 720] >>"
        link = b"<< /Type /Annot /Subtype /Link /Contents (no text) /Rect [500 700 520 720] >>"
        assert lines(form(annotations=(box, note, link))) == [
            "Load #",
            "Driver",
            "Seal 998812",
            "Note: Call before arrival",
        ]


class TestTitle:
    @pytest.mark.parametrize(
        ("given", "title"),
        [
            ("Rate agreement 2025", "Rate agreement 2025"),
            ("Microsoft Word - load.doc", ""),
            ("untitled", ""),
            ("scan0001", ""),
            ("Invoice.xlsx", ""),
            ("2025-10-19", ""),
            ("", ""),
        ],
    )
    def test_the_title_is_what_a_person_gave(self, given: str, title: str) -> None:
        made = paper()
        made.set_title(given)
        made.text(20, 20, "Load LD-1")
        assert read(finished(made)).title == title


def pages_without_text(*numbers: int, of: int) -> bytes:
    """A file with a picture in place of text on some pages."""
    from PIL import Image

    made = FPDF(format="letter")
    made.set_font("Helvetica", size=10)
    for number in range(1, of + 1):
        made.add_page()
        if number in numbers:
            made.image(Image.new("L", (400, 400), 180), 20, 20, 150)
        else:
            made.text(20, 20, f"Text of page {number}")
    return finished(made)


@pytest.mark.usefixtures("without_ocr")
class TestWithoutOcr:
    def test_a_page_without_text_is_said(self) -> None:
        document = read(pages_without_text(3, of=3))
        assert [block.place for block in document.blocks] == ["page 1", "page 2"]
        assert document.notes == (
            f"{LEFT_OUT}page 3 is an image without text; to read such images: pip install '.[ocr]'",
        )
        assert read(pages_without_text(1, 3, 4, 5, of=6)).notes[0].startswith(f"{LEFT_OUT}pages 1, 3-5 are images")

    def test_a_document_without_text_is_passed_over_with_a_way_out(self) -> None:
        (part,) = FORMAT.parts(io.BytesIO(pages_without_text(1, 2, of=2)), FileInfo("scan.pdf", LIMITS))
        assert getattr(part, "note", "") == (
            "a PDF whose 2 pages are images without text; to read such images: pip install '.[ocr]'"
        )

    def test_an_empty_page_is_no_image(self) -> None:
        (part,) = FORMAT.parts(io.BytesIO(page_of(b"")), FileInfo("blank.pdf", LIMITS))
        assert getattr(part, "note", "") == "a PDF without text"
