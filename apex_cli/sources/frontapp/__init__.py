"""Front: messages, teammates' comments, conversations and what happens to them."""

from __future__ import annotations

from dataclasses import replace

from apex_cli.extract.identity import external_id
from apex_cli.model import Extraction, JsonObject, Record
from apex_cli.sources.frontapp import shapes
from apex_cli.sources.source import Source


class _Front(Source):
    name = "frontapp"
    title = "Front messages, comments and conversations"
    data_types = ("message", "comment", "conversation", "event")
    text_types = frozenset(("message", "comment"))
    id_field = "message_id"
    typical_fields = frozenset(
        ("message_id", "message_uid", "subject", "body", "blurb", "sender", "recipients", "is_inbound", "is_draft",
         "draft_mode", "author", "conversation", "attachments", "emitted_at", "handle", "assignee", "inbox", "inboxes")
    )  # fmt: skip

    def matches(self, payload: JsonObject) -> bool:
        """The shapes of `shapes.shape_of`."""
        return shapes.shape_of(payload) is not None

    def identify(self, payload: JsonObject) -> tuple[str, str | None]:
        """By the id of the message or comment, also where an event brings it; other events by their own id."""
        shape = shapes.shape_of(payload)
        if shape == "event":
            about, fields = shapes.target(payload)
            if about is not None:
                return about, external_id(fields["id"])
        if shape is None or shape == "flat":
            return super().identify(payload)
        return shape, external_id(payload["id"])

    def extract(self, record: Record) -> Extraction:
        from apex_cli.sources.frontapp import conversations, mapping

        found = mapping.extract(record) if record.data_type == "message" else conversations.extract(record)
        return replace(found, claims=(), whole=True) if record.ended else found

    def prose(self, record: Record) -> str:
        from apex_cli.sources.frontapp import conversations, mapping

        return mapping.prose(record) if record.data_type == "message" else conversations.prose(record)

    def skip_reason(self, payload: JsonObject) -> str | None:
        """An error of the API, the test of a webhook, or a draft, which was never sent."""
        if shapes.is_error(payload):
            return "error answer"
        if shapes.is_test(payload):
            return "webhook test"
        shape = shapes.shape_of(payload)
        message = shapes.target(payload)[1] if shape == "event" else payload
        return "draft" if shape in ("message", "event") and shapes.is_draft(message) else None

    def unpack(self, payload: JsonObject) -> list[JsonObject] | None:
        """See `shapes.unpack`."""
        return shapes.unpack(payload)


SOURCE = _Front()
