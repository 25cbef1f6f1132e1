"""A message from its bytes: who, when, the text that counts, and what is attached."""

from __future__ import annotations

import base64
from email.message import EmailMessage

import pytest

from apex_cli.formats.mail.letter import SMALLEST_PICTURE
from tests.mail_files import files, letter, message, payload, raw


def names(data: EmailMessage | bytes) -> list[str]:
    return [each["name"] for each in payload(data)["attachments"]]


def test_headers_are_decoded() -> None:
    sent = raw(
        'Cc: =?iso-8859-1?q?Jos=E9_N=FA=F1ez?= <jose@lakefreight.example>, "Lee, Bob" <bob@lakefreight.example>,\n'
        " Ops <ops@lakefreight.example>, undisclosed-recipients:;\n"
        "Bcc: archive@bluestem.example\nReply-To: <desk@bluestem.example>\n"
        "References: <0@a.example>\n <9@b.example>\nIn-Reply-To: <9@b.example>\nList-ID: Loads <loads.example>\n",
        "x",
    )
    found = payload(sent)
    assert found["message_id"] == "1@bluestem.example"
    assert found["from"] == [{"name": "Ana Brito", "email": "ana@bluestem.example"}]
    assert found["cc"] == [
        {"name": "José Núñez", "email": "jose@lakefreight.example"},
        {"name": "Lee, Bob", "email": "bob@lakefreight.example"},
        {"name": "Ops", "email": "ops@lakefreight.example"},
    ]
    assert found["bcc"] == [{"email": "archive@bluestem.example"}]
    assert found["reply_to"] == [{"email": "desk@bluestem.example"}]
    assert found["references"] == ["0@a.example", "9@b.example"]
    assert found["in_reply_to"] == "9@b.example"
    assert found["list"] == "Loads <loads.example>"


@pytest.mark.parametrize(
    ("written", "subject"),
    [
        (b"=?utf-8?q?Carga_4410_=E2=80=93_confirmaci=C3=B3n?=", "Carga 4410 – confirmación"),
        (b"=?utf-8?b?Q2FyZ2E=?= =?utf-8?b?IDQ0MTA=?=", "Carga 4410"),
        ("Carga 4410 – año".encode(), "Carga 4410 – año"),
        ("Carga a\xf1o".encode("latin-1"), "Carga año"),
        (b"=?no-such?q?Caf=C3=A9?=", "Café"),
        (b"=?utf-8?b?not base64?=", "=?utf-8?b?not base64?="),
        (b"Load\r\n 4410\tready", "Load 4410 ready"),
    ],
)
def test_subjects_in_every_form(written: bytes, subject: str) -> None:
    data = b"From: a@b.example\nMessage-ID: <1@b.example>\nSubject: " + written + b"\n\nx"
    assert payload(data)["subject"] == subject


def dated(date: str, head: str = "") -> bytes:
    return raw(head, "x").replace(b"Wed, 4 Mar 2026 08:00:00 -0600\nFrom", date.encode() + b"\nFrom")


@pytest.mark.parametrize(
    ("date", "sent_at"),
    [
        ("Wed, 4 Mar 2026 08:00:00 -0600", "2026-03-04T08:00:00-06:00"),
        ("Wed, 4 Mar 2026 08:00:00 -0600 (CST)", "2026-03-04T08:00:00-06:00"),
        ("4 Mar 2026 14:00 GMT", "2026-03-04T14:00:00+00:00"),
        ("Wed, 04 Mar 2026 08:00:00 CST", "2026-03-04T08:00:00-06:00"),
        ("2026-03-04T14:00:00Z", "2026-03-04T14:00:00Z"),
    ],
)
def test_dates_keep_their_zone(date: str, sent_at: str) -> None:
    found = letter(dated(date))
    assert (found.payload()["sent_at"], found.notes) == (sent_at, [])


@pytest.mark.parametrize("date", ["", "yesterday", "Thu, 1 Jan 1970 00:00:00 +0000", "Wed, 4 Mar 2037 08:00:00 -0600"])
def test_a_date_that_cannot_be_right_gives_way_to_the_first_server(date: str) -> None:
    found = letter(dated(date, "Received: from b by c; Wed, 4 Mar 2026 08:02:00 -0600\n"))
    assert found.payload()["sent_at"] == "2026-03-04T08:02:00-06:00"
    (note,) = found.notes
    assert "counts from when it was received" in note
    assert date in note


