"""Every key of an entity is made here and nowhere else: `type:kind:value`.

The same thing gets the same key in every record, run and process. Values are cleaned (`clean.key_part`), and their case
is folded where case does not distinguish things. Stored memories contain these keys: a changed form loses its entities.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Literal

from apex_cli.extract import clean, names, placeholders
from apex_cli.extract.identity import slug

NamedKind = Literal["customer", "carrier", "driver", "person", "geofence"]
SourceKind = Literal["driver", "geofence", "person", "vehicle", "shipment", "customer", "carrier"]
HumanKind = Literal["driver", "person"]
TurvoKind = Literal["shipment", "customer", "carrier"]
DocketKind = Literal["mc", "mx", "ff", "dot", "scac"]
ReferenceKind = Literal[
    "bol", "pro", "container", "seal", "invoice", "sscc", "awb", "imo", "reference", "pickup", "release",
    "confirmation", "trailer", "booking", "claim", "receipt", "check", "routing", "pars", "paps", "entry", "pedimento",
]  # fmt: skip

_PREFERENCE = (
    "vehicle:samsara",
    "vehicle:vin",
    "vehicle:id",
    "vehicle:unit",
    "driver:id",
    "driver:phone+name",
    "driver:email+name",
    "driver:phone",
    "driver:email",
    "shipment:id",
    "shipment:turvo",
    "customer:turvo",
    "customer:id",
    "carrier:turvo",
    "carrier:id",
    "carrier:mc",
    "carrier:dot",
    "person:email",
    "person:phone+name",
    "person:phone",
)
_RANK = {prefix: rank for rank, prefix in enumerate(_PREFERENCE)}

_EXCLUSIVE = (
    *("vehicle:samsara", "vehicle:vin", "vehicle:id"),
    *("driver:id", "customer:turvo", "customer:id", "carrier:turvo", "carrier:id"),
    *("carrier:mc", "carrier:dot", "carrier:mx", "carrier:ff"),
    *("shipment:turvo", "shipment:id", "location:address", "geofence:id"),
)
"""Kinds of keys of which a thing has one value, each source's ids for itself, the strongest kind of each type first.

Two things with different values of such a kind are never made one by a weaker kind. Example: two MC numbers with one
USDOT number are two carriers. Two USDOT numbers with one MC number are one: the number was corrected.
"""
_STRENGTH = {prefix: strength for strength, prefix in enumerate(_EXCLUSIVE)}
_STRONG = len(_EXCLUSIVE)
_WEAK = _STRONG + 1
_WEAK_KINDS = frozenset(("vehicle:unit", "driver:phone", "driver:email", "person:phone"))

# "PO-88412" under a PO label and "88412" under the same label are one order; likewise for the other labelled numbers.
_OWN_LABEL = {
    "po": re.compile(r"P\.?O\.?[ #:-]{0,3}(?=[A-Z-]{0,10}\d)"),
    "bol": re.compile(r"B/?O?/?L[ #:-]{0,3}(?=[A-Z-]{0,10}\d)"),
    "pro": re.compile(r"PRO[ #:-]{0,3}(?=\d)"),
    "invoice": re.compile(r"INV(?:OICE)?[ #:-]{0,3}(?=[A-Z-]{0,10}\d)"),
}
_SAID = "value:said:"
# How a text may name a thing, and in which order the types are tried: see `said_of`.
_SAYABLE_NAMES = frozenset(
    ("driver:name", "carrier:name", "customer:name", "person:name", "carrier:said", "customer:said")
)
_SAYABLE_NUMBERS = frozenset(("shipment:id", "vehicle:unit", "order:po"))
_SHORTEST_SAID = 5
_SHORTEST_NUMBER = 6
_JOINTS = re.compile(r"[ -]")
# Numbers that are printed with and without joints.
_JOINTED = frozenset(("container", "pro", "awb", "sscc", "pars", "paps", "entry", "pedimento"))
_NOT_DIGIT = re.compile(r"\D")


def given(*pairs: tuple[Callable[[str], str], str | None]) -> list[str]:
    """The keys of the values that are given, in this order: `given((shipment, "SHIP-1"), (order, None))` is one key."""
    return [make(value) for make, value in pairs if value]


def rank(key: str) -> int:
    """Where a key stands in the order of preference: the lower, the better. A bare name comes last."""
    if is_bare_name(key):
        return len(_PREFERENCE) + 1
    return _RANK.get(kind_of(key).partition("@")[0], len(_PREFERENCE))


def kind_of(key: str) -> str:
    """Type and kind of a key: `driver:id@turvo` of `driver:id@turvo:77`."""
    return key[: key.index(":", key.index(":") + 1)]


@lru_cache(maxsize=1024)
def kind_strength(kind: str) -> int:
    """The strength of a kind of keys as `kind_of` gives it; see `strength`."""
    known = _STRENGTH.get(kind.partition("@")[0])
    if known is not None:
        return known
    base = kind.partition("@")[0]
    return _WEAK if base in _WEAK_KINDS or base.endswith((":name", ":said")) else _STRONG


def strength(key: str) -> int:
    """How strongly a key identifies: the lower, the stronger. See `_EXCLUSIVE`."""
    return kind_strength(kind_of(key))


def is_exclusive(key: str) -> bool:
    """Whether a thing has one value of this key's kind."""
    return strength(key) < _STRONG


