"""Samsara payloads of the company's trucks: pages of stats and vehicles, streams, webhooks, flat readings."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from quality.records.company import NO_VIN, Fence, Ping, Truck, current
from quality.records.emission import Emission, Payload, utc

_KPH_OF_MPH, _MPS_OF_MPH = 1.609344, 0.44704
_ORGANISATION = 48150


def emit(out: Emission, truck: Truck) -> None:
    """All payloads of one truck."""
    if truck.fleet:
        for ping in truck.pings:
            _flat(out, truck, ping)
        return
    _rows(out, truck)
    first = 0
    if out.rng.random() < 0.5:
        # One row of a history: two positions of the same truck.
        first = 2
        _feed(out, truck, *truck.pings[:first])
    for step, ping in enumerate(truck.pings[first:], first):
        if ping.fence is not None:
            _inside(out, truck, ping, ping.fence, as_event=truck.pings[step - 1].fence is None and step % 2 == 0)
        elif ping.leaves:
            _leave(out, truck, ping, truck.pings[step - 1].fence)
        else:
            # A snapshot without an address says "outside", which is no fact before an entry.
            out.rng.choice((_flat, _snapshot, _feed, _location, _stream))(out, truck, ping)
    for at, state in truck.engine:
        _engine(out, truck, at, state)
    _alert(out, truck, truck.pings[5].at + timedelta(minutes=2))


def emit_silent(out: Emission) -> None:
    """A vehicle that has not said anything yet: its row has an id and a name, or the serial of its gateway."""
    for own_id, name in (("281474990000901", "TRUCK-9001"), ("281474990000902", "GXR4-T7K-Q9Z")):
        out.add("samsara.page", {"id": own_id, "name": name, "externalIds": {"samsara.serial": name.replace("-", "")}})
        out.gold.thing(f"silent:{own_id}", "Vehicle", name, marks=[own_id])


def known(out: Emission, truck: Truck) -> str:
    """The truck as a thing. Of a fleet that has no ids, its unit counts within the fleet."""
    if truck.fleet:
        return out.gold.thing(truck.ref, "Vehicle", truck.unit, marks=[f"{truck.fleet}:{truck.unit}"])
    vin = [truck.vin] if truck.vin != NO_VIN else []
    # Its last name is the one to show; the one before stays an alias.
    last = truck.unit_at(truck.pings[-1].at)
    return out.gold.thing(truck.ref, "Vehicle", last, marks=[truck.samsara_id, truck.unit, *vin])


def _named(truck: Truck, at: datetime) -> Payload:
    external = {"samsara.serial": truck.serial, "samsara.vin": truck.vin}
    return {"id": truck.samsara_id, "name": truck.unit_at(at), "externalIds": external}


def _flat(out: Emission, truck: Truck, ping: Ping) -> None:
    """The oldest layout, with the speed in one of three units."""
    speed: Payload = out.rng.choice(
        (
            {"speed_mph": ping.mph},
            {"speed_kph": round(ping.mph * _KPH_OF_MPH, 1)},
            {"speed_mps": round(ping.mph * _MPS_OF_MPH, 1)},
        )
    )
    position = {"latitude": ping.latitude, "longitude": ping.longitude}
    fleet = {"orgId": int(truck.fleet)} if truck.fleet else {}
    payload = {"vehicle_id": truck.unit_at(ping.at), **fleet, **position, "timestamp": utc(ping.at), **speed}
    out.add("samsara.flat", payload)
    _located(out, truck, ping, out.position(ping.latitude, ping.longitude))


def _gps(ping: Ping) -> Payload:
    return {
        "time": utc(ping.at),
        "latitude": ping.latitude,
        "longitude": ping.longitude,
        "headingDegrees": 143.2,
        "speedMilesPerHour": ping.mph,
        "isEcuSpeed": True,
        "reverseGeo": {"formattedLocation": f"I-70, {ping.city.label}"},
    }


def _snapshot(out: Emission, truck: Truck, ping: Ping) -> None:
    """A row of /fleet/vehicles/stats; the engine's state is older than the position."""
    out.add(
        "samsara.page",
        {**_named(truck, ping.at), "gps": _gps(ping), "fuelPercent": {"time": utc(ping.at), "value": 62}},
    )
    _located(out, truck, ping, out.city(ping.city))


def _feed(out: Emission, truck: Truck, *pings: Ping) -> None:
    """A row of /fleet/vehicles/stats/feed, or of its history: one or more positions."""
    out.add("samsara.page", {**_named(truck, pings[0].at), "gps": [_gps(ping) for ping in pings]})
    for ping in pings:
        _located(out, truck, ping, out.city(ping.city))


def _location(out: Emission, truck: Truck, ping: Ping) -> None:
    """A row of /fleet/vehicles/locations."""
    gps = _gps(ping)
    kept = {name: gps[name] for name in ("time", "latitude", "longitude", "reverseGeo")}
    out.add("samsara.page", {**_named(truck, ping.at), "location": {**kept, "heading": 143, "speed": ping.mph}})
    _located(out, truck, ping, out.city(ping.city))


