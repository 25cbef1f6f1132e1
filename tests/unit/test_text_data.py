"""Amounts, dates, measures and appointments that texts state; what is ambiguous is left out."""

from __future__ import annotations

import time
from typing import Any

import pytest

from apex_cli.extract import mentions, text_data


def stated(text: str) -> dict[str, Any]:
    return text_data.find(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Amount due: $1,676.40", {"total_amount": 1676.4, "currency": "USD"}),
        ("Line haul ........ 1,310.00 USD", {"line_haul_rate": 1310, "currency": "USD"}),
        ("Line haul       1,310.00\nFuel              242.00", {"line_haul_rate": 1310, "fuel_surcharge": 242}),
        ("| Rate | 845 USD flat |", {"rate": 845, "currency": "USD"}),
        ("We agreed on a rate of $1,900 for it.", {"rate": 1900, "currency": "USD"}),
        ("Load #: LD-1 | Rate: $1,200.00 | Origin: Chicago, IL", {"rate": 1200, "currency": "USD"}),
        (
            "Description: Fuel surcharge | Qty: 1 | Amount: $226.40\nDescription: Total | Qty: | Amount: $1,676.40",
            {"fuel_surcharge": 226.4, "total_amount": 1676.4, "currency": "USD"},
        ),
        (
            "Invoice No     Terms     Due Date       Amount Due\nTH-9021        Net 30    10/15/2026     $1,485.00",
            {"terms": "net 30", "due_date": "2026-10-15", "total_amount": 1485, "currency": "USD"},
        ),
        ("Agreed Amount\n$1,875.00 USD", {"rate": 1875, "currency": "USD"}),
        ("Montant total : 1 450,00 $ CA", {"total_amount": 1450, "currency": "CAD"}),
        ("PICK 1\nHarrow Paper\n12 Mill Rd\n03/12/2026 08:00", {"pickup_at": "2026-03-12T08:00"}),
        ("Pickup Date\n04/03/2026 07:00", {"pickup_at": "2026-04-03T07:00"}),
        ("Fecha de entrega: 14/05/2026 09:00", {"delivery_at": "2026-05-14T09:00"}),
        (
            "Pickup for order SO-118204 is set for 05/11/2026 from 08:00 to 12:00 at our plant",
            {"pickup_at": "2026-05-11T08:00", "pickup_until": "2026-05-11T12:00"},
        ),
        ("Total a pagar: $12,500.00 MXN", {"total_amount": 12500, "currency": "MXN"}),
        ("Montant total : 1.250,00 €", {"total_amount": 1250, "currency": "EUR"}),
        ("Payment due: November 18, 2025\nNet 30", {"due_date": "2025-11-18", "terms": "net 30"}),
        ("Échéance : 18 novembre 2025", {"due_date": "2025-11-18"}),
        ("Vence: 18 de noviembre de 2025", {"due_date": "2025-11-18"}),
        ("20 pallets gear housings", {"quantity": 20, "quantity_unit": "pallets"}),
        ("gear housings, 33,900 lbs", {"weight": 33900, "weight_unit": "lb"}),
        ("Gross weight (kg): 18,200\nTare 900 kg", {"weight": 18200, "weight_unit": "kg"}),
        ("Temp: -10 F. Miles: 1,512", {"temperature": "-10 F", "miles": 1512}),
        (
            "Pickup:    2026-02-12 08:00-10:00   Chicago, IL",
            {"pickup_at": "2026-02-12T08:00", "pickup_until": "2026-02-12T10:00"},
        ),
        (
            "Delivery appointment: Tue 10/21/2025 2:00 PM EST",
            {"delivery_at": "2025-10-21T19:00:00Z", "delivery_zone": "EST"},
        ),
        ("Stop: Pickup | Date: 10/20/2025 | Time: 08:00 | City: Chicago", {"pickup_at": "2025-10-20T08:00"}),
        ("PU Date: 10/20/2025\nPU: 10/20/2025 0800-1200", {"pickup_until": "2025-10-20T12:00"}),
        ("Entrega: 21/10/2025 14:00", {"delivery_at": "2025-10-21T14:00"}),
        ("Livraison : 21 octobre 2025 à 14h30", {"delivery_at": "2025-10-21T14:30"}),
    ],
)  # fmt: skip
def test_what_stands_beside_its_label(text: str, expected: dict[str, Any]) -> None:
    found = stated(text)
    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    "text",
    [
        "Total: $100.00\nTotal: $120.00",
        "Total 24 pallets, Total: 38000 lbs and total 12",
        "Detention is 75 USD an hour after two free hours",
        "Detention rate: $50/hour",
        "Rate: $1,200.00 CAD\nFuel: $100.00 USD",
        "due 2025-11-18 or due 2025-11-19",
        "Rate 2025 confirmation, rate 12%",
        "Delivery: Tue 10/21 14:00",
        "Vence: 05/11/2025",
        "",
    ],
)
def test_what_is_ambiguous_is_left_out(text: str) -> None:
    left = {"total_amount", "rate", "detention_charge", "currency", "due_date", "delivery_at", "fuel_surcharge"}
    assert left.isdisjoint(stated(text))


def test_a_dollar_is_of_the_united_states_unless_the_text_speaks_of_another() -> None:
    assert stated("Total due: $100.00")["currency"] == "USD"
    assert "currency" not in stated("Total due: $100.00 plus GST")


def of_invoices(text: str) -> dict[str, dict[str, Any]]:
    return text_data.invoices(text, mentions.find(text))


@pytest.mark.parametrize(
    "text",
    [
        "INV-30118: 1,676.40 USD, due 2025-11-18",
        "Please pay invoice INV-30118, 1,676.40 USD, due 11/18/2025. Invoice INV-30119 follows.",
        "INVOICE INV-30118\nDue date: Nov 18, 2025\nLine haul 1,450.00\nTotal 1,676.40 USD",
        "Invoice: INV-30118 | Amount: 1,676.40 USD | Due: 2025-11-18\nInvoice: INV-30119 | Amount: 9.00 USD",
    ],
)
def test_what_is_stated_of_an_invoice(text: str) -> None:
    expected = {"total_amount": 1676.4, "currency": "USD", "due_date": "2025-11-18"}
    assert of_invoices(text).get("INV-30118") == expected or of_invoices(text).get("30118") == expected


def test_an_amount_beside_two_invoices_is_of_neither() -> None:
    assert of_invoices("Invoices INV-30118 and INV-30119 come to 900.00 USD.") == {}


@pytest.mark.parametrize(
    "text",
    ["Total" + " " * 100_000, "Total | a: b | " * 7_000, "total " * 16_000, "1,111" * 20_000, "pickup date " * 9_000,
     "Line haul | Qty: 1 | Amount: " * 3_500, "pickup " + "-" * 100_000, "pickup 10/20/2025 " * 5_000],
)  # fmt: skip
def test_time_is_bounded(text: str) -> None:
    started = time.process_time()
    stated(text)
    assert time.process_time() - started < 5
