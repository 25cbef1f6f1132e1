"""Any other JSON object: its type and its id from the names that such fields usually have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from apex_cli.model import JsonObject
from apex_cli.sources.canonical import content_hash
from apex_cli.sources.ids import external_id, slug

UNNAMED = "record"
_TYPE_KEYS = ("type", "object", "kind", "event_type", "record_type")
_PLAIN_IDS = ("id", "_id", "uuid", "guid")
_PREFIXED_ID = re.compile(r"(.*[^\W_])(?:_id|(?<=[a-z0-9])I[dD])")
_PREFIXED_NUMBER = re.compile(r"(.*[^\W_])_number")
_HASH_DIGITS = 32


def matches(payload: JsonObject) -> bool:
    """Every object that says anything."""
    return bool(payload)


def identify(payload: JsonObject) -> tuple[str, str | None]:
    """Data type and external id; there always is one.

    The type is a field such as `type` or `kind`, else the prefix of an id key (`invoice_id`: `invoice`), else
    `record`. The id is the first of `id`, `_id`, `uuid`, `guid`, `<x>_id` or `<x>Id` (`<type>_id` before the others,
    which come in the order of the payload), `number`, `<x>_number`, `key` that is a string or a number; else the
    first 32 hex digits of the content hash.
    """
    named = next((name for key in _TYPE_KEYS if (name := _type_of(payload.get(key)))), None)
    prefixed = dict(_prefixed(payload, _PREFIXED_ID))
    data_type = named or next(iter(prefixed), None) or UNNAMED
    candidates = (
        *(external_id(payload.get(key)) for key in _PLAIN_IDS),
        prefixed.get(data_type),
        *prefixed.values(),
        external_id(payload.get("number")),
        *(value for _, value in _prefixed(payload, _PREFIXED_NUMBER)),
        external_id(payload.get("key")),
    )
    return data_type, next(filter(None, candidates), None) or content_hash(payload)[:_HASH_DIGITS]


def _type_of(value: object) -> str | None:
    return slug(value) if isinstance(value, str) else None


def _prefixed(payload: JsonObject, pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Slugged prefix and id of every key of this form that holds an id."""
    for key, value in payload.items():
        match = pattern.fullmatch(key)
        if match and (prefix := slug(match[1])) and (found := external_id(value)):
            yield prefix, found
