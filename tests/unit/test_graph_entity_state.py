"""Which of the observed names a node shows."""

from __future__ import annotations

import pytest

from apex_cli.extract.signatures import Signature
from apex_cli.stores.graph.model.entity_state import EntityObservation, merge

EARLY, LATE = 1, 2


def observation(
    time: int, name: str, *keys: str, certain: bool = True, whole: bool = True, **attributes: object
) -> EntityObservation:
    return EntityObservation(0, time, certain, name, Signature(keys), attributes, whole)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("D-7", "driver:id@turvo:D-7"),
        ("+13125550134", "driver:phone:13125550134"),
        ("bob@example.com", "person:email:bob@example.com"),
        ("1M8GDM9AXKP042788", "vehicle:vin:1M8GDM9AXKP042788"),
        ("1000481920", "shipment:turvo:1000481920"),
        ("MC 774120", "carrier:mc:774120"),
    ],
)
def test_a_repeated_id_never_overrules_a_real_name(name: str, key: str) -> None:
    real, bare = ("a", (observation(EARLY, "Real Name", key),)), ("b", (observation(LATE, name, key),))
    assert merge([real, bare]).shown_name == "Real Name"
    assert merge([bare, real]).shown_name == "Real Name"
    assert merge([bare]).shown_name == name


def test_among_real_names_the_certain_and_then_the_latest_wins() -> None:
    key = "vehicle:unit:TRUCK-1"
    observed = [
        ("a", (observation(EARLY, "TRUCK-1", key),)),
        ("b", (observation(LATE, "Truck-1", key),)),
        ("c", (observation(3, "truck-1", key, certain=False),)),
    ]
    assert merge(observed).shown_name == "Truck-1"


def test_of_one_record_the_last_whole_version_counts_and_the_partial_ones_after_it() -> None:
    vin, unit = "vehicle:vin:V1", "vehicle:unit:T1"
    monday = observation(EARLY, "Monday", vin, plate="P-1", colour="red")
    tuesday = observation(LATE, "Tuesday", vin, unit, plate="P-2")
    stub = observation(3, "Stub", unit, whole=False, doors=2)
    state = merge([("r", (monday, tuesday, stub))])
    assert {name: value for name, (_, value) in state.attributes.items()} == {"plate": "P-2", "doors": 2}
    assert state.shown_aliases() == [unit, vin]
