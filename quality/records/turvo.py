"""Turvo payloads of the company's shipments: answers of the API, rows of lists, webhooks, flat shipments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from quality.records.company import NO_NUMBER, NO_PHONE, Company, Driver, Shipment, Stop, World, current
from quality.records.emission import Emission, Payload, local, spelled, utc
from quality.records.gold import Statement, Version


def emit(out: Emission, shipment: Shipment) -> None:
    """All versions of one shipment, in the flat layout or in those of the API."""
    times = [at + timedelta(minutes=5 + step) for step, (_, _, at) in enumerate(shipment.statuses)]
    known(out, shipment)
    if shipment.is_flat:
        for step in sorted(out.rng.sample(range(1, len(times)), 3)):
            (_flat_stub if out.rng.random() < 0.3 else _flat)(out, shipment, times[step])
        if out.rng.random() < 0.25:
            _gone(out, shipment, times[-1] + timedelta(hours=20))
        return
    _detail(out, shipment, times[out.rng.randrange(1, 4)])
    _row(out, shipment, times[out.rng.randrange(4, 6)])
    _webhook(out, shipment, times[6])
    if out.rng.random() < 0.7:
        _detail(out, shipment, times[-1] + timedelta(hours=2))


def emit_parties(out: Emission, world: World) -> None:
    """Rows of the lists of customers and carriers, with every spelling that there is."""
    for kind, companies in (("customers", world.customers), ("carriers", world.carriers)):
        for company in companies:
            company_of(out, company)
            for step, name in enumerate(company.spellings[: out.rng.randrange(1, 3)]):
                at = datetime.fromisoformat("2025-09-30T12:00:00+00:00") + timedelta(days=step)
                row: Payload = {"id": company.id, "name": name, "status": {"code": {"key": "101", "value": "Active"}}}
                if kind == "carriers":
                    row |= {"mcNumber": company.mc, "dotNumber": NO_NUMBER}
                out.add(f"turvo.{kind}", row | {"createdDate": "2024-02-01T00:00:00Z", "lastUpdatedOn": utc(at)})


def known(out: Emission, shipment: Shipment) -> str:
    """The shipment as a thing."""
    turvo_id = [] if shipment.is_flat else [str(shipment.turvo_id)]
    return out.gold.thing(shipment.ref, "Shipment", shipment.number, marks=[shipment.number, *turvo_id])


def company_of(out: Emission, company: Company) -> str:
    """The customer or carrier as a thing."""
    marks = [str(company.id), *([company.mc] if company.ref.startswith("carrier") else [])]
    kind = "Carrier" if company.ref.startswith("carrier") else "Customer"
    return out.gold.thing(company.ref, kind, *company.spellings, marks=marks)


def _driver_of(out: Emission, driver: Driver) -> str:
    phone = [driver.phone.removeprefix("+")] if driver.is_namesake else []
    return out.gold.thing(driver.ref, "Driver", driver.name, marks=[str(driver.id), *phone])


def _states(shipment: Shipment, at: datetime) -> list[tuple[str, str, datetime]]:
    return [one for one in shipment.statuses if one[2] <= at]


def _word(text: str) -> str:
    return text.lower().replace(" ", "_")


def _code(word: str, code: str) -> Payload:
    return {"code": {"key": code, "value": word}}


def _said(
    out: Emission, shipment: Shipment, at: datetime, whole: bool, said: Sequence[Statement], record: str = ""
) -> None:
    out.gold.version(record or shipment.number, known(out, shipment), Version(at, whole, said))


def _detail(out: Emission, shipment: Shipment, at: datetime) -> None:
    """A whole shipment as the API gives it."""
    history = _states(shipment, at)
    word, code, _ = history[-1]
    customer = shipment.customer_at(at)
    driver = current(shipment.drivers, at)
    order = {"id": 91000, "deleted": False, "createdDate": utc(shipment.created), "customer": _party(out, customer)}
    orders = []
    haulers = [one for one in shipment.carriers if one[0] <= at]
    for place, (since, hauler) in enumerate(haulers):
        orders.append({"id": 92000 + place, "deleted": place < len(haulers) - 1, "createdDate": utc(since)})
        orders[-1]["carrier"] = _party(out, hauler) | {"mcNumber": hauler.mc, "dotNumber": NO_NUMBER}
    if driver is not None:
        # An id without the telephone would share no strong key with a telephone without the id: two drivers.
        phones = [{"number": driver.phone}] if driver.phone != NO_PHONE or out.rng.random() < 0.7 else []
        context = {"id": driver.id, "name": driver.name, "phones": phones}
        orders[-1]["drivers"] = [{"id": 1, "deleted": False, "context": context}]
    details: dict[str, Any] = {
        "id": _number(out, shipment.turvo_id),
        "customId": shipment.number,
        "status": _code(word, code),
        "statusHistory": [{"status": _code(one, key), "date": utc(since)} for one, key, since in history],
        "customerOrder": [order],
        "carrierOrder": orders,
        "contributors": [{"id": 31, "deleted": False, "contributorUser": {"id": 555010, "name": shipment.manager}}],
        "lane": {"start": shipment.stops[0].city.label, "end": shipment.stops[1].city.label},
        "globalRoute": [_stop(out, stop, place, at, [shipment.order]) for place, stop in enumerate(shipment.stops)],
        "createdDate": utc(shipment.created),
        "lastUpdatedOn": spelled(out.rng, at),
    }
    lost = shipment.lost
    is_gone = at > shipment.statuses[-1][2]
    if lost is not None:
        # It is never reached, so it has an appointment alone.
        route = details["globalRoute"]
        route.append(_stop(out, lost, 2, shipment.created, []) | {"deleted": is_gone})
    out.add("turvo.detail", details)
    gold = out.gold
    said = [Statement("HAS_STATUS", _word(one), since) for one, _, since in history]
    said.append(Statement("FOR_CUSTOMER", company_of(out, customer), shipment.created))
    said += [Statement("HAULED_BY", company_of(out, one), since) for since, one in shipment.carriers if since <= at]
    if driver is not None:
        said.append(Statement("ASSIGNED_DRIVER", _driver_of(out, driver)))
    number = shipment.order
    said.append(Statement("HAS_REFERENCE", gold.thing(f"order:{number}", "Order", number, marks=[number[3:]])))
    said.append(Statement("MANAGED_BY", gold.thing(f"person:{shipment.manager}", "Person", shipment.manager)))
    said += _ends(out, shipment)
    for stop in shipment.stops:
        said.append(Statement("HAS_STOP", gold.thing(stop.ref, "Stop", marks=[str(stop.id)]), stop.appointment))
        since = stop.arrival if stop.arrival <= at else stop.appointment
        until = stop.departed if stop.departed <= at else None
        there = Statement("AT", out.city(stop.city), since, until)
        gold.version(shipment.number, stop.ref, Version(at, True, [there]))
    if lost is not None:
        until = at if is_gone else None
        made = gold.thing(lost.ref, "Stop", marks=[str(lost.id)])
        said.append(Statement("HAS_STOP", made, lost.appointment, until))
        there = Statement("AT", out.city(lost.city), lost.appointment, until)
        gold.version(shipment.number, made, Version(at, True, [there]))
    _said(out, shipment, at, True, said)


def _ends(out: Emission, shipment: Shipment) -> list[Statement]:
    start, end = shipment.stops
    return [Statement("ORIGIN", out.city(start.city)), Statement("DESTINATION", out.city(end.city))]


def _party(out: Emission, company: Company) -> Payload:
    """The company by its id and a spelling; by a placeholder for an id where its name says who it is."""
    own_id = 0 if company.ref in ("customer:1", "customer:6") and out.rng.random() < 0.3 else company.id
    return {"id": _number(out, own_id), "name": out.rng.choice(company.spellings)}


def _number(out: Emission, number: int) -> int | str:
    """An id as a number, or as a text."""
    return str(number) if out.rng.random() < 0.3 else number


def _stop(out: Emission, stop: Stop, sequence: int, at: datetime, orders: Sequence[str]) -> Payload:
    """A stop; its appointment in UTC, or on the clock there with the zone beside it."""
    zone = stop.city.zone
    written = utc(stop.appointment) if out.rng.random() < 0.5 else local(stop.appointment, zone)
    attributes = {
        name: utc(time) for name, time in (("arrival", stop.arrival), ("departed", stop.departed)) if time <= at
    }
    return {
        "id": _number(out, stop.id),
        "deleted": False,
        "name": f"{stop.city.name} yard",
        "stopType": {"key": "1500" if stop.kind == "Pickup" else "1501", "value": stop.kind},
        "timezone": zone,
        "address": {"line1": "2200 Kentucky Ave", "city": stop.city.name, "state": stop.city.state},
        "sequence": sequence,
        "state": "COMPLETED" if "departed" in attributes else "OPEN",
        "appointment": {"date": written, "timeZone": zone, "flex": 3600, "hasTime": True},
        "attributes": attributes,
        "poNumbers": orders,
    }


def _row(out: Emission, shipment: Shipment, at: datetime) -> None:
    """A thin row of a list."""
    word, code, _ = _states(shipment, at)[-1]
    customer, carrier = shipment.customer_at(at), shipment.carrier_at(at)
    row = {
        "id": shipment.turvo_id,
        "customId": shipment.number,
        "netCustomerCosts": 1850.0,
        "status": _code(word, code),
        "customerOrder": [{"id": 91000, "deleted": False, "customer": _party(out, customer)}],
        "carrierOrder": [{"id": 92000, "deleted": False, "carrier": _party(out, carrier)}],
        "createdDate": utc(shipment.created),
        "lastUpdatedOn": utc(at),
    }
    out.add("turvo.row", row)
    said = [
        Statement("HAS_STATUS", _word(word)),
        Statement("FOR_CUSTOMER", company_of(out, customer), shipment.created),
        Statement("HAULED_BY", company_of(out, carrier)),
    ]
    _said(out, shipment, at, False, said)


def _webhook(out: Emission, shipment: Shipment, at: datetime) -> None:
    """The stub that a webhook brings, sometimes with Turvo's own id alone."""
    word, code, _ = _states(shipment, at)[-1]
    number = {"customId": shipment.number} if out.rng.random() < 0.6 else {}
    payload = {
        "tenantId": "1203",
        "eventName": "SHIPMENT_STATUS_UPDATE",
        "eventTime": utc(at),
        "eventPayload": {"id": shipment.turvo_id, **number, "status": _code(word, code)},
    }
    out.add("turvo.webhook", payload)
    record = shipment.number if number else str(shipment.turvo_id)
    _said(out, shipment, at, False, [Statement("HAS_STATUS", _word(word))], record)


