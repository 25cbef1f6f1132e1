"""Any other JSON object: its type and its id come from the names that such fields usually have."""

from __future__ import annotations

from apex_cli.model import Extraction, JsonObject, Record
from apex_cli.sources.source import Source


class _Json(Source):
    """`registry.classify` gives its records their identity: it takes more than the payload. See `identity.identify`."""

    name = "json"
    title = "any other JSON"
    specificity = 0
    names_are_dates = True
    ids_by_hand = True

    def matches(self, payload: JsonObject) -> bool:
        """Every object that is not empty."""
        return bool(payload)

    def identify(self, payload: JsonObject) -> tuple[str, str | None]:
        """Data type and external id of an object that stands alone; its content identifies one without an id."""
        from apex_cli.sources.json.identity import Origin, identify

        return identify(payload, payload, Origin())

    def extract(self, record: Record) -> Extraction:
        from apex_cli.sources.json import mapping

        return mapping.extract(record)


SOURCE = _Json()
