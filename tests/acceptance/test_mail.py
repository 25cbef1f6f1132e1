"""Mail and calendars from files: what is attached belongs to its message, and one message is one thing."""

from __future__ import annotations

import json
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.apex import Line, run, verified
from tests.acceptance.test_ingest import counts
from tests.mail_files import mailbox, message
from tests.unit.test_calendar import PICKUP, calendar

pytestmark = pytest.mark.any_engine

RATE_CON = b"Rate confirmation LD-4410\n\nCarrier pay: $1,200.00 flat. Pickup in Omaha, NE.\n"
FRONT = {
    "id": "msg_77", "type": "email", "is_inbound": True, "created_at": 1772632800, "subject": "Load LD-4410",
    "body": "<p>Load LD-4410 is at the dock.</p>", "metadata": {"headers": {"message_id": "<1@bluestem.example>"}},
    "recipients": [{"handle": "ana@bluestem.example", "role": "from"}],
}  # fmt: skip


def with_files() -> EmailMessage:
    sent = message("Load LD-4410 is at the dock in Omaha, NE.\n")
    sent.add_attachment(RATE_CON, maintype="text", subtype="plain", filename="rate-con.txt", cte="base64")
    load = {"shipmentId": "SHIP-2026-03-04-001", "status": "tendered", "customerName": "Halcyon Paper Co"}
    sent.add_attachment(json.dumps(load).encode(), maintype="application", subtype="json", filename="load.json")
    sent.add_attachment(message("The gate is closed.", message_id="inner", subject="Gate"))
    return sent


def ingested(home: Path, path: Path) -> dict[str, tuple[str, str]]:
    lines = run(home, "ingest", path, "--json").expect(0).of("record")
    return {line["locator"]: (f"{line['source']}:{line['external_id']}", line["status"]) for line in lines}


def facts(home: Path, thing: str) -> list[Line]:
    return run(home, "facts", thing, "--json").expect(0).of("fact")


def stated(lines: list[Line]) -> set[tuple[str, str, str]]:
    return {(line["subject"], line["predicate"], line["object"]) for line in lines}


def test_what_is_attached_is_read_and_belongs_to_its_message(home: Path, tmp_path: Path) -> None:
    (tmp_path / "load.eml").write_bytes(with_files().as_bytes())
    found = ingested(home, tmp_path / "load.eml")
    assert {locator: record for locator, (record, _) in found.items() if "document" not in record} == {
        "load.eml": "mail:1@bluestem.example",
        "load.eml/load.json:1": "turvo:SHIP-2026-03-04-001",
        "load.eml/Gate.eml": "mail:inner@bluestem.example",
    }
    assert "load.eml/rate-con.txt" in found
    for document in ("rate-con.txt", "Rate confirmation LD-4410"):
        assert ("1@bluestem.example", "HAS_ATTACHMENT", "Rate confirmation LD-4410") in stated(facts(home, document))
    assert ("1@bluestem.example", "HAS_ATTACHMENT", "inner@bluestem.example") in stated(
        facts(home, "inner@bluestem.example")
    )
    [hit, *_] = run(home, "search", "carrier pay flat", "--json").expect(0).of("hit")
    assert hit["record_id"] == run(home, "get", "document:rate-con.txt", "--json").expect(0).lines[0]["record_id"]
    assert verified(home) == 4


def test_a_message_is_one_record_from_every_file(home: Path, tmp_path: Path) -> None:
    (tmp_path / "load.eml").write_bytes(with_files().as_bytes().replace(b"\n", b"\r\n"))
    assert {status for _, status in ingested(home, tmp_path / "load.eml").values()} == {"committed"}
    others = [message(f"Load LD-{number}", message_id=str(number)).as_bytes() for number in range(2, 200)]
    (tmp_path / "in.mbox").write_bytes(mailbox([with_files().as_bytes(), *others]))
    summary = run(home, "ingest", tmp_path / "in.mbox", "--json").expect(0).summary
    assert counts(summary) == {"committed": 198, "unchanged": 4}
    (tmp_path / "maildir").mkdir()
    for number, data in enumerate(others[:3]):
        (tmp_path / "maildir" / f"17000{number}.M1P1.host:2,S").write_bytes(data)
    assert {status for _, status in ingested(home, tmp_path / "maildir").values()} == {"unchanged"}
    assert verified(home) == 202


@pytest.mark.parametrize("first", ["mail", "front"])
def test_the_same_message_from_front_is_one_thing(first: str, home: Path, tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "load.eml").write_bytes(message().as_bytes())
    (tmp_path / "front.json").write_text(json.dumps(FRONT))
    order = [tmp_path / "mail", tmp_path / "front.json"]
    ids = {
        record for path in (order if first == "mail" else order[::-1]) for record, _ in ingested(home, path).values()
    }
    assert ids == {"mail:1@bluestem.example", "frontapp:msg_77"}
    records = {run(home, "get", each, "--json").expect(0).lines[0]["record_id"] for each in ids}
    for name in ("1@bluestem.example", "msg_77"):
        sender = [line for line in facts(home, name) if line["predicate"] == "SENT_BY"]
        assert {line["object"] for line in sender} == {"Ana Brito"}
        assert {record for line in sender for record in line["records"]} == records
        assert len(sender) == 1


def test_an_appointment_is_moved_and_cancelled(home: Path, tmp_path: Path) -> None:
    moved = PICKUP.replace("20260304T14", "20260305T14").replace("20260304T15", "20260305T15")
    versions: list[Any] = [
        calendar(f"{PICKUP}\nSEQUENCE:0\nSTATUS:CONFIRMED"),
        calendar(f"{moved}\nSEQUENCE:1\nSTATUS:CONFIRMED".replace("20260302T15", "20260302T16")),
        calendar(f"{moved}\nSEQUENCE:2".replace("20260302T15", "20260302T17"), method="CANCEL"),
    ]
    for number in (0, 2, 1):
        (tmp_path / f"invite-{number}.ics").write_bytes(versions[number])
        status = [status for _, status in ingested(home, tmp_path / f"invite-{number}.ics").values()]
        assert status == [{0: "committed", 2: "updated", 1: "late"}[number]]
    lines = facts(home, "Pickup SHIP-2026-03-04-001")
    held = {(line["object"], line["current"]) for line in lines if line["predicate"] == "HAS_STATUS"}
    assert held == {("confirmed", False), ("cancelled", True)}
    assert not [line for line in lines if line["predicate"] == "AT" and line["current"]]
    assert ("Pickup SHIP-2026-03-04-001", "MENTIONS", "SHIP-2026-03-04-001") in stated(
        facts(home, "SHIP-2026-03-04-001")
    )
    assert verified(home) == 1
