"""Front: what its API and webhooks return, to records and facts."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

from apex_cli.model import Record, RecordKind
from apex_cli.sources.frontapp import SOURCE
from apex_cli.sources.registry import classify, prose
from tests.front_helpers import (
    CONVERSATION,
    OBSERVED,
    OLD,
    claims,
    entities,
    extracted,
    ids,
    opened,
    payload,
    skip_reason,
)

SUBJECT = "Delivery Confirmation – SHIP-2025-10-19-002"


MENTIONED = {
    ("MENTIONS", "SHIP-2025-10-19-002"),
    ("MENTIONS", "482139055"),
    ("MENTIONS", "BOL-0098812"),
    ("MENTIONS", "TRUCK-6520"),
    ("MENTIONS", "Lakeshore Haulage Inc"),
}
WHOLE = MENTIONED | {
    ("SENT_BY", "Dana Okafor"),
    ("SENT_TO", "ops@acme-freight.example"),
    ("CC", "Acme Traffic"),
    ("IN_CONVERSATION", "cnv_yo1kg5"),
    ("HAS_ATTACHMENT", "POD_SHIP-2025-10-19-002.pdf"),
}


def test_a_rule_webhook_is_the_message_it_is_about() -> None:
    event = payload("front/rule_webhook_inbound_full_event.json")
    assert ids(event) == [("frontapp", "message", "msg_4kd8a1")]
    found = extracted(event)
    assert claims(found) == WHOLE
    assert (found.kind, found.whole, found.dated) == (RecordKind.EVENT, True, True)
    assert found.event_time == datetime(2025, 10, 19, 18, 45, tzinfo=UTC)
    assert found.title == SUBJECT
    assert "ETA please" not in found.text
    assert "POD" in found.text.split("\n")[-1], "the tag"
    assert "custom fields load SHIP-2025-10-19-002" in found.text
    assert "Ops" in found.text
    assert "logo.png" not in found.text
    assert "tea_" not in found.text
    assert not found.notes


def test_a_preview_is_the_same_record_and_partial() -> None:
    preview = payload("front/app_webhook_inbound_received_preview.json")
    assert ids(preview) == [("frontapp", "message", "msg_4kd8a1")]
    (event,) = opened(preview)
    found = extracted(event)
    assert (found.kind, found.whole, found.dated) == (RecordKind.EVENT, False, True)
    assert claims(found) == {("IN_CONVERSATION", "cnv_yo1kg5"), ("MENTIONS", "SHIP-2025-10-19-002")}
    assert found.event_time == datetime(2025, 10, 19, 18, 45, 3, 872_000, tzinfo=UTC)


def test_a_whole_message_in_the_webhook_of_an_application_is_whole() -> None:
    event = payload("front/rule_webhook_inbound_full_event.json")
    webhook = {"type": "inbound_received", "authorization": {"id": "cmp_1"}, "payload": event}
    (inside,) = opened(webhook)
    assert extracted(inside) == extracted(event)


def test_a_message_is_one_record_however_it_comes() -> None:
    event = payload("front/rule_webhook_inbound_full_event.json")
    row = event["target"]["data"]
    shapes = [
        event,
        row,
        {"_pagination": {"next": None}, "_links": {}, "_results": [row]},
        {"_pagination": {"next": None}, "_results": [event]},
        {"type": "inbound", "authorization": {"id": "cmp_1"}, "payload": row},
        {**event, "target": {"data": row}},
    ]
    for shape in shapes:
        ((*identity, one),) = [(*classify(one), one) for one in opened(shape)]
        assert identity == ["frontapp", "message", "msg_4kd8a1"]
        found = extracted(one)
        assert claims(found) == WHOLE
        assert found.whole
        assert found.event_time == datetime(2025, 10, 19, 18, 45, tzinfo=UTC)


def test_a_page_of_messages() -> None:
    page = payload("front/messages_list_page1.json")
    assert ids(page) == [("frontapp", "message", "msg_4kd8a4"), ("frontapp", "message", "msg_4kd8a3")]
    text_message, customs = (extracted(one) for one in opened(page))
    assert claims(text_message) == {
        ("SENT_BY", "+13125550142"),
        ("SENT_TO", "+13125550100"),
        ("IN_CONVERSATION", "cnv_yo1kg5"),
    }
    assert "At shipper, checked in 0740" in text_message.text
    assert claims(customs) == {
        ("SENT_BY", "José Ñáñez"),
        ("SENT_TO", "ops@acme-freight.example"),
        ("IN_CONVERSATION", "cnv_yo1kg5"),
        ("MENTIONS", "APXU4819204"),
        ("MENTIONS", "SHIP-2025-10-19-002"),
    }
    assert customs.event_time == datetime(2025, 10, 19, 21, 40, 0, 500_000, tzinfo=UTC)


def test_drafts_tests_and_errors_are_nothing_to_ingest() -> None:
    page = payload("front/messages_list_page1.json")
    draft = page["_results"][0]
    assert skip_reason(draft) == "draft"
    event = payload("front/rule_webhook_inbound_full_event.json")
    event["target"]["data"]["draft_mode"] = "private"
    assert skip_reason(event) == "draft"
    assert skip_reason(payload("front/app_webhook_sync.json")) == "webhook test"
    assert skip_reason(payload("front/error_response.json")) == "error answer"
    assert skip_reason({"error": {"kind": "engine", "at": "2026-03-01"}}) is None
    assert list(opened({"_pagination": {"next": None}, "_links": {}, "_results": []})) == []


def test_a_list_of_events() -> None:
    events = payload("front/events_list.json")
    assert ids(events) == [
        ("frontapp", "comment", "com_shg1"),
        ("frontapp", "event", "evt_4ckcr04"),
        ("frontapp", "event", "evt_4ckcr03"),
        ("frontapp", "message", "msg_4kd8a1"),
    ]
    comment, assigned, archived, message = (extracted(one) for one in opened(events))
    assert claims(message) == WHOLE
    for found in (comment, assigned, archived):
        assert (found.kind, found.claims) == (RecordKind.EVENT, ())
        assert ("Conversation", "cnv_yo1kg5") in entities(found)
        assert ("Person", "Priya Raman") in entities(found)
        assert ("Shipment", "SHIP-2025-10-19-002") in entities(found)
    assert comment.event_time == datetime(2025, 10, 19, 22, 25, 49, 657_000, tzinfo=UTC)
    assert "Lumper receipt" in comment.text
    assert comment.text.startswith(
        "Comment com_shg1, by Priya Raman (priya@acme-freight.example), on conversation cnv_"
    )
    assert "Important deliveries" in assigned.text
    assert archived.text.startswith("Front event evt_4ckcr03: archive of conversation cnv_yo1kg5")


def test_the_text_of_a_comment_is_free_text() -> None:
    (comment, *_) = opened(payload("front/events_list.json"))
    record = Record("frontapp", "comment", "com_shg1", comment, "", OBSERVED, "x")
    assert prose(record) == "Lumper receipt for SHIP-2025-10-19-002 still missing @priya"


def test_an_event_of_2018() -> None:
    found = extracted(OLD)
    assert classify(OLD) == ("frontapp", "message", "msg_2")
    assert claims(found) == {
        ("SENT_BY", "support@bluestem.example"),
        ("SENT_BY", "Leela Brito"),
        ("SENT_TO", "@northyard"),
        ("CC", "boss@bluestem.example"),
        ("IN_CONVERSATION", "cnv_keep"),
        ("REPLIES_TO", "msg_1"),
        ("MENTIONS", "88412"),
        ("MENTIONS", "44120"),
    }
    assert found.title == "Load 44120 late"
    assert "replies go to claims@bluestem.example" in found.text
    conversation = next(one for one in found.entities if one.type == "Conversation")
    assert conversation.names == ("conversation:id:2x9c5v",)
    northyard = next(one for one in found.entities if one.name == "@northyard")
    assert northyard.key == "person:id@frontapp:@northyard"


def test_the_last_message_beside_another_event_is_a_record_too() -> None:
    event = copy.deepcopy(OLD)
    last: Any = {**event["target"]["data"], "id": "msg_9"}
    event["conversation"]["last_message"] = last
    assert [one[1:] for one in ids(event)] == [("message", "msg_2"), ("message", "msg_9")]
    archive: dict[str, Any] = {**event, "id": "evt_2", "type": "archive"}
    del archive["target"]
    assert [one[1:] for one in ids(archive)] == [("event", "evt_2"), ("message", "msg_9")]
    _, message = opened(archive)
    assert extracted(message).title == "Load 44120 late"
    assert ("IN_CONVERSATION", "cnv_keep") in claims(extracted(message))


def test_a_preview_takes_what_the_last_message_adds() -> None:
    event: Any = copy.deepcopy(OLD)
    event["conversation"]["last_message"] = event["target"]["data"]
    event["target"]["data"] = {"id": "msg_2"}
    assert [one[1:] for one in ids(event)] == [("message", "msg_2")]
    assert claims(extracted(event)) == claims(extracted(OLD))
    assert extracted(event).whole


def test_a_conversation_is_a_state() -> None:
    found = extracted(CONVERSATION)
    assert classify(CONVERSATION) == ("frontapp", "conversation", "cnv_1")
    assert (found.kind, found.whole, found.claims) == (RecordKind.STATE, True, ())
    assert found.event_time == datetime.fromtimestamp(1760899000.112, UTC)
    assert extracted({**CONVERSATION, "updated_at": 1760899503.872}).event_time > found.event_time
    for word in ("assigned to Priya Raman", "detention", "Kumquat order", "Fargo to Omaha", "+13125550142"):
        assert word in found.text
    node = next(one for one in found.entities if one.type == "Conversation")
    assert node.attributes == {"subject": "Load SHIP-2025-10-19-002", "status": "assigned"}
    assert ("Shipment", "SHIP-2025-10-19-002") in entities(found)
    last = {**OLD["target"]["data"], "id": "msg_9"}
    assert [one[1:] for one in ids({**CONVERSATION, "last_message": last})] == [
        ("conversation", "cnv_1"),
        ("message", "msg_9"),
    ]
    kept, _ = opened({**CONVERSATION, "last_message": last})
    assert extracted(kept).text == found.text


def test_a_list_of_comments() -> None:
    row = {
        "_links": {"related": {"conversation": "https://api2.frontapp.com/conversations/cnv_1"}},
        "id": "com_1",
        "body": "Ask Wanda about PO 88412",
        "posted_at": 1698943401.378,
        "author": None,
    }
    page = {"_pagination": {"next": None}, "_results": [row]}
    assert ids(page) == [("frontapp", "comment", "com_1")]
    found = extracted(row)
    assert entities(found) == {("Conversation", "cnv_1"), ("Order", "88412")}


def test_pages_of_other_apis_are_not_fronts() -> None:
    assert SOURCE.unpack({"results": [{"id": 1, "name": "x"}], "pagination": {}}) is None
    assert SOURCE.unpack({"results": [1, 2], "pagination": {}}) is None
    assert SOURCE.unpack({"type": "x", "payload": {"id": 1}, "authorization": {}}) is None
    assert classify({"id": "evt_1", "object": "event", "created": 1760899000})[0] == "json"
    assert classify({"id": "msg_1", "role": "assistant", "content": "x"})[0] == "json"


def test_what_is_outside_of_the_known_fields_is_in_the_text() -> None:
    found = extracted(payload("extra_fields/message.json"))
    for word in ("detention-dispute", "Wanda Poe", "wanda@b.example", "claims", "kumquat approved $150 for XF-1"):
        assert word in found.text
    assert claims(found) == {("SENT_BY", "a@b.example")}
