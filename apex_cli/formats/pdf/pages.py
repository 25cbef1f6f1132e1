"""The pages of an open PDF: the text that it holds, or that of their image."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pypdfium2  # type: ignore[import-untyped]  # it ships no types
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]  # it ships no types

from apex_cli.extract.cuts import LEFT_OUT
from apex_cli.formats import ocr
from apex_cli.formats.chunks import MAXIMUM, MOST_CHUNKS
from apex_cli.formats.pages.elements import Element
from apex_cli.formats.pages.layout import arranged
from apex_cli.formats.pages.paragraphs import SCANNED, Blocks
from apex_cli.formats.part import Block, OcrResult
from apex_cli.formats.pdf.cells import with_tables
from apex_cli.formats.pdf.fields import written
from apex_cli.formats.pdf.rules import PageObjects, grids, page_objects
from apex_cli.formats.pdf.textlines import PageText

MOST_CHARACTERS = MOST_CHUNKS * MAXIMUM
"""A document with more text cannot be cut into chunks."""
_FEW_CHARACTERS = 200
"""Characters up to which a page with a large image is a scan with a stamp on it: "Page 1 of 3, 19 Oct 14:23, fax"."""
_LARGE_IMAGE = 0.5
_MANY_SHAPES = 10
"""Drawn shapes from which a page without text may have its letters drawn."""
_MOST_UNREADABLE = 0.3
# Characters of fonts that do not say what their letters mean: the private use area, and "unknown character".
_UNREADABLE = re.compile("[\ue000-\uf8ff\ufffd\x01-\x08\x0e-\x1f]")
_POINTS_PER_INCH = 72
_PIXELS_PER_INCH = 200


class Pages:
    """Reads the pages of a PDF in their order. `broken` are the numbers of those that cannot be loaded, from 1."""

    def __init__(self, pdf: pypdfium2.PdfDocument) -> None:
        self._pdf = pdf
        self._form = pdf.formenv.raw if pdf.formenv else None
        self._blocks = Blocks()
        self._scanned = Blocks(SCANNED)
        self._unread: list[int] = []
        self._reads_images = ocr.is_installed()
        self._tally: Any = None
        self.broken: list[int] = []

    def blocks(self, index: int) -> Iterator[Block]:
        """The blocks of the page at an index from 0."""
        place = f"page {index + 1}"
        with _open(self._pdf, index, self._form) as opened:
            if opened is None:
                self.broken.append(index + 1)
                return
            page, textpage = opened
            rotation = pdfium.FPDFPage_GetRotation(page) * 90
            text = PageText(textpage, rotation)
            objects = page_objects(page, rotation)
            if _is_image(text.text, text.is_clean, objects, page):
                if self._reads_images:
                    yield from self._scanned.of_page(arranged(self._of_image(index)), place)
                    return
                self._unread.append(index + 1)
            tables = grids(objects.edges)
            elements = with_tables(text.elements(tables), tables)
            values, remarks = written(page, self._form, rotation, elements)
            yield from self._blocks.of_page(arranged([*elements, *values]), place)
            for remark in remarks:
                yield self._blocks.plain(remark, place)

    def _of_image(self, index: int) -> list[Element]:
        from apex_cli.formats.ocr import reader

        if self._tally is None:
            self._tally = reader.OcrTally()
        page = self._pdf[index]
        scale = min(_PIXELS_PER_INCH / _POINTS_PER_INCH, reader.LONGEST_SIDE / max(*page.get_size(), 1))
        bitmap = page.render(scale=scale, rev_byteorder=False)
        try:
            return reader.read_image(bitmap.to_numpy().copy(), self._tally)
        finally:
            bitmap.close()
            page.close()

    def ocr_result(self) -> OcrResult | None:
        """How sure OCR is of what it read; None where it read nothing."""
        return self._tally.result() if self._tally else None

    def notes(self) -> Iterator[str]:
        """What was left out, and what OCR read."""
        if self._unread:
            one = len(self._unread) == 1
            what = "is an image without text" if one else "are images without text"
            yield f"{LEFT_OUT}{_pages(self._unread)} {what}; {ocr.hint()}"
        if self.broken:
            yield f"{LEFT_OUT}{_pages(self.broken)} cannot be read"
        if self._tally:
            yield from self._tally.notes()

    def why_empty(self) -> str:
        """Why there is nothing to ingest."""
        if not self._unread:
            return "a PDF without text"
        count = len(self._unread)
        return f"a PDF whose {count:,} page{'s are images' if count > 1 else ' is an image'} without text; {ocr.hint()}"


@contextmanager
def _open(pdf: pypdfium2.PdfDocument, index: int, form: Any) -> Iterator[tuple[Any, Any] | None]:
    """The handles of a page and of its text; None where pdfium cannot load it."""
    page = pdfium.FPDF_LoadPage(pdf.raw, index)
    textpage = pdfium.FPDFText_LoadPage(page) if page else None
    if form and page:
        pdfium.FORM_OnAfterLoadPage(page, form)
    try:
        yield (page, textpage) if textpage else None
    finally:
        if form and page:
            pdfium.FORM_OnBeforeClosePage(page, form)
        if textpage:
            pdfium.FPDFText_ClosePage(textpage)
        if page:
            pdfium.FPDF_ClosePage(page)


def _is_image(text: str, is_clean: bool, objects: PageObjects, page: Any) -> bool:
    """Whether the text of a page is in its image only."""
    visible = len(text) - sum(text.count(space) for space in " \r\n")
    if visible == 0:
        return bool(objects.images) or objects.shapes >= _MANY_SHAPES
    if not is_clean and len(_UNREADABLE.findall(text)) > _MOST_UNREADABLE * visible:
        return True
    if visible > _FEW_CHARACTERS or not objects.images:
        return False
    width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
    largest = max((x1 - x0) * (bottom - top) for x0, top, x1, bottom in objects.images)
    return largest > _LARGE_IMAGE * float(width * height)


def _pages(numbers: Sequence[int]) -> str:
    """Numbers in words: "page 3", "pages 3, 5-9"."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    shown = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges[:10])
    return f"page{'s' if len(numbers) > 1 else ''} {shown}{', …' if len(ranges) > 10 else ''}"
