"""Mail: messages in files and mailboxes."""

from __future__ import annotations

from apex_cli.model import Extraction, JsonObject, Record
from apex_cli.sources.source import Source


class _Mail(Source):
    """The formats of mail make its records: see `formats.mail.letter`."""

    name = "mail"
    title = "mail messages"
    data_types = ("message",)
    text_types = frozenset(data_types)
    id_field = "message_id"
    typical_fields = frozenset(
        ("message_id", "in_reply_to", "references", "sent_at", "subject", "from", "to", "cc", "body", "attachments")
    )
    holds_writing = True

    def matches(self, payload: JsonObject) -> bool:
        """A message with lists of its senders, of the messages before it, and of what is attached to it."""
        lists = all(isinstance(payload.get(name), list) for name in ("from", "to", "references", "attachments"))
        return lists and payload.get("message_id") is not None

    def extract(self, record: Record) -> Extraction:
        from apex_cli.sources.mail import mapping

        return mapping.extract(record)

    def prose(self, record: Record) -> str:
        from apex_cli.sources.mail import mapping

        return mapping.prose(record)

    def skip_reason(self, payload: JsonObject) -> str | None:
        """A draft was never sent."""
        return "draft" if payload.get("is_draft") is True and self.matches(payload) else None


SOURCE = _Mail()
