"""What a shipment costs, weighs and carries: the attributes of a shipment, of its orders and of its stops.

The list is closed; what is not in it stays in the record's text. Amounts are numbers as the source states them, each
with the unit or the currency that stands beside it, and without one where the source has none:

    customer_cost, carrier_cost, net_revenue, max_pay, rate, goods_value, margin_percent, miles, currency
    quantity, quantity_unit, weight, weight_unit, commodity, temperature, equipment, trailer, truck
    mode, service_type, phase, tags, groups, created_at, pickup_at, pickup_zone, delivery_at, delivery_zone

The claims about a customer and a carrier have `total_amount` and `currency`, a stop has `distance` and `distance_unit`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from apex_cli.extract import clean, fields, timestamps
from apex_cli.model import JsonObject
from apex_cli.sources.turvo.subject import Subject, is_deleted, object_of, zone_of

# "38,000 lb", "$1,850.00", "22 pallets": a number, with its unit or currency beside it.
_WRITTEN = re.compile(r"(?:\$ ?|([A-Z]{3}) ?)?(-?\d{1,12}(?:\.\d{1,6})?) ?([A-Za-z]{1,12})?", re.ASCII)
_NUMBERS = ("amount", "value", "weight", "qty", "quantity", "total_amount", "total")
_UNITS = ("unit", "units", "uom", "weight_unit", "weight_units", "currency")
_Measure = tuple[int | float, str | None]
"""A number, and its unit or currency where it has one."""
_UNIT_OF = {"quantity": "quantity_unit", "weight": "weight_unit"}
_MONEY = ("customer_cost", "carrier_cost", "net_revenue", "max_pay", "rate", "goods_value")
_NOT_IN_TEXT = frozenset(("pickup_at", "delivery_at", "created_at", "currency", *_UNIT_OF.values()))


def costs(order: JsonObject) -> dict[str, Any]:
    """What the order of a customer or a carrier costs, for the claim about it."""
    inside = object_of(order, "costs")
    total = None if is_deleted(inside) else measure(inside, "total_amount", "total", "sub_total")
    if total is None:
        return {}
    return _stated(total_amount=total[0], currency=total[1] or _text(inside, "currency"))


def distance(stop: JsonObject) -> dict[str, Any]:
    """How far a stop is from the one before it."""
    found = measure(stop, "fragment_distance")
    return _stated(distance=found[0], distance_unit=found[1]) if found else {}


def attributes(subject: Subject) -> dict[str, Any]:
    """All attributes of the shipment that are stated, in the order of the list above."""
    payload = subject.payload
    orders = _active(subject, payload, "customer_order")
    items = [item for order in orders for item in _active(subject, order, "items")]
    return {**_money(payload, orders, items), **_load(subject, items), **_plan(subject)}


def _money(payload: JsonObject, orders: Sequence[JsonObject], items: Sequence[JsonObject]) -> dict[str, Any]:
    margin = object_of(payload, "margin")
    found = {
        "customer_cost": measure(payload, "net_customer_costs", "customer_rate")
        or measure(margin, "total_receivable_amount"),
        "carrier_cost": measure(payload, "net_carrier_costs", "carrier_rate")
        or measure(margin, "total_payable_amount"),
        "net_revenue": measure(payload, "net_revenue") or measure(margin, "amount"),
        "max_pay": measure(margin, "max_pay"),
        "rate": measure(payload, "rate", "total_rate", "total_cost"),
        "goods_value": measure(payload, "goods_value", "total_value")
        or _total(measure(item, "total_value", "value") for item in items),
        "margin_percent": measure(margin, "value"),
        "miles": measure(payload, "miles", "total_miles") or _total(measure(one, "total_miles") for one in orders),
    }
    written = [value[1] for name, value in found.items() if value and value[1] and name in _MONEY]
    beside = [text for part in (payload, *items) if (text := _text(part, "currency"))]
    currency = next(iter((*written, *beside)), None)
    return _stated(**{name: value[0] for name, value in found.items() if value}, currency=currency)


def _load(subject: Subject, items: Sequence[JsonObject]) -> dict[str, Any]:
    """What is carried, and in what."""
    payload = subject.payload
    equipment = _active(subject, payload, "equipment")
    quantity = _first_total(("qty", "quantity", "pieces"), ("quantity_unit", "unit"), [payload], items)
    weight = _first_total(
        ("net_weight", "gross_weight", "weight"), ("weight_unit", "weight_units"), [payload], items, equipment
    )
    named = [payload.get("commodity"), *(item.get("name", item.get("description")) for item in items)]
    # An equipment's temperature of zero is one that is not set.
    cold = [payload.get("temperature"), *(item.get("temp") or None for item in equipment)]
    return _stated(
        quantity=quantity and quantity[0],
        quantity_unit=quantity and quantity[1],
        weight=weight and weight[0],
        weight_unit=weight and weight[1],
        commodity=_listed(named),
        temperature=_listed(cold),
        equipment=_listed(
            part
            for item in subject.items(payload.get("equipment"), "equipment")
            if not (isinstance(item, dict) and is_deleted(item))
            for part in ([item.get("type"), item.get("size"), item.get("name")] if isinstance(item, dict) else [item])
        ),
        trailer=fields.pick(payload, "trailer_number", "trailer_id", "trailer"),
        truck=fields.pick(payload, "truck_number", "truck_id", "truck"),
    )


def _plan(subject: Subject) -> dict[str, Any]:
    """How and when it goes, and what people call it."""
    payload = subject.payload
    transport = {**object_of(payload, "transportation"), **payload}
    found: dict[str, Any] = {
        "mode": _text(transport, "mode"),
        "service_type": _text(transport, "service_type"),
        "phase": _text(payload, "phase"),
        "tags": _listed(_inside_list(payload.get("tags"))),
        "groups": _listed(_inside_list(payload.get("groups"))),
        "created_at": timestamps.rfc3339(subject.created) if subject.created else None,
    }
    for name, times in (("pickup", ("pickup_time", "start_date")), ("delivery", ("delivery_time", "end_date"))):
        time = subject.planned(payload, *times)
        found[f"{name}_at"] = timestamps.rfc3339(time) if time else None
        found[f"{name}_zone"] = next((zone for one in times if (zone := zone_of(object_of(payload, one)))), None)
    return _stated(**found)


def phrases(found: Mapping[str, Any]) -> list[str]:
    """Attributes in words: "weight 38000 lb", "customer cost 1850 USD"."""
    said = []
    for name, value in found.items():
        if name not in _NOT_IN_TEXT:
            unit = found.get("currency" if name in _MONEY else _UNIT_OF.get(name, ""))
            said.append(f"{name.replace('_', ' ')} {value}" + (f" {unit}" if unit else ""))
    return said


def measure(payload: JsonObject, *names: str) -> _Measure | None:
    """The number in the first of these fields that has one, and its unit where that is in the same field: 38000,
    "38,000 lb", `{"weight": "38000", "unit": {"key": "1520", "value": "lb"}}`."""
    for name in names:
        value = payload.get(name)
        if value is None:
            continue
        if isinstance(value, dict):
            inside = measure(value, *_NUMBERS)
            unit = next((text for key in _UNITS if (text := fields.label(value.get(key)))), None)
            found = (inside[0], inside[1] or unit) if inside else None
        else:
            found = _written(value)
        if found:
            return found
    return None


def _written(value: object) -> _Measure | None:
    if isinstance(value, str):
        match = _WRITTEN.fullmatch(value.replace(",", "").strip()) if len(value) <= 40 else None
        return (_plain(float(match[2])), match[3] or match[1]) if match else None
    number = fields.number(value)
    return (_plain(number), None) if number is not None else None


def _plain(number: float) -> int | float:
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _total(measures: Iterable[_Measure | None]) -> _Measure | None:
    """The sum, where all that are stated have one unit."""
    found = [one for one in measures if one]
    if not found or len({unit for _, unit in found}) > 1:
        return None
    return sum(number for number, _ in found), found[0][1]


def _first_total(names: Sequence[str], units: Sequence[str], *sources: Sequence[JsonObject]) -> _Measure | None:
    """The sum over the first of these sources that states something but zero, each with the unit beside it."""
    for parts in sources:
        found = []
        for part in parts:
            one = measure(part, *names)
            if one and one[0]:
                found.append((one[0], one[1] or _text(part, *units)))
        if found:
            return _total(found)
    return None


def _stated(**values: Any) -> dict[str, Any]:
    """The values that are there, texts as clean lines."""
    return {
        name: clean.line(value) if isinstance(value, str) else value
        for name, value in values.items()
        if value is not None and value != ""
    }


def _text(part: JsonObject, *names: str) -> str | None:
    return next((text for name in names if (text := fields.label(part.get(name)))), None)


def _active(subject: Subject, payload: JsonObject, name: str) -> list[JsonObject]:
    return [one for one in subject.rows(name, payload) if not is_deleted(one)]


def _inside_list(value: object) -> list[Any]:
    """The items of a list that may stand inside of an object: `{"value": ["hot"]}`."""
    if isinstance(value, dict) and isinstance(value.get("value"), list):
        value = value["value"]
    return fields.items(value)


def _listed(values: Iterable[object]) -> str | None:
    """The texts of these values, each once, with commas between."""
    return clean.joined(dict.fromkeys(clean.line(text) for one in values if (text := fields.label(one)))) or None
