"""Every layout that Samsara's API, webhooks and Kafka connector return: which records it holds, and what they state."""

from __future__ import annotations

from typing import Any

import pytest

from apex_cli.sources.registry import extract
from tests.samsara_helpers import case, facts, opened, record

TRUCK, OTHER = "281474990000101", "281474990000102"
Facts = set[tuple[str, str, str]]
SNAPSHOT: list[tuple[str, str, Facts]] = [
    ("location", f"{TRUCK}@2025-10-19T14:23:00Z", {("TRUCK-6520", "LOCATED_AT", "Chicago, IL")}),
    ("engine_state", f"{TRUCK}@2025-10-19T11:02:41Z", {("TRUCK-6520", "HAS_ENGINE_STATE", "on")}),
    ("fuel_percent", f"{TRUCK}@2025-10-19T14:21:09Z", set()),
    ("stat", f"{TRUCK}/obd_odometer_meters@2025-10-19T14:22:30Z", set()),
    (
        "location",
        f"{OTHER}@2025-10-19T14:22:58.412000Z",
        {
            ("TRUCK-6521", "LOCATED_AT", "Acme Indy DC – Gate 3"),
            ("TRUCK-6521", "INSIDE_GEOFENCE", "Acme Indy DC – Gate 3"),
        },
    ),
    ("engine_state", f"{OTHER}@2025-10-19T14:05:00Z", {("TRUCK-6521", "HAS_ENGINE_STATE", "idle")}),
]
FEED: list[tuple[str, str, Facts]] = [
    (
        "location",
        f"{TRUCK}@2025-10-19T14:23:05Z",
        {("TRUCK-6520", "LOCATED_AT", "Chicago, IL"), ("TRUCK-6520", "HAS_ENGINE_STATE", "on")},
    ),
    ("location", f"{TRUCK}@2025-10-19T14:23:35Z", {("TRUCK-6520", "LOCATED_AT", "Chicago, IL")}),
    (
        "location",
        f"{OTHER}@2025-10-19T14:23:20Z",
        {
            ("TRUCK-6521", "LOCATED_AT", "Acme Indy DC – Gate 3"),
            ("TRUCK-6521", "INSIDE_GEOFENCE", "Acme Indy DC – Gate 3"),
        },
    ),
]
POSITIONS: list[tuple[str, str, Facts]] = [
    ("location", f"{TRUCK}@2025-10-19T14:23:00Z", {("TRUCK-6520", "LOCATED_AT", "Chicago, IL")}),
    (
        "location",
        "281474990000103@2025-10-19T14:20:11Z",
        {("Camión Nº 7 — Nuevo León 🚛", "LOCATED_AT", "25.6866,-100.3161")},
    ),
]
STREAM: list[tuple[str, str, Facts]] = [
    ("location", f"{TRUCK}@2025-10-19T14:23:00Z", {(TRUCK, "LOCATED_AT", "Chicago, IL")}),
    (
        "location",
        f"{TRUCK}@2025-10-19T18:07:42Z",
        {(TRUCK, "LOCATED_AT", "39.7412,-86.1967"), (TRUCK, "INSIDE_GEOFENCE", "90210044")},
    ),
]
FILES: list[tuple[str, list[tuple[str, str, Facts]]]] = [
    ("stats_snapshot_gps.json", SNAPSHOT),
    ("stats_feed.json", FEED),
    ("stats_feed_empty_page.json", []),
    ("error_response.json", []),
    ("locations_snapshot.json", POSITIONS),
    ("assets_location_and_speed_stream.json", STREAM),
    (
        "vehicles_list.json",
        [("vehicle", TRUCK, {("Dana Okafor", "DRIVES", "TRUCK-6520")}), ("vehicle", "281474990000104", set())],
    ),
    (
        "webhook_geofence_entry.json",
        [
            (
                "geofence_event",
                "6f0b7c1e-52a4-4d0f-8f57-11d2c0a9b3e4",
                {("TRUCK-6520", "INSIDE_GEOFENCE", "Acme Indy DC – Gate 3")},
            )
        ],
    ),
    (
        "webhook_alert_incident.json",
        [
            (
                "alert",
                "0c9a6f38-1b7e-4bb2-a0d8-5e0f44b19a10",
                {
                    ("Vehicle speed of TRUCK-6520", "ABOUT", "TRUCK-6520"),
                    ("Dana Okafor", "DRIVES", "TRUCK-6520"),
                },
            )
        ],
    ),
    (
        "extra_fields.json",
        [("location", "TR-771@2026-03-01T10:00:00Z", {("TR-771", "LOCATED_AT", "41.1000,-95.1000")})],
    ),
    (
        "same_unit_two_fleets.jsonl",
        [
            (
                "location",
                "7001/101@2026-03-04T10:00:00Z",
                {("101", "LOCATED_AT", "44.9800,-93.2700"), ("Ines Calder", "DRIVES", "101")},
            ),
            (
                "location",
                "8002/101@2026-03-04T10:00:00Z",
                {("101", "LOCATED_AT", "29.7600,-95.3700"), ("Otto Reyes", "DRIVES", "101")},
            ),
        ],
    ),
    (
        "key_spelling.jsonl",
        [
            ("location", f"TR-9{n}@2026-03-04T09:00:00Z", {(f"TR-9{n}", "LOCATED_AT", "41.2000,-95.9000")})
            for n in (1, 2, 3)
        ],
    ),
]

