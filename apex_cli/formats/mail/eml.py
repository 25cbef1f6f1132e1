"""One message in a file: `.eml`, Apple Mail's `.emlx`, a file of a maildir."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from apex_cli.errors import ReadError
from apex_cli.formats.format import FileInfo, Format, read_all
from apex_cli.formats.mail.message import letter_of
from apex_cli.formats.mail.signs import COUNT, is_mail, is_mailbox, without_mark
from apex_cli.formats.part import Part


class _Eml(Format):
    name = "eml"
    extensions = (".eml", ".emlx")
    isolated = True

    def recognises(self, head: bytes, file: BinaryIO) -> bool:  # noqa: ARG002 - the head decides
        return is_mail(head) and not is_mailbox(head)

    def parts(self, file: BinaryIO, info: FileInfo) -> Iterator[Part]:
        """The message, and the files that are attached to it."""
        data = without_mark(read_all(file, info.limits)).lstrip(b"\r\n")
        if not data.strip():
            raise ReadError("the file is empty", code="empty_file")
        count = COUNT.match(data)
        if count is not None:
            # After the message comes what the program keeps of it.
            data = data[count.end() : count.end() + int(count[0])]
        yield from letter_of(data).parts()


FORMAT: Format = _Eml()
