"""CSV, TSV and what else has delimiters: a row is an object. Read as a stream, in memory bounded by one row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import TextIOBase
from pathlib import PurePath
from typing import BinaryIO

from apex_cli.extract import column_heads
from apex_cli.formats.decoding import decoded_head, open_text, refuse_empty
from apex_cli.formats.format import FileInfo, Format
from apex_cli.formats.part import Part, Unreadable
from apex_cli.formats.sheets import delimited_rows
from apex_cli.formats.sheets.delimited_rows import SAMPLED, BrokenRow, Dialect
from apex_cli.formats.sheets.table import SheetRow, table_of

_FEWEST_KNOWN = 3
_RULE = re.compile(r"[\s|:=+-]*")


class _Delimited(Format):
    name = "csv"
    extensions = (".csv", ".tsv", ".tab", ".psv")

    def recognises(self, head: bytes, file: BinaryIO) -> bool:  # noqa: ARG002 - the beginning decides
        """Text of another name whose first line is known heads, and whose other lines have as many cells."""
        first = head.partition(b"\n")[0]
        if len(first) > 8_000 or not any(mark.encode() in first for mark in delimited_rows.DELIMITERS):
            return False
        text = decoded_head(head)
        lines = text.splitlines()[:20]
        if len(lines) < 2 or lines[0].lstrip()[:1] in "{[<|" or _RULE.fullmatch(lines[1]):
            return False
        dialect = delimited_rows.dialect_of("\n".join(lines), "")
        rows = list(dialect.parsed(iter(lines[: -1 if len(lines) > 2 else None])))
        return (
            dialect.width >= _FEWEST_KNOWN
            and all(len(row) == dialect.width for row in rows if row)
            and column_heads.known(rows[0]) >= max(_FEWEST_KNOWN, dialect.width / 2)
        )

    def parts(self, file: BinaryIO, info: FileInfo) -> Iterator[Part]:
        text, notes = open_text(file)
        try:
            sample = text.read(SAMPLED)
            refuse_empty(sample)
            dialect = delimited_rows.dialect_of(sample, PurePath(info.name).suffix.lower())
            del sample
            text.seek(0)
            table = table_of(_rows(text, dialect, info.limits.max_record_bytes), is_table=True, notes=notes)
            if table is not None:
                yield from table.parts()
        finally:
            text.detach()


def _rows(text: TextIOBase, dialect: Dialect, longest: int) -> Iterator[SheetRow | Unreadable]:
    for row in delimited_rows.rows(text, dialect, longest):
        if isinstance(row, BrokenRow):
            yield Unreadable(f"row {row.number}", row.error)
        elif not (row.number == 1 and len(row.cells) == 1 and row.cells[0].lower().startswith("sep=")):
            yield SheetRow(row.number, [cell.strip() for cell in row.cells])


FORMAT = _Delimited()
