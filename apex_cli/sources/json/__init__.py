"""Any other JSON object: its type and its id come from the names that such fields usually have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from apex_cli.extract.identity import external_id, slug
from apex_cli.extract.timestamps import from_fields, rfc3339
from apex_cli.model import Extraction, JsonObject, Record
from apex_cli.sources.source import Source

UNNAMED = "record"
_TYPE_KEYS = ("type", "object", "kind", "event_type", "record_type")
_PLAIN_IDS = ("id", "uuid", "guid")
_PREFIXED_ID = re.compile(r"(.*[^\W_])_id")
_PREFIXED_NUMBER = re.compile(r"(.*[^\W_])_number")
# The owner of a record and the way it came do not identify it.
_OTHERS_IDS = frozenset(
    ("tenant", "org", "organization", "organisation", "account", "company", "workspace", "group", "user", "webhook")
)
# There are many readings of one thing that moves or works: the time is part of the id of each.
_READ_AGAIN = frozenset(("vehicle", "truck", "tractor", "trailer", "asset", "device", "unit", "sensor", "driver"))


class _Json(Source):
    name = "json"
    title = "any other JSON"
    specificity = 0

    def matches(self, payload: JsonObject) -> bool:
        """Every object that is not empty."""
        return bool(payload)

    def identify(self, payload: JsonObject) -> tuple[str, str | None]:
        """Data type and external id; None for the id of an object that has none: its content identifies it.

        The type is a field such as `type` or `kind`, else the prefix of an id key (`invoice_id`: `invoice`), else
        `record`. The id is the first of these that is a string or a number: `id`, `_id`, `uuid`, `guid`, `<x>_id` or
        `<x>Id` (`<type>_id` before the others, which come in the order of the payload), `number`, `<x>_number` or
        `<x>Number`, `key`. Ids of a tenant, a user and the like are
        not the record's own.
        A record that has only a vehicle's, driver's or device's id and a time is a reading: `<id>@<RFC 3339 UTC>`.
        """
        named = next((name for key in _TYPE_KEYS if (name := _type_of(payload.get(key)))), None)
        prefixed = dict(_prefixed(payload, _PREFIXED_ID))
        data_type = named or next(iter(prefixed), None) or UNNAMED
        own = [external_id(payload.get(key)) for key in _PLAIN_IDS]
        if not any(own) and prefixed.keys() <= _READ_AGAIN and (reading := _reading(payload, prefixed)):
            return data_type, reading
        candidates = (
            *own,
            prefixed.get(data_type),
            *prefixed.values(),
            external_id(payload.get("number")),
            *(value for _, value in _prefixed(payload, _PREFIXED_NUMBER)),
            external_id(payload.get("key")),
        )
        return data_type, next(filter(None, candidates), None)

    def extract(self, record: Record) -> Extraction:
        from apex_cli.sources.json import mapping

        return mapping.extract(record)


SOURCE = _Json()


def _reading(payload: JsonObject, things: Mapping[str, str]) -> str | None:
    moment = from_fields(payload)
    return external_id(f"{next(iter(things.values()))}@{rfc3339(moment)}") if things and moment else None


def _type_of(value: object) -> str | None:
    return slug(value) if isinstance(value, str) else None


def _prefixed(payload: JsonObject, pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Slugged prefix and id of every key of this form that holds an id."""
    for key, value in payload.items():
        match = pattern.fullmatch(key)
        if match and (prefix := slug(match[1])) not in _OTHERS_IDS and prefix and (found := external_id(value)):
            yield prefix, found
