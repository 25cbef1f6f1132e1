"""The format X12: whatever the file is called, it begins with an ISA segment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from apex_cli.formats.format import FileInfo, Format
from apex_cli.formats.part import Part
from apex_cli.formats.x12.interchanges import transaction_sets
from apex_cli.formats.x12.segments import is_interchange, segments


class _X12(Format):
    name = "x12"
    extensions = (".x12", ".edi")

    def recognises(self, head: bytes, file: BinaryIO) -> bool:  # noqa: ARG002 - the head decides
        return is_interchange(head)

    def parts(self, file: BinaryIO, info: FileInfo) -> Iterator[Part]:  # noqa: ARG002 - its own limits hold
        return transaction_sets(segments(file))


FORMAT = _X12()
