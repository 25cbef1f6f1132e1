"""Companies beside, behind and below their labels, and what is none."""

from __future__ import annotations

import time

import pytest

from apex_cli.extract import mentions


def companies(text: str) -> set[tuple[str, str]]:
    return {(match.kind, match.value) for match in mentions.find(text) if match.kind in ("customer", "carrier")}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Carrier: Lakeshore Haulage Inc", ("carrier", "Lakeshore Haulage Inc")),
        ("SCAC: LKSH      Carrier Name: Lakeshore Haulage     Seal: 551208", ("carrier", "Lakeshore Haulage")),
        ("SHIPPER HARROW & FINCH PAPER", ("customer", "HARROW & FINCH PAPER")),
        ("CONSIGNEE NORTHGATE TOOLS LLC", ("customer", "NORTHGATE TOOLS LLC")),
        ("Shipper ........... Ironwood Fixtures", ("customer", "Ironwood Fixtures")),
        ("Carrier\nBighorn Express LLC\nMC\n771204", ("carrier", "Bighorn Express LLC")),
        ("SHIPPER                 CONSIGNEE\nBirchline Millwork      Sable Windows", ("customer", "Sable Windows")),
        ("PICK 1\nHarrow & Finch Paper\n4410 N Glenstone Ave", ("customer", "Harrow & Finch Paper")),
        ("Delivery Location\nNorcross Grocers DC 14, 880 Best Friend Rd", ("customer", "Norcross Grocers DC 14")),
        (
            "Transportista: Transportes Sierra Clara, S.A. de C.V.",
            ("carrier", "Transportes Sierra Clara, S.A. de C.V."),
        ),
        ("Transporteur : Transport Lac-Mégantic inc.", ("carrier", "Transport Lac-Mégantic inc.")),
        ("Client : Papiers Saguenay ltée", ("customer", "Papiers Saguenay ltée")),
        ("Remitente: Cerámica del Norte", ("customer", "Cerámica del Norte")),
    ],
)
def test_a_company_beside_its_label(text: str, expected: tuple[str, str]) -> None:
    assert expected in companies(text)


@pytest.mark.parametrize(
    "text",
    [
        "CARRIER RATE CONFIRMATION",
        "SHIPPER LOAD AND COUNT",
        "CARRIER MUST CHECK IN AT THE GATE",
        "CUSTOMER ORDER NUMBER   # PKGS   WEIGHT",
        "SHIP DATE\tCUSTOMER PO\tSHIP TO\tCITY\tST",
        "Carrier: see below",
        "Customer: 11820",
        "The carrier shall pay. Customer service is open.",
        "PICK 1\nCall before arrival\nGate 4",
        "DELIVERY\n2250 Airport Hwy\nMaumee, OH 43537",
        "STOP 2\nDate: 03/12/2026",
    ],
)
def test_what_is_no_company(text: str) -> None:
    assert companies(text) == set()


@pytest.mark.parametrize("text", ["SHIPPER  " * 20_000, "CARRIER\n" * 20_000, "PICK 1\nA B\n" * 15_000])
def test_time_is_bounded(text: str) -> None:
    started = time.process_time()
    mentions.find(text)
    assert time.process_time() - started < 5
