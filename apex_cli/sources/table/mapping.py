"""A row of a table, to an extraction. A load is read by the rules of a flat shipment: its cells are put where those
rules look for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, get_args

from apex_cli.errors import ExtractError
from apex_cli.extract import clean, contacts, entities, fields, keys, places, timestamps
from apex_cli.extract.builder import Builder
from apex_cli.extract.field_names import snake_keys
from apex_cli.extract.remaining import remaining_phrases
from apex_cli.model import Entity, Extraction, JsonObject, Predicate, Record, RecordKind
from apex_cli.sources.table import cells, rows
from apex_cli.sources.table.rows import TableRow
from apex_cli.sources.turvo import mapping as shipments
from apex_cli.sources.turvo import parties, status, used
from apex_cli.sources.turvo.subject import Subject

_REFERENCES = {
    "bol": "bol_number", "container": "container_number", "seal": "seal_number", "invoice": "invoice_number",
    "pickup_number": "pickup_number",
}  # fmt: skip
_LABELLED = ("reference", "delivery_number", "pro")
_TEXTS = ("commodity", "equipment", "mode", "temperature", "trailer", "truck")
_MONEY = ("rate", "customer_rate", "carrier_rate")
_ENDS = (("origin", "pickup", "Pickup"), ("destination", "delivery", "Delivery"))


def extract(record: Record) -> Extraction:
    """What a row states. All but a check call are states, with versions in time.

    Raises `ExtractError`: `unreadable_time` for a time of the row that cannot be read, `no_id` for a row without an id.
    """
    row = rows.read(snake_keys(record.payload))
    if row is None:
        raise ExtractError("no column with a known head", hint="--explain shows what it is taken for", code="no_id")
    unread = rows.unread_time(row)
    if unread is not None:
        name, cell = unread
        raise ExtractError(
            f"{name} {clean.line(cell, 80)!r} is no time that can be read",
            hint="write times as in 2025-10-19 14:23, or leave the cell empty",
            code=timestamps.UNREADABLE,
        )
    if record.data_type in ("vehicle", "position", "driver", "carrier", "invoice"):
        return _thing(record, row)
    return _load(record, row)


def _load(record: Record, row: TableRow) -> Extraction:
    number = rows.number(row)
    entity = entities.shipment(shipment_id=number) if number else None
    if entity is None:
        raise ExtractError("no number of a load", hint="give the load's number", code="no_id")
    is_event = record.data_type == "check_call"
    kind = RecordKind.EVENT if is_event else RecordKind.STATE
    builder = Builder.of(record, rows.own_time(row), kind=kind, whole=_is_whole(row))
    ref = builder.add(entity)
    about = f"Shipment {entity.name} on {timestamps.to_minute(builder.event_time)}"
    if record.ended:
        return builder.build(f"Shipment {entity.name}", f"{about}: removed from its table.")
    flat = _flat(builder, row, number or "")
    subject = Subject(builder, ref, record.source, flat, row.time("created"))
    clauses = shipments.stated(subject, entity, status.read(flat))
    clauses += [*_scac(builder, record, row), *_truck(builder, row)]
    text = f"{about}: {'; '.join(clauses) or 'no details'}."
    return builder.build(f"Shipment {entity.name}", text + _rest(builder, record, text))


def _is_whole(row: TableRow) -> bool:
    """Whether the silence of a row says something: a load board with columns for the carrier and the status, in which
    the row says for whom the load is and where it goes."""
    is_full = row.is_board and row.has("carrier", "mc") and row.has("status")
    return is_full and row.get("customer") is not None and cells.end(row, "destination") is not None


def _flat(builder: Builder, row: TableRow, number: str) -> dict[str, Any]:
    """A load as a flat shipment."""
    planned = {name: _planned(builder, row, name) for _, name, _ in _ENDS}
    flat: dict[str, Any] = {
        "status": row.status,
        "status_time": row.time("status_time", "time"),
        "customer": {"name": row.get("customer"), **_ways(row, "customer")},
        "carrier": {
            "name": row.get("carrier") or rows.docket(row, "scac"),
            "mc": row.get("mc"),
            "dot": row.get("dot"),
            **_ways(row, "carrier"),
        },
        "driver_name": row.get("driver"),
        "driver_phone": row.get("driver_phone"),
        "driver_email": row.get("driver_email"),
        "pickup_time": planned["pickup"],
        "delivery_time": planned["delivery"],
        "po_numbers": [each for cell in _orders(row, number) for each in cells.listed(cell)],
        "external_ids": [
            {"type": name, "value": row.payload[name]}
            for label in _LABELLED
            for name in row.heads(label)
            if row.payload[name] and row.payload[name] != number
        ],
        "contributors": [
            {"user": row.payload[name], "title": name.replace("_", " ")}
            for name in row.heads("manager")
            if row.payload[name]
        ],
        "stops": list(_stops(row, planned)),
        "quantity": cells.amount(row.get("quantity")),
        "miles": cells.amount(row.get("miles")),
        "weight": cells.amount(row.get("weight"), row.unit("weight")),
        "currency": row.get("currency"),
        "created_at": row.time("created"),
        **{name: cells.amount(row.get(name), row.get("currency") or row.unit(name)) for name in _MONEY},
        **{name: row.get(name) for name in _TEXTS},
        **{name: [each for cell in row.all(own) for each in cells.listed(cell)] for own, name in _REFERENCES.items()},
        **{end: cells.end(row, end) for end, _, _ in _ENDS},
    }
    return {name: value for name, value in flat.items() if value not in (None, [], {})}


def _ways(row: TableRow, who: str) -> dict[str, str | None]:
    return {"phone": row.get(f"{who}_phone"), "email": row.get(f"{who}_email")}


def _orders(row: TableRow, number: str) -> list[str]:
    return [cell for cell in (*row.all("po"), *row.all("order")) if cell != number]


def _planned(builder: Builder, row: TableRow, name: str) -> datetime | None:
    """When a load is picked up or delivered. A cell such as "FCFS" or "10/19" is no time, and stays in the text."""
    found = row.time(f"{name}_date", f"{name}_time")
    written = row.get(f"{name}_date")
    if found is None and written is not None:
        builder.note(f"{name} {clean.line(written, 40)!r} is no time")
    if found is None and (both := cells.ambiguous(row, name)):
        found = timestamps.parse(both)
    return found


def _stops(row: TableRow, planned: dict[str, datetime | None]) -> Iterator[dict[str, Any]]:
    """The pickup and the delivery, where more is known of them than the city; the one stop of a row of stops."""
    if row.kind == "stop":
        where = cells.own_place(row)
        yield {
            "id": row.get("stop"), "type": row.get("stop_type"), "name": row.get("name"),
            "address": {"line1": row.get("address"), "zip": row.get("zip")}, **(where or {}),
            "appointment": row.time("date", "time") or planned["pickup"] or planned["delivery"],
        }  # fmt: skip
        return
    for end, name, kind in _ENDS:
        street, facility, time = row.get(f"{end}_address"), row.get(f"{end}_name"), planned[name]
        if street or facility or time:
            yield {
                "id": name, "type": kind, "name": facility, "appointment": time,
                "address": {"line1": street, "zip": row.get(f"{end}_zip")}, **(cells.end(row, end) or {}),
            }  # fmt: skip


def _scac(builder: Builder, record: Record, row: TableRow) -> list[str]:
    """The SCAC of the carrier, by which it is known, too."""
    scac = rows.docket(row, "scac")
    carrier = _carrier(record, row) if scac else None
    if carrier is None:
        return []
    builder.add(carrier)
    return [f"SCAC {scac}"]


def _truck(builder: Builder, row: TableRow) -> list[str]:
    """The truck of a load, which the row names. It is no statement of who drives it now."""
    vehicle = _vehicle(row)
    if vehicle is None:
        return []
    builder.add(vehicle)
    return _vin(vehicle)


def _vin(vehicle: Entity) -> list[str]:
    return [f"VIN {vehicle.attributes['vin']}"] if "vin" in vehicle.attributes else []


def _vehicle(row: TableRow) -> Entity | None:
    carrier = next((number for kind in ("dot", "mc") if (number := rows.docket(row, kind))), None)
    return entities.vehicle(unit=row.get("truck"), vin=rows.vin(row), fleet=carrier)


def _thing(record: Record, row: TableRow) -> Extraction:
    """A row about a vehicle, a driver, a carrier or an invoice."""
    kind = RecordKind.EVENT if record.data_type == "position" else RecordKind.STATE
    builder = Builder.of(record, rows.own_time(row), kind=kind, whole=False)
    of = {"driver": _of_driver, "carrier": _of_carrier, "invoice": _of_invoice}.get(record.data_type, _of_vehicle)
    found = of(builder, record, row)
    if found is None:
        raise ExtractError(f"no id of a {record.data_type}", code="no_id")
    title, said = found
    text = f"{title} on {timestamps.to_minute(builder.event_time)}: {clean.joined(said) or 'no details'}."
    return builder.build(title, text + _rest(builder, record, text))


_Said = tuple[str, Sequence[str]]
"""The title of an extraction, and the phrases of its text."""


def _of_vehicle(builder: Builder, record: Record, row: TableRow) -> _Said | None:
    vehicle = _vehicle(row)
    if vehicle is None:
        return None
    about = {name: row.get(name) for name in ("make", "model", "year", "plate", "trailer", "equipment")}
    about["status"] = row.status
    ref = builder.add(_with(vehicle, about))
    said = _vin(vehicle) if row.get("truck") else []
    driver = _driver(record, row)
    if driver is not None and not record.ended:
        builder.claim(builder.add(driver), Predicate.DRIVES, ref)
        said.append(f"driven by {driver.name}")
    place = _location(row)
    if place is not None and not record.ended:
        builder.claim(ref, Predicate.LOCATED_AT, builder.add(place))
        said.append(f"at {place.name}")
    return f"Vehicle {vehicle.name}", [*said, *_employer(builder, record, row), *_phrases(about)]


def _of_driver(builder: Builder, record: Record, row: TableRow) -> _Said | None:
    driver = _driver(record, row)
    if driver is None:
        return None
    about = {"status": row.status, "driver_license": row.get("driver_license")}
    ref = builder.add(_with(driver, about))
    said = [f"{name} {driver.attributes[name]}" for name in ("phone", "email") if name in driver.attributes]
    vehicle = _vehicle(row)
    if vehicle is not None and not record.ended:
        builder.claim(ref, Predicate.DRIVES, builder.add(vehicle))
        said.append(f"drives vehicle {vehicle.name}")
    return f"Driver {driver.name}", [*said, *_employer(builder, record, row), *_phrases(about)]


def _employer(builder: Builder, record: Record, row: TableRow) -> list[str]:
    """The carrier that the vehicle or the driver of a row belongs to."""
    carrier = _carrier(record, row)
    if carrier is None:
        return []
    builder.add(carrier)
    return [f"of carrier {carrier.name}"]


def _of_carrier(builder: Builder, record: Record, row: TableRow) -> _Said | None:
    carrier = _carrier(record, row)
    if carrier is None:
        return None
    about = {"status": row.status, **{name: row.get(name) for name in ("contact", "city", "state", "address")}}
    builder.add(_with(carrier, about))
    said = [
        f"{kind.upper()} {carrier.attributes[kind]}" for kind in ("mc", "dot", "scac") if kind in carrier.attributes
    ]
    contact = contacts.from_fields(
        row.get("contact"), row.get("carrier_email", "email"), row.get("carrier_phone", "phone")
    )
    person = (
        entities.human("person", record.source, contact) if contact.name and (contact.email or contact.phone) else None
    )
    if person is not None:
        builder.add(person)
    return f"Carrier {carrier.name}", [*said, *_phrases(about)]


def _of_invoice(builder: Builder, record: Record, row: TableRow) -> _Said | None:
    invoice = row.get("invoice")
    if invoice is None:
        return None
    amount = (
        cells.amount(row.get("balance", "rate"), row.get("currency") or row.unit("balance") or row.unit("rate")) or {}
    )
    times = {name: time for name in ("invoice_date", "due_date") if (time := row.time(name))}
    about = {
        "amount": amount.get("amount"), "currency": amount.get("unit"), "status": row.status,
        **{name: timestamps.rfc3339(time)[:10] for name, time in times.items()},
    }  # fmt: skip
    entity = entities.reference("invoice", invoice)
    ref = builder.add(_with(entity, about))
    said = [*_phrases(about)]
    number = rows.number(row)
    shipment = entities.shipment(shipment_id=number) if number else None
    others = [_carrier(record, row), parties.customer(record.source, {"name": row.get("customer")})]
    for one in others:
        if one is not None:
            builder.add(one)
            said.append(f"{one.type.value.lower()} {one.name}")
    if shipment is not None and not record.ended:
        builder.claim(builder.add(shipment), Predicate.HAS_REFERENCE, ref, valid_at=times.get("invoice_date"))
        said.insert(0, f"for shipment {shipment.name}")
    return f"Invoice {entity.name}", said


def _driver(record: Record, row: TableRow) -> Entity | None:
    phone, email = ("driver_phone", "phone"), ("driver_email", "email")
    contact = contacts.from_fields(row.get("driver"), row.get(*email), row.get(*phone))
    own_id = row.get("driver_id", "driver_license") if contact.name else None
    return entities.human("driver", record.source, contact, own_id=own_id) if contact.name else None


def _carrier(record: Record, row: TableRow) -> Entity | None:
    own = row.kind == "carrier"
    name = row.get("carrier", "name") if own else row.get("carrier")
    numbers = {kind: number for kind in get_args(keys.DocketKind) if (number := rows.docket(row, kind))}
    about: dict[str, Any] = {**numbers, **(_ways(row, "carrier") if not own else {
        "phone": row.get("carrier_phone", "phone"), "email": row.get("carrier_email", "email"),
    })}  # fmt: skip
    return entities.named(
        "carrier",
        record.source,
        name or numbers.get("scac"),
        [keys.docket(kind, number) for kind, number in numbers.items()],
        label=next((f"{kind.upper()} {number}" for kind, number in numbers.items()), None),
        attributes={key: value for key, value in about.items() if value},
    )


def _location(row: TableRow) -> Entity | None:
    position = fields.position(row.get("latitude"), row.get("longitude"))
    place = cells.place(row.get("location")) or cells.own_place(row)
    if place is None:
        return entities.position(*position) if position else None
    return entities.city(places.city_name(place["city"], place["state"]) if "state" in place else place["city"])


def _with(entity: Entity, about: dict[str, Any]) -> Entity:
    said = {name: clean.line(value) if isinstance(value, str) else value for name, value in about.items() if value}
    return Entity(
        entity.type, entity.keys, entity.name, entity.names, entity.hints, {**entity.attributes, **said}, entity.certain
    )


def _phrases(about: dict[str, Any]) -> list[str]:
    return [f"{name.replace('_', ' ')} {value}" for name, value in about.items() if value]


def _rest(builder: Builder, record: Record, text: str) -> str:
    """What else the row says, under the names of its columns."""
    named: JsonObject = {name.replace(".", " "): value for name, value in record.payload.items()}
    phrases, note = remaining_phrases(used.left(named, text), ())
    if note:
        builder.note(note)
    return f" Also: {'; '.join(phrases)}." if phrases else ""
