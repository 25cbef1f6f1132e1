"""A PDF as one document: opened by pdfium, read page by page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from typing import BinaryIO

import pypdfium2  # type: ignore[import-untyped]  # it ships no types
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]  # it ships no types

from apex_cli.errors import ReadError
from apex_cli.extract.cuts import LEFT_OUT
from apex_cli.formats.format import FileInfo, read_all
from apex_cli.formats.part import Document, Ignored, Part
from apex_cli.formats.pdf.pages import MOST_CHARACTERS, Pages

MOST_PAGES = 5_000
_LONGEST_TITLE = 300
_OBJECT = re.compile(rb"\d\s+obj\b")
# What programs write where no title was given: "Microsoft Word - load.doc", "untitled", "scan0001", "Invoice.xlsx".
_JUNK_TITLE = re.compile(
    r"^(?:microsoft|untitled|document\s*\d*$|scan|img|image|powerpoint|print|about:|https?:|file:|none$|null$|title$)"
    r"|^[\W\d]*$|\.(?:pdf|docx?|xlsx?|pptx?|rtf|txt|html?|tiff?|jpe?g|png|dwg|indd|qxd|rpt|tmp)$",
    re.IGNORECASE,
)


def parts(file: BinaryIO, info: FileInfo) -> Iterator[Part]:
    """The document of a PDF, or why there is nothing to read in it.

    Raises `ReadError`: `encrypted`, `broken_file`, `too_large`.
    """
    with closing(_opened(read_all(file, info.limits), info.name)) as pdf:
        count = _page_count(pdf, info.name)
        pages = Pages(pdf)
        blocks = []
        characters = 0
        for number in range(count):
            for block in pages.blocks(number):
                blocks.append(block)
                characters += len(block.text)
            if characters > MOST_CHARACTERS:
                raise ReadError(
                    f"{info.name} has more than {MOST_CHARACTERS:,} characters of text",
                    hint="split it",
                    code="too_large",
                )
            info.alive()
        if len(pages.broken) == count:
            raise ReadError(f"none of the pages of {info.name} can be read", code="broken_file")
        if blocks:
            yield Document(blocks, title=_title(pdf), notes=(*pages.notes(), *_form_notes(pdf)), ocr=pages.ocr_result())
        else:
            yield Ignored("", pages.why_empty())


def _opened(data: bytes, name: str) -> pypdfium2.PdfDocument:
    if _is_cut_off(data):
        raise ReadError(
            f"{name} ends in the middle: its last part is missing", hint="fetch it again", code="broken_file"
        )
    try:
        pdf = pypdfium2.PdfDocument(data)
        pdf.init_forms()
    except pypdfium2.PdfiumError as error:
        # pdfium may still give the code of the file before: only one that names its encryption can be encrypted.
        if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY) and b"/Encrypt" in data:
            raise ReadError(
                f"{name} is protected by a password", hint="save it without the password", code="encrypted"
            ) from error
        raise ReadError(f"{name} cannot be read as a PDF", hint="is the file damaged?", code="broken_file") from error
    return pdf


def _is_cut_off(data: bytes) -> bool:
    """Whether the end of the file is missing, and with it pages or their newest version: pdfium would not say so.

    A file ends with a table of its objects and `%%EOF`; one that was changed has several of these. White space and what
    a mail gateway adds may follow.
    """
    end = data.rfind(b"%%EOF")
    return data.rfind(b"startxref") < 0 if end < 0 else _OBJECT.search(data, end) is not None


def _page_count(pdf: pypdfium2.PdfDocument, name: str) -> int:
    count = len(pdf)
    if count < 1:
        raise ReadError(f"{name} has no pages", hint="is the file damaged?", code="broken_file")
    if count > MOST_PAGES:
        raise ReadError(f"{name} has more than {MOST_PAGES:,} pages", hint="split it", code="too_large")
    return count


def _title(pdf: pypdfium2.PdfDocument) -> str:
    """The title that the file gives, where a person gave it."""
    title = " ".join(str(pdf.get_metadata_value("Title")).replace("\0", "").split())
    return "" if len(title) > _LONGEST_TITLE or _JUNK_TITLE.search(title) else title


def _form_notes(pdf: pypdfium2.PdfDocument) -> Iterator[str]:
    if pdf.get_formtype() == pdfium.FORMTYPE_XFA_FULL:
        yield f"{LEFT_OUT}what its XFA form shows beyond the pages of the PDF"
