"""From what a person types to the keys that it may be: `MC-948811`, `+1 312 555 0144`, `BOL 5521`, a name.

Every spelling that apex prints leads back to its thing: a key as it is shown (`carrier:mc:948811`), and the values of
keys in any spelling that the mappings take.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast, get_args

from apex_cli.extract import clean, contacts, identifiers, keys, names

_LONGEST = 400
_BRACKETS = re.compile(r"<\s*([^<>]+?)\s*>")
_HUMANS: tuple[keys.HumanKind, ...] = get_args(keys.HumanKind)
_DOCKETS = frozenset(get_args(keys.DocketKind))
_REFERENCES = frozenset(get_args(keys.ReferenceKind))
_NAMED: tuple[keys.NamedKind, ...] = get_args(keys.NamedKind)


# Words before a value, as apex prints it and as people write it, and the kinds of keys that they stand for.
_LABELS = {
    **{kind: kind for kind in ("samsara", "vin", "unit", "turvo", "city", "pos", "phone", "email", "po", *_DOCKETS)},
    **{kind: kind for kind in _REFERENCES},
    **dict.fromkeys(("truck", "tractor", "vehicle"), "unit"),
}


def keys_of(text: str) -> list[str]:
    """The keys that the text may be, each once; none for a text that no key can be."""
    text = _bare(clean.line(text, _LONGEST))
    return list(dict.fromkeys((*_keys(text), *_labelled(text)))) if text else []


def values_of(text: str) -> list[str]:
    """The values in small letters that a key of any kind may have, if the text means it."""
    text = _bare(text)
    line = clean.line(text, _LONGEST)
    if line[:3].casefold() == "id ":
        return values_of(line[3:])
    found = (text.strip().lower(), line.lower(), names.company_key(line), names.person_key(line))
    return [value for value in dict.fromkeys(found) if value]


def _bare(text: str) -> str:
    """A message id or an address without the brackets that mail writes around it: `<4410@acme.example>`."""
    found = _BRACKETS.fullmatch(text.strip())
    return found[1] if found else text


def _labelled(text: str) -> Iterator[str]:
    """The keys of one kind, where the text is their label and a value: `vin 1XKY…`, `turvo 310`, `Truck 6520`."""
    label, _, value = text.partition(" ")
    kind, value = _LABELS.get(label.casefold().rstrip("#:.")), value.lstrip("# ")
    if kind is None or not value:
        return
    if kind == "unit" and value.isdigit():
        yield keys.vehicle_unit(f"TRUCK-{value}")
    made = (
        *_keys(value),
        keys.vehicle_samsara(value),
        keys.location_position(value),
        *(keys.docket(docket, value) for docket in get_args(keys.DocketKind)),
        *(keys.turvo_id(party, value) for party in get_args(keys.TurvoKind)),
    )
    yield from (key for key in made if key.count(":") > 1 and keys.kind_of(key).partition(":")[2] == kind)


def _keys(text: str) -> Iterator[str]:
    yield text
    for match in identifiers.find(text, text.upper()):
        if match.start > 0 or match.end < len(text):
            continue
        if match.kind in _DOCKETS:
            yield keys.docket(cast(keys.DocketKind, match.kind), match.value)
        elif match.kind in _REFERENCES:
            yield keys.reference(cast(keys.ReferenceKind, match.kind), match.value)
        elif match.kind == "order":
            yield keys.order(match.value)
    yield from (keys.vehicle_vin(text), keys.vehicle_unit(text), keys.shipment(text), keys.order(text))
    yield from (keys.reference(kind, text) for kind in get_args(keys.ReferenceKind))
    yield keys.location_city(text)
    number, address = contacts.phone(text), contacts.email(text)
    for human in _HUMANS:
        if number:
            yield keys.phone(human, number)
        if address:
            yield keys.email(human, address)
    yield from (keys.any_name(kind, text) for kind in _NAMED)
