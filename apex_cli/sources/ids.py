"""What may be an external id, and how names become data types."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

LONGEST_ID = 500
_DIGEST_BYTES = 16
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_WORD = re.compile(r"[\W_]+")
_LONGEST_TYPE = 60
_MILLISECONDS_FROM = 1e11
"""Epoch numbers from here on are milliseconds: as seconds they would lie beyond the year 5100."""


def external_id(value: Any) -> str | None:
    """An id from a string or a number, space around it removed; None from anything else and from "".

    Ids are data: `../../x` stays what it is. One longer than 500 characters keeps its beginning, followed by `#` and
    32 hex digits of the BLAKE2b-128 of the whole.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
    if len(text) > LONGEST_ID:
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).hexdigest()
        text = f"{text[: LONGEST_ID - len(digest) - 1]}#{digest}"
    return text or None


def slug(text: str) -> str:
    """A name in snake case: `ShipmentUpdate` and `Shipment update` are both `shipment_update`. May be empty."""
    return _NOT_WORD.sub("_", _CAMEL.sub("_", text)).strip("_").lower()[:_LONGEST_TYPE]


def utc_text(value: Any) -> str | None:
    """A time as RFC 3339 in UTC with `Z`, from ISO 8601 text (no zone means UTC) or epoch seconds or milliseconds.

    Text that is no time is returned as it is; None when there is nothing that could name a moment.
    """
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            moment = datetime.fromtimestamp(value / 1000 if value >= _MILLISECONDS_FROM else value, UTC)
        else:
            moment = datetime.fromisoformat(str(value).strip())
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return external_id(value)
    return moment.isoformat().replace("+00:00", "Z")
