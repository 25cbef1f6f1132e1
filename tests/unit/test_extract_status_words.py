"""Which status free text states of which shipment."""

from __future__ import annotations

import re

import pytest

from apex_cli.extract import status_words

_NUMBER = re.compile(r"SHIP-\d+")


def stated(text: str) -> dict[str, str | None]:
    found = list(_NUMBER.finditer(text))
    return {
        match[0]: status
        for match, status in zip(found, status_words.stated(text, [match.span() for match in found]), strict=True)
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Shipment SHIP-1 delivered successfully.", {"SHIP-1": "delivered"}),
        ("SHIP-1 was picked up at 9. All good.", {"SHIP-1": "picked_up"}),
        ("We delivered SHIP-1 and picked up SHIP-2.", {"SHIP-1": "delivered", "SHIP-2": "picked_up"}),
        ("SHIP-1 delivered, SHIP-2 in transit", {"SHIP-1": "delivered", "SHIP-2": "in_transit"}),
        ("SHIP-1, SHIP-2 and SHIP-3 were delivered.", dict.fromkeys(("SHIP-1", "SHIP-2", "SHIP-3"), "delivered")),
        ("Delivered: SHIP-1, SHIP-2", dict.fromkeys(("SHIP-1", "SHIP-2"), "delivered")),
        ("Your load of paper, SHIP-1, was delivered at noon", {"SHIP-1": "delivered"}),
        ("SHIP-1 was loaded and is now en route.", {"SHIP-1": "loaded"}),
        ("El envío SHIP-1 fue entregado a las 21:15.", {"SHIP-1": "delivered"}),
        ("L'envoi SHIP-1 a été livré ce soir.", {"SHIP-1": "delivered"}),
        ("SHIP-1 is delayed because of snow.", {"SHIP-1": "delayed"}),
        ("SHIP-1 was cancelled by the customer.", {"SHIP-1": "cancelled"}),
        ("Order No. SHIP-1 delivered.", {"SHIP-1": "delivered"}),
        ("PROOF OF DELIVERY\n\nShipment: SHIP-1\nUnloaded 17:15", {"SHIP-1": "delivered"}),
    ],
)
def test_a_status_counts_for_the_shipment_of_its_sentence(text: str, expected: dict[str, str]) -> None:
    assert stated(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "SHIP-1 was not delivered.",
        "SHIP-1 hasn't been delivered yet.",
        "SHIP-1 will be delivered tomorrow.",
        "Has SHIP-1 been delivered?",
        "Once SHIP-1 is delivered we send the invoice.",
        "SHIP-1 needs to be picked up.",
        "Please get SHIP-1 loaded.",
        "El envío SHIP-1 no fue entregado.",
        "SHIP-1 n'a pas été livré.",
        "SHIP-1 sera livré demain.",
        "About SHIP-1. The other one was delivered.",
        "SHIP-1\nThe load for Monday was delivered",
        "SHIP-1: loaded miles 180",
        "Proof of delivery for SHIP-1 is needed",
        "PROOF OF DELIVERY\nSHIP-1\nSHIP-2",
    ],
)
def test_what_is_denied_asked_planned_or_said_elsewhere_is_no_status(text: str) -> None:
    assert set(stated(text).values()) == {None}


@pytest.mark.parametrize(
    ("said", "status", "agrees"),
    [
        ("delivered", "in_transit", False),
        ("delivered", "route_complete", True),
        ("delivered", "delivered", True),
        ("picked_up", "en_route", True),
        ("picked_up", "tendered", False),
        ("in_transit", "route_complete", False),
        ("in_transit", "en_route", True),
        ("delayed", "in_transit", True),
        ("delayed", "delivered", False),
        ("cancelled", "covered", False),
        ("cancelled", "canceled", True),
    ],
)
def test_which_statuses_allow_what_is_said(said: str, status: str, agrees: bool) -> None:
    assert status_words.agrees(said, status) is agrees


def test_long_texts_take_linear_time() -> None:
    text = "SHIP-1 delivered and " * 9_000
    assert set(stated(text).values()) == {"delivered"}
