"""Whether new content can be a version of the old: of a JSON object by its fields, of a document by its text.

An id that is not unique by construction says only that two records are called the same. Content says whether they can
be one thing: `{"id": 1, "customer_name": "Halcyon"}` and `{"id": 1, "trailer_number": "TL-5501"}` cannot.
Bounded: the first 200 fields, 8 levels deep; the first 200,000 characters of a text.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zlib import crc32

from apex_cli.extract import placeholders
from apex_cli.extract.field_names import snake
from apex_cli.extract.identity import trimmed

SAME_SHAPE = 0.5
"""The share of common field names, of the object that has fewer, from which two objects have one shape."""
SAME_FIELDS = 1 / 3
"""The share of common values from which two objects of different shapes are one thing."""
CLOSE = 0.5
"""The share of common values above which two objects differ in a detail only."""
SAME_TEXT = 0.2
"""The share of common lines or phrases, of the shorter text, from which a text is a version of another."""
_MOST_FIELDS = 200
_DEEPEST = 8
_MOST_TEXT = 200_000
_PHRASE = 3
_SHORTEST_VALUE = 3
_UINT32 = "I"
_WORD = re.compile(r"\w+")
# What names a record or sorts it says nothing of what it is, nor do the times at which it was written.
_NAMES_IT = re.compile(
    r"(?:.*_)?(?:id|ids|uuid|guid|key|oid)|type|object|kind|record_type|event_type|"
    r"(?:.*_)?(?:at|time|timestamp|version|revision|etag|cursor|hash)|created|updated|modified|last_updated.*"
)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """An object in brief: its field names and its values, each as a hash of 32 bits. Takes 8 bytes a field."""

    names: bytes
    values: bytes

    def shape_shared(self, other: Fingerprint) -> float:
        """The share of common field names, of the object that has fewer; 1 where one has none."""
        return _shared(_unpacked(self.names), _unpacked(other.names))

    def values_shared(self, other: Fingerprint) -> float:
        """The share of common values, of the object that has fewer; 1 where one has none."""
        return _shared(_unpacked(self.values), _unpacked(other.values))

    def may_be(self, other: Fingerprint) -> bool:
        """See `same_thing`."""
        return self.shape_shared(other) >= SAME_SHAPE or self.values_shared(other) >= SAME_FIELDS


def fingerprint(payload: Mapping[str, Any]) -> Fingerprint:
    """The fingerprint of an object. Ids, types and times are left out; names count in snake case."""
    names: set[int] = set()
    values: set[int] = set()
    for name, value in _fields(payload):
        names.add(_name_hash(name))
        said = trimmed(str(value)).casefold()
        # A short value, such as `1`, `no` or `ND`, is common to many things: it counts in its own field only.
        values.add(_hash(said if len(said) >= _SHORTEST_VALUE else f"{name}={said}"))
    return Fingerprint(array(_UINT32, sorted(names)).tobytes(), array(_UINT32, sorted(values)).tobytes())


def same_thing(old_payload: Mapping[str, Any], new_payload: Mapping[str, Any]) -> bool:
    """Whether an object can be a version of another one with its id: they share the shape, or fields with their values.

    Made for other JSON, whose ids are not unique: a record of a known source may change its whole layout. True where
    one of the two says too little to decide.
    """
    return fingerprint(old_payload).may_be(fingerprint(new_payload))


def same_vehicle(old_payload: Mapping[str, Any], new_payload: Mapping[str, Any]) -> bool:
    """Whether two readings with one unit number and one moment may be of one vehicle: unless their VINs differ.

    Two fleets number their trucks alike. A reading with Samsara's own id has no `vehicle_id`: its VIN may be corrected.
    """
    vins = set()
    for payload in (old_payload, new_payload):
        fields = {snake(name): value for name, value in payload.items()}
        vin = fields.get("vin")
        if "vehicle_id" in fields and isinstance(vin, str) and placeholders.is_vin(trimmed(vin)):
            vins.add(trimmed(vin).upper())
    return len(vins) <= 1


def same_text(old: str, new: str) -> bool:
    """Whether a text can be a version of another one that was in its place: they share lines or phrases.

    A phrase is three words in a row, letter case aside. True where one of the two has no words.
    """
    before, after = old[:_MOST_TEXT], new[:_MOST_TEXT]
    if _shared(_lines(before), _lines(after)) >= SAME_TEXT:
        return True
    return _shared(_phrases(before), _phrases(after)) >= SAME_TEXT


def _shared(one: frozenset[Any], other: frozenset[Any]) -> float:
    smaller = min(len(one), len(other))
    return len(one & other) / smaller if smaller else 1.0


def _fields(payload: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Dotted name and value of the fields that hold one, in the order of their names."""
    left = _MOST_FIELDS
    stack: list[tuple[str, Any, int]] = [("", payload, 0)]
    while stack and left:
        under, value, depth = stack.pop()
        if isinstance(value, Mapping):
            if depth < _DEEPEST:
                inside = [(snake(str(name)), item) for name, item in value.items()]
                inside.sort(key=lambda field: field[0], reverse=True)
                stack.extend((f"{under}.{name}", item, depth + 1) for name, item in inside)
        elif isinstance(value, list):
            if depth < _DEEPEST:
                stack.extend((f"{under}[]", item, depth + 1) for item in reversed(value[:_MOST_FIELDS]))
        elif value is not None and value != "" and _name_hash(under):
            left -= 1
            yield under, value


def _lines(text: str) -> frozenset[str]:
    lines = (" ".join(line.split()).casefold() for line in text.splitlines())
    return frozenset(line for line in lines if any(map(str.isalnum, line)))


def _phrases(text: str) -> frozenset[tuple[str, ...]]:
    words = _WORD.findall(text.casefold())
    if len(words) < _PHRASE:
        return frozenset([tuple(words)] if words else [])
    return frozenset(zip(words, words[1:], words[2:], strict=False))


def _unpacked(hashes: bytes) -> frozenset[int]:
    return frozenset(array(_UINT32, hashes))


@lru_cache(maxsize=8192)
def _name_hash(name: str) -> int:
    """The hash of a dotted name; 0 for one that does not count."""
    return 0 if _NAMES_IT.fullmatch(name.rpartition(".")[2]) else _hash(name) or 1


def _hash(text: str) -> int:
    return crc32(text.encode("utf-8", "surrogatepass"))
