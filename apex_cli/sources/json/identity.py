"""Which record an object of unknown origin is: its type, and its id within its collection.

The id of a row's parent or owner is not the row's id: three days of one driver's hours are three records. So a field
such as `driver_id` counts only where the row is a driver: by its `type`, or by the name of its collection. Everything
is decided so that rows with different ids are never taken for one, and one that says nothing of itself is known by its
content.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from functools import lru_cache
from typing import Any

from apex_cli.errors import ReadError
from apex_cli.extract import collection_names
from apex_cli.extract.field_names import snake
from apex_cli.extract.identity import LONGEST_ID, bounded, content_hash, external_id, slug
from apex_cli.extract.timestamps import from_fields, rfc3339
from apex_cli.extract.unique_ids import is_unique
from apex_cli.model import JsonObject

UNNAMED = "record"
HASH_DIGITS = 32
_TYPE_KEYS = ("type", "object", "kind", "event_type", "record_type")
_PLAIN_IDS = ("id", "uuid", "guid")
_ID_NAME = re.compile(r"(.*[^\W_])_(?:id|uuid|guid)")
_NUMBER_NAME = re.compile(r"(.*[^\W_])_(?:number|no|num)")
# The sender of a record and the way it came do not identify it.
_OTHERS = frozenset(
    ("tenant", "org", "organization", "organisation", "account", "company", "workspace", "group", "user", "webhook")
)
# There are many records of one thing that moves or works: the time is part of the id of each.
_READ_AGAIN = frozenset(("vehicle", "truck", "tractor", "trailer", "asset", "device", "unit", "sensor", "driver"))
# The place of a row among the rows of its parent.
_PLACES_WORDS = """
    line line_number line_no line_item line_item_number seq sequence sequence_number sequence_no position ordinal row
    row_number index item_number item_no stop_number stop_sequence leg leg_number step number no
"""
_PLACES = frozenset(_PLACES_WORDS.split())
# A small number under one of these names is a place too, where one of these parents is named: stop 1 of each shipment.
_IDS_OF_PLACES = frozenset(("stop_id", "line_id", "line_item_id", "leg_id"))
_WITH_PARTS = frozenset(
    ("shipment", "load", "order", "po", "purchase_order", "so", "sales_order", "trip", "route", "invoice", "movement")
)
_ABBREVIATED = {"po": "purchase_order", "so": "sales_order", "wo": "work_order", "bol": "bill_of_lading"}
# An id of one of these is more often that of an owner or partner; what has one of its own describes it too.
_OWNERS_WORDS = """
    customer client shipper consignee carrier vendor supplier broker partner employee person contact dispatcher manager
    site location terminal facility warehouse product item sku category status parent project contract route
"""
_OWNERS = frozenset(_OWNERS_WORDS.split())
_DESCRIBED = frozenset(("name", "email", "phone", "address", "city"))
_LONGEST_PLACE = 6
_SHORT_NUMBER = re.compile(r"\d{1,3}", re.ASCII)
_PLACEHOLDER = re.compile(
    r"(?:n/?a|null|none|nil|tb[adc]|unassigned|unknown|undefined|nan|[-_.?*]+|0{2,}|0{8}-?(?:0{4}-?){3}0{12})", re.I
)
# How MongoDB and others write an id in JSON: {"_id": {"$oid": "65f1…"}}
_WRAPPED = frozenset(("$oid", "$uuid", "$numberLong", "$numberInt", "$numberDecimal"))
_COLLECTED = re.compile(r"[^\W_]\w{0,59}#(?=.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an object stood. `collection` is "" where it is not known.

    `is_row` is false for an object that is alone in its input. `id_fields` are dotted paths of fields that together
    are the id: what the user says.
    """

    collection: str = ""
    is_row: bool = False
    id_fields: Sequence[str] = ()