def is_weak(key: str) -> bool:
    """Whether the key may be of several things: a name, a telephone number or a unit number with nothing beside it."""
    return strength(key) == _WEAK


def is_bare_name(key: str) -> bool:
    """Whether the key is a name as one source or a text spells it, which any id outranks."""
    kind = key.split(":", 2)[1]
    return kind == "said" or kind.startswith("name@")


def is_folded(key: str) -> bool:
    """Whether the key has a name in it, folded for comparing, which is not for people to read."""
    kind = kind_of(key).partition(":")[2]
    return kind.partition("@")[0] in ("name", "said") or kind.endswith("+name")


def is_outranked(key: str) -> bool:
    """Whether the key is no key beside an id, but a name: all weak keys but a unit number, which joins as it did."""
    return is_weak(key) and not key.startswith("vehicle:")


def source_name(kind: NamedKind, source: str, name: str) -> str:
    """A name within one source."""
    return f"{kind}:name@{source}:{normal_name(kind, name)}"


def any_name(kind: NamedKind, name: str) -> str:
    """A name wherever it is used."""
    return f"{kind}:name:{normal_name(kind, name)}"


def normal_name(kind: NamedKind, name: str) -> str:
    """A name for comparing; see `names`."""
    return (names.company_key if kind in ("customer", "carrier") else names.person_key)(name)


def source_id(kind: SourceKind, source: str, value: str) -> str:
    """An id that means something within one source only."""
    return f"{kind}:id@{source}:{clean.key_part(value)}"


def _maker(prefix: str, spelled: Callable[[str], str] = str) -> Callable[[str], str]:
    """The maker of the keys that are a prefix and a cleaned value."""
    return lambda value: f"{prefix}:{spelled(clean.key_part(value))}"


vehicle_samsara = _maker("vehicle:samsara")
vehicle_vin = _maker("vehicle:vin", str.upper)
shipment = _maker("shipment:id", str.upper)
location_address = _maker("location:address")
geofence = _maker("geofence:id")
message = _maker("message:id")
conversation = _maker("conversation:id")
alert = _maker("alert:id")


def vehicle_unit(unit: str, fleet: str | None = None) -> str:
    """A unit number: `vehicle:unit@7001:101` within a fleet (an account, an organisation, a carrier), or
    `vehicle:unit:101`. A weak key.
    """
    within = f"@{_JOINTS.sub('', clean.key_part(fleet)).replace(':', '')}" if fleet else ""
    return f"vehicle:unit{within}:{clean.key_part(unit).upper()}"


def phone(kind: HumanKind, digits: str) -> str:
    """`digits` as `contacts.phone` gives them. A weak key, for many people may share a telephone."""
    return f"{kind}:phone:{digits}"


def named_phone(kind: HumanKind, digits: str, name: str) -> str:
    """The one of that name among those who share a telephone: `driver:phone+name:13125550100:tomasbeltran`."""
    return f"{kind}:phone+name:{digits}:{normal_name(kind, name)}"


def email(kind: HumanKind, address: str) -> str:
    """An e-mail address: of a person a strong key, of a driver a weak one, for a dispatcher's stands for many."""
    return f"{kind}:email:{clean.key_part(address).lower()}"


def named_email(kind: HumanKind, address: str, name: str) -> str:
    """The one of that name among those who share an address: `driver:email+name:ops@example.com:tomasbeltran`."""
    return f"{kind}:email+name:{clean.key_part(address).lower()}:{normal_name(kind, name)}"


def turvo_id(kind: TurvoKind, value: str) -> str:
    return f"{kind}:turvo:{clean.key_part(value)}"


def docket(kind: DocketKind, value: str) -> str:
    """A carrier by its MC, MX, FF or USDOT number, without zeros before it, or by its SCAC."""
    number = clean.key_part(value).upper()
    return f"carrier:{kind}:{number if kind == 'scac' else number.lstrip('0') or number}"


def location_city(name: str) -> str:
    """`name` is "City, ST"; "St. Louis, MO" and "St Louis, MO" are one place, "Montréal, QC" and "Montreal, QC" too."""
    return f"location:city:{names.plain_letters(clean.key_part(name)).replace('.', '')}"