def _flat(out: Emission, shipment: Shipment, at: datetime) -> None:
    """A whole shipment in the flat layout."""
    word, _, since = _states(shipment, at)[-1]
    customer, carrier = shipment.customer_at(at), shipment.carrier_at(at)
    start, end = shipment.stops
    payload: dict[str, Any] = {
        "shipmentId": shipment.number,
        "customerName": out.rng.choice(customer.spellings),
        "carrierName": out.rng.choice(carrier.spellings),
        "status": out.rng.choice((word, _word(word), word.upper())),
        "origin": _place(out, start),
        "destination": _place(out, end),
        "updatedAt": spelled(out.rng, at),
        **_flat_ids(out, customer, carrier),
    }
    said = [Statement("FOR_CUSTOMER", company_of(out, customer)), Statement("HAULED_BY", company_of(out, carrier))]
    has_time = shipment.turvo_id % 2 == 0
    if has_time:
        payload["statusTime"] = utc(since)
        payload["createdAt"] = utc(shipment.created)
        said[0] = said[0]._replace(since=shipment.created)
    said.append(Statement("HAS_STATUS", _word(word), since if has_time else None))
    driver = current(shipment.drivers, at)
    payload["driverName"] = driver.name if driver else "TBD"
    if driver is not None:
        payload["driverPhone"] = driver.phone
        said.append(Statement("ASSIGNED_DRIVER", _driver_of(out, driver)))
    out.add("turvo.flat", payload)
    _said(out, shipment, at, True, [*said, *_ends(out, shipment)])


