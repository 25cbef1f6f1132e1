"""Front: fields that are spelled otherwise, cut, missing or of another type."""

from __future__ import annotations

import copy
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apex_cli.errors import ExtractError
from apex_cli.model import Record
from apex_cli.sources.registry import classify, extract
from tests.front_helpers import (
    CONVERSATION,
    OBSERVED,
    OLD,
    claims,
    entities,
    extracted,
    opened,
    payload,
)


@pytest.mark.parametrize(
    ("message_id", "body", "sender", "time"),
    [
        ("messageId", "body", "from", "date"),
        ("MESSAGE_ID", "BODY", "Sender", "SentAt"),
        ("message-id", "Body", "sender", "sent-at"),
        ("MESSAGEID", "BODY", "FROM", "SENTAT"),
    ],
)
def test_the_spelling_of_names_does_not_matter(message_id: str, body: str, sender: str, time: str) -> None:
    message = {
        message_id: "KM-1",
        "subject": "Late",
        body: "Load KC-1044 late",
        sender: "a@b.example",
        time: 1772582400,
    }
    found = extracted(message)
    assert classify(message) == ("frontapp", "message", "KM-1")
    assert claims(found) == {("SENT_BY", "a@b.example"), ("MENTIONS", "KC-1044")}
    assert found.event_time == datetime(2026, 3, 4, tzinfo=UTC)


def test_a_time_that_cannot_be_read_is_an_error() -> None:
    row = payload("front/messages_list_page1.json")["_results"][1]
    for value in ("yesterday", {"date": "soon"}):
        with pytest.raises(ExtractError) as caught:
            extracted({**row, "created_at": value})
        assert caught.value.code == "unreadable_time"
    with pytest.raises(ExtractError):
        extracted({"message_id": "M-1", "body": "x", "sent_at": "some day"})


def test_ids_of_messages_are_no_people() -> None:
    body = (
        "Message-ID: <1@northyard.example>\nReferences: <2@northyard.example>\n <3@northyard.example>\n"
        "In-Reply-To: <4@northyard.example>\n[cid:image001.png@01DC.5A21]\nAsk ana@bluestem.example."
    )
    message = {"message_id": "<5@northyard.example>", "in_reply_to": "<4@northyard.example>", "body": body}
    found = extracted(message)
    assert {name for kind, name in entities(found) if kind == "Person"} == {"ana@bluestem.example"}
    assert ("REPLIES_TO", "<4@northyard.example>") in claims(found)
    other = extracted({"message_id": "4@northyard.example", "body": "x"})
    assert other.entities[0].key in {one.key for one in found.entities}


def test_what_is_cut_is_noted() -> None:
    dated = {"message_id": "M-1", "sent_at": "2026-03-01T10:00:00Z"}
    (note,) = extracted({**dated, "body": "<p>" + "<br>" * 300_000}).notes
    assert note == "left out: the body after its first 1,000,000 characters"
    assert extracted({**dated, "body": "load x " * 40_000}).notes
    to = extracted({**dated, "body": "x", "to": [f"a{number}@b.example" for number in range(300)]})
    assert len(claims(to)) == 300
    assert not to.notes


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = (
    "author recipients attachments body text subject _links metadata conversation target source id type payload"
    " _results tags links assignee recipient draft_mode to"
)


@given(
    st.dictionaries(st.sampled_from(KEYS.split()), JSON, max_size=6),
    st.sampled_from(["event", "row", "comment", "whole"]),
)
def test_drift_of_fields_never_breaks_a_record(drift: dict[str, Any], where: str) -> None:
    event: Any = copy.deepcopy(OLD)
    if where == "event":
        event.update(drift)
    elif where == "row":
        event["target"]["data"].update(drift)
    elif where == "comment":
        event = {"id": "com_1", "body": "x", **drift}
    else:
        event = {**CONVERSATION, **drift}
    for one in opened(event):
        with suppress(ExtractError):
            assert extracted(one).text


def test_what_has_ended_states_nothing_more() -> None:
    row = payload("front/messages_list_page1.json")["_results"][1]
    for value, data_type in ((row, "message"), ({"id": "msg_4kd8a4"}, "message"), (CONVERSATION, "conversation")):
        found = extract(Record("frontapp", data_type, value["id"], value, "", OBSERVED, "x", ended=True))
        assert (found.claims, found.whole) == ((), True)
        assert found.entities
