"""PDF (ISO 32000): text in reading order, tables, form fields and notes of each page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from apex_cli.formats.format import FileInfo, Format
from apex_cli.formats.part import Part

_MAGIC = b"%PDF-"
_LEADING = b"\xef\xbb\xbf\0\r\n\t "


class _Pdf(Format):
    name = "pdf"
    extensions = (".pdf",)
    extra = "documents"
    isolated = True

    def recognises(self, head: bytes, file: BinaryIO) -> bool:  # noqa: ARG002 - the beginning decides
        return head.lstrip(_LEADING).startswith(_MAGIC)

    def parts(self, file: BinaryIO, info: FileInfo) -> Iterator[Part]:
        from apex_cli.formats.pdf import document

        return document.parts(file, info)


FORMAT = _Pdf()
