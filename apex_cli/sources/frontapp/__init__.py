"""Front: messages, one flat record for each."""

from __future__ import annotations

from collections.abc import Mapping

from apex_cli.model import Extraction, JsonObject, Record
from apex_cli.sources.source import Source

_COMPANIONS = ("body", "subject", "sender")


class _Front(Source):
    name = "frontapp"
    title = "Front messages"
    data_types = ("message",)
    id_field = "message_id"

    def matches(self, payload: JsonObject) -> bool:
        """A `message_id` together with a body, a subject or a sender."""
        return payload.get("message_id") is not None and any(payload.get(key) is not None for key in _COMPANIONS)

    def extract(self, record: Record) -> Extraction:
        from apex_cli.sources.frontapp import mapping

        return mapping.extract(record)

    def prose(self, record: Record) -> str:
        from apex_cli.sources.frontapp import mapping

        return mapping.prose(record)

    def skip_reason(self, payload: JsonObject) -> str | None:
        """An error of the API (`_error` alone), or the test of a webhook (`type: sync`)."""
        if payload.keys() == {"error"} and isinstance(payload["error"], Mapping):
            return "error answer"
        is_test = payload.get("type") == "sync" and payload.keys() <= {"type", "authorization"}
        return "webhook test" if is_test else None


SOURCE = _Front()
