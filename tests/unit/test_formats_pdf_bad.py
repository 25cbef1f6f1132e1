"""PDF files that are broken, locked, or made to do harm: each is a named error, in bounded time and memory."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator

import pytest

from apex_cli.errors import ReadError
from apex_cli.extract.cuts import LEFT_OUT
from apex_cli.formats.format import FileInfo
from apex_cli.formats.isolation import Isolation
from apex_cli.formats.part import Document, Ignored, Part
from apex_cli.formats.pdf import FORMAT
from apex_cli.formats.pdf.document import MOST_PAGES
from apex_cli.input_rules import ReadLimits
from tests.pdf_files import CATALOG, FONT, ONE_PAGE, locked, page, page_of, pdf, stream, text_page

LIMITS = ReadLimits(10_000_000, 10_000_000, 100, parse_timeout=20, parse_memory=768 * 1024**2)
GOOD = text_page((72, 700, "Load LD-1"))
SHOW = b"BT /F1 10 Tf 72 700 Td (Load LD-1) Tj ET "


@pytest.fixture(scope="module")
def isolation() -> Iterator[Isolation]:
    made = Isolation()
    yield made
    made.close()


def read(isolation: Isolation, data: bytes, limits: ReadLimits = LIMITS) -> list[Part]:
    return list(isolation.parts(FORMAT, io.BytesIO(data), FileInfo("file.pdf", limits)))


def text(parts: list[Part]) -> str:
    (document,) = parts
    assert isinstance(document, Document)
    return "\n".join(block.text for block in document.blocks)


def refused(isolation: Isolation, data: bytes, limits: ReadLimits = LIMITS) -> ReadError:
    began = time.monotonic()
    with pytest.raises(ReadError) as caught:
        read(isolation, data, limits)
    assert time.monotonic() - began < 60
    assert text(read(isolation, GOOD)) == "Load LD-1"
    return caught.value


def test_a_password_is_named_with_what_to_do(isolation: Isolation) -> None:
    error = refused(isolation, locked("user"))
    assert error.code == "encrypted"
    assert "without the password" in (error.hint or "")


def test_a_file_that_anyone_may_open_is_read(isolation: Isolation) -> None:
    assert text(read(isolation, locked(""))) == "Load LD-1"


@pytest.mark.parametrize("part", [0.05, 0.3, 0.6, 0.9, 0.97])
def test_a_file_that_ends_in_the_middle(isolation: Isolation, part: float) -> None:
    error = refused(isolation, GOOD[: int(len(GOOD) * part)])
    assert error.code == "broken_file"


def test_a_change_that_ends_in_the_middle(isolation: Isolation) -> None:
    changed = GOOD + b"6 0 obj\n<< /Type /Page >>\nendobj\nxref\n"
    assert "ends in the middle" in refused(isolation, changed).message


@pytest.mark.parametrize("after", [b"", b"\r\n\r\n", b"\0" * 500, b"\n-- \nsent from a scanner\n"])
def test_what_gateways_add_behind_a_file_does_no_harm(isolation: Isolation, after: bytes) -> None:
    assert text(read(isolation, GOOD + after)) == "Load LD-1"


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7\n%%EOF",
        b"PK\x03\x04 no PDF at all startxref %%EOF",
        pdf([CATALOG, b"<< /Type /Pages /Kids [] /Count 0 >>"]),
        pdf([CATALOG, b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"]),
        pdf([CATALOG, b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>"]),
    ],
    ids=["nothing", "another format", "no pages", "pages in a circle", "a page that is not there"],
)
def test_broken(isolation: Isolation, data: bytes) -> None:
    assert refused(isolation, data).code == "broken_file"


def test_one_page_that_cannot_be_read_is_said_and_the_others_are_read(isolation: Isolation) -> None:
    pages = b"<< /Type /Pages /Kids [4 0 R 9 0 R] /Count 2 >>"
    (document,) = read(isolation, pdf([CATALOG, pages, FONT, page(), stream(SHOW)]))
    assert isinstance(document, Document)
    assert text([document]) == "Load LD-1"
    assert document.notes == (f"{LEFT_OUT}page 2 cannot be read",)


@pytest.mark.parametrize("count", [-5, 1_000_000_000])
def test_a_count_of_pages_that_is_not_true(isolation: Isolation, count: int) -> None:
    pages = b"<< /Type /Pages /Kids [4 0 R] /Count %d >>" % count
    assert text(read(isolation, pdf([CATALOG, pages, FONT, page(), stream(SHOW)]))) == "Load LD-1"


def test_too_many_pages(isolation: Isolation) -> None:
    kids = b"4 0 R " * (MOST_PAGES + 1)
    pages = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, MOST_PAGES + 1)
    assert refused(isolation, pdf([CATALOG, pages, FONT, page(), stream(SHOW)])).code == "too_large"


def test_a_tree_of_pages_5000_deep(isolation: Isolation) -> None:
    deep = [b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % (number + 3) for number in range(5_000)]
    assert refused(isolation, pdf([CATALOG, *deep, page()])).code == "broken_file"


def test_an_object_100000_deep(isolation: Isolation) -> None:
    pages = b"<< /Type /Pages /Kids [4 0 R] /Count 1 /X %s >>" % (b"[" * 100_000 + b"]" * 100_000)
    assert text(read(isolation, pdf([CATALOG, pages, FONT, page(), stream(SHOW)]))) == "Load LD-1"


def test_a_content_that_unpacks_to_a_gigabyte(isolation: Isolation) -> None:
    assert refused(isolation, page_of(b" " * 1024**3)).code == "too_large"


def test_a_million_pieces_of_text_on_one_page(isolation: Isolation) -> None:
    drawn = b"BT /F1 10 Tf 72 700 Td " + b"(Load LD-1) Tj " * 1_000_000 + b"ET"
    assert refused(isolation, page_of(drawn)).code in ("too_large", "too_slow")


def test_forms_that_draw_forms_that_draw_forms(isolation: Isolation) -> None:
    fields = b"/Subtype /Form /BBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> /XObject << /X %d 0 R >> >>"
    forms = [stream(b"/X Do " * 10 if level < 8 else SHOW, fields % (7 + level)) for level in range(9)]
    made = pdf([CATALOG, ONE_PAGE, FONT, page(b"/XObject << /X 6 0 R >>"), stream(b"/X Do " * 10), *forms])
    assert refused(isolation, made).code in ("too_large", "too_slow")


def test_a_page_that_never_ends(isolation: Isolation) -> None:
    quick = ReadLimits(10_000_000, 10_000_000, 100, parse_timeout=0.5, parse_memory=2 * 1024**3)
    error = refused(isolation, page_of(b"q Q " * 60_000_000), quick)
    assert error.code == "too_slow"
    assert "APEX_PARSE_TIMEOUT" in (error.hint or "")


def test_a_page_with_a_hundred_thousand_lines_is_read_without_them(isolation: Isolation) -> None:
    drawn = b"".join(b"%d %d m %d %d l S " % (n % 600, n % 700, n % 600 + 50, n % 700) for n in range(100_000))
    assert text(read(isolation, page_of(drawn + SHOW))) == "Load LD-1"


def test_a_page_as_large_as_a_country(isolation: Isolation) -> None:
    made = page(box=b"0 0 1000000000 1000000000")
    assert text(read(isolation, pdf([CATALOG, ONE_PAGE, FONT, made, stream(SHOW)]))) == "Load LD-1"


def test_a_script_is_not_run_and_nothing_of_it_is_text(isolation: Isolation) -> None:
    catalog = b"<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (while (true) {}) >> >>"
    assert text(read(isolation, pdf([catalog, ONE_PAGE, FONT, page(), stream(SHOW)]))) == "Load LD-1"


def test_five_hundred_pages_take_no_more_memory_than_fifty(isolation: Isolation) -> None:
    """The limit of memory holds for what 500 pages need as it does for 50: pages are closed one by one."""
    tight = ReadLimits(10_000_000, 10_000_000, 100, parse_memory=160 * 1024**2)
    drawn = (
        b"BT /F1 8 Tf 72 770 Td 10 TL " + b"(The carrier shall deliver the freight in good order.) Tj T* " * 70 + b"ET"
    )
    pages = b"<< /Type /Pages /Kids [%s] /Count 500 >>" % (b"4 0 R " * 500)
    fresh = Isolation()
    try:
        (document,) = read(fresh, pdf([CATALOG, pages, FONT, page(), stream(drawn)]), tight)
    finally:
        fresh.close()
    assert isinstance(document, Document)
    assert {block.place for block in document.blocks} == {f"page {number}" for number in range(1, 501)}


def test_nothing_but_white_space(isolation: Isolation) -> None:
    (part,) = read(isolation, page_of(b"BT /F1 10 Tf 72 700 Td (   ) Tj ET"))
    assert isinstance(part, Ignored)