def test_a_date_that_cannot_be_read_stays_where_there_is_no_other() -> None:
    assert payload(dated("yesterday"))["sent_at"] == "yesterday"


def test_plain_text_is_preferred_to_html() -> None:
    sent = message("Load LD-4410 is at the dock in Omaha, NE.\n")
    sent.add_alternative("<p>Load <b>LD-4410</b> is at the dock in Omaha, NE.</p>", subtype="html")
    found = payload(sent)
    assert found["body"] == "Load LD-4410 is at the dock in Omaha, NE."
    assert "body_html" not in found
    assert found["attachments"] == []


@pytest.mark.parametrize("plain", ["", " \n", "Your program shows no HTML.\n"])
def test_html_counts_where_the_plain_text_says_nothing(plain: str) -> None:
    sent = message(plain)
    sent.add_alternative(f"<p>Load LD-4410 {'is late. ' * 30}</p>", subtype="html")
    found = payload(sent)
    assert "LD-4410" in found["body_html"]
    assert "body" not in found


def test_other_forms_of_a_text_are_no_attachments() -> None:
    sent = message("Load LD-4410 is at the dock.\n")
    sent.add_alternative("<!doctype html><html amp4email>Load LD-4410</html>", subtype="x-amp-html")
    assert (payload(sent)["body"], payload(sent)["attachments"]) == ("Load LD-4410 is at the dock.", [])


def test_texts_side_by_side_are_one_text() -> None:
    sent = raw(
        'Content-Type: multipart/mixed; boundary="b"\n',
        "--b\n\nLoad LD-1\n--b\nContent-Type: text/html\n\n<p>Load LD-2</p>\n"
        "--b\nContent-Type: text/plain\n\nlist footer\n--b--",
    )
    assert payload(sent)["body"] == "Load LD-1\n\nLoad LD-2\n\nlist footer"