def _place(out: Emission, stop: Stop) -> Payload:
    """The city of a stop, with or without the stop in "St."."""
    return {"city": stop.city.name.replace(".", out.rng.choice((".", ""))), "state": stop.city.state}


def _flat_ids(out: Emission, customer: Company, carrier: Company) -> Payload:
    """Ids beside the names: of namesakes always, of others sometimes."""
    found: Payload = {}
    if customer.is_namesake or out.rng.random() < 0.3:
        found["customerId"] = customer.id
    if carrier.is_namesake or out.rng.random() < 0.3:
        found["carrierMc"] = f"MC-{carrier.mc}"
    return found


def _gone(out: Emission, shipment: Shipment, at: datetime) -> None:
    """A tap says that the row was deleted: all that it said ends."""
    out.add("turvo.tapped", {"shipmentId": shipment.number, "status": "delivered", "_sdc_deleted_at": utc(at)})
    _said(out, shipment, at, True, [])


def _flat_stub(out: Emission, shipment: Shipment, at: datetime) -> None:
    """A shipment's number and status alone."""
    word, _, _ = _states(shipment, at)[-1]
    out.add("turvo.flat", {"shipmentId": shipment.number, "status": _word(word), "updatedAt": utc(at)})
    _said(out, shipment, at, False, [Statement("HAS_STATUS", _word(word))])
