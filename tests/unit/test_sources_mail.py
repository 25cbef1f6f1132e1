"""What a message of mail states, and that it is one with the same message of Front."""

from __future__ import annotations

from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from apex_cli.errors import ExtractError
from apex_cli.extract import keys
from apex_cli.extract.identity import file_digest
from apex_cli.extract.signatures import groups, signature_of
from apex_cli.model import Entity, EntityType, Extraction, Record, RecordKind
from apex_cli.reading.connectors.kept import kept
from apex_cli.reading.files import Skipped
from apex_cli.sources.registry import classify, extract, prose
from tests.mail_files import OBSERVED, message, payload, raw, read, records


def record(value: dict[str, Any]) -> Record:
    return Record(*classify(value), value, "", OBSERVED, "mail.eml")


def stated(sent: EmailMessage | bytes) -> Extraction:
    return extract(record(payload(sent)))


def claims(found: Extraction) -> set[tuple[str, str]]:
    names = {entity.key: entity.name for entity in found.entities}
    return {(claim.predicate.value, names[claim.object]) for claim in found.claims}


def the_message(found: Extraction) -> Entity:
    return next(one for one in found.entities if one.type is EntityType.MESSAGE and one.certain)


def test_a_message_claims_its_people_its_thread_and_what_it_mentions() -> None:
    sent = message(
        "Load SHIP-2026-03-04-001 is at the dock in Omaha, NE.\n\nOn Tue, Mar 3, 2026 at 9:00 AM Hub "
        "<hub@northyard.example> wrote:\n> Where is SHIP-2026-03-03-009?\n",
        subject="Re: Load SHIP-2026-03-04-001",
        cc="Bob Lee <bob@lakefreight.example>",
        bcc="archive@bluestem.example",
        reply_to="desk@bluestem.example",
        references="<root@northyard.example> <2@northyard.example>",
        in_reply_to="<2@northyard.example>",
    )
    found = stated(sent)
    assert claims(found) == {
        ("SENT_BY", "Ana Brito"),
        ("SENT_TO", "hub@northyard.example"),
        ("CC", "Bob Lee"),
        ("CC", "archive@bluestem.example"),
        ("IN_CONVERSATION", "thread root@northyard.example"),
        ("REPLIES_TO", "2@northyard.example"),
        ("MENTIONS", "SHIP-2026-03-04-001"),
        ("MENTIONS", "Omaha, NE"),
    }
    assert (found.kind, found.whole, found.dated) == (RecordKind.EVENT, True, True)
    assert found.title == "Re: Load SHIP-2026-03-04-001"
    assert "SHIP-2026-03-03-009" not in found.text
    assert "replies go to desk@bluestem.example" in found.text
    (conversation,) = (one for one in found.entities if one.type is EntityType.CONVERSATION)
    assert conversation.attributes == {"subject": "Load SHIP-2026-03-04-001"}


def test_the_first_message_of_a_thread_is_in_the_conversation_of_its_replies() -> None:
    first = stated(message(message_id="root"))
    reply = stated(message(references="<root@bluestem.example>", in_reply_to="<root@bluestem.example>"))
    assert ("IN_CONVERSATION", "thread root@bluestem.example") in claims(first) & claims(reply)


def test_what_is_forwarded_is_what_the_sender_sends() -> None:
    body = (
        "FYI\n\n---------- Forwarded message ---------\nFrom: Hub <hub@northyard.example>\n"
        "Date: Tue, Mar 3, 2026\nSubject: x\n\nLoad SHIP-2026-03-03-009\n"
    )
    assert ("MENTIONS", "SHIP-2026-03-03-009") in claims(stated(message(body, subject="Fwd: x")))


def test_quotes_of_html_are_cut() -> None:
    html = '<div>Yes, SHIP-2026-03-04-001.</div><blockquote type="cite">SHIP-2026-03-03-009?</blockquote>'
    found = stated(raw("Content-Type: text/html\nIn-Reply-To: <0@x.example>\n", html))
    assert "SHIP-2026-03-04-001" in found.text
    assert "SHIP-2026-03-03-009" not in found.text
    assert prose(record(payload(raw("Content-Type: text/html\nIn-Reply-To: <0@x.example>\n", html)))) == (
        "Load LD-4410\nYes, SHIP-2026-03-04-001."
    )


