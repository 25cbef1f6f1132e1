"""A PDF from the file to the answer: its pages are shown, and what stands in its tables is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from fpdf import FPDF

from tests.acceptance.apex import run

pytestmark = pytest.mark.any_engine


def rate_confirmation(path: Path) -> Path:
    """Two pages: the load as a table, and the terms."""
    made = FPDF(format="letter")
    made.set_font("Helvetica", size=10)
    made.add_page()
    made.cell(0, 8, "Rate Confirmation LD-1001", new_x="LMARGIN", new_y="NEXT")
    for row in (("PO #", "Container", "Rate"), ("4410-A", "MXTU7300553", "$1,200.00")):
        for cell in row:
            made.cell(50, 6, cell, border=1)
        made.ln(6)
    made.add_page()
    made.multi_cell(0, 5, "Detention is paid after two free hours, with a written approval of the broker.")
    made.output(str(path))
    return path


def test_a_pdf_is_found_by_its_page(home: Path, tmp_path: Path) -> None:
    path = rate_confirmation(tmp_path / "rate-con.pdf")
    [line] = run(home, "ingest", path, "--json").expect(0).of("record")
    assert (line["status"], line["source"]) == ("committed", "document")
    [again] = run(home, "ingest", path, "--json").expect(0).of("record")
    assert again["status"] == "unchanged"

    hit = run(home, "search", "when is detention paid", "--json").expect(0).lines[0]
    assert (hit["record_id"], hit["place"]) == (line["record_id"], "rate-con.pdf, page 2")
    assert "rate-con.pdf, page 2" in run(home, "search", "when is detention paid").expect(0).stdout

    [record] = run(home, "get", line["record_id"], "--json").expect(0).lines
    assert {point["place"] for point in record["stores"]["vectors"]} == {"rate-con.pdf, page 1", "rate-con.pdf, page 2"}
    shown = run(home, "get", line["record_id"]).expect(0).stdout
    assert "rate-con.pdf, page 1: " in shown
    assert "PO #: 4410-A | Container: MXTU7300553 | Rate: $1,200.00" in shown
    assert "blocks" not in shown

    facts = run(home, "facts", "MXTU7300553", "--json").expect(0).of("fact")
    assert [fact["predicate"] for fact in facts] == ["HAS_REFERENCE"]


def test_broken_files_fail_alone_beside_good_ones(home: Path, tmp_path: Path) -> None:
    rate_confirmation(tmp_path / "good.pdf")
    (tmp_path / "cut.pdf").write_bytes((tmp_path / "good.pdf").read_bytes()[:900])
    lines = run(home, "ingest", tmp_path, "--json").expect(3).of("record")
    assert sorted(line["status"] for line in lines) == ["committed", "failed"]
    [failed] = [line for line in lines if line["status"] == "failed"]
    assert failed["error"]["code"] == "broken_file"
