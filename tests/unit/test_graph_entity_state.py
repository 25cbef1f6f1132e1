"""Which of the observed names a node shows."""

from __future__ import annotations

import pytest

from apex_cli.stores.graph.model.entity_state import EntityObservation, merge

EARLY, LATE = 1, 2


def observation(time: int, name: str, *aliases: str, certain: bool = True) -> EntityObservation:
    return EntityObservation(0, time, certain, name, aliases, {})


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
