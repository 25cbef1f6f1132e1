"""What holds for readings, vehicles and events of Samsara, whatever their layout."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apex_cli.errors import ExtractError
from apex_cli.extract.field_names import snake_keys
from apex_cli.model import NOTHING, Claim, EntityType, Extraction, RecordKind
from apex_cli.sources.registry import classify, extract
from apex_cli.sources.samsara import SOURCE
from tests.samsara_helpers import STAGED, case, facts, identities, opened, record, stated

TRUCK = "281474990000101"
GPS = {"time": "2025-10-19T14:23:00Z", "latitude": 41.8781136, "longitude": -87.6297982, "speedMilesPerHour": 55.3}
ROW = {"id": TRUCK, "name": "TRUCK-6520", "gps": GPS}
PING = {"vehicle_id": "T-1", "latitude": 41.1, "longitude": -87.2, "timestamp": "2025-10-19T14:23:00Z"}
ENTRY = case("webhook_geofence_entry.json")[0]


def claim(found: Extraction, predicate: str) -> Claim:
    (one,) = [each for each in found.claims if each.predicate == predicate]
    return one


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_reading_is_one_record_in_a_snapshot_a_feed_and_a_history() -> None:
    feed = {"id": TRUCK, "name": "TRUCK-6520", "gps": [GPS, {**GPS, "time": "2025-10-19T14:24:00Z"}]}
    engine = {"time": "2025-10-19T11:02:41Z", "value": "On"}
    snapshot = {**ROW, "engineState": engine}
    first, second = list(opened(snapshot)), list(opened({**feed, "engineStates": [engine]}))
    assert first[0] == second[0]
    assert first[1] == second[2]
    assert identities([snapshot, feed])[0] == identities([feed])[0]


def test_one_moment_of_a_vehicle_is_one_record_of_which_gps_says_the_most() -> None:
    files = ("stats_snapshot_gps.json", "locations_snapshot.json", "assets_location_and_speed_stream.json")
    rows = [next(opened(case(name)[0])) for name in files]
    assert len({record(row).record_id for row in rows}) == 1
    assert [stated(row).whole for row in rows] == [True, False, False]


@pytest.mark.parametrize(
    ("time", "identity"),
    [
        ("2025-10-19T14:23:00Z", "2025-10-19T14:23:00Z"),
        ("2025-10-19T14:23:00+00:00", "2025-10-19T14:23:00Z"),
        ("2025-10-19T09:23:00-05:00", "2025-10-19T14:23:00Z"),
        ("2025-10-19T14:23:00.412Z", "2025-10-19T14:23:00.412000Z"),
        (1760883780000, "2025-10-19T14:23:00Z"),
    ],
)
def test_the_time_of_a_reading_however_it_is_written(time: Any, identity: str) -> None:
    assert identities([{**ROW, "gps": {**GPS, "time": time}}]) == [("location", f"{TRUCK}@{identity}")]


def test_the_time_of_a_flat_reading_however_it_is_written() -> None:
    march, late = "2026-03-02T10:00:00Z", "2026-03-02T17:00:00Z"
    readings = [external_id.split("@") for _, external_id in identities(case("time_spelling.jsonl"))]
    assert [time for _, time in readings[1::2]] == [late, late, march, march]
    assert {time for _, time in readings[::2]} == {"2026-11-20T10:00:00Z"}


def test_a_stat_of_any_type_is_a_reading() -> None:
    found = stated({"id": TRUCK, "name": "T", "spreaderRoadTemp": {"time": "2025-10-19T14:23:00Z", "value": -3}})
    assert found.kind is RecordKind.EVENT
    assert "spreader road temp -3" in found.text
    assert record(
        {"id": "7", "name": "T", "engineRpm": {"time": "2025-10-19T14:23:00Z", "value": 900}}
    ).external_id == ("7/engine_rpm@2025-10-19T14:23:00Z")


def test_a_measured_value_is_an_attribute_of_the_vehicle() -> None:
    rows = list(opened(case("stats_snapshot_gps.json")[0]))
    fuel, odometer = (extract(record(row)).entities[0].attributes for row in rows[2:4])
    assert fuel["fuel_percent"] == 62
    assert odometer["obd_odometer_meters"] == 712345678
    assert odometer["odometer_miles"] == pytest.approx(442631.08)


@pytest.mark.parametrize(
    ("payload", "attributes"),
    [
        (ROW, {"speed_mph": 55.3}),
        ({**PING, "speed_mph": 55}, {"speed_mph": 55}),
        ({**PING, "speed_kph": 100}, {"speed_mph": 62.14, "speed_kph": 100}),
        ({**PING, "speed_mps": 24.6}, {"speed_mph": 55.03, "speed_mps": 24.6}),
        (
            {"id": TRUCK, "location": {"time": GPS["time"], "latitude": 1, "longitude": 2, "speed": 55.3}},
            {"speed_mph": 55.3},
        ),
        (
            {
                "happenedAtTime": GPS["time"],
                "asset": {"id": TRUCK},
                "location": {"latitude": 1, "longitude": 2},
                "speed": {"gpsSpeedMetersPerSecond": 24.6, "ecuSpeedMetersPerSecond": 24.7},
            },
            {"speed_mph": 55.03, "speed_mps": 24.6},
        ),
    ],
)
def test_a_speed_is_miles_per_hour_with_the_original_beside_it(
    payload: dict[str, Any], attributes: dict[str, float]
) -> None:
    found = claim(stated(payload), "LOCATED_AT").attributes
    assert {name: value for name, value in found.items() if name.startswith("speed")} == attributes


def test_the_speed_of_an_alert() -> None:
    found = claim(stated(case("webhook_alert_incident.json")[0]), "ABOUT")
    assert found.valid_at == moment("2025-10-19T16:11:49Z")
    assert found.attributes["speed_mph"] == pytest.approx(72.7)
    assert found.attributes["speed_kph"] == 117
    assert found.attributes["limit_speed_kph"] == 110


def test_a_vehicle_is_known_by_its_id_and_vin_and_called_by_its_name() -> None:
    row = next(opened(case("vehicles_list.json")[0]))
    (vehicle,) = [one for one in stated(row).entities if one.type is EntityType.VEHICLE]
    assert vehicle.keys == (f"vehicle:samsara:{TRUCK}", "vehicle:vin:1XKYD49X7PJ304417")
    assert vehicle.name == "TRUCK-6520"
    assert "vehicle:unit:TRUCK-6520" in vehicle.names
    assert vehicle.attributes["license_plate"] == "P771204"
    assert vehicle.attributes["serial"] == "GXR4T7KQ2M"


def test_the_serial_of_a_gateway_is_no_name_of_a_vehicle() -> None:
    rows = list(opened(case("vehicles_list.json")[0]))
    (vehicle,) = stated(rows[1]).entities
    assert vehicle.name == "GXR4-T7K-Q3Z"
    assert vehicle.names == ()


def test_external_ids_are_names() -> None:
    (vehicle, *_) = stated({**ROW, "externalIds": {"maintenanceId": "250020", "turvoUnit": "6520"}}).entities
    assert vehicle.keys == (f"vehicle:samsara:{TRUCK}",)
    assert set(vehicle.names) == {
        "vehicle:unit:TRUCK-6520",
        "vehicle:unit:6520",
        "vehicle:id@samsara.maintenance_id:250020",
    }


def test_a_row_of_vehicles_is_a_state_as_of_its_update() -> None:
    whole, stub = (stated(row) for row in opened(case("vehicles_list.json")[0]))
    assert (whole.kind, whole.whole, whole.event_time) == (RecordKind.STATE, True, moment("2025-10-01T09:00:00Z"))
    assert claim(whole, "DRIVES").valid_at == whole.event_time
    assert (stub.kind, stub.whole, stub.dated, stub.event_time) == (RecordKind.STATE, False, False, STAGED)


def test_the_time_around_a_vehicle_counts_where_it_has_none() -> None:
    (row,) = opened({"data": [{"id": TRUCK, "name": "T"}], "pagination": {"hasNextPage": False}})
    as_of = datetime(2025, 10, 19, 15, tzinfo=UTC)
    found = stated(row, as_of=as_of)
    assert (found.event_time, found.dated) == (as_of, True)


def test_the_event_of_a_vehicle_is_a_state_of_it_in_part() -> None:
    event = {
        "eventId": "e",
        "eventTime": "2025-10-20T08:00:00Z",
        "eventType": "VehicleCreated",
        "orgId": 1,
        "webhookId": "1",
        "data": {"vehicle": {"id": TRUCK, "name": "T", "vehicleVin": "1XKYD49X7PJ304417"}},
    }
    found = stated(event)
    assert record(event).external_id == TRUCK
    assert (found.kind, found.whole, found.event_time) == (RecordKind.STATE, False, moment("2025-10-20T08:00:00Z"))
    assert found.entities[0].keys == (f"vehicle:samsara:{TRUCK}", "vehicle:vin:1XKYD49X7PJ304417")


def test_what_is_gone_states_nothing_any_more() -> None:
    (row, _) = opened(case("vehicles_list.json")[0])
    found = stated(row, ended=True)
    assert found.claims == ()
    assert found.whole
    assert {one.name for one in found.entities} >= {"TRUCK-6520"}
    assert stated({"samsara_id": TRUCK}, ended=True).whole


def test_a_geofence_holds_from_the_entry_to_the_exit() -> None:
    inside = claim(stated(ENTRY), "INSIDE_GEOFENCE")
    assert (inside.valid_at, inside.invalid_at) == (moment("2025-10-19T18:07:42.115Z"), None)
    left = stated({**ENTRY, "eventId": "x", "eventType": "GeofenceExit", "eventTime": "2025-10-19T19:00:00Z"})
    assert claim(left, "INSIDE_GEOFENCE").object == inside.object
    assert claim(left, "INSIDE_GEOFENCE").invalid_at == moment("2025-10-19T19:00:00Z")
    assert "left geofence" in left.text


def test_a_geofence_of_kafka_is_the_same_geofence() -> None:
    message = {"entityType": "geofenceEntry", "data": {"eventType": "geofenceEntry", **ENTRY["data"]}}
    as_of = datetime(2025, 10, 19, 18, 7, tzinfo=UTC)
    found = stated(message, as_of=as_of)
    assert claim(found, "INSIDE_GEOFENCE").object == claim(stated(ENTRY), "INSIDE_GEOFENCE").object
    assert claim(found, "INSIDE_GEOFENCE").valid_at == as_of


@pytest.mark.parametrize(
    ("payload", "is_outside"),
    [
        (ROW, True),
        ({**ROW, "gps": {**GPS, "address": {"id": "1", "name": "Yard"}}}, False),
        ({"id": TRUCK, "name": "T", "location": {"time": GPS["time"], "latitude": 1, "longitude": 2}}, False),
        (PING, False),
        ({**PING, "geofence": None}, True),
        ({**PING, "geofence": {}}, True),
        ({**PING, "geofence": "Yard"}, False),
    ],
)
def test_a_reading_that_would_name_a_geofence_is_outside_of_all(payload: dict[str, Any], is_outside: bool) -> None:
    found = stated(payload)
    assert ("inside no geofence" in found.text) is is_outside
    ends = [one for one in found.claims if one.predicate == "INSIDE_GEOFENCE" and one.object == NOTHING]
    assert [one.valid_at for one in ends] == ([found.event_time] if is_outside else [])


@pytest.mark.parametrize("name", ["orgId", "account_id", "fleet", "carrier", "carrierName"])
def test_a_unit_number_counts_within_its_fleet(name: str) -> None:
    one, other = ({**PING, name: fleet} for fleet in ("Bluestem", "Northyard"))
    assert classify(one) != classify(other)
    (first,), (second,) = ([each for each in stated(ping).entities if each.type == "Vehicle"] for ping in (one, other))
    assert not set(first.keys) & set(second.keys)
    assert first.names == second.names == ("vehicle:unit:T-1",)
    assert classify({**PING, name: "N/A"}) == classify(PING)


def test_the_name_of_a_fleet_counts_in_any_spelling() -> None:
    assert classify({**PING, "carrier": "Bluestem Transit LLC"}) == classify({**PING, "carrier": "BLUESTEM TRANSIT"})


def test_a_placeholder_is_no_vehicle_of_a_reading() -> None:
    vins = ("1XKYD49X7PJ304417", "1J9RP1A36A1644345")
    assert len({classify({**PING, "vehicle_id": "UNKNOWN", "vin": vin}) for vin in vins}) == 2
    assert classify({**PING, "vehicle_id": "UNKNOWN"})[0] == "json"


def test_a_state_that_is_not_there_is_none() -> None:
    assert not [one for one in stated({**PING, "engineState": "N/A"}).claims if one.predicate == "HAS_ENGINE_STATE"]


def test_the_times_of_events() -> None:
    about = {"alertConditionId": "x"}
    alert: dict[str, Any] = {"eventId": "a", "eventMs": 1760883780000, "eventType": "Alert", "event": about}
    assert stated(alert).event_time == moment("2025-10-19T14:23:00Z")
    assert stated({**alert, "event": {**about, "startMs": 1760883720000}}).event_time == (
        moment("2025-10-19T14:22:00Z")
    )


@pytest.mark.parametrize(
    "payload",
    [
        {**ROW, "gps": {**GPS, "time": "this morning"}},
        {**PING, "timestamp": "this morning"},
        {**ENTRY, "eventTime": "1970-01-20T06:39:05.683Z"},
        {"id": TRUCK, "vin": "x", "updatedAtTime": "soon"},
    ],
)
def test_a_time_that_cannot_be_read_is_an_error(payload: dict[str, Any]) -> None:
    with pytest.raises(ExtractError) as caught:
        stated(payload)
    assert caught.value.code == "unreadable_time"


@pytest.mark.parametrize("spoiled", [{**ROW, "gps": {**GPS, "latitude": 91}}, {**PING, "longitude": "west"}])
def test_a_position_that_is_none_is_an_error_where_it_is_all(spoiled: dict[str, Any]) -> None:
    with pytest.raises(ExtractError) as caught:
        stated(spoiled)
    assert caught.value.code == "bad_position"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (case("error_response.json")[0], "error answer"),
        (case("stats_feed_empty_page.json")[0], "empty page"),
        ({"data": [], "pagination": {"endCursor": "", "hasNextPage": False}}, "empty page"),
        ({"eventId": "1", "eventMs": 1, "eventType": "Ping", "event": {"text": "pong"}}, "webhook test"),
        (ROW, None),
        ({**PING, "event_type": "ping", "event_id": "5"}, None),
        ({"message": "Late again", "requestId": "1", "from": "a@example.com"}, None),
    ],
)
def test_nothing_to_ingest(payload: dict[str, Any], reason: str | None) -> None:
    assert SOURCE.skip_reason(snake_keys(payload)) == reason


@pytest.mark.parametrize(
    "payload",
    [
        {"id": 7, "name": "Acme", "location": None},
        {"id": TRUCK, "name": "TRUCK-6520"},
        {"id": "51900077", "name": "Dana Okafor", "username": "dana"},
        {"id": "c-1", "location": {"time": "2025-10-19T14:23:00Z", "latitude": 1, "longitude": 2}},
        {"id": 5, "created": {"time": "2025-10-19T14:23:00Z", "value": "x"}},
        {"eventType": "order.created", "eventId": "1", "data": {"id": 5}},
        {"eventType": "Alert", "eventId": "1", "data": {"text": "disk full"}},
        {"data": [{"id": "51900077", "name": "Dana Okafor"}], "pagination": {"endCursor": "", "hasNextPage": False}},
        {"data": {"id": 5}},
        {"id": 12, "gateway": "stripe", "amount": 5},
        {"id": 7, "vehicle_vin": "1XKYD49X7PJ304417", "name": "Oil change", "created_at_time": "2025-10-19"},
        {"id": 5, "name": "Trailer 5", "location": {"time": "2025-10-19T14:23:00Z", "latitude": 1, "longitude": 2}},
        {"vehicle": {"id": 5}, "location": {"time": "2025-10-19T14:23:00Z", "latitude": 1, "longitude": 2}},
        {"id": 5, "fuel_percent": None},
        {"vehicle": {"id": 5}, "customer": {"name": "Acme", "time": "noon"}},
    ],
)
def test_what_is_not_of_samsara(payload: dict[str, Any]) -> None:
    shape = snake_keys(payload)
    assert not SOURCE.matches(shape)
    assert SOURCE.unpack(shape) is None
    assert classify(payload)[0] != "samsara"


def test_an_id_of_samsara_in_a_flat_reading_is_that_vehicle() -> None:
    flat = {"vehicleId": TRUCK, "orgId": 1, "latitude": 41.1, "longitude": -87.2, "time": GPS["time"]}
    assert record(flat).external_id == f"{TRUCK}@2025-10-19T14:23:00Z"
    assert stated(flat).entities[0].keys == (f"vehicle:samsara:{TRUCK}",)


@pytest.mark.parametrize("word", ["SPN 3216", "quagmire", "TL-9981"])
def test_fields_without_a_rule_are_in_the_text(word: str) -> None:
    assert word in stated(case("extra_fields.json")[0]).text


def test_an_alert_with_too_many_vehicles_says_so() -> None:
    crowd = [{"details": {"a": {"vehicle": {"id": f"{int(TRUCK) + number}", "name": "T"}}}} for number in range(300)]
    found = stated({**case("webhook_alert_incident.json")[0], "data": {"conditions": crowd}})
    assert any("vehicles and drivers" in note for note in found.notes)


def test_trouble_codes_are_in_the_text() -> None:
    faults = {
        "time": GPS["time"],
        "j1939": {"diagnosticTroubleCodes": [{"spnId": 1666, "fmiId": 20, "spnDescription": "Gear shifting"}]},
    }
    text = stated({"vehicle": {"id": TRUCK}, "faultCodes": faults}).text
    assert "SPN 1666 FMI 20" in text
    assert "Gear shifting" in text


SPELLINGS = (str, str.upper, lambda name: name[0].upper() + name[1:], lambda name: name.replace("Id", "-id"))


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_keys_in_any_case(spelled: Any) -> None:
    def respelled(value: Any) -> Any:
        if isinstance(value, dict):
            return {spelled(name): respelled(inside) for name, inside in value.items()}
        return [respelled(item) for item in value] if isinstance(value, list) else value

    for name in ("stats_feed.json", "assets_location_and_speed_stream.json", "webhook_geofence_entry.json"):
        (payload,) = case(name)
        assert identities([respelled(payload)]) == identities([payload])
        for row, same in zip(opened(respelled(payload)), opened(payload), strict=True):
            assert facts(stated(row)) == facts(stated(same))


FLOATS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.none() | st.booleans() | st.integers() | FLOATS | st.text(max_size=20)
NAMES = st.sampled_from(
    ["id", "name", "gps", "time", "latitude", "longitude", "location", "asset", "vehicle", "data", "eventType",
     "eventId", "conditions", "happenedAtTime", "vehicle_id", "route", "address", "geofence", "externalIds", "driver",
     "engineStates", "pagination", "speed", "value", "org_id", "webhook_id", "samsara_id"]
)  # fmt: skip
KINDS = st.sampled_from(
    ["GeofenceEntry", "AlertIncident", "RouteStopArrival", "VehicleUpdated", "Alert", "Other", TRUCK]
)
TREES = st.recursive(
    VALUES | KINDS | st.just("2025-10-19T14:23:00Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=25,
)


@given(st.dictionaries(NAMES, TREES, min_size=1, max_size=8))
def test_any_object_is_read_or_refused_by_name(payload: dict[str, Any]) -> None:
    for row in opened(payload):
        source, data_type, _ = classify(row)
        if source != "samsara":
            continue
        assert data_type in SOURCE.data_types
        with suppress(ExtractError):
            assert stated(row).text
