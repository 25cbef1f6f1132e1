"""What may be an external id, and how names become data types."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Any

LONGEST_ID = 500
_DIGEST_BYTES = 16
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_WORD = re.compile(r"[\W_]+")
_LONGEST_TYPE = 60


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
