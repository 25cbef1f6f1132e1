"""Labels before several numbers, and the numbers of a carrier beside its name."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apex_cli.extract import mentions
from apex_cli.model import EntityType, Record
from apex_cli.sources import registry

CASE = Path(__file__).parents[1] / "cases" / "number-lists" / "recall.txt"


def found(text: str) -> list[str]:
    return [f"{match.kind} {match.text}" for match in mentions.find(text)]


def test_a_rate_confirmation() -> None:
    payload = {"path": "/recall.txt", "format": "text", "content": CASE.read_text()}
    record = Record("document", "document", "recall", payload, "", datetime(2026, 3, 4, tzinfo=UTC), "recall.txt")
    entities = registry.extract(record).entities
    things: defaultdict[tuple[EntityType, str], set[str]] = defaultdict(set)
    for entity in entities:
        things[entity.type, str(entity.attributes.get("kind", ""))].add(entity.name)
    assert things[EntityType.ORDER, ""] == {*("4410-A", "4411-A", "4412-A", "5501", "5502", "5503"), "90001", "90002"}
    assert things[EntityType.REFERENCE, "bol"] == {"88910", "88911"}
    assert things[EntityType.REFERENCE, "pickup"] == {"PU-55120"}
    assert things[EntityType.CARRIER, ""] == {"Bluestem Transit LLC"}
    (carrier,) = (entity for entity in entities if entity.type is EntityType.CARRIER)
    assert "carrier:mc:774421" in carrier.keys


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("orders 90001 and 90002; POs: 1001, 1002 & 1003", ["90001", "90002", "1001", "1002", "1003"]),
        ("PO 4410-A, 4411-A / 4412-A", ["4410-A", "4411-A", "4412-A"]),
        ("BOLs 88910, 88911, and 88912 are late", ["88910", "88911", "88912"]),
        ("B/Ls: 88910/88911", ["88910", "88911"]),
        ("BOL 88910, BOL 88911", ["88910", "88911"]),
        ("INVOICE NOS. INV-778; INV-779", ["INV-778", "INV-779"]),
        ("Purchase Orders # 4410 | 4411", ["4410", "4411"]),
        ("Seal #'s 445566 & 445567", ["445566", "445567"]),
        ("PRO Nos: 482139055, 482139063", ["482139055", "482139063"]),
        ("refs: A1001; A1002", ["A1001", "A1002"]),
        ("Load Numbers:\t771204, 771205", ["771204", "771205"]),
        ("Pickup #s: PU-55120, PU-55121 and PU-55122", ["PU-55120", "PU-55121", "PU-55122"]),
        ("PO(s): 1101, 1102", ["1101", "1102"]),
        ("Trucks 8812 and 8813", ["8812", "8813"]),
        ("Truck 2024 Freightliner, tractor 1998", []),
    ],
)
def test_every_number_of_a_list(text: str, expected: list[str]) -> None:
    matches = mentions.find(text)
    assert [match.text for match in matches] == expected
    assert all(match.value in text[match.start : match.end] for match in matches)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PO 4410, 12 pallets and 1250 lbs", ["order 4410"]),
        ("PO 4410, 5501 Main Street", ["order 4410"]),
        ("load 55120, 2024 Freightliner", ["shipment 55120"]),
        ("loads 55120, 2024", ["shipment 55120"]),
        ("customer orders 500 units", []),
        ("PO 88,410", []),
        ("load 7712 and 45,000 lbs", ["shipment 7712"]),
        ("PO 12/5", []),
        ("PO Box 4410, 5501", []),
        ("PO 4410 or 24 hours", ["order 4410"]),
        ("PO 4410, 312-555-0142", ["order 4410", "phone 312-555-0142"]),
        ("Load # 771204, 2026-03-04", ["shipment 771204"]),
        ("Load 771204 03/04/2026", ["shipment 771204"]),
    ],
)
def test_what_only_stands_beside_a_number(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@given(
    st.lists(st.from_regex(r"\A[A-Z]{0,2}[1-9][0-9]{4,8}\Z"), min_size=1, max_size=30, unique=True),
    st.sampled_from((", ", "; ", " / ", "/", " & ", " and ", ", and ", " | ")),
    st.sampled_from(("POs: ", "PO#s ", "PO Numbers: ", "Purchase Orders ")),
)
def test_a_list_of_any_length(numbers: list[str], separator: str, label: str) -> None:
    assert [match.text for match in mentions.find(label + separator.join(numbers))] == numbers


@pytest.mark.parametrize(
    "text",
    [
        "Carrier: Bluestem Transit LLC (MC# 774421, DOT 2231901)",
        "Carrier: Bluestem Transit LLC, MC 774421 / USDOT 2231901",
        "Carrier: Bluestem Transit LLC\n  MC-774421\n  US DOT# 2231901",
        "We booked Bluestem Transit LLC (MC 774421 / DOT 2231901) for it.",
        "Signed between Acme Trucking and Bluestem Transit LLC (MC-774421, USDOT 2231901), in force since May.",
        "Thanks to Bluestem Transit LLC [MC774421; DOT 2231901], it is on time.",
    ],
)
def test_a_carrier_and_its_numbers_are_one(text: str) -> None:
    (match,) = (found for found in mentions.find(text) if found.kind not in ("place", "customer"))
    assert match.value == "Bluestem Transit LLC"
    assert match.dockets == (("mc", "774421"), ("dot", "2231901"))
    entity = mentions.entity(match, "document")
    assert entity is not None
    assert set(entity.keys) == {"carrier:mc:774421", "carrier:dot:2231901"}


def test_numbers_apart_from_a_name_are_not_its_own() -> None:
    text = "Bluestem Transit LLC was late. Another carrier has MC 99123."
    assert [(match.kind, match.value) for match in mentions.find(text)] == [("mc", "99123")]


MC, DOT, SCAC = "carrier:mc:661208", "carrier:dot:2984410", "carrier:scac:LKSH"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We pay Lakeshore Haulage (MC-661208, USDOT 2984410).", [("carrier", {MC, DOT})]),
        ("| Authority | MC-661208, USDOT 2984410, SCAC LKSH |", [("mc", {MC, DOT, SCAC})]),
        ("MC 661208, MC 774421", [("mc", {MC}), ("mc", {"carrier:mc:774421"})]),
        ("It is late (MC 661208).", [("mc", {MC})]),
    ],
)
def test_which_carrier_a_number_is_of(text: str, expected: list[tuple[str, set[str]]]) -> None:
    found = [(match.kind, mentions.entity(match, "document")) for match in mentions.find(text)]
    assert [(kind, set(entity.keys) if entity else set()) for kind, entity in found] == expected
