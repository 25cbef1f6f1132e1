"""Mailboxes (`.mbox`, RFC 4155): many messages in one file, read one by one.

A message begins with a line `From <sender> <date>` at the beginning of the file or after a blank line, before a line
that is a header. A sender's own "From …" at the beginning of a line has ">" before it, which is taken away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from apex_cli.errors import ReadError
from apex_cli.formats.format import FileInfo, Format
from apex_cli.formats.mail.message import letter_of
from apex_cli.formats.mail.signs import is_mail, is_mailbox
from apex_cli.formats.part import Ignored, Part, Unreadable

_BEGIN = re.compile(rb"From [^\n]{0,400}?\d{1,2}:\d{2}[^\n]{0,60}\r?\n")
_HEADER = re.compile(rb"(?:[!-9;-~]{1,200}[ \t]*:|>?From )")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_BOOKKEEPING = "DON'T DELETE THIS MESSAGE"
"""How the subject of a message begins in which IMAP servers and Alpine keep their counters."""
_LONGEST_LINE = 64 * 1024


class _Mbox(Format):
    name = "mbox"
    extensions = (".mbox", ".mbx")
    isolated = True

    def recognises(self, head: bytes, file: BinaryIO) -> bool:  # noqa: ARG002 - the head decides
        return is_mail(head) and is_mailbox(head)

    def parts(self, file: BinaryIO, info: FileInfo) -> Iterator[Part]:
        """Each message, and the files that are attached to it. A message that cannot be read fails alone."""
        if not file.read(1):
            raise ReadError("the file is empty", code="empty_file")
        file.seek(0)
        number = 0
        for number, data in enumerate(_messages(file, info.limits.max_document_bytes), 1):
            place = f"message {number}"
            try:
                yield from _message(data, place, info.limits.max_document_bytes)
            except ReadError as error:
                yield Unreadable(place, error, data)
            info.alive()
        if number == 0:
            raise ReadError("there is no message in it", hint="is it a mailbox?", code="broken_file")


def _message(data: bytes, place: str, longest: int) -> Iterator[Part]:
    if len(data) > longest:
        error = ReadError(
            f"the message is larger than {longest:,} bytes",
            hint="set APEX_MAX_DOCUMENT_BYTES to take larger ones",
            code="too_large",
        )
        yield Unreadable(place, error)
        return
    _, _, sent = data.partition(b"\n")
    letter = letter_of(_QUOTED.sub(rb"\1", sent))
    if letter.fields["subject"].startswith(_BOOKKEEPING):
        yield Ignored(place, "bookkeeping of the mailbox")
        return
    # By its id, not by its number: a file that is attached is at the same place in the next export of the mailbox.
    yield from letter.parts(place, f"{letter.message_id.replace('/', '_')}/")


def _messages(file: BinaryIO, longest: int) -> Iterator[bytes]:
    """The messages with the lines before them; of one that is too long, one byte more than there may be."""
    held = bytearray()
    before = b"\n"
    line = file.readline(_LONGEST_LINE).removeprefix(b"\xef\xbb\xbf")
    while line:
        after = file.readline(_LONGEST_LINE)
        if before in (b"\n", b"\r\n") and _BEGIN.fullmatch(line) and _HEADER.match(after):
            if held.startswith(b"From "):
                yield bytes(held)
            held.clear()
        if len(held) <= longest:
            held += line[: longest + 1 - len(held)]
        before, line = line, after
    if held.startswith(b"From "):
        yield bytes(held)


FORMAT: Format = _Mbox()