KAFKA_DIAGNOSTIC: dict[str, Any] = {
    "vehicle": {"id": TRUCK},
    "engineStates": {"time": "2025-10-19T16:00:00Z", "value": "Off"},
}
ROUTE_STOP: dict[str, Any] = {
    "driver": {"id": "51900077", "name": "Dana Okafor"},
    "vehicle": {"id": TRUCK, "name": "TRUCK-6520"},
    "operation": "stop arrived",
    "route": {
        "id": "6010044210",
        "name": "Chicago to Indianapolis",
        "stops": [
            {"id": "6070011", "name": "Cicero yard", "state": "departed"},
            {
                "id": "6070012",
                "name": "Acme Indy DC",
                "notes": "ask for Wanda",
                "scheduledArrivalTime": "2025-10-19T18:00:00Z",
                "singleUseLocation": {
                    "address": "2200 Kentucky Ave, Indianapolis, IN",
                    "latitude": 39.7,
                    "longitude": -86.2,
                },
            },
        ],
    },
    "routeStopDetails": {"id": "6070012", "actualArrivalTime": "2025-10-19T18:06:10Z", "state": "arrived"},
    "time": "2025-10-19T18:06:12Z",
    "type": "route tracking",
}
LEGACY_ALERT: dict[str, Any] = {
    "eventId": "4d1c2b3a-aaaa-4bbb-8ccc-0123456789ab",
    "eventMs": 1760883780000,
    "eventType": "Alert",
    "webhookId": "777",
    "event": {
        "alertConditionDescription": "Vehicle coolant temperature",
        "alertConditionId": "DeviceCoolantTemperature",
        "alertEventUrl": "https://cloud.example.com/alerts/1",
        "details": "Coolant of TRUCK-6520 is at 230F",
        "summary": "Coolant is hot",
        "device": {"id": 281474990000101, "name": "TRUCK-6520", "serial": "GXR4T7KQ2M", "vin": "1XKYD49X7PJ304417"},
        "driver": None,
        "orgId": 48151,
        "resolved": False,
        "startMs": 1760883720000,
    },
}
REWRAPPED_ALERT: dict[str, Any] = {
    "id": "54458224-0000-56a2-ba11-0c00eb28e527",
    "eventId": "54458224-0000-56a2-ba11-0c00eb28e527",
    "eventTime": "2025-10-19T14:41:56+00:00",
    "eventType": "AlertIncident",
    "vehicleId": TRUCK,
    "vehicle": {"id": TRUCK, "name": "TRUCK-6520"},
    "driver": None,
    "data": {"conditions": [{"description": "Harsh braking"}], "happenedAtTime": "2025-10-19T14:41:56+00:00"},
}
INCIDENT_OF_STREAM: dict[str, Any] = {
    "configurationId": "c2f1d0aa",
    "happenedAtTime": "2025-10-19T16:11:49Z",
    "incidentUrl": "https://cloud.example.com/o/48151/fleet/workflows/incidents/c2f1d0aa/1/281474990000101/1760890309443",
    "isResolved": True,
    "conditions": [
        {"description": "Panic button", "details": {"panicButton": {"vehicle": {"id": TRUCK, "name": "T"}}}}
    ],
}
OTHERS: list[tuple[Any, list[tuple[str, str, Facts]]]] = [
    (
        {
            "data": [
                {
                    "id": TRUCK,
                    "name": "TRUCK-6520",
                    "engineStates": [
                        {"time": "2025-10-19T11:02:41Z", "value": "On"},
                        {"time": "2025-10-19T12:00:00Z", "value": "Off"},
                    ],
                    "fuelPercents": [{"time": "2025-10-19T14:21:09Z", "value": 62}],
                }
            ],
            "pagination": {"endCursor": "", "hasNextPage": False},
        },
        [
            ("engine_state", f"{TRUCK}@2025-10-19T11:02:41Z", {("TRUCK-6520", "HAS_ENGINE_STATE", "on")}),
            ("engine_state", f"{TRUCK}@2025-10-19T12:00:00Z", {("TRUCK-6520", "HAS_ENGINE_STATE", "off")}),
            ("fuel_percent", f"{TRUCK}@2025-10-19T14:21:09Z", set()),
        ],
    ),
    (
        {
            "data": [
                {
                    "id": TRUCK,
                    "name": "TRUCK-6520",
                    "locations": [{"time": "2025-10-19T14:23:00Z", "latitude": 41.8781136, "longitude": -87.6297982}],
                },
                {"id": OTHER, "name": "TRUCK-6521", "locations": []},
            ],
            "pagination": {"endCursor": None, "hasNextPage": True},
        },
        [
            ("location", f"{TRUCK}@2025-10-19T14:23:00Z", {("TRUCK-6520", "LOCATED_AT", "41.8781,-87.6298")}),
            ("vehicle", OTHER, set()),
        ],
    ),
    (KAFKA_DIAGNOSTIC, [("engine_state", f"{TRUCK}@2025-10-19T16:00:00Z", {(TRUCK, "HAS_ENGINE_STATE", "off")})]),
    (
        {"entityType": "engineState", "data": KAFKA_DIAGNOSTIC},
        [("engine_state", f"{TRUCK}@2025-10-19T16:00:00Z", {(TRUCK, "HAS_ENGINE_STATE", "off")})],
    ),
    (
        {
            "happenedAtTime": "2025-10-19T14:23:00Z",
            "asset": {"id": TRUCK, "externalIds": {}},
            "location": {"latitude": 41.1, "longitude": -87.2, "geofence": {}},
            "speed": {"gpsSpeedMetersPerSecond": 20},
        },
        [("location", f"{TRUCK}@2025-10-19T14:23:00Z", {(TRUCK, "LOCATED_AT", "41.1000,-87.2000")})],
    ),
    (
        {
            "eventId": "e-1",
            "eventTime": "2025-10-19T18:06:13Z",
            "eventType": "RouteStopArrival",
            "orgId": 48151,
            "webhookId": "1",
            "data": ROUTE_STOP,
        },
        [
            (
                "route_stop",
                "e-1",
                {
                    ("Acme Indy DC", "AT", "Indianapolis, IN"),
                    ("TRUCK-6520", "LOCATED_AT", "Indianapolis, IN"),
                    ("Dana Okafor", "DRIVES", "TRUCK-6520"),
                },
            )
        ],
    ),
    (
        LEGACY_ALERT,
        [("alert", LEGACY_ALERT["eventId"], {("Vehicle coolant temperature of TRUCK-6520", "ABOUT", "TRUCK-6520")})],
    ),
    (
        REWRAPPED_ALERT,
        [("alert", REWRAPPED_ALERT["eventId"], {("Harsh braking of TRUCK-6520", "ABOUT", "TRUCK-6520")})],
    ),
    (
        {"data": [INCIDENT_OF_STREAM], "pagination": {"endCursor": "x", "hasNextPage": False}},
        [("alert", "c2f1d0aa/1/281474990000101/1760890309443", {("Panic button of T", "ABOUT", "T")})],
    ),
    (
        {
            "eventId": "e-2",
            "eventTime": "2025-10-20T08:00:00Z",
            "eventType": "VehicleUpdated",
            "orgId": 48151,
            "webhookId": "1",
            "data": {
                "vehicle": {"id": TRUCK, "name": "Old Blue", "staticAssignedDriver": {"id": "9", "name": "Ann Lee"}}
            },
        },
        [("vehicle", TRUCK, {("Ann Lee", "DRIVES", "Old Blue")})],
    ),
    (
        {
            "eventId": "e-3",
            "eventTime": "2025-10-20T08:00:00Z",
            "eventType": "DvirSubmitted",
            "orgId": 48151,
            "webhookId": "1",
            "data": {
                "dvir": {"id": "5", "driver": {"id": "9", "name": "Ann Lee"}, "vehicle": {"id": TRUCK, "name": "T"}}
            },
        },
        [
            (
                "event",
                "e-3",
                {("Dvir submitted e-3", "MENTIONS", "T"), ("Dvir submitted e-3", "MENTIONS", "Ann Lee")},
            )
        ],
    ),
    (
        {"data": [{"id": TRUCK, "name": "TRUCK-6520"}], "pagination": {"hasNextPage": False}},
        [("vehicle", TRUCK, set())],
    ),
    ({"data": [{"id": "112", "name": "Van 1", "gps": None}]}, [("vehicle", "112", set())]),
]


@pytest.mark.parametrize(
    ("payloads", "expected"), [(case(name), expected) for name, expected in FILES], ids=[name for name, _ in FILES]
)
def test_a_file(payloads: list[Any], expected: list[tuple[str, str, Facts]]) -> None:
    assert _all(payloads) == expected


@pytest.mark.parametrize(("payload", "expected"), OTHERS)
def test_a_layout(payload: Any, expected: list[tuple[str, str, Facts]]) -> None:
    assert _all([payload]) == expected


def _all(payloads: list[Any]) -> list[tuple[str, str, Facts]]:
    found = [record(row) for payload in payloads for row in opened(payload)]
    assert {one.source for one in found} <= {"samsara"}
    return [(one.data_type, one.external_id, facts(extract(one))) for one in found]
