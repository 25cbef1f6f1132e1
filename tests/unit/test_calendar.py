"""Calendars: each appointment a record, its changes versions of it; invitations in mail."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from apex_cli.errors import ExtractError
from apex_cli.extract import keys
from apex_cli.model import EntityType, Extraction, Record
from apex_cli.reading.files import Rejected, Skipped
from apex_cli.sources.registry import extract
from tests.mail_files import message, payload, read, records

PICKUP = """UID:4410-pick@x.example
DTSTAMP:20260302T150000Z
SUMMARY:Pickup SHIP-2026-03-04-001
DTSTART:20260304T140000Z
DTEND:20260304T150000Z
LOCATION:Dock 4\\, 1200 W Fulton\\, Chicago\\, IL
ORGANIZER;CN=Ana Brito:mailto:ana@bluestem.example
ATTENDEE;CN=Bob Lee;PARTSTAT=ACCEPTED:mailto:bob@lakefreight.example
DESCRIPTION:Bring PO-70315.\\nGate code at the
  office."""


def calendar(*events: str, method: str = "REQUEST", head: str = "") -> bytes:
    inside = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nMETHOD:{method}\n{head}{inside}END:VCALENDAR\n"
    return text.replace("\n", "\r\n").encode()


def appointments(tmp_path: Path, data: bytes, name: str = "invite.ics") -> list[Record]:
    (tmp_path / name).write_bytes(data)
    return records(tmp_path / name)


def stated(tmp_path: Path, *events: str, method: str = "REQUEST", head: str = "") -> Extraction:
    (found,) = appointments(tmp_path, calendar(*events, method=method, head=head))
    return extract(found)


def claims(found: Extraction) -> set[tuple[str, str]]:
    names = {entity.key: entity.name for entity in found.entities}
    return {(claim.predicate.value, names[claim.object]) for claim in found.claims}


def attributes(found: Extraction) -> dict[str, str]:
    (thing,) = (one for one in found.entities if one.type is EntityType.DOCUMENT)
    return dict(thing.attributes)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8"])
def test_the_encoding_of_a_calendar_is_found(encoding: str, tmp_path: Path) -> None:
    data = calendar(PICKUP.replace("Chicago", "Montréal")).decode().replace("Montré", "Montré\r\n ")
    (record,) = appointments(tmp_path, data.encode(encoding))
    assert "Montréal" in str(record.payload["place"])
    assert any("Windows-1252" in note for note in record.notes) == (encoding == "cp1252")


def test_a_line_that_is_folded_within_a_character_is_whole(tmp_path: Path) -> None:
    data = calendar(PICKUP.replace("Chicago", "Montréal")).replace(b"\xc3\xa9", b"\xc3\r\n \xa9")
    (record,) = appointments(tmp_path, data)
    assert "Montréal" in str(record.payload["place"])


@pytest.mark.parametrize("name", ["invite.ics", "invite", "invite.txt"])
def test_an_appointment_says_who_when_and_where(name: str, tmp_path: Path) -> None:
    (record,) = appointments(tmp_path, calendar(PICKUP), name)
    assert (record.source, record.data_type, record.external_id) == ("calendar", "appointment", "4410-pick@x.example")
    found = extract(record)
    assert attributes(found) == {
        "kind": "appointment",
        "start": "2026-03-04T14:00:00Z",
        "end": "2026-03-04T15:00:00Z",
        "place": "Dock 4, 1200 W Fulton, Chicago, IL",
    }
    assert claims(found) == {
        ("MANAGED_BY", "Ana Brito"),
        ("MENTIONS", "Bob Lee"),
        ("MENTIONS", "SHIP-2026-03-04-001"),
        ("AT", "Chicago, IL"),
        ("HAS_REFERENCE", "PO-70315"),
    }
    place = next(claim for claim in found.claims if claim.predicate.value == "AT")
    assert (place.valid_at, place.invalid_at) == (
        datetime(2026, 3, 4, 14, tzinfo=UTC),
        datetime(2026, 3, 4, 15, tzinfo=UTC),
    )
    bob = next(claim for claim in found.claims if claim.attributes.get("role") == "attendee")
    assert bob.attributes["answer"] == "accepted"
    assert "Gate code at the office." in found.text
    assert found.event_time == datetime(2026, 3, 2, 15, tzinfo=UTC)


def test_a_cancelled_appointment_is_at_no_place_any_more(tmp_path: Path) -> None:
    for found in (stated(tmp_path, PICKUP, method="CANCEL"), stated(tmp_path, f"{PICKUP}\nSTATUS:CANCELLED")):
        assert ("HAS_STATUS", "cancelled") in claims(found)
        assert "AT" not in {predicate for predicate, _ in claims(found)}
        assert attributes(found)["status"] == "cancelled"
        assert found.whole


def test_a_later_sequence_is_a_later_version(tmp_path: Path) -> None:
    times = [stated(tmp_path, f"{PICKUP}\nSEQUENCE:{number}").event_time for number in (0, 1, 2)]
    assert times == sorted(set(times))
    later = PICKUP.replace("DTSTAMP:20260302T150000Z", "DTSTAMP:20260302T150001Z")
    assert stated(tmp_path, f"{later}\nSEQUENCE:0").event_time > times[2]


def test_the_answer_of_an_attendee_ends_nothing(tmp_path: Path) -> None:
    found = stated(tmp_path, f"{PICKUP}\nSTATUS:CONFIRMED", method="REPLY")
    assert not found.whole
    assert "HAS_STATUS" not in {predicate for predicate, _ in claims(found)}


@pytest.mark.parametrize(
    ("start", "head", "shown", "note"),
    [
        ("DTSTART;TZID=America/Chicago:20260304T080000", "", "2026-03-04T14:00:00Z", ""),
        ("DTSTART;TZID=Central Standard Time:20260304T080000", "", "2026-03-04T14:00:00Z", ""),
        ("DTSTART:20260304T080000", "X-WR-TIMEZONE:America/Chicago\n", "2026-03-04T14:00:00Z", ""),
        ("DTSTART:20260304T080000", "", "2026-03-04T08:00:00Z", "no time zone"),
        ("DTSTART;VALUE=DATE:20260304", "", "2026-03-04", ""),
    ],
)
def test_times_in_every_zone(start: str, head: str, shown: str, note: str, tmp_path: Path) -> None:
    found = stated(tmp_path, f"UID:1@x\nDTSTAMP:20260302T150000Z\n{start}", head=head)
    assert attributes(found)["start"] == shown
    assert (note in " ".join(found.notes)) if note else not found.notes


def test_a_zone_that_is_not_known_is_an_error_of_its_record(tmp_path: Path) -> None:
    (record,) = appointments(tmp_path, calendar("UID:1@x\nDTSTART;TZID=Nowhere/Land:20260304T080000"))
    with pytest.raises(ExtractError, match="Nowhere"):
        extract(record)


@pytest.mark.parametrize(
    ("rule", "repeats"),
    [
        ("RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10;INTERVAL=2", "every 2 weeks on Monday, Wednesday, 10 times"),
        ("RRULE:FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20261231T000000Z", "every month on last Friday, until 2026-12-31"),
        ("RRULE:FREQ=DAILY\nEXDATE:20260305T140000Z", "every day, but not on 2026-03-05"),
        ("RRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=4", "every year, day 4, month 3"),
    ],
)
def test_what_repeats_is_described(rule: str, repeats: str, tmp_path: Path) -> None:
    found = stated(tmp_path, f"{PICKUP}\n{rule}")
    assert attributes(found)["repeats"] == repeats
    assert repeats in found.text
    assert "AT" not in {predicate for predicate, _ in claims(found)}


def test_a_moved_date_of_a_series_is_an_appointment_of_its_own(tmp_path: Path) -> None:
    moved = PICKUP.replace("UID:", "RECURRENCE-ID:20260311T140000Z\nUID:")
    series, date = appointments(tmp_path, calendar(f"{PICKUP}\nRRULE:FREQ=WEEKLY", moved))
    assert (series.external_id, date.external_id) == (
        "4410-pick@x.example",
        "4410-pick@x.example/20260311T140000Z",
    )


def test_an_invitation_in_a_mail_is_an_appointment_that_the_message_has_attached(tmp_path: Path) -> None:
    sent = message("Please come.")
    sent.add_alternative(calendar(PICKUP).decode(), subtype="calendar", params={"method": "REQUEST"})
    moved = PICKUP.replace("UID:4410", "RECURRENCE-ID:20260311T140000Z\nUID:4411")
    sent.add_attachment(calendar(moved), maintype="text", subtype="calendar", filename="more.ics")
    (tmp_path / "a.eml").write_bytes(sent.as_bytes())
    mail, first, second = records(tmp_path / "a.eml")
    assert mail.payload["body"] == "Please come."
    assert [(each.source, each.locator) for each in (first, second)] == [
        ("calendar", "a.eml/invite.ics:appointment 1"),
        ("calendar", "a.eml/more.ics:appointment 1"),
    ]
    attached = {claim.object for claim in extract(mail).claims if claim.predicate.value == "HAS_ATTACHMENT"}
    assert attached == {keys.appointment(each.external_id) for each in (first, second)}
    assert all(extract(each).entities[0].key in attached for each in (first, second))
    assert payload(sent)["attachments"][0]["appointments"] == ["4410-pick@x.example"]


def test_what_is_wrong_fails_alone(tmp_path: Path) -> None:
    data = calendar("UID:1@x\nDTSTART:2026bad", PICKUP, "DTSTART:20260304T140000Z", f"{PICKUP}\nRRULE:FREQ=X;COUNT=y")
    (tmp_path / "a.ics").write_bytes(data)
    first, second, third, fourth = read(tmp_path / "a.ics")
    assert isinstance(first, Rejected)
    assert (first.error.code, first.locator) == ("unreadable_time", "a.ics:appointment 1")
    (tmp_path / "kept.ics").write_bytes(first.raw or b"")
    (again,) = read(tmp_path / "kept.ics")
    assert isinstance(again, Rejected)
    assert again.error.code == "unreadable_time"
    assert isinstance(second, Record)
    assert isinstance(third, Rejected)
    assert third.error.code == "missing_id"
    assert isinstance(fourth, Record)
    assert fourth.notes == ("left out: its RRULE, which cannot be read",)


@pytest.mark.parametrize(
    ("data", "code"), [(b"", "empty_file"), (calendar(PICKUP)[:-60], "broken_file"), (b"\0" * 900, "binary_file")]
)
def test_a_damaged_calendar_is_named(data: bytes, code: str, tmp_path: Path) -> None:
    (tmp_path / "a.ics").write_bytes(data)
    *_, last = read(tmp_path / "a.ics")
    assert isinstance(last, Rejected)
    assert last.error.code == code


def test_a_calendar_of_tasks_holds_nothing(tmp_path: Path) -> None:
    data = b"BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nUID:1\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"
    (tmp_path / "a.ics").write_bytes(data)
    (found,) = read(tmp_path / "a.ics")
    assert isinstance(found, Skipped)
    assert found.note == "a calendar without appointments"
