"""Names of folders in the staging directory: safe encodings of an input's origin, never the origin itself.

    <slug>-<origin>                       one whole input
    <slug>-<origin>+<content>             one failed record of it that has no id
    <slug>-<origin>+<content>+<record>    one failed record of it, with the hash of its record id

`slug` is for people; the other parts are BLAKE2b-64 (RFC 7693) in hex. A slug contains no `+`, so a name alone
identifies the input that a failed record belongs to and the record that it holds. Example:
`inbox.jsonl-0a1b2c3d4e5f6071` is an input, `inbox.jsonl_3-0a1b2c3d4e5f6071+1122334455667788` the record of its line 3.
"""

from __future__ import annotations

import hashlib
import re

SLUG_LENGTH = 40
PAYLOAD = "payload"
STATUS = "status.json"
DRAFTS = ".tmp"
"""The folder of drafts and removed items. No source has this name: a source folder never begins with a dot."""

_HASH = "[0-9a-f]{16}"
_ITEM_ID = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9._-]{{0,{SLUG_LENGTH - 1}}}-({_HASH})(?:\+{_HASH}(?:\+({_HASH}))?)?")
_PAYLOAD = re.compile(rf"{PAYLOAD}(?:\.[a-z0-9]{{1,16}})?")
_EXTENSION = re.compile(r"\.[a-z0-9]{1,16}")


def slug(text: str) -> str:
    """`text` in ASCII letters, digits, `.`, `_` and `-`, at most 40 of them; never empty, never hidden."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text).lstrip(".-")[:SLUG_LENGTH] or "item"


def digest(*parts: str | bytes) -> str:
    """BLAKE2b-64 of an ordered list, in hex. Lengths are part of it: `ab`, `c` and `a`, `bc` differ."""
    state = hashlib.blake2b(digest_size=8)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        state.update(b"%d:" % len(data))
        state.update(data)
    return state.hexdigest()


def input_id(name: str, *origin: str | bytes) -> str:
    """The item id of a whole input: the same for the same origin, always."""
    return f"{slug(name)}-{digest(*origin)}"


def record_item_id(parent: str, locator: str, payload: bytes, record_id: str | None) -> str:
    """The item id of one failed record of the input `parent`. The same bytes at the same place have the same id."""
    name = f"{slug(locator)}-{origin_hash(parent)}+{digest(locator, payload)}"
    return name if record_id is None else f"{name}+{digest(record_id)}"


def is_item_id(name: str) -> bool:
    """Whether `name` was made by this module. Folders with other names are not ours and are never touched."""
    return _ITEM_ID.fullmatch(name) is not None


def is_record_item(item_id: str) -> bool:
    """Whether the item holds one failed record and not a whole input."""
    return "+" in item_id


def origin_hash(item_id: str) -> str:
    """The hash of the input that the item is, or belongs to. `item_id` must be one."""
    match = _ITEM_ID.fullmatch(item_id)
    if match is None:
        raise ValueError(f"{item_id!r} is no item id")
    return match[1]


def record_hash(item_id: str) -> str | None:
    """The hash of the record id that the item holds, if it holds one."""
    match = _ITEM_ID.fullmatch(item_id)
    return match[2] if match else None


def payload_name(extension: str) -> str:
    """`payload.json` from `.JSON`; an extension that is not short and plain is dropped."""
    extension = extension.lower()
    return PAYLOAD + extension if _EXTENSION.fullmatch(extension) else PAYLOAD


def is_payload(name: str) -> bool:
    return _PAYLOAD.fullmatch(name) is not None