def identify(payload: JsonObject, shape: JsonObject, origin: Origin) -> tuple[str, str]:
    """Data type and external id. `shape` is the payload with its own fields in snake case.

    The type is a field such as `type` or `kind`, else what the collection's name says in the singular, else the prefix
    of the id's field (`invoice_id`: `invoice`), else `record`.

    The id is the first of these that there is:
    1. the fields that the user names. Raises `ReadError` (`missing_id`) where one of them is missing.
    2. `id`, `_id`, `uuid`, `guid`
    3. of something that moves or works, with a time of day: a reading, `<id>@<RFC 3339 UTC>`
    4. `<x>_id`, `<x>_number` and the like where x is the record's own type; `number`, `key`
    5. of a row that has the ids of others and its place among their rows: all of these (`line=2,order_id=90001`)
    6. of an object that is alone in its input and is no row of a list, the first `<x>_id` or `<x>_number`
    7. the hash of its content

    An id that is unique by construction, or a hash, stands alone. Any other is `<collection>#<id>`.
    """
    fields = _Fields(shape)
    named = next((name for key in _TYPE_KEYS if (name := _type_of(shape.get(key)))), "")
    about = collection_names.singular(origin.collection)
    types = [name for name in (named, about, "event" if "event_type" in shape else "") if name]
    prefix, own = "", _by_user(payload, origin.id_fields)
    if own is None:
        own = _plain(shape)
    if own is None:
        prefix, own = fields.reading(shape)
    if own is None:
        prefix, own = fields.of_type(types)
    if own is None and not (fields.parents and _is_place(shape.get("number"))):
        own = _id(shape.get("number")) or _id(shape.get("key"))
    if own is None:
        own = fields.placed()
    if own is None and not origin.is_row and not named and not collection_names.is_plural(origin.collection):
        prefix, own = fields.first(shape)
    data_type = named or about or prefix or UNNAMED
    if own is None:
        return data_type, content_hash(payload)[:HASH_DIGITS]
    if not origin.collection or is_unique(own):
        return data_type, own
    return data_type, bounded(f"{origin.collection}#{own}", LONGEST_ID)


def has_ids(payload: JsonObject, id_fields: Sequence[str]) -> bool:
    """Whether an object has an id in each of these fields; dotted paths."""
    return all(_id(_at(payload, path)) is not None for path in id_fields)


def own_id(external_id: str) -> str:
    """An external id without its collection: `1` of `customers#1`."""
    collected = _COLLECTED.match(external_id)
    return external_id[collected.end() :] if collected else external_id


@dataclass(slots=True)
class _Fields:
    """The fields of an object that hold ids of things."""

    ids: dict[str, str]
    numbers: dict[str, str]
    parents: list[tuple[str, str]]
    places: list[tuple[str, str]]

    def __init__(self, shape: JsonObject) -> None:
        self.ids, self.numbers, self.parents = {}, {}, []
        self.places = [(name, found) for name in sorted(_PLACES & shape.keys()) if (found := _place(shape[name]))]
        if not _IDS_OF_PLACES.isdisjoint(shape) and any(_meaning(name)[1] in _WITH_PARTS for name in shape):
            self.places += [
                (name, found)
                for name in sorted(_IDS_OF_PLACES & shape.keys())
                if (found := _id(shape[name])) and _SHORT_NUMBER.fullmatch(found)
            ]
        placed = {name for name, _ in self.places}
        for name, value in shape.items():
            kind, prefix = _meaning(name)
            found = _id(value) if kind else None
            if found is None:
                continue
            if name not in _PLACES and name not in placed:
                self.parents.append((name, found))
            if prefix not in _OTHERS:
                (self.ids if kind == "id" else self.numbers).setdefault(prefix, found)
        if self.parents:
            # The place of a row is no id of its own, whatever the collection is named after: line 1 of each order.
            for name in placed:
                kind, prefix = _meaning(name)
                (self.ids if kind == "id" else self.numbers).pop(prefix, None)

    def of_type(self, types: Sequence[str]) -> tuple[str, str | None]:
        """The id of a record of one of these types: `transaction_id` of a `fuel_transaction`, `po_number` of a
        `purchase_order`."""
        for known in (self.ids, self.numbers):
            for type_name in types:
                for prefix, found in known.items():
                    full = _ABBREVIATED.get(prefix, prefix)
                    if full.replace("_", "") == type_name.replace("_", "") or type_name.endswith(f"_{full}"):
                        return full, found
        return "", None

    def placed(self) -> str | None:
        """The ids of the parents and the place among their rows; None without one of them."""
        if not self.places or not self.parents:
            return None
        return ",".join(f"{name}={_escaped(found)}" for name, found in (*sorted(self.parents), *self.places))

    def reading(self, shape: JsonObject) -> tuple[str, str | None]:
        """The thing that was read, and its id with the time. A date alone is no time: it may have several records."""
        if not self.ids or not self.ids.keys() <= _READ_AGAIN:
            return "", None
        moment = from_fields(shape)
        if moment is None or moment.time() == time():
            return "", None
        thing, found = next(iter(self.ids.items()))
        return thing, f"{found}@{rfc3339(moment)}"

    def first(self, shape: JsonObject) -> tuple[str, str | None]:
        """The first id, else the first number, of something that has one record only.

        That of a customer or another owner counts where nothing else has one and the record describes the owner.
        """
        found = [
            (_ABBREVIATED.get(prefix, prefix), each)
            for known in (self.ids, self.numbers)
            for prefix, each in known.items()
            if prefix not in _READ_AGAIN
        ]
        for prefix, each in found:
            if prefix not in _OWNERS:
                return prefix, each
        for prefix, each in found[:1]:
            if any(shape.get(name) or shape.get(f"{prefix}_{name}") for name in _DESCRIBED):
                return prefix, each
        return "", None


