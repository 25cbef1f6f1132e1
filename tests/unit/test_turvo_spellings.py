"""Turvo: one field in many spellings and forms, and what is cut."""

from __future__ import annotations

from typing import Any

import pytest

from apex_cli.sources.registry import extract
from tests.turvo_helpers import (
    DELIVERY,
    FLAT,
    PICKUP,
    UPDATED,
    aliases,
    attributes,
    case,
    facts,
    record,
    stop,
)

ORDER = {"customer": {"id": 1, "name": "Acme"}}


class TestDrift:
    """One field is written in many ways."""

    @pytest.mark.parametrize(
        ("raw", "value", "code"),
        [
            ("En route", "en_route", None),
            ({"code": {"key": "2105", "value": "En route"}}, "en_route", "2105"),
            ({"code": {"key": 2105}}, "en_route", "2105"),
            ({"code": "2116"}, "route_complete", "2116"),
            ({"key": "2117", "value": "Tender - offered"}, "tender_offered", "2117"),
            ({"name": "On Hold"}, "on_hold", None),
            (2107, "delivered", "2107"),
            ("2139", "in_trans_shipment", "2139"),
            ({"code": {"key": "9999"}}, "9999", "9999"),
        ],
    )
    def test_status(self, raw: Any, value: str, code: str | None) -> None:
        found = extract(record({**FLAT, "status": raw}))
        [claim] = [claim for claim in found.claims if claim.predicate == "HAS_STATUS"]
        assert claim.object == f"value:HAS_STATUS:{value}"
        assert claim.attributes.get("code") == code

    @pytest.mark.parametrize("raw", ["N/A", "TBD", "-", {"code": {"key": None, "value": "none"}}])
    def test_a_word_for_no_status_is_none(self, raw: Any) -> None:
        assert not [one for one in extract(record({**FLAT, "status": raw})).claims if one.predicate == "HAS_STATUS"]

    @pytest.mark.parametrize("raw", ["PO-1, PO-2", "PO-1; PO-2", "PO-1 / PO-2", "PO-1 and PO-2", ["PO-1", "PO-2"]])
    def test_several_numbers_in_one_text(self, raw: Any) -> None:
        found = extract(record({**FLAT, "poNumbers": raw}))
        assert [one.name for one in found.entities if one.type == "Order"] == ["PO-1", "PO-2"]

    def test_a_status_may_have_its_own_time(self) -> None:
        raw = {"code": {"key": "2107", "value": "Delivered"}, "lastUpdatedOn": "2026-03-03T00:00:00Z"}
        assert facts({**FLAT, "status": raw}, "HAS_STATUS") == [("delivered", "2026-03-03T00:00:00Z", None)]

    def test_the_status_that_is_stated_is_current_though_the_history_is_behind(self) -> None:
        history = [{"code": {"value": "En route"}, "lastUpdatedOn": UPDATED}]
        payload = {**FLAT, "status": "Delivered", "statusHistory": history}
        assert facts(payload, "HAS_STATUS") == [("en_route", None, UPDATED), ("delivered", None, None)]

    @pytest.mark.parametrize(
        "appointment",
        [
            "2026-03-05T14:00:00Z",
            {"date": "2026-03-05T14:00:00Z", "timeZone": "America/Chicago", "hasTime": True},
            {"date": "2026-03-05T08:00:00", "timeZone": "America/Chicago"},
            {"date": "2026-03-05T08:00:00", "timezone": "America/Chicago"},
            {"start": "2026-03-05T08:00:00", "end": "2026-03-05T09:00:00", "timezone": "America/Chicago"},
            {"start": {"date": "2026-03-05T08:00:00", "timeZone": "America/Chicago"}},
            1772719200,
        ],
    )
    def test_appointment(self, appointment: Any) -> None:
        payload = {**FLAT, "globalRoute": [stop(name="Dock", appointment=appointment)]}
        assert facts(payload, "HAS_STOP") == [("Dock of S-1", "2026-03-05T14:00:00Z", None)]

    def test_the_zone_of_a_stop_counts_for_its_times(self) -> None:
        local = stop(timezone="America/Chicago", appointment={"date": "2026-03-05T08:00:00"},
                     attributes={"arrival": "2026-03-05T08:10:00"})  # fmt: skip
        found = attributes({**FLAT, "globalRoute": [local]}, "Stop")
        assert (found["appointment"], found["arrival"]) == ("2026-03-05T14:00:00Z", "2026-03-05T14:10:00Z")

    @pytest.mark.parametrize(
        "empty", [None, "", {}, {"date": None, "flex": 0}, {"date": "", "timeZone": "America/Chicago"}]
    )
    def test_no_appointment(self, empty: Any) -> None:
        assert facts({**FLAT, "globalRoute": [stop(name="Dock", appointment=empty)]}, "HAS_STOP") == [
            ("Dock of S-1", None, None)
        ]

    @pytest.mark.parametrize(
        "address",
        [
            {"city": "Gary", "state": "IN"},
            {"city": {"name": "Gary"}, "state": {"name": "Indiana"}, "country": {"name": "United States"}},
            {"city": "Gary, IN", "state": None, "country": None},
            {"city": "GARY", "state": "IN", "country": "US", "zip": 46402},
            "12 Main St, Gary, IN 46402",
        ],
    )
    def test_address(self, address: Any) -> None:
        assert [name for name, _, _ in facts({**FLAT, "globalRoute": [stop(address=address)]}, "AT")] == ["Gary, IN"]

    @pytest.mark.parametrize(
        "kind", [{"stopType": PICKUP}, {"stopType": {"key": "1500"}}, {"stopType": 1500}, {"type": "Pickup"}]
    )
    def test_the_ends_of_the_route_where_nothing_else_says_them(self, kind: dict[str, Any]) -> None:
        first = {**kind, "id": "a", "sequence": 0, "address": {"city": "Gary", "state": "IN"}}
        last = {"stopType": DELIVERY, "sequence": "2", "id": "c", "address": {"city": "Toledo", "state": "OH"}}
        between = {"stopType": DELIVERY, "sequence": 1, "id": "b", "address": {"city": "Elkhart", "state": "IN"}}
        payload = {**FLAT, "globalRoute": [last, first, between]}
        assert facts(payload, "ORIGIN") == [("Gary, IN", None, None)]
        assert facts(payload, "DESTINATION") == [("Toledo, OH", None, None)]

    @pytest.mark.parametrize(
        ("load", "expected"),
        [
            ({"weight": 38000}, {"weight": 38000}),
            ({"weight": "38,000 lb"}, {"weight": 38000, "weight_unit": "lb"}),
            ({"weight": "38000", "weightUnit": "lb"}, {"weight": 38000, "weight_unit": "lb"}),
            ({"netWeight": {"weight": "17.5", "unit": {"value": "t"}}}, {"weight": 17.5, "weight_unit": "t"}),
            ({"qty": "22", "unit": {"value": "Pallets"}}, {"quantity": 22, "quantity_unit": "Pallets"}),
            ({"rate": {"amount": 1850, "currency": "USD"}}, {"rate": 1850, "currency": "USD"}),
            ({"rate": "$1,850.00", "currency": {"key": "1550", "value": "CAD"}}, {"rate": 1850, "currency": "CAD"}),
            ({"temperature": "-10F"}, {"temperature": "-10F"}),
            ({"equipment": "53ft reefer"}, {"equipment": "53ft reefer"}),
            ({"tags": "hot"}, {"tags": "hot"}),
            ({"weight": "heavy"}, {}),
        ],
    )  # fmt: skip
    def test_amounts(self, load: dict[str, Any], expected: dict[str, Any]) -> None:
        assert attributes({**FLAT, **load}) == expected

    def test_amounts_of_several_items(self) -> None:
        items = [{"name": "Nuts", "qty": 2, "unit": "Pallets", "netWeight": {"weight": 100}},
                 {"name": "Bolts", "qty": "3", "unit": {"value": "Pallets"}, "netWeight": {"weight": "50"}},
                 {"name": "Void", "qty": 9, "unit": "Pallets", "deleted": True}]  # fmt: skip
        found = attributes({**FLAT, "customerOrder": [{**ORDER, "items": items}]})
        assert found == {"quantity": 5, "quantity_unit": "Pallets", "weight": 150, "commodity": "Nuts, Bolts"}

    def test_drivers_of_a_flat_shipment(self) -> None:
        drivers = [{"name": "Bob", "deleted": True}, {"name": "Ann", "phone": "312-555-0142"}]
        assert facts({**FLAT, "drivers": drivers}, "ASSIGNED_DRIVER") == [("Ann", None, None), ("Bob", None, UPDATED)]

    @pytest.mark.parametrize(
        "load", [{"weight": "heavy"}, {"rate": {"amount": 5, "type": "per mile"}}, {"qty": [1, "two"]}]
    )
    def test_what_is_no_amount_is_in_the_text(self, load: dict[str, Any]) -> None:
        text = extract(record({**FLAT, **load})).text
        assert any(word in text for word in ("heavy", "per mile", "two"))

    def test_a_driver_with_a_foreign_number(self) -> None:
        phone = {"number": "20 7946 0958", "country": {"key": "gb", "value": "+44"}}
        order = {"carrier": {"id": 2, "name": "B"}, "drivers": [{"context": {"name": "Ann"}, "phone": phone}]}
        assert "driver:phone:442079460958" in aliases({**FLAT, "carrierOrder": [order]})


def test_what_is_cut_is_noted() -> None:
    stops = [{"id": number, "city": "Gary", "state": "IN"} for number in range(1_200)]
    history = [{"status": f"s{n}", "time": 1772000000 + n} for n in range(1_100)]
    found = extract(record({**FLAT, "stops": stops, "statusHistory": [*history, {"status": "lost"}]}))
    assert "left out: 200 of 1,200 stops" in found.notes
    assert "left out: the oldest 100 of 1,100 of the status history" in found.notes
    assert "left out: 1 of the status history without a status or a time" in found.notes


def test_fields_are_known_however_their_names_are_spelled() -> None:
    for payload in case("key_spelling/shipments.jsonl"):
        assert facts(payload, "HAS_STATUS") == [("in_transit", None, None)]
        assert facts(payload, "FOR_CUSTOMER") == [("Halcyon Paper Co", None, None)]
