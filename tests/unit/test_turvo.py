"""What a shipment, a customer and a carrier of Turvo state, and since when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from apex_cli.errors import ExtractError
from apex_cli.model import Predicate
from apex_cli.sources.registry import extract
from tests.turvo_helpers import (
    FLAT,
    UPDATED,
    aliases,
    attributes,
    case,
    detail,
    facts,
    payloads,
    record,
    stated,
    stop,
)

ORDER = {"customer": {"id": 1, "name": "Acme"}}


class TestDetail:
    """The example of a whole shipment."""

    def test_parties(self) -> None:
        assert facts(detail(), "FOR_CUSTOMER") == [("Acme Manufacturing Corp", None, None)]
        since = "2025-10-18T15:02:10Z"
        assert facts(detail(), "HAULED_BY") == [
            ("Lakeshore Haulage Inc", since, None),
            ("Prairie Wind Transport LLC", since, since),
        ]
        assert facts(detail(), "ASSIGNED_DRIVER") == [("Dana Okafor", None, None)]
        assert facts(detail(), "MANAGED_BY") == [("Priya Raman", None, None)]

    def test_keys(self) -> None:
        assert {
            "shipment:id:SHIP-2025-10-19-002",
            "shipment:turvo:1000481920",
            "customer:turvo:834100",
            "carrier:turvo:247100",
            "carrier:turvo:247099",
            "driver:id@turvo:14770001",
            "driver:phone:13125550142",
            "stop:SHIP-2025-10-19-002:88120001",
            "order:po:773201",
            "reference:bol:0098812",
            "reference:pro:482139055",
        } <= aliases(detail())

    def test_statuses_at_their_own_times(self) -> None:
        assert facts(detail(), "HAS_STATUS") == [
            ("tendered", "2025-10-18T15:02:10Z", None),
            ("covered", "2025-10-18T17:44:00Z", None),
            ("at_pickup", "2025-10-19T12:40:05Z", None),
            ("en_route", None, None),
        ]
        [*_, last] = [claim for claim in extract(record(detail())).claims if claim.predicate == "HAS_STATUS"]
        assert last.attributes == {"spelling": "En route", "code": "2105"}

    def test_places_and_stops(self) -> None:
        assert facts(detail(), "ORIGIN") == [("Chicago, IL", None, None)]
        assert facts(detail(), "DESTINATION") == [("Indianapolis, IN", None, None)]
        chicago, indy = ("Acme Chicago Plant of SHIP-2025-10-19-002", "Acme Indy DC of SHIP-2025-10-19-002")
        assert facts(detail(), "HAS_STOP") == [
            (chicago, "2025-10-19T12:30:00Z", None),
            (indy, "2025-10-19T18:30:00Z", None),
        ]
        assert facts(detail(), "AT") == [
            ("Chicago, IL", "2025-10-19T12:40:00Z", "2025-10-19T13:04:20Z"),
            ("Indianapolis, IN", "2025-10-19T18:30:00Z", None),
        ]
        first = attributes(detail(), "Stop")
        assert (first["arrival"], first["departed"]) == ("2025-10-19T12:40:00Z", "2025-10-19T13:04:20Z")
        assert (first["appointment"], first["appointment_until"]) == ("2025-10-19T12:30:00Z", "2025-10-19T13:30:00Z")
        assert (first["type"], first["state"], first["zone"]) == ("Pickup", "COMPLETED", "America/Chicago")

    def test_amounts(self) -> None:
        found = attributes(detail())
        assert found["customer_cost"] == 1850
        assert found["carrier_cost"] == 1500
        assert found["net_revenue"] == 350
        assert (found["quantity"], found["quantity_unit"]) == (22, "Pallets")
        assert found["weight"] == 38000
        assert "weight_unit" not in found
        assert found["currency"] == "USD"
        assert found["commodity"] == "Palletized castings"
        assert found["equipment"] == "Van, 53 ft"
        assert found["tags"] == "hot, food-grade"
        assert (found["pickup_at"], found["pickup_zone"]) == ("2025-10-19T12:30:00Z", "America/Chicago")
        claims = {claim.predicate: claim for claim in extract(record(detail())).claims}
        assert claims[Predicate.FOR_CUSTOMER].attributes == {"total_amount": 1850}

    @pytest.mark.parametrize(
        "words",
        [
            "Acme Manufacturing Corp", "Prairie Wind Transport LLC", "dana.okafor@lakeshore-haulage.example",
            "3100 S Pulaski Rd", "Dock 4", "Palletized castings", "food-grade", "Midwest Ops", "BOL-0098812",
            "482139055", "Operations rep", "Freight - flat", "Lafayette, IN", "By appointment", "1000481920",
        ],
    )  # fmt: skip
    def test_the_text_has_all_that_people_look_for(self, words: str) -> None:
        assert words in extract(record(detail())).text

    def test_the_text_has_no_codes_and_no_numbers_of_rows(self) -> None:
        text = extract(record(detail())).text
        assert not [noise for noise in ("24105", "88120001", "92000", "deleted no", "9401") if noise in text]


def test_a_thin_row_says_what_it_says() -> None:
    first, second = (extract(record(row)) for row in payloads(case("turvo/shipments_list_page1.json")))
    assert [(one.predicate, one.object, one.since) for one in stated(first)] == [
        ("FOR_CUSTOMER", "Acme Manufacturing Corp", "2025-10-18T15:02:10Z"),
        ("HAS_STATUS", "en_route", None),
        ("HAULED_BY", "Lakeshore Haulage Inc", None),
    ]
    assert first.event_time == datetime(2025, 10, 19, 13, 5, tzinfo=UTC)
    assert second.event_time == datetime(2025, 10, 19, 9, tzinfo=UTC)
    assert not first.whole


def test_a_webhook_is_a_partial_state_of_its_shipment_as_of_the_event() -> None:
    found = extract(record(case("turvo/webhook_shipment_status_update.json")))
    assert found.event_time == datetime(2025, 10, 19, 18, 46, 48, 245000, tzinfo=UTC)
    assert [(one.subject, one.predicate, one.object) for one in stated(found)] == [
        ("SHIP-2025-10-19-002", "HAS_STATUS", "delivered")
    ]


def test_a_customer_and_a_carrier_of_a_list() -> None:
    [row] = payloads(case("turvo/customers_list.json"))
    found = extract(record(row))
    assert found.event_time == datetime(2025, 9, 30, 12, tzinfo=UTC)
    assert not found.claims
    [customer] = found.entities
    assert (customer.key, customer.name) == ("customer:turvo:834100", "Acme Manufacturing Corp")
    assert customer.attributes == {"owner": "Priya Raman", "status": "active"}
    carrier = {"id": 9, "name": "Lakeshore", "mcNumber": "MC-774120", "dotNumber": 2984410, "scac": "LKSH"}
    [row] = payloads({"Status": "OK", "details": {"carriers": [carrier]}})
    [entity] = extract(record(row)).entities
    assert entity.keys == ("carrier:turvo:9", "carrier:mc:774120", "carrier:dot:2984410")
    assert entity.attributes["scac"] == "LKSH"
    assert "Turvo id 9" in extract(record(row)).text


class TestAsOf:
    """As of when a version states what it does."""

    @pytest.mark.parametrize("name", ["updatedAt", "lastUpdatedOn", "updated", "last_updated", "LASTUPDATEDON"])
    def test_its_own_last_update(self, name: str) -> None:
        found = extract(record({"shipmentId": "S", "status": "x", name: UPDATED, "createdAt": "2026-03-01"}))
        assert found.event_time == datetime(2026, 3, 4, 9, tzinfo=UTC)

    def test_else_the_status_that_is_last(self) -> None:
        history = [{"status": "booked", "time": "2026-03-02"}, {"status": "new", "time": "2026-03-01"}]
        payload = {"shipmentId": "S", "status": "covered", "statusHistory": history}
        assert extract(record(payload)).event_time == datetime(2026, 3, 2, tzinfo=UTC)
        assert extract(record({**payload, "statusTime": "2026-03-05"})).event_time.day == 5

    def test_else_the_envelope_rather_than_the_creation(self) -> None:
        payload = {"shipmentId": "S", "status": "covered", "createdAt": "2026-03-01"}
        assert extract(record(payload)).event_time.day == 1
        envelope = datetime(2026, 3, 9, tzinfo=UTC)
        assert extract(record(payload, as_of=envelope)).event_time == envelope

    def test_nothing_at_all_is_undated(self) -> None:
        assert not extract(record({"shipmentId": "S", "status": "covered"})).dated

    @pytest.mark.parametrize(
        "payload",
        [
            {**FLAT, "updatedAt": "yesterday"},
            {**FLAT, "createdAt": "soon"},
            {**FLAT, "statusTime": "31/31/2026"},
            {**FLAT, "statusHistory": [{"status": "x", "time": "2026-99-99"}]},
            {**FLAT, "pickupTime": "2026-03-04T25:00"},
            {**FLAT, "stops": [{"id": 1, "appointment": {"date": "4 o'clock"}}]},
            {**FLAT, "carriers": [{"name": "A", "deleted": True, "endedAt": "no idea"}]},
        ],
    )
    def test_a_time_that_cannot_be_read_is_an_error(self, payload: dict[str, Any]) -> None:
        with pytest.raises(ExtractError) as caught:
            extract(record(payload))
        assert caught.value.code == "unreadable_time"

    @pytest.mark.parametrize("word", ["FCFS", {"date": "asap"}])
    def test_a_word_instead_of_an_appointment_is_noted(self, word: Any) -> None:
        found = extract(record({**FLAT, "stops": [{"id": 1, "appointment": word}]}))
        assert any("is no time" in note for note in found.notes)
        assert f"appointment {word if isinstance(word, str) else word['date']}" in found.text
        assert facts({**FLAT, "stops": [{"id": 1, "appointment": word}]}, "HAS_STOP") == [("1 of S-1", None, None)]


class TestSince:
    """A customer since the creation, a carrier since its tender: not since the last update."""

    def test_customer(self) -> None:
        assert facts({**FLAT, "createdAt": "2026-03-01T08:00:00Z"}, "FOR_CUSTOMER") == [
            ("Acme", "2026-03-01T08:00:00Z", None)
        ]
        assert facts(FLAT, "FOR_CUSTOMER") == [("Acme", None, None)]

    @pytest.mark.parametrize(
        ("history", "since"),
        [
            (["Tendered", "Covered"], 1),
            (["Tendered", "Tender - offered", "Tender - accepted", "Covered", "En route"], 2),
            (["Tendered", "Tender - rejected", "Tendered", "Covered"], 3),
            (["Tendered", "Covered", "Tendered", "Covered", "Dispatched"], 3),
            (["Booked", "Covered", "En route"], 2),
            (["Booked", "Tendered"], 2),
            (["Tendered", "Tender - rejected"], None),
            (["Booked", "En route"], None),
        ],
    )
    def test_carrier(self, history: list[str], since: int | None) -> None:
        entries = [{"status": word, "time": f"2026-03-0{day}T00:00:00Z"} for day, word in enumerate(history, start=1)]
        [(_, begin, _)] = facts(
            {**FLAT, "carrierName": "L", "statusHistory": entries, "updatedAt": "2026-03-09"}, "HAULED_BY"
        )
        assert begin == (f"2026-03-0{since}T00:00:00Z" if since else None)

    def test_the_order_s_own_time_comes_first(self) -> None:
        entries = [{"status": "Covered", "time": "2026-03-01T00:00:00Z"}]
        order = {"carrier": {"id": 1, "name": "L"}, "createdDate": "2026-03-02T00:00:00Z"}
        payload = {**FLAT, "statusHistory": entries, "carrierOrder": [order]}
        assert facts(payload, "HAULED_BY") == [("L", "2026-03-02T00:00:00Z", None)]


class TestDeleted:
    """What is marked as deleted has ended, and is not current."""

    def test_a_customer(self) -> None:
        orders = [ORDER, {"deleted": True, "customer": {"id": 2, "name": "Bolt"}}]
        payload = {**FLAT, "customerName": None, "customerOrder": orders, "createdAt": "2026-03-01T00:00:00Z"}
        assert facts(payload, "FOR_CUSTOMER") == [
            ("Acme", "2026-03-01T00:00:00Z", None),
            ("Bolt", "2026-03-01T00:00:00Z", UPDATED),
        ]

    def test_carriers_with_times_and_without(self) -> None:
        carriers = [
            {"name": "A", "deleted": True, "startedAt": "2026-03-01T00:00:00Z", "endedAt": "2026-03-02T00:00:00Z"},
            {"name": "B", "deleted": "true"},
            {"name": "C", "deleted": False, "startedAt": "2026-03-03T00:00:00Z"},
        ]
        assert facts({**FLAT, "carriers": carriers}, "HAULED_BY") == [
            ("C", "2026-03-03T00:00:00Z", None),
            ("A", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"),
            ("B", "2026-03-03T00:00:00Z", "2026-03-03T00:00:00Z"),
        ]

    def test_only_a_deleted_carrier(self) -> None:
        payload = {**FLAT, "carrierOrder": [{"deleted": True, "carrier": {"id": 2, "name": "B"}}]}
        assert facts(payload, "HAULED_BY") == [("B", None, UPDATED)]

    def test_a_driver_of_a_deleted_order(self) -> None:
        driver = {"context": {"id": 3, "name": "Ann", "phones": [{"number": "312-555-0142"}]}}
        payload = {**FLAT, "carrierOrder": [{"deleted": True, "carrier": {"id": 2, "name": "B"}, "drivers": [driver]}]}
        assert facts(payload, "ASSIGNED_DRIVER") == [("Ann", None, UPDATED)]

    def test_a_contributor_a_reference_and_a_stop(self) -> None:
        payload = {
            **FLAT,
            "contributors": [{"deleted": True, "contributorUser": {"name": "Priya"}}],
            "externalIds": [{"type": "BOL #", "value": "77", "deleted": True}],
            "stops": [stop(deleted=True, appointment="2026-03-03T00:00:00Z")],
        }
        assert facts(payload, "MANAGED_BY") == [("Priya", None, UPDATED)]
        assert facts(payload, "HAS_REFERENCE") == [("77", None, UPDATED)]
        assert facts(payload, "HAS_STOP") == [("1 of S-1", "2026-03-03T00:00:00Z", UPDATED)]
        assert not facts(payload, "ORIGIN")

    def test_the_shipment_itself(self) -> None:
        gone = {"shipmentId": "S-1", "status": "booked", "deleted": True, "deletedOn": "2026-03-05T00:00:00Z"}
        found = extract(record(gone))
        assert [one.until for one in stated(found)] == ["2026-03-05T00:00:00Z"]
        assert found.whole

    def test_a_tombstone_states_nothing(self) -> None:
        gone = replace(record(FLAT), payload={}, ended=True, as_of=datetime(2026, 3, 9, tzinfo=UTC))
        for payload in ({}, {"shipmentId": "S-1"}, FLAT):
            found = extract(replace(gone, payload=payload))
            assert (found.claims, found.whole) == ((), True)
            assert found.event_time == gone.as_of
            assert found.entities[0].key == "shipment:id:S-1"


class TestReferences:
    """Numbers by the labels that people give them."""

    @pytest.mark.parametrize(
        ("label", "key"),
        [
            ({"key": "1400", "value": "Purchase order #"}, "order:po:A-77"),
            ("PO Number", "order:po:A-77"),
            ("Bill of lading", "reference:bol:A-77"),
            ("Pro #", "reference:pro:A77"),
            ("Container number", "reference:container:A77"),
            ("Seal No", "reference:seal:A-77"),
            ("Pick up #", "reference:pickup:A-77"),
            ("Load tag", "reference:reference:A-77"),
            (None, "reference:reference:A-77"),
        ],
    )
    def test_labels(self, label: Any, key: str) -> None:
        payload = {**FLAT, "customerOrder": [{**ORDER, "externalIds": [{"type": label, "value": "A-77"}]}]}
        assert key in aliases(payload)

    @pytest.mark.parametrize("numbers", [["PO-1", "PO-2"], "PO-1, PO-2", [{"value": "PO-1"}, "PO-2"]])
    def test_orders_of_the_shipment_and_of_its_stops(self, numbers: Any) -> None:
        for payload in ({**FLAT, "poNumbers": numbers}, {**FLAT, "globalRoute": [stop(poNumbers=numbers)]}):
            assert [name for name, _, _ in facts(payload, "HAS_REFERENCE")] == ["PO-1", "PO-2"]


def test_fields_that_nothing_reads_are_in_the_text() -> None:
    text = extract(record(case("extra_fields/shipment.json"))).text
    for words in (
        "Call Wanda at gate zebra",
        "frozen blueberries",
        "ZQ-88120",
        "TL-9981",
        "TR-771",
        "53ft reefer",
        "1850 USD",
    ):
        assert words in text, words


def test_a_date_counts_in_the_zone_beside_it() -> None:
    assert facts(case("times/zone_beside_date.json"), "HAS_STOP") == [("Dock of DT-1", "2026-03-05T14:00:00Z", None)]


@pytest.mark.parametrize(
    ("name", "hour", "whole"),
    [
        ("stale_update/1/new.json", "18:21", True),
        ("stale_update/2/old.json", "09:01", True),
        ("thin_row/1/detail.json", "09:01", True),
        ("thin_row/2/thin.json", "18:21", False),
        ("own_history/1/a.json", "09:01", False),
        ("own_history/2/b.json", "18:21", False),
    ],
)
def test_versions_say_as_of_when_and_whether_they_are_whole(name: str, hour: str, whole: bool) -> None:
    found = extract(record(case(name)))
    assert (f"{found.event_time:%H:%M}", found.whole, found.dated) == (hour, whole, True)
    [status] = [claim for claim in found.claims if claim.predicate == "HAS_STATUS"]
    assert status.valid_at.minute != found.event_time.minute