def _by_user(payload: JsonObject, id_fields: Sequence[str]) -> str | None:
    if not id_fields:
        return None
    found = [_id(_at(payload, path)) for path in id_fields]
    missing = [path for path, each in zip(id_fields, found, strict=True) if each is None]
    if missing:
        raise ReadError(
            f"the record has no id in {', '.join(missing)}",
            hint="--id-field names fields that every record has: dotted paths, with commas between several",
            code="missing_id",
        )
    ids = [each for each in found if each]
    return ids[0] if len(ids) == 1 else "|".join(map(_escaped, ids))


def _at(payload: JsonObject, path: str) -> object:
    """The value at a dotted path, whatever the case of the names; a field that is called like the whole path too."""
    if path in payload:
        return payload[path]
    value: object = payload
    for name in path.split("."):
        if not isinstance(value, Mapping):
            return None
        inside: Mapping[str, object] = value
        value = (
            inside[name] if name in inside else next((inside[key] for key in inside if snake(key) == snake(name)), None)
        )
    return value


def _plain(shape: JsonObject) -> str | None:
    return next((found for key in _PLAIN_IDS if (found := _id(shape.get(key)))), None)


def _id(value: Any) -> str | None:
    """An id; None for a placeholder such as "N/A", which many records share."""
    if isinstance(value, Mapping) and len(value) == 1 and value.keys() <= _WRAPPED:
        (value,) = value.values()
    found = external_id(value)
    return None if found and _PLACEHOLDER.fullmatch(found) else found


def _type_of(value: object) -> str:
    return slug(value) if isinstance(value, str) else ""


@lru_cache(maxsize=8192)
def _meaning(name: str) -> tuple[str, str]:
    """`id` or `number`, and of what: `id`, `driver` of `driver_id`. Empty for all other fields."""
    for kind, pattern in (("id", _ID_NAME), ("number", _NUMBER_NAME)):
        match = pattern.fullmatch(name)
        if match and (prefix := slug(match[1])):
            return kind, prefix
    return "", ""


def _place(value: object) -> str | None:
    found = _id(value)
    return found if found and len(found) <= _LONGEST_PLACE and any(char.isdigit() for char in found) else None


def _is_place(value: object) -> bool:
    found = _id(value)
    return found is not None and _SHORT_NUMBER.fullmatch(found) is not None


def _escaped(part: str) -> str:
    r"""A part of an id of several, so that no two lists of parts give one text: `a|b` is `a\|b`."""
    return re.sub(r"([\\|,=])", r"\\\1", part)
