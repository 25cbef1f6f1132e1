"""Recognises raw mail (RFC 5322), whatever the file is called: one message, a mailbox of many, a file of a maildir."""

from __future__ import annotations

import re

_HEAD = 64 * 1024
_MOST_LINES = 400
MAILBOX = re.compile(rb"From \S{1,320} {1,2}(?:[A-Z][a-z]{2},? )?[A-Z0-9][^\n]{6,60}\n")
"""The line before a message of a mailbox."""
COUNT = re.compile(rb"\d{1,10}[ \t]{0,40}\r?\n")
"""The first line of an `.emlx` of Apple Mail: the number of bytes of the message after it."""
_HEADER = re.compile(rb"([A-Za-z][A-Za-z0-9-]{0,60})[ \t]{0,4}:(?:[ \t]|$)")
# Only programs write these; one beside a sender or a date is a mail's head.
_BY_PROGRAMS = frozenset(
    (b"message-id", b"received", b"mime-version", b"return-path", b"delivered-to", b"dkim-signature", b"x-mailer",
     b"in-reply-to", b"references", b"content-transfer-encoding", b"x-originating-ip", b"arc-seal")
)  # fmt: skip
_BY_PEOPLE = frozenset((b"from", b"date", b"to", b"subject", b"sender"))


def is_mail(head: bytes) -> bool:
    """Whether a file that begins like this is raw mail.

    It begins with headers: lines of `Name: value`, continued by lines that begin with a blank. Among them are at least
    one that only mail programs write (`Message-ID`, `Received`, `MIME-Version` …), or the line of a mailbox before
    them, and two of From, To, Date and Subject. A memo that begins with "From:", "To:" and "Date:" is a text.
    """
    head = without_mark(head[:_HEAD]).replace(b"\r\n", b"\n").lstrip(b"\n")
    in_mailbox = MAILBOX.match(head)
    before = in_mailbox or COUNT.match(head)
    names = set()
    for line in head[before.end() if before else 0 :].split(b"\n", _MOST_LINES)[:_MOST_LINES]:
        found = _HEADER.match(line)
        if found:
            names.add(found[1].lower())
        elif not line.startswith((b" ", b"\t", b">From ")) or not line.strip():
            break
    return bool(in_mailbox or not names.isdisjoint(_BY_PROGRAMS)) and len(names & _BY_PEOPLE) > 1


def is_mailbox(head: bytes) -> bool:
    """Whether raw mail that begins like this is a mailbox."""
    return MAILBOX.match(without_mark(head).replace(b"\r\n", b"\n").lstrip(b"\n")) is not None


def without_mark(data: bytes) -> bytes:
    """Without the byte order mark that some editors write before the headers."""
    return data.removeprefix(b"\xef\xbb\xbf")