def location_accented(name: str) -> str:
    """`name` with its accents: memories of earlier versions know it by this key."""
    return f"location:city:{clean.key_part(name).casefold().replace('.', '')}"


def location_position(name: str) -> str:
    """`name` as `position_name` spells it."""
    return f"location:pos:{name}"


def position_name(latitude: float, longitude: float) -> str:
    """Degrees rounded to four decimals (about 11 metres): "41.8781,-87.6298"."""
    # Adding zero turns the -0.0 of rounding into 0.0: one place, one spelling.
    return f"{round(latitude, 4) + 0.0:.4f},{round(longitude, 4) + 0.0:.4f}"


def stop(shipment_id: str, value: str) -> str:
    return f"stop:{clean.key_part(shipment_id).upper()}:{clean.key_part(value)}"


def order(value: str) -> str:
    return f"order:po:{_without_label('po', value)}"


def reference(kind: ReferenceKind, value: str) -> str:
    bare = _without_label(kind, value)
    return f"reference:{kind}:{_JOINTS.sub('', bare) if kind in _JOINTED else bare}"


def document_content(digest: str) -> str:
    return f"document:content:{digest}"


def document_file(digest: str) -> str:
    """`digest` is that of `extract.identity.file_digest`: what a message knows its attachment by."""
    return f"document:file:{digest}"


def document_called(filename: str) -> str:
    """What a file is called, without its folders. A name only: many files are called "invoice.pdf"."""
    return f"document:called:{clean.key_part(filename)}"


def document_attachment(source: str, message_id: str, filename: str) -> str:
    return f"document:attachment@{source}:{clean.key_part(message_id)}:{clean.key_part(filename)}"


def appointment(appointment_id: str) -> str:
    """`appointment_id` as `formats.ics.appointment_id` makes it."""
    return document_record("calendar", "appointment", appointment_id)


def document_record(source: str, data_type: str, external_id: str) -> str:
    return f"document:record@{source}:{clean.key_part(data_type)}:{clean.key_part(external_id)}"


def said(form: str) -> str:
    """A phrase of a text that may name something: `form` is a name's key or a number, without blanks or punctuation."""
    return f"{_SAID}{form}"


def said_as(kind: Literal["customer", "carrier"], name: str) -> str:
    """The name of a company that a text gives beside its label: "Carrier: Lakeshore Haulage". A weak key."""
    return f"{kind}:said:{normal_name(kind, name)}"


def is_said(key: str) -> bool:
    """Whether the key is a phrase of a text of which nothing says what it names."""
    return key.startswith(_SAID)


def is_said_as(key: str) -> bool:
    """Whether the key is made by `said_as`."""
    return ":said:" in key and kind_of(key).endswith(":said") and not is_said(key)


@lru_cache(maxsize=8192)
def said_of(alias: str) -> str | None:
    """The phrase by which a text names what has this key or name; None for what no text names so.

    `carrier:name@turvo:lakeshorehaulage` is said "Lakeshore Haulage": `value:said:lakeshorehaulage`. A name has five
    letters or more. A number has a digit and five characters, or six where it has digits only: "Star" and "4410" in a
    text may be anything.
    """
    kind = kind_of(alias)
    form = alias[len(kind) + 1 :]
    base = kind.partition("@")[0]
    if base in _SAYABLE_NAMES:
        return said(form) if len(form) >= _SHORTEST_SAID else None
    if base in _SAYABLE_NUMBERS or base.startswith("reference:"):
        number = number_form(form)
        return said(number) if number else None
    return None


def number_form(text: str) -> str:
    """A number as a text may write it: "LD-40512" and "ld 40512" are `ld40512`; "" for one that may be anything."""
    form = "".join(char for char in text.casefold() if char.isalnum())
    shortest = _SHORTEST_NUMBER if form.isdecimal() else _SHORTEST_SAID
    return form if len(form) >= shortest and any(map(str.isdecimal, form)) else ""


def value(predicate: str, text: str) -> str:
    return f"value:{predicate}:{clean.key_part(text)}"


def docket_number(text: str | None) -> str | None:
    """The digits of an MC or USDOT number however it is written ("MC-774120", "US DOT No. 0812345"), without zeros
    before them; None if it is none.
    """
    digits = _NOT_DIGIT.sub("", text).lstrip("0") if text and len(text) <= 20 and text.isascii() else ""
    return digits if 3 <= len(digits) <= 8 and not placeholders.is_id(digits) else None


def snake(text: str) -> str:
    """A value in snake case: "Route Complete" is `route_complete`. Empty without a letter or digit."""
    return slug(clean.line(text), clean.NAME_LIMIT)


def _without_label(kind: str, text: str) -> str:
    upper = clean.key_part(text).upper()
    label = _OWN_LABEL.get(kind)
    found = label.match(upper) if label else None
    return upper[found.end() :] if found else upper