@pytest.mark.parametrize(
    ("charset", "data", "text", "note"),
    [
        ("iso-8859-1", "Café “x”".encode("cp1252"), "Café “x”", ""),
        ("gb2312", "装货".encode("gb18030"), "装货", ""),
        ("us-ascii", "Café".encode(), "Café", ""),
        ("utf-8", "Café".encode("cp1252"), "Café", "cp1252"),
        ("no-such", "Café".encode(), "Café", "utf-8"),
        ("zlib", b"Load", "Load", ""),
        ("utf-16", "Café".encode("utf-16"), "Café", ""),
    ],
)
def test_charsets(charset: str, data: bytes, text: str, note: str) -> None:
    encoded = base64.b64encode(data)
    found = letter(raw(f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: base64\n", encoded))
    assert found.body == text
    assert (note in " ".join(found.notes)) if note else not found.notes


def test_damaged_base64_gives_what_it_holds_and_a_note() -> None:
    sent = raw("Content-Type: text/plain\nContent-Transfer-Encoding: base64\n", b"TG9hZCBMRC00NDEw!!IGlz\n*")
    found = letter(sent)
    assert found.body.startswith("Load LD-4410")
    assert any("damaged" in note for note in found.notes)


def test_flowed_lines_are_one_paragraph() -> None:
    sent = raw("Content-Type: text/plain; format=flowed\n", "Pick up load \nLD-4410 in Omaha.\n> quoted \n-- \nAna\n")
    assert payload(sent)["body"] == "Pick up load LD-4410 in Omaha.\n> quoted \n-- \nAna"


def test_attachments_keep_their_bytes_and_names() -> None:
    sent = message()
    sent.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="tarifa año.pdf")
    sent.add_attachment(b"a,b\n", maintype="text", subtype="csv", filename="../../etc/loads.csv")
    sent.add_attachment(b"one", maintype="application", subtype="octet-stream", filename="scan.dat")
    sent.add_attachment(b"two", maintype="application", subtype="octet-stream", filename="scan.dat")
    sent.add_attachment(b"{}", maintype="application", subtype="json")
    assert names(sent) == ["tarifa año.pdf", "loads.csv", "scan.dat", "scan (2).dat", "attachment.json"]
    assert files(sent) == dict(zip(names(sent), [b"%PDF-1.7", b"a,b\n", b"one", b"two", b"{}"], strict=True))
    first = payload(sent)["attachments"][0]
    assert (first["type"], first["size"], len(first["sha256"])) == ("application/pdf", 8, 64)


@pytest.mark.parametrize(
    "disposition",
    [
        "attachment; filename*=utf-8''carga%20a%C3%B1o.pdf",
        "attachment; filename*0*=utf-8''carga%20; filename*1*=a%C3%B1o.pdf",
        'attachment; filename="=?utf-8?q?carga_a=C3=B1o.pdf?="',
    ],
)
def test_names_of_files_in_every_form(disposition: str) -> None:
    sent = raw(f"Content-Type: application/pdf\nContent-Disposition: {disposition}\n", "%PDF")
    assert names(sent) == ["carga año.pdf"]


def test_small_pictures_inside_of_the_text_are_left_out_and_large_ones_are_not() -> None:
    sent = message("")
    sent.add_alternative('<p>POD attached</p><img src="cid:logo"><img src="cid:pod">', subtype="html")
    html = sent.get_payload(1)
    assert isinstance(html, EmailMessage)
    html.add_related(b"GIF89a", "image", "gif", cid="<logo>", filename="logo.gif")
    html.add_related(bytes(SMALLEST_PICTURE), "image", "jpeg", cid="<pod>", filename="pod.jpg")
    sent.add_attachment(b"GIF89a", maintype="image", subtype="gif", filename="damage.gif")
    found = letter(sent)
    assert [each["name"] for each in found.payload()["attachments"]] == ["pod.jpg", "damage.gif"]
    assert found.notes == ["left out: 1 small picture inside of the text"]


def test_winmail_dat_is_named_and_not_read() -> None:
    sent = message()
    sent.add_attachment(b"\x78\x9f\x3e\x22", maintype="application", subtype="ms-tnef", filename="winmail.dat")
    found = letter(sent)
    assert names(sent) == ["winmail.dat"]
    assert files(sent) == {}
    assert any("winmail.dat" in note and note.startswith("left out: ") for note in found.notes)


def test_an_attached_message_is_named_by_its_id() -> None:
    inner = message("Load LD-1 is late.", message_id="inner", subject="Late load")
    sent = message()
    sent.add_attachment(inner)
    sent.add_attachment(inner.as_bytes(), maintype="application", subtype="octet-stream", filename="saved.eml")
    found = payload(sent)["attachments"]
    assert [(each["name"], each["message_id"]) for each in found] == [
        ("Late load.eml", "inner@bluestem.example"),
        ("saved.eml", "inner@bluestem.example"),
    ]
    assert set(files(sent)) == {"Late load.eml", "saved.eml"}


def test_a_report_answers_the_message_that_it_returns() -> None:
    sent = raw(
        'Auto-Submitted: auto-replied\nContent-Type: multipart/report; boundary="b"\n',
        "--b\n\nIt could not be delivered.\n--b\nContent-Type: message/delivery-status\n\nStatus: 5.1.1\n"
        "--b\nContent-Type: message/rfc822\n\nMessage-ID: <lost@bluestem.example>\nSubject: x\n\nLoad\n--b--\n",
    )
    found = payload(sent)
    assert (found["body"], found["automatic"]) == ("It could not be delivered.", "auto-replied")
    assert found["in_reply_to"] == "lost@bluestem.example"
    assert found["attachments"] == []


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("multipart/encrypted; boundary=b", "encrypted"),
        ("application/pkcs7-mime; smime-type=enveloped-data", "encrypted"),
        ("application/pkcs7-mime; smime-type=signed-data", "signature"),
    ],
)
def test_text_that_is_sealed_is_said_to_be(kind: str, word: str) -> None:
    found = letter(raw(f"Content-Type: {kind}\n", "--b\n\nVersion: 1\n--b--\n"))
    assert (found.body, found.attachments) == ("", [])
    assert any(word in note and note.startswith("left out: ") for note in found.notes)


def test_signatures_of_programs_are_no_attachments() -> None:
    sent = raw(
        "Content-Type: multipart/signed; boundary=b\n",
        "--b\n\nLoad LD-1\n--b\nContent-Type: application/pgp-signature; name=s.asc\n\nxx\n--b--\n",
    )
    assert (payload(sent)["body"], payload(sent)["attachments"]) == ("Load LD-1", [])


def test_a_message_without_an_id_gets_one_of_its_content() -> None:
    first, again, other = (payload(message(body, message_id="")) for body in ("Load LD-1", "Load LD-1", "Load LD-2"))
    assert first == again
    assert first["message_id"].startswith("content-")
    assert first["message_id"] != other["message_id"]
