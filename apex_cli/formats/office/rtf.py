"""Rich Text Format (RTF 1.9): its paragraphs and tables, by striprtf. Pictures and embedded objects are left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import BinaryIO

from apex_cli.errors import ReadError
from apex_cli.formats.format import FileInfo, Format, read_all
from apex_cli.formats.office.flow import Flow
from apex_cli.formats.office.table_rows import TableRows
from apex_cli.formats.part import Document, Part

_TITLE = re.compile(r"\{\\title[ \r\n]([^{}\\]{1,300})\}")
_CELL = "|"


class _Rtf(Format):
    name = "rtf"
    extensions = (".rtf",)
    magic = (b"{\\rtf",)
    extra = "documents"
    isolated = True

    def parts(self, file: BinaryIO, info: FileInfo) -> Iterator[Part]:
        from striprtf import striprtf

        data = read_all(file, info.limits)
        if not data.lstrip().startswith(self.magic):
            raise ReadError(f"{info.name} does not begin as RTF does", hint="is it damaged?", code="broken_file")
        # RTF is ASCII: other characters are escaped, in the code page that it names.
        source = data.decode("latin-1")
        to_text: Callable[..., str] = striprtf.rtf_to_text
        text = to_text(source, errors="replace")
        info.alive()
        flow = Flow()
        for is_row, lines in groupby(text.split("\n"), key=lambda line: line.rstrip().endswith(_CELL)):
            if is_row:
                flow.text(_table(lines), by_line=True)
                continue
            for line in lines:
                flow.text(line)
        blocks = flow.end()
        if not blocks:
            raise ReadError("the document has no text", code="empty_file")
        title = _TITLE.search(source)
        yield Document(blocks, title=" ".join(title[1].split()) if title else "")


FORMAT = _Rtf()


def _table(lines: Iterator[str]) -> str:
    rows = TableRows()
    for line in lines:
        rows.begin_row()
        for cell in line.rstrip().removesuffix(_CELL).split(_CELL):
            rows.add(" ".join(cell.split()))
    return rows.text()
