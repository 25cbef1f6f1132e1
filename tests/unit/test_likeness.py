"""Whether new content can be a version of the old."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apex_cli.extract.likeness import fingerprint, same_text, same_thing, same_vehicle

CUSTOMER = {"id": 1, "customer_name": "Halcyon Paper Co", "city": "Fargo", "state": "ND"}
DRIVER = {"id": 1, "driver_name": "Ines Calder", "driver_phone": "+1 312 555 0144"}
TRAILER = {"id": 1, "trailer_number": "TL-5501", "updated_at": "2026-03-04T10:00:00Z"}


@pytest.mark.parametrize(("one", "other"), [(CUSTOMER, DRIVER), (CUSTOMER, TRAILER), (DRIVER, TRAILER)])
def test_two_things_with_one_id(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert not same_thing(one, other)
    assert not same_thing(other, one)


@pytest.mark.parametrize(
    "later",
    [
        {**CUSTOMER, "city": "Omaha", "state": "NE"},
        {**CUSTOMER, "phone": "+1 312 555 0144", "tags": ["a", "b"]},
        {"id": 1, "customerName": "Halcyon Paper Co."},
        {"ID": "1", "CUSTOMER_NAME": "HALCYON PAPER CO"},
        {"id": 1, "name": "Halcyon Paper Co", "place": {"town": "Fargo"}},
        {"id": 1},
    ],
)
def test_a_version_of_one_thing(later: dict[str, Any]) -> None:
    assert same_thing(CUSTOMER, later)
    assert same_thing(later, CUSTOMER)


def test_readings_of_one_unit_number_are_of_one_vehicle_unless_their_vins_differ() -> None:
    one, other = ({"vehicle_id": "101", "vin": vin, "speed": 5} for vin in ("1XKYD49X7PJ304417", "1J9RP1A36A1644345"))
    assert not same_vehicle(one, other)
    assert not same_vehicle(one, {"vehicleId": "101", "VIN": "1j9rp1a36a1644345"})
    for same in ({**one, "speed": 9}, {**one, "vin": " 1xkyd49x7pj304417"}, {"vehicle_id": "101"}):
        assert same_vehicle(one, same)
    assert same_vehicle(one, {**other, "vin": "UNKNOWN"})
    assert same_vehicle({"id": "281474990000101", "vin": one["vin"]}, {"id": "281474990000101", "vin": other["vin"]})


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=6), values, max_size=6))
def test_everything_is_like_itself(payload: dict[str, Any]) -> None:
    assert same_thing(payload, dict(reversed(payload.items())))
    assert fingerprint(payload) == fingerprint(dict(reversed(payload.items())))


def test_deep_and_wide_objects_are_bounded() -> None:
    deep: dict[str, Any] = {"a": 1}
    for _ in range(5_000):
        deep = {"b": deep}
    wide = {f"f{index}": index for index in range(100_000)}
    assert same_thing(deep, deep)
    assert len(fingerprint(wide).names) == 200 * 4


MONDAY = "Bill of Lading\nDate: 2026-03-04\nBOL: 889001\nShipper: Halcyon Paper Co\nConsignee: Prairie Oat Mills\n"
TUESDAY = "Proof of Delivery\nDate: 2026-03-06\nBOL: 889777\nCarrier: Bluestem Transit\n"


def test_another_paper_in_the_same_place() -> None:
    assert not same_text(MONDAY, TUESDAY)
    assert not same_text(TUESDAY, MONDAY)


@pytest.mark.parametrize(
    "later",
    [
        MONDAY.replace("889001", "889002"),
        MONDAY + "Received in good order.\n",
        MONDAY.upper(),
        "Corrected copy\n\n" + MONDAY.replace("\n", "\r\n"),
        "",
    ],
)
def test_an_edited_paper(later: str) -> None:
    assert same_text(MONDAY, later)
