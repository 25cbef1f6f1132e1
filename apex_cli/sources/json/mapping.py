"""Any other JSON: the record is a document, and the names of its fields decide what it mentions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast, get_args

from apex_cli.extract import clean, contacts, cuts, entities, fields, keys, mentions, placeholders, places, timestamps
from apex_cli.extract.builder import Builder
from apex_cli.extract.contacts import Contact
from apex_cli.extract.field_names import snake_keys
from apex_cli.model import Entity, EntityType, Extraction, Record, RecordKind
from apex_cli.sources.json.identity import own_id
from apex_cli.sources.json.walk import Group, walk

_TEXT_LIMIT = 50_000
_LONGEST_NUMBER = 60
_REFERENCES = frozenset(get_args(keys.ReferenceKind))
_PLACED = frozenset(("city", "latitude"))
_REACHED = frozenset(("email", "phone"))
# A number beside one of these names alone is as likely a weight, a count or a position in a list.
_AMBIGUOUS_ALONE = frozenset(("shipment", "order", "container", "seal", "invoice", "vehicle"))


def extract(record: Record) -> Extraction:
    """The record as a document that mentions things; its free text is searched too, with less trust.

    One that ended keeps its things and mentions none of them any more.
    Its time is that of its own fields, else that of the objects inside. Raises `ExtractError` (`unreadable_time`) where
    its own time is there and cannot be read.
    """
    walked = walk(record.payload, record.data_type)
    own = timestamps.own_time(snake_keys(record.payload))
    if own is None and walked.time and timestamps.is_plausible(record, walked.time):
        own = walked.time
    builder = Builder.of(record, own, kind=RecordKind.STATE)
    kind = clean.line(record.data_type.replace("_", " ")) or "record"
    title = clean.line(f"{kind[0].upper()}{kind[1:]} {own_id(record.external_id)}")
    key = keys.document_record(record.source, record.data_type, record.external_id)
    document = builder.add(Entity(EntityType.DOCUMENT, (key,), title, attributes={"data_type": kind}))
    for group in walked.groups:
        for entity in _entities(group, record.source):
            predicate = mentions.predicate(builder, document, entity)
            thing = builder.add(entity)
            if not record.ended:
                builder.claim(document, predicate, thing)
    if not record.ended:
        mentions.add(builder, document, "\n".join(walked.free_text), record.source)
    stated = clean.joined(walked.phrases) or "it is empty"
    text = f"{title} on {timestamps.to_minute(builder.event_time)}: {stated}."
    if len(text) > _TEXT_LIMIT:
        cuts.left_out(f"{len(text) - _TEXT_LIMIT:,} of the {len(text):,} characters of its text")
    return builder.build(title, clean.shortened(text, _TEXT_LIMIT))


def _entities(group: Group, source: str) -> Iterator[Entity]:
    """The entities of one group of parts; a part whose value does not fit its name is left out."""
    if not group.parts:
        return
    found = [_main(group, source)]
    if not _PLACED.isdisjoint(group.parts):
        found.append(_place(group))
    if not _REACHED.isdisjoint(group.parts) and group.role not in ("driver", "person"):
        found.append(_contact_person(group, source))
    yield from (entity for entity in found if entity is not None)


def _main(group: Group, source: str) -> Entity | None:
    if group.role in _REFERENCES:
        number = _number(group)
        return entities.reference(cast(keys.ReferenceKind, group.role), number) if number else None
    read = _BY_ROLE.get(group.role or "")
    return read(group, source) if read else None


def _name(group: Group) -> str | None:
    name = fields.label(group.parts.get("name", group.parts.get("plain")))
    return name if name and any(char.isalpha() for char in name) else None


def _driver(group: Group, source: str) -> Entity | None:
    contact = _contact(group, _name(group))
    # Ids of unknown systems meet: one counts only where there is nothing better.
    own_id = fields.scalar(group.parts.get("id")) or _row_id(group) if contact == Contact() else None
    return entities.human("driver", source, contact, own_id=own_id)


def _number(group: Group) -> str | None:
    """The identifying number: something with a digit, short enough to be one."""
    parts = group.parts
    names = ["custom_id", "id", *(["row_id"] if _row_id(group) else []), "name", "plain"]
    if isinstance(parts.get("plain"), int | float) and group.role in _AMBIGUOUS_ALONE:
        names.remove("plain")
    for name in names:
        number = fields.label(parts.get(name))
        if number and len(number) <= _LONGEST_NUMBER and any(char.isdigit() for char in number):
            return None if placeholders.is_id(number) else number
    return None


def _row_id(group: Group) -> str | None:
    """The field `id`, unless it is a bare number, which counts within its table only: row 1 of `invoices` is no
    invoice 1."""
    found = fields.scalar(group.parts.get("row_id"))
    return None if found is None or found.isdigit() else found


def _vehicle(group: Group, _source: str) -> Entity | None:
    vin = fields.scalar(group.parts.get("vin"))
    unit = fields.scalar(group.parts.get("unit"))
    if unit is None and group.role == "vehicle":
        named = fields.scalar(group.parts.get("name"))
        unit = named if named and any(char.isdigit() for char in named) else _number(group)
    known_unit = unit if unit and len(unit) <= _LONGEST_NUMBER and any(char.isdigit() for char in unit) else None
    return entities.vehicle(unit=known_unit, vin=vin if vin and len(vin) == 17 and vin.isalnum() else None)


def _carrier(group: Group, source: str) -> Entity | None:
    """A carrier by its numbers or its name; parts that are no numbers of a carrier are not taken for them."""
    dockets = {
        kind: number for kind in ("mc", "dot") if (number := keys.docket_number(fields.scalar(group.parts.get(kind))))
    }
    found = [keys.docket(cast(keys.DocketKind, kind), number) for kind, number in dockets.items()]
    label = next((f"{'USDOT' if kind == 'dot' else 'MC'} {number}" for kind, number in dockets.items()), None)
    return entities.named("carrier", source, _name(group), found, label=label, attributes=dockets)


def _place(group: Group) -> Entity | None:
    city, state = fields.label(group.parts.get("city")), fields.label(group.parts.get("state"))
    if city and state:
        return entities.city(places.city_name(city, state))
    position = fields.position(group.parts.get("latitude"), group.parts.get("longitude"))
    return entities.position(*position) if position else None


def _contact(group: Group, name: str | None) -> Contact:
    named = contacts.parse(name) or Contact()
    return Contact(
        named.name,
        contacts.email(group.parts.get("email")) or named.email,
        contacts.phone(group.parts.get("phone")) or named.phone,
    )


def _contact_person(group: Group, source: str) -> Entity | None:
    """The person behind a customer's or document's e-mail address or telephone number; not named like the company."""
    contact = _contact(group, fields.scalar(group.parts.get("name")) if group.role is None else None)
    reached = contact.email or contact.phone
    return entities.human("person", source, contact) if reached else None


_BY_ROLE: dict[str, Callable[[Group, str], Entity | None]] = {
    "customer": lambda group, source: entities.named("customer", source, _name(group)),
    "carrier": _carrier,
    "driver": _driver,
    "person": lambda group, source: entities.human("person", source, _contact(group, _name(group))),
    "shipment": lambda group, _: entities.shipment(shipment_id=_number(group)),
    "order": lambda group, _: entities.order(number) if (number := _number(group)) else None,
    "vehicle": _vehicle,
}
