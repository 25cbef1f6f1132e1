"""Front: messages, one flat record for each."""

from __future__ import annotations

from apex_cli.extract.ids import external_id
from apex_cli.model import JsonObject

DATA_TYPE = "message"
_COMPANIONS = ("body", "subject", "sender")


def matches(payload: JsonObject) -> bool:
    """A `message_id` together with a body, a subject or a sender."""
    return payload.get("message_id") is not None and any(payload.get(key) is not None for key in _COMPANIONS)


def identify(payload: JsonObject) -> tuple[str, str | None]:
    """Data type and external id: the `message_id`."""
    return DATA_TYPE, external_id(payload.get("message_id"))
