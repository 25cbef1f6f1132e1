"""Recognises raw mail (RFC 5322), whatever the file is called: one message, a mailbox of many, a file of a maildir.

Mail is not read yet. Read as a plain text it would be one text with encoded words, its ids taken for addresses of
people and its quotes for the sender's words, so it is refused.
"""

from __future__ import annotations

import re
from pathlib import PurePath

from apex_cli.errors import ReadError

EXTENSIONS = frozenset((".eml", ".emlx", ".mbox", ".mbx", ".msg", ".pst"))
_HEAD = 64 * 1024
_MOST_LINES = 400
_MAILBOX = re.compile(rb"From \S{1,320} {1,2}(?:[A-Z][a-z]{2},? )?[A-Z0-9][^\n]{6,60}\n")
_COUNT = re.compile(rb"\d{1,10}[ \t]{0,40}\n")
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
    head = head[:_HEAD].removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").lstrip(b"\n")
    is_mailbox = _MAILBOX.match(head)
    before = is_mailbox or _COUNT.match(head)
    names = set()
    for line in head[before.end() if before else 0 :].split(b"\n", _MOST_LINES)[:_MOST_LINES]:
        found = _HEADER.match(line)
        if found:
            names.add(found[1].lower())
        elif not line.startswith((b" ", b"\t", b">From ")) or not line.strip():
            break
    return bool(is_mailbox or not names.isdisjoint(_BY_PROGRAMS)) and len(names & _BY_PEOPLE) > 1


def refusal(name: str) -> ReadError:
    """The error for a file of mail."""
    return ReadError(
        f"{PurePath(name).name} is raw mail, which is not read yet",
        hint="ingest the messages as JSON: message_id, subject, body, sender, to, sent_at",
        code="raw_mail",
    )
