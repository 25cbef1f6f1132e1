"""Calendars: appointments, alone or as the invitation in a mail."""

from __future__ import annotations

from apex_cli.extract.identity import external_id
from apex_cli.model import Extraction, JsonObject, Record
from apex_cli.sources.source import Source


class _Calendar(Source):
    """`formats.ics` makes its records."""

    name = "calendar"
    title = "appointments of calendars"
    data_types = ("appointment",)
    id_field = "appointment_uid"
    typical_fields = frozenset(("appointment_uid", "organizer", "attendees", "start", "end", "sequence", "repeats"))
    holds_writing = True

    def matches(self, payload: JsonObject) -> bool:
        return payload.get("appointment_uid") is not None

    def identify(self, payload: JsonObject) -> tuple[str, str | None]:
        """By the id of the appointment; of one date of a series by that and the date."""
        from apex_cli.formats.ics import appointment_id

        uid = external_id(payload.get("appointment_uid"))
        recurrence = external_id(payload.get("recurrence_id"))
        return "appointment", uid and appointment_id(uid, recurrence or "")

    def extract(self, record: Record) -> Extraction:
        from apex_cli.sources.calendar import mapping

        return mapping.extract(record)

    def prose(self, record: Record) -> str:
        from apex_cli.sources.calendar import mapping

        return mapping.prose(record)


SOURCE = _Calendar()
