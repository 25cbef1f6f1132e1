"""Outlook's messages: the same as the mail they were, with the messages and files inside of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from apex_cli.extract.identity import file_digest
from apex_cli.model import Record
from apex_cli.reading.files import Rejected, Skipped
from tests.compound_file import Value, compound_file, inner_message, message_tree, outlook_message, part
from tests.mail_files import HEAD, message, payload, read, records

SENT = datetime(2026, 3, 4, 14, tzinfo=UTC)
SUBJECT, BODY, HTML, ID, HEADERS, SUBMITTED = 0x0037, 0x1000, 0x1013, 0x1035, 0x007D, 0x0039
OWN: dict[int, Value] = {
    SUBJECT: "Load LD-4410", BODY: "Load LD-4410 is at the dock.\r\n", ID: "<1@bluestem.example>", SUBMITTED: SENT,
    0x0C1A: "Ana Brito", 0x5D01: "ana@bluestem.example", 0x0C1F: "/o=Exchange/cn=ana",
}  # fmt: skip
TO = part({0x3001: "hub@northyard.example", 0x39FE: "hub@northyard.example", 0x0C15: 1})
CC = part({0x3001: "Bob Lee", 0x39FE: "bob@lakefreight.example", 0x0C15: 2})


def saved(tmp_path: Path, data: bytes, name: str = "saved.msg") -> list[Record]:
    (tmp_path / name).write_bytes(data)
    return records(tmp_path / name)


@pytest.mark.parametrize("name", ["saved.msg", "saved.bin", "saved"])
def test_a_message_from_its_properties(name: str, tmp_path: Path) -> None:
    (found,) = saved(tmp_path, outlook_message(OWN, [TO, CC]), name)
    assert (found.source, found.external_id, found.locator) == ("mail", "1@bluestem.example", name)
    assert found.payload == {
        "message_id": "1@bluestem.example",
        "subject": "Load LD-4410",
        "from": [{"name": "Ana Brito", "email": "ana@bluestem.example"}],
        "to": [{"email": "hub@northyard.example"}],
        "cc": [{"name": "Bob Lee", "email": "bob@lakefreight.example"}],
        "references": [],
        "sent_at": "2026-03-04T14:00:00Z",
        "body": "Load LD-4410 is at the dock.",
        "attachments": [],
    }


def test_what_came_by_the_internet_is_the_same_as_its_file_of_mail(tmp_path: Path) -> None:
    (found,) = saved(tmp_path, outlook_message({**OWN, HEADERS: HEAD.replace("\n", "\r\n")}, [TO]))
    (tmp_path / "a.eml").write_bytes(message().as_bytes())
    (mail,) = records(tmp_path / "a.eml")
    assert (found.record_id, found.content_hash) == (mail.record_id, mail.content_hash)


def test_html_counts_where_there_is_no_plain_text(tmp_path: Path) -> None:
    properties = {name: value for name, value in OWN.items() if name != BODY}
    (found,) = saved(tmp_path, outlook_message({**properties, HTML: "<p>Café</p>".encode("cp1252"), 0x3FDE: 1252}))
    assert found.payload["body_html"] == "<p>Café</p>"
    (found,) = saved(tmp_path, outlook_message({**properties, 0x1009: b"LZFu"}))
    assert any("RTF" in note for note in found.notes)


def test_attachments_and_messages_inside(tmp_path: Path) -> None:
    inner = message_tree(
        {SUBJECT: "Late", BODY: "SHIP-1", ID: "<in@x.example>", SUBMITTED: SENT},
        attached=[part({0x3707: "inner.txt", 0x3701: b"Load LD-2"})],
    )
    data = outlook_message(
        OWN,
        [TO],
        [
            part({0x3707: "rate-con.txt", 0x370E: "text/plain", 0x3701: b"Rate confirmation LD-1 " * 400}),
            inner_message("Late", inner),
            part({0x3707: "mail.eml", 0x3701: message(message_id="eml").as_bytes()}),
        ],
    )
    found = {each.locator: each for each in saved(tmp_path, data)}
    assert {name: (each.source, each.external_id) for name, each in found.items() if each.source == "mail"} == {
        "saved.msg": ("mail", "1@bluestem.example"),
        "saved.msg:Late.eml": ("mail", "in@x.example"),
        "saved.msg/mail.eml": ("mail", "eml@bluestem.example"),
    }
    assert set(found) - {"saved.msg", "saved.msg:Late.eml", "saved.msg/mail.eml"} == {
        "saved.msg/rate-con.txt",
        "saved.msg/Late.eml/inner.txt",
    }
    named = {each["name"]: each for each in found["saved.msg"].payload["attachments"]}
    assert named["rate-con.txt"]["sha256"] == file_digest(b"Rate confirmation LD-1 " * 400)
    assert named["mail.eml"]["message_id"] == "eml@bluestem.example"
    assert named["Late.eml"]["message_id"] == "in@x.example"
    assert found["saved.msg/rate-con.txt"].as_of == SENT


def test_a_message_of_outlook_in_a_mail_is_named_by_its_id(tmp_path: Path) -> None:
    sent = message(message_id="outer")
    sent.add_attachment(outlook_message(OWN), maintype="application", subtype="vnd.ms-outlook", filename="fwd.msg")
    assert payload(sent)["attachments"][0]["message_id"] == "1@bluestem.example"
    (tmp_path / "a.eml").write_bytes(sent.as_bytes())
    assert [each.external_id for each in records(tmp_path / "a.eml")] == [
        "outer@bluestem.example",
        "1@bluestem.example",
    ]


def test_a_draft_was_never_sent(tmp_path: Path) -> None:
    (tmp_path / "a.msg").write_bytes(outlook_message({**OWN, 0x0E07: 8}))
    (found,) = read(tmp_path / "a.msg")
    assert isinstance(found, Skipped)


@pytest.mark.parametrize("cut", [8, 100, 600, 2_000])
def test_a_damaged_file_is_named(cut: int, tmp_path: Path) -> None:
    (tmp_path / "a.msg").write_bytes(outlook_message(OWN, [TO])[:cut])
    (found,) = read(tmp_path / "a.msg")
    assert isinstance(found, Rejected)
    assert found.error.code == "broken_file"


def test_another_compound_file_is_no_message(tmp_path: Path) -> None:
    (tmp_path / "old.doc").write_bytes(compound_file({"WordDocument": b"x" * 5_000}))
    (found,) = read(tmp_path / "old.doc")
    assert isinstance(found, Rejected)
    assert found.error.code == "unknown_type"
