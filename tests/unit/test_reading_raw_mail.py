"""Raw mail is refused by its content, whatever the file is called; a text that only resembles it is read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from apex_cli.model import ReadLimits, Record
from apex_cli.reading.files import Rejected, Skipped
from apex_cli.reading.raw_mail import is_mail
from apex_cli.reading.read import read_input, sniff_source

CASE = Path(__file__).parent.parent / "cases" / "raw_mail"
MAIL = (
    b"Message-ID: <1@example.com>\nDate: Wed, 4 Mar 2026 08:00:00 -0600\nFrom: a@b.example\nTo: c@d.example\n\nLoad 1\n"
)
MAILBOX = b"From a@b.example Wed Mar  4 08:00:00 2026\nFrom: a@b.example\nSubject: Load\n\nLoad 1\n"
MEMO = b"From: Ana Brito\nTo: All drivers\nDate: March 4, 2026\nSubject: Dock 4\n\nDock 4 is closed.\n"


def read(path: Path, source: str = "auto") -> list[Record | Rejected | Skipped]:
    return list(
        read_input(
            path,
            name=path.name,
            origin=str(path),
            source=source,
            observed_at=datetime(2026, 3, 1, tzinfo=UTC),
            limits=ReadLimits(1_000_000, 1_000_000, 100),
            namespace="apex",
        )
    )


@pytest.mark.parametrize("source", ["auto", "document"])
@pytest.mark.parametrize("name", ["one.eml", "Inbox", "maildir/1."])
def test_mail_in_any_file_is_refused(name: str, source: str) -> None:
    (found,) = read(CASE / name, source)
    assert isinstance(found, Rejected)
    assert found.error.code == "raw_mail"
    assert "not read yet" in found.error.message
    assert "JSON" in (found.error.hint or "")
    assert sniff_source(CASE / name, name, "auto") == "unknown"


@pytest.mark.parametrize(
    "name", ["mail", "mail.txt", "mail.md", "1700000000.M1P1.host:2,S", "1700000000.M1P1.host,S=1:2,RS", "cur"]
)
@pytest.mark.parametrize(
    "content", [MAIL, MAIL.replace(b"\n", b"\r\n"), MAILBOX, b"230\n" + MAIL, b"\xef\xbb\xbf" + MAIL]
)
def test_the_name_of_the_file_says_nothing(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    (found,) = read(tmp_path / name)
    assert isinstance(found, Rejected)
    assert found.error.code == "raw_mail"


@pytest.mark.parametrize("name", ["box.mbox", "a.msg", "archive.pst", "x.EML"])
def test_formats_of_mail_that_are_no_text(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    (found,) = read(tmp_path / name)
    assert isinstance(found, Rejected)
    assert found.error.code == "raw_mail"


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
    (found,) = read(tmp_path / "memo")
    assert isinstance(found, Record)
    assert found.source == "document"