def _stream(out: Emission, truck: Truck, ping: Ping) -> None:
    """A row of /assets/location-and-speed/stream, in metres per second."""
    payload = {
        "happenedAtTime": utc(ping.at),
        "asset": {"id": truck.samsara_id},
        "location": {"latitude": ping.latitude, "longitude": ping.longitude, "headingDegrees": 90},
        "speed": {"gpsSpeedMetersPerSecond": round(ping.mph * _MPS_OF_MPH, 2)},
    }
    out.add("samsara.page", payload)
    _located(out, truck, ping, out.position(ping.latitude, ping.longitude))


def _inside(out: Emission, truck: Truck, ping: Ping, fence: Fence, *, as_event: bool) -> None:
    """Inside a geofence: the webhook of its entry, or a position with the entry of the address book."""
    if as_event:
        out.add(
            "samsara.webhook", _webhook(f"entry {truck.ref}", "GeofenceEntry", ping.at, _fenced(truck, ping.at, fence))
        )
    else:
        row = {**_named(truck, ping.at), "gps": {**_gps(ping), "address": {"id": fence.id, "name": fence.name}}}
        out.add("samsara.page", row)
        place = out.gold.thing(fence.place, "Location", fence.name, marks=[fence.id])
        _located(out, truck, ping, place)
    out.gold.thing(fence.ref, "Geofence", fence.name, marks=[fence.id])
    out.gold.point(known(out, truck), "INSIDE_GEOFENCE", fence.ref, ping.at)


def _leave(out: Emission, truck: Truck, ping: Ping, fence: Fence | None) -> None:
    """Outside again: the webhook of the exit, or a position without the entry of the address book."""
    assert fence is not None, "who leaves was inside"
    if out.rng.random() < 0.5:
        out.add(
            "samsara.webhook", _webhook(f"exit {truck.ref}", "GeofenceExit", ping.at, _fenced(truck, ping.at, fence))
        )
    else:
        _snapshot(out, truck, ping)
    out.gold.end(known(out, truck), "INSIDE_GEOFENCE", ping.at)


def _fenced(truck: Truck, at: datetime, fence: Fence) -> Payload:
    circle = {"circle": {"latitude": 39.7412, "longitude": -86.1967, "radiusMeters": 250}}
    return {"address": {"id": fence.id, "name": fence.name, "geofence": circle}, "vehicle": _named(truck, at)}


def _webhook(name: str, kind: str, at: datetime, data: Payload) -> Payload:
    return {
        "eventId": str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
        "eventTime": utc(at),
        "eventType": kind,
        "orgId": _ORGANISATION,
        "webhookId": "1411750000000077",
        "data": data,
    }


def _alert(out: Emission, truck: Truck, at: datetime) -> None:
    """Too fast: km/h, and who drives."""
    driver = current(truck.drivers, at)
    assert driver is not None, "alerts come after the first row"
    ref, own_id, name = driver
    speed = {
        "currentSpeedKilometersPerHour": 117,
        "thresholdSpeedKilometersPerHour": 110,
        "vehicle": _named(truck, at),
        "driver": {"id": own_id, "name": name},
    }
    conditions = [{"description": "Vehicle speed", "triggerId": 1000, "details": {"speed": speed}}]
    about = {"happenedAtTime": utc(at), "isResolved": False, "conditions": conditions}
    payload = _webhook(f"alert {truck.ref}", "AlertIncident", at, about)
    out.add("samsara.webhook", payload)
    alert = out.gold.thing(f"alert:{truck.ref}", "Alert", marks=[payload["eventId"]])
    out.gold.fact(alert, "ABOUT", known(out, truck), at)
    out.gold.point(_driver(out, ref, own_id, name), "DRIVES", truck.ref, at)


def _rows(out: Emission, truck: Truck) -> None:
    """A row of /fleet/vehicles whenever someone else drives it."""
    for at, (ref, own_id, name) in truck.drivers:
        row = {
            **_named(truck, at),
            "vin": truck.vin,
            "make": "KENWORTH",
            "model": "T680",
            "year": "2023",
            "serial": truck.serial,
            "notes": "",
            "staticAssignedDriver": {"id": own_id, "name": name},
            "updatedAtTime": utc(at),
        }
        out.add("samsara.page", row)
        out.gold.point(_driver(out, ref, own_id, name), "DRIVES", known(out, truck), at)


def _driver(out: Emission, ref: str, own_id: str, name: str) -> str:
    return out.gold.thing(ref, "Driver", name, marks=[own_id])


def _engine(out: Emission, truck: Truck, at: datetime, state: str) -> None:
    out.add("samsara.page", {**_named(truck, at), "engineStates": [{"time": utc(at), "value": state}]})
    out.gold.point(known(out, truck), "HAS_ENGINE_STATE", state.lower(), at)


def _located(out: Emission, truck: Truck, ping: Ping, place: str) -> None:
    out.gold.point(known(out, truck), "LOCATED_AT", place, ping.at)
    out.gold.speeds[truck.ref, ping.at] = ping.mph
