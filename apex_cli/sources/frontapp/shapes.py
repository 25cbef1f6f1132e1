"""The shapes of Front: what an object is, which message it is about, and the objects inside of pages and webhooks.

From Front's Core API (github.com/frontapp/front-api-specs) and its webhooks (dev.frontapp.com/docs). A message comes as

- an object of a list: `{"id": "msg_1", "is_inbound": true, "recipients": […], "body": …}`,
- the target of an event: `{"id": "evt_1", "type": "inbound", "emitted_at": …, "conversation": {…}, "target": {…}}`,
  whole, or a stub with no more than an id (a preview),
- a flat record: `{"message_id": "MSG-1", "subject": …, "body": …, "sender": …}`.

All three are one record, named by the message's id. In objects given to these functions the names of the object's own
fields are in snake case; what is inside of them is as it arrived.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from apex_cli.extract.field_names import snake_keys
from apex_cli.model import JsonObject

Shape = Literal["flat", "message", "event", "comment", "conversation"]

_FLAT = ("body", "subject", "sender")
_MESSAGE = ("is_inbound", "blurb", "body", "draft_mode", "message_uid", "is_draft")
_CONVERSATION = ("subject", "status", "recipient", "assignee", "status_category")
_AROUND_ROWS = frozenset(("pagination", "links", "results", "total", "meta"))
_WEBHOOK = frozenset(("type", "authorization", "payload"))


def shape_of(payload: JsonObject) -> Shape | None:
    """What an object of Front is; None for any other object."""
    if payload.get("message_id") is not None and any(payload.get(key) is not None for key in _FLAT):
        return "flat"
    own_id = payload.get("id")
    if not isinstance(own_id, str) or not own_id.strip():
        return None
    parts = payload.get("conversation"), payload.get("target"), payload.get("source")
    if payload.get("emitted_at") is not None and any(isinstance(part, Mapping) for part in parts):
        return "event"
    if (own_id.startswith("msg_") or _has_roles(payload)) and any(key in payload for key in _MESSAGE):
        return "message"
    if own_id.startswith("com_") and "body" in payload:
        return "comment"
    is_conversation = own_id.startswith("cnv_") and any(key in payload for key in _CONVERSATION)
    return "conversation" if is_conversation else None


def target(event: JsonObject) -> tuple[Shape | None, dict[str, Any]]:
    """What an event is about: a message or a comment, and its fields in snake case; None for any other event."""
    outer = snake_keys(part) if isinstance(part := event.get("target"), Mapping) else {}
    data = snake_keys(inner) if isinstance(inner := outer.get("data"), Mapping) else {}
    meta = snake_keys(inner) if isinstance(inner := outer.get("meta"), Mapping) else {}
    own_id = data.get("id")
    if not isinstance(own_id, str) or not own_id.strip():
        return None, {}
    if meta.get("type") == "message" or own_id.startswith("msg_"):
        return "message", data
    return ("comment", data) if meta.get("type") == "comment" or own_id.startswith("com_") else (None, data)


def is_draft(message: JsonObject) -> bool:
    """Whether a message is a draft, which was never sent."""
    return bool(message.get("draft_mode")) or message.get("is_draft") is True


def is_error(payload: JsonObject) -> bool:
    """Whether an object is an error answer of the API: `{"_error": {"status", "title", "message"}}`."""
    error = payload.get("error")
    return (
        payload.keys() == {"error"} and isinstance(error, Mapping) and not error.keys().isdisjoint(("status", "title"))
    )


def is_test(payload: JsonObject) -> bool:
    """Whether an object is what Front sends to try a webhook: `{"type": "sync", "authorization": {…}}`."""
    return payload.get("type") == "sync" and payload.keys() <= _WEBHOOK and not payload.get("payload")


def unpack(payload: JsonObject) -> list[JsonObject] | None:
    """The objects in a page or in the envelope of a webhook, and the last message beside an event or a conversation."""
    if payload.keys() <= _WEBHOOK and isinstance(inner := payload.get("payload"), Mapping):
        return [inner] if shape_of(snake_keys(inner)) else None
    rows = payload.get("results")
    if isinstance(rows, list) and payload.keys() <= _AROUND_ROWS and len(payload) > 1:
        return _rows(rows)
    shape = shape_of(payload)
    if shape == "conversation" and (message := _last_message(payload)):
        return [_without_last_message(payload), _beside(message, payload)]
    return _unpack_event(payload) if shape == "event" else None


def _rows(rows: list[Any]) -> list[JsonObject] | None:
    """The rows of a page where they are Front's; the pages of other APIs look the same."""
    if not all(isinstance(row, Mapping) for row in rows):
        return None
    return rows if not rows or any(shape_of(snake_keys(row)) for row in rows) else None


def _unpack_event(event: JsonObject) -> list[JsonObject] | None:
    """An event and the last message of its conversation, where the event is about something else."""
    conversation = event.get("conversation")
    if not isinstance(conversation, Mapping):
        return None
    own = snake_keys(conversation)
    message = _last_message(own)
    if message is None or snake_keys(message).get("id") == target(event)[1].get("id"):
        return None
    return [{**event, "conversation": _without_last_message(conversation)}, _beside(message, own)]


def _last_message(conversation: JsonObject) -> JsonObject | None:
    message = conversation.get("last_message")
    return message if isinstance(message, Mapping) and shape_of(snake_keys(message)) == "message" else None


def _without_last_message(conversation: JsonObject) -> JsonObject:
    return {key: value for key, value in conversation.items() if key.casefold().replace("_", "") != "lastmessage"}


def _beside(message: JsonObject, conversation: JsonObject) -> JsonObject:
    """The message with the id and the subject of its conversation."""
    kept = {key: conversation[key] for key in ("id", "subject") if conversation.get(key)}
    return {**message, "conversation": kept}


def _has_roles(payload: JsonObject) -> bool:
    recipients = payload.get("recipients")
    return isinstance(recipients, list) and any(
        isinstance(one, Mapping) and {"handle", "role"} <= snake_keys(one).keys() for one in recipients
    )
