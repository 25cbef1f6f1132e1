"""Mail is recognised by its content, whatever the file is called; a text that only resembles it is a document."""

from __future__ import annotations

from pathlib import Path

import pytest

from apex_cli.formats.mail.signs import is_mail
from apex_cli.model import Record
from apex_cli.reading.files import Rejected, Skipped
from tests.mail_files import read, records

CASE = Path(__file__).parent.parent / "cases" / "raw_mail"
MAIL = (
    b"Message-ID: <1@example.com>\nDate: Wed, 4 Mar 2026 08:00:00 -0600\nFrom: a@b.example\nTo: c@d.example\n\nLoad 1\n"
)
MAILBOX = b"From a@b.example Wed Mar  4 08:00:00 2026\nFrom: a@b.example\nSubject: Load\n\nLoad 1\n"
MEMO = b"From: Ana Brito\nTo: All drivers\nDate: March 4, 2026\nSubject: Dock 4\n\nDock 4 is closed.\n"
NAMES = [
    "mail", "mail.txt", "mail.md", "mail.emlx", "1700000000.M1P1.host:2,S", "1700000000.M1P1.host,S=1:2,RS", "cur"
]  # fmt: skip


@pytest.mark.parametrize("source", ["auto", "document", "mail"])
@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("one.eml", ["1@northyard.example"]),
        ("Inbox", ["1@northyard.example", "2@bluestem.example"]),
        ("maildir/1.", ["3.JavaMail.evans@thyme"]),
    ],
)
def test_mail_in_any_file_is_read(name: str, ids: list[str], source: str) -> None:
    found = read(CASE / name, source)
    assert [(each.source, each.external_id) for each in found if isinstance(each, Record)] == [
        ("mail", each) for each in ids
    ]
    assert len(found) == len(ids)


def test_a_message_is_the_same_alone_and_in_a_mailbox() -> None:
    (alone,) = records(CASE / "one.eml")
    first, second = records(CASE / "Inbox")
    assert (first.record_id, first.content_hash) == (alone.record_id, alone.content_hash)
    assert (first.locator, second.locator) == ("Inbox:message 1", "Inbox:message 2")
    assert second.payload["body"] == "From Omaha we can send truck 880 for load MB-1002."
    assert alone.payload["subject"] == "Load MB-1001 delayed"
    assert alone.payload["body"].startswith("Load MB-1001 for Café Órbita is delayed at Fargo, ND. New PO number PO-77")


def test_the_bookkeeping_of_a_mailbox_is_no_message(tmp_path: Path) -> None:
    internal = MAILBOX.replace(b"Subject: Load", b"Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA")
    (tmp_path / "in.mbox").write_bytes(internal + b"\n" + MAILBOX)
    first, second = read(tmp_path / "in.mbox")
    assert isinstance(first, Skipped)
    assert isinstance(second, Record)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "content", [MAIL, MAIL.replace(b"\n", b"\r\n"), b"%d\n" % len(MAIL) + MAIL + b"<?xml?>", b"\xef\xbb\xbf" + MAIL]
)
def test_the_name_of_the_file_says_nothing(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    (found,) = records(tmp_path / name)
    assert (found.source, found.external_id, found.payload["body"]) == ("mail", "1@example.com", "Load 1")


@pytest.mark.parametrize("name", [*NAMES, "x.mbox"])
def test_nor_does_that_of_a_mailbox(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(MAILBOX)
    (found,) = records(tmp_path / name)
    assert (found.source, found.payload["subject"], found.locator) == ("mail", "Load", f"{name}:message 1")


@pytest.mark.parametrize(
    ("name", "code"), [("box.mbox", "broken_file"), ("a.msg", "broken_file"), ("x.EML", "broken_file")]
)
def test_a_file_of_mail_that_is_none(name: str, code: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    (found,) = read(tmp_path / name)
    assert isinstance(found, Rejected)
    assert found.error.code == code


def test_a_store_of_outlook_is_not_read_and_the_hint_says_what_is(tmp_path: Path) -> None:
    (tmp_path / "archive.pst").write_bytes(b"!BDN" + bytes(600))
    (found,) = read(tmp_path / "archive.pst")
    assert isinstance(found, Rejected)
    assert found.error.code == "unknown_type"
    assert ".mbox" in (found.error.hint or "")


@pytest.mark.parametrize(
    "content",
    [
        MEMO,
        b"From Fargo to Omaha we need two trucks.\nDate: Monday\nTo: Omaha\n",
        b"Subject: rates\n\nMessage-ID: is a header\nFrom: x\nTo: y\n",
        b"Message-ID is what mail has.\nFrom: x\nDate: y\n",
        b"---\ntitle: Rates\ndate: 2026-03-04\nfrom: Ana\n---\n# Rates\n",
        b"# Mail\n\n" + MAIL,
        b'{"message_id": "M-1", "subject": "x", "body": "y"}',
        b"",
    ],
)
def test_other_texts_are_no_mail(content: bytes) -> None:
    assert not is_mail(content)


def test_a_memo_is_a_document(tmp_path: Path) -> None:
    (tmp_path / "memo").write_bytes(MEMO)
    (found,) = records(tmp_path / "memo")
    assert found.source == "document"