def test_an_attachment_is_known_by_its_bytes() -> None:
    sent = message()
    sent.add_attachment(b"Rate confirmation", maintype="text", subtype="plain", filename="rate-con.txt")
    inner = message(message_id="inner", subject="Late")
    sent.add_attachment(inner)
    found = stated(sent)
    attached = {
        entity.key for claim in found.claims for entity in found.entities
        if claim.predicate.value == "HAS_ATTACHMENT" and claim.object == entity.key
    }  # fmt: skip
    assert attached == {
        keys.document_file(file_digest(b"Rate confirmation")),
        keys.message("inner@bluestem.example"),
    }
    assert "with attachment rate-con.txt and Late.eml" in found.text


def test_the_document_of_an_attachment_has_the_key_that_the_message_gives(tmp_path: Path) -> None:
    sent = message()
    sent.add_attachment(
        b"Rate confirmation\r\n", maintype="text", subtype="plain", filename="rate-con.txt", cte="base64"
    )
    (tmp_path / "a.eml").write_bytes(sent.as_bytes())
    mail, document = records(tmp_path / "a.eml")
    assert (document.source, document.locator) == ("document", "a.eml/rate-con.txt")
    assert document.as_of == extract(mail).event_time
    (thing,) = (one for one in extract(document).entities if one.type is EntityType.DOCUMENT)
    assert keys.document_file(file_digest(b"Rate confirmation\r\n")) in thing.keys
    (named,) = (one for one in extract(mail).entities if one.type is EntityType.DOCUMENT)
    assert set(named.keys) <= set(thing.keys)
    assert not named.certain, "its own title counts"


@pytest.mark.parametrize("header", ["auto_submitted", "x_autoreply"])
def test_an_automatic_reply_is_said_to_be_one(header: str) -> None:
    found = stated(message(**{header: "auto-replied"}))
    assert the_message(found).attributes["automatic"] == "auto-replied"
    assert "automatic: auto-replied" in found.text
    assert "automatic" not in the_message(stated(message(auto_submitted="no"))).attributes


def test_a_draft_was_never_sent(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(raw("X-Unsent: 1\n", "x"))
    (found,) = read(tmp_path / "a.eml")
    assert isinstance(found, Skipped)
    assert (found.source, found.note) == ("mail", "draft")


def test_a_date_that_cannot_be_read_is_an_error_of_its_record() -> None:
    with pytest.raises(ExtractError, match="yesterday") as failed:
        extract(record({**payload(message()), "sent_at": "yesterday"}))
    assert failed.value.code == "unreadable_time"


def test_a_message_that_was_kept_is_read_again_as_the_same(tmp_path: Path) -> None:
    sent = message(cc="Bob <bob@x.example>", references="<0@x.example>")
    sent.add_attachment(b"x", maintype="text", subtype="plain", filename="a.txt")
    (tmp_path / "a.eml").write_bytes(sent.as_bytes())
    first = records(tmp_path / "a.eml")[0]
    (tmp_path / "kept.json").write_bytes(kept(first))
    (again,) = records(tmp_path / "kept.json")
    assert (again.record_id, again.content_hash) == (first.record_id, first.content_hash)
    assert extract(again) == extract(replace(first))


def front(**metadata: Any) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "email",
        "is_inbound": True,
        "created_at": 1772632800,
        "subject": "Load LD-4410",
        "body": "<p>Load</p>",
        "recipients": [{"handle": "ana@bluestem.example", "role": "from"}],
        "metadata": metadata,
        "_links": {"related": {"conversation": "https://x/conversations/cnv_1"}},
    }


@pytest.mark.parametrize(
    "value",
    [
        front(external_id="<1@bluestem.example>"),
        front(external_id="1@bluestem.example"),
        front(headers={"message_id": "<1@bluestem.example>"}),
        front(headers={"Message-ID": "<1@bluestem.example>"}),
        {"message_id": "<1@bluestem.example>", "subject": "Load", "body": "x", "sender": "ana@bluestem.example"},
    ],
    ids=["external id", "without brackets", "headers", "headers as in mail", "flat"],
)
def test_the_same_message_from_front_is_one_thing(value: dict[str, Any]) -> None:
    mail = record(payload(message()))
    other = record(value)
    assert (mail.source, other.source) == ("mail", "frontapp")
    found = [signature_of(the_message(extract(each))) for each in (mail, other)]
    assert len(groups(found)) == 1


def test_what_front_says_of_another_channel_is_no_message_id() -> None:
    for value in (front(external_id="order 7"), front(external_id="chat@7") | {"type": "custom"}):
        assert the_message(extract(record(value))).keys == (keys.message("msg_1"),)


def test_front_names_the_mail_that_is_answered() -> None:
    found = extract(record(front(headers={"in_reply_to": "<0@x.example>"})))
    replied = next(claim.object for claim in found.claims if claim.predicate.value == "REPLIES_TO")
    assert replied == keys.message("0@x.example")
