"""PDF: the pieces of lines are those that the places of all words show, however few of them were looked up."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pypdfium2  # type: ignore[import-untyped]
import pytest
from fpdf import FPDF
from hypothesis import given
from hypothesis import strategies as st

from apex_cli.formats.format import FileInfo
from apex_cli.formats.part import Document
from apex_cli.formats.pdf import FORMAT
from apex_cli.formats.pdf.calls import turned
from apex_cli.formats.pdf.textlines import GAP, PageText
from apex_cli.input_rules import ReadLimits
from tests.pdf_files import CATALOG, FONT, ONE_PAGE, page, pdf, stream

LIMITS = ReadLimits(10_000_000, 10_000_000, 100)
TURNS = {0: b"1 0 0 1 0 0", 90: b"0 1 -1 0 612 0", 180: b"-1 0 0 -1 612 792", 270: b"0 -1 1 0 0 792"}
PHRASES = ("Load #:", "LD-1001", "Chicago, IL", "the carrier reports any delay", "41,200 lbs", "$1,200.00", "of")
phrases = st.sampled_from(PHRASES)
pieces = st.lists(st.tuples(phrases, st.floats(0, 60)), min_size=1, max_size=5)


def drawn(lines: list[list[tuple[str, float]]], size: int, rotation: int) -> bytes:
    """A page with lines, each of some pieces and the white space after each. Every piece is drawn on its own."""
    content = b"q %s cm BT /F1 %d Tf " % (TURNS[rotation], size)
    y = 500.0
    for line in lines:
        x = 60.0
        for text, space in line:
            content += b"1 0 0 1 %.1f %.1f Tm (%s) Tj " % (x, y, text.encode())
            x += len(text) * size * 0.5 + space
        y -= 2 * size
    made = page().replace(b"/Type /Page ", b"/Type /Page /Rotate %d " % rotation)
    return pdf([CATALOG, ONE_PAGE, FONT, made, stream(content + b"ET Q")])


def by_words(textpage: pypdfium2.PdfTextPage, rotation: int) -> Iterator[str]:
    """The pieces of each line, by the places of all of its words."""
    text = textpage.get_text_range()
    for line in re.finditer(r"[^\r\n]+", text):
        held, end = "", None
        for word in re.finditer(r"\S+", line[0]):
            first, last = (
                turned(textpage.get_charbox(line.start() + at, loose=True), rotation)
                for at in (word.start(), word.end() - 1)
            )
            size = first[3] - first[1]
            if end is not None and max(first[0] - end[1], end[0] - last[2]) > GAP * size:
                yield held
                held, end = word[0], (first[0], last[2])
            else:
                held, end = f"{held} {word[0]}".strip(), (end[0] if end else first[0], last[2])
        yield held


@given(st.lists(pieces, min_size=1, max_size=8), st.sampled_from([7, 10, 14]), st.sampled_from([*TURNS]))
def test_lines_are_cut_where_their_words_stand_apart(
    lines: list[list[tuple[str, float]]], size: int, rotation: int
) -> None:
    document = pypdfium2.PdfDocument(drawn(lines, size, rotation))
    textpage = document[0].get_textpage()
    found = [element.text for element in PageText(textpage.raw, rotation).elements()]
    assert found == list(by_words(textpage, rotation))


def read(data: bytes) -> list[str]:
    (part,) = FORMAT.parts(io.BytesIO(data), FileInfo("file.pdf", LIMITS))
    assert isinstance(part, Document)
    return [line for block in part.blocks for line in block.text.split("\n")]


def paper(font: str = "Helvetica", size: int = 10) -> FPDF:
    made = FPDF(format="letter")
    made.set_font(font, size=size)
    made.add_page()
    return made


values = st.sampled_from(["LD-1001", "Chicago, IL", "7", "41,200 lbs", "not later than noon", "$1,200.00"])


@given(st.data(), st.integers(3, 5), st.integers(2, 6), st.booleans())
def test_cells_are_apart_however_near_their_texts_stand(
    data: st.DataObject, columns: int, rows: int, ruled: bool
) -> None:
    table = [data.draw(st.lists(values, min_size=columns, max_size=columns)) for _ in range(rows)]
    heads = ["Load", "Origin", "Weight", "Limit", "Rate"][:columns]
    made = paper()
    for row in [heads, *table]:
        for column, cell in enumerate(row):
            # With rules, a cell is hardly wider than its text: nothing but the rule shows where it ends.
            widest = max(made.get_string_width(line[column]) for line in [heads, *table])
            made.cell(widest + (2.2 if ruled else 12), 6, cell, border=1 if ruled else 0)
        made.ln(6)
    expected = [" | ".join(f"{head}: {cell}" for head, cell in zip(heads, row, strict=True)) for row in table]
    assert read(bytes(made.output())) == expected


@pytest.mark.parametrize("with_rules", [False, True])
def test_a_gap_that_is_drawn_as_blanks_is_one(with_rules: bool) -> None:
    made = paper("Courier", 8)
    for n, row in enumerate(
        (("Load", "Origin", "Rate"), ("LD-1", "Chicago, IL", "$900.00"), ("LD-2", "Gary, IN", "$700.00"))
    ):
        made.text(10, 20 + 4 * n, "".join(cell.ljust(24) for cell in row).rstrip())
    if with_rules:
        made.set_xy(10, 60)
        for cell in ("Seal", "99812", "Dock", "4"):
            made.cell(30, 6, cell, border=1)
    found = read(bytes(made.output()))
    assert found[:2] == [
        "Load: LD-1 | Origin: Chicago, IL | Rate: $900.00",
        "Load: LD-2 | Origin: Gary, IN | Rate: $700.00",
    ]


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_a_text_that_is_turned_on_its_page_stays_whole(angle: int) -> None:
    made = paper()
    made.text(20, 20, "Load LD-1001 of the carrier")
    with made.rotation(angle, 100, 100):
        made.text(100, 100, "WE WARM MY WOOD MWM")
    assert "WE WARM MY WOOD MWM" in read(bytes(made.output()))
