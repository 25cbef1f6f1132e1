"""Kinds of papers by their heading, and titles that say which paper it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from apex_cli.extract.document_kinds import heading
from apex_cli.extract.identity import content_hash
from apex_cli.model import Extraction, Record
from apex_cli.sources.document.mapping import extract


def paper(text: str, **more: Any) -> Extraction:
    payload = {"path": "/in/paper.txt", "format": "text", "content": text, **more}
    now = datetime(2025, 11, 1, tzinfo=UTC)
    return extract(Record("document", "document", "paper", payload, content_hash(payload), now, "paper.txt"))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("RATE CONFIRMATION                 SHIP-2026-02-12-003", "rate confirmation"),
        ("LOAD TENDER / RATE CONFIRMATION            Page 1 of 2", "rate confirmation"),
        ("ALDER LOGISTICS\nLOAD CONFIRMATION & RATE AGREEMENT", "rate confirmation"),
        ("| CONFIRMATION OF RATE |  |\n| --- | --- |\n| BOL | HF228841 |", "rate confirmation"),
        ("GATE TICKET - INTERCHANGE OUT", "gate ticket"),
        ("QUARRY ROAD EXPRESS\nINVOICE NO: QRE-3318", "invoice"),
        ("# Load confirmation SHIP-2026-02-14-009", "rate confirmation"),
        ("Carrier Rate & Load Confirmation", "rate confirmation"),
        ("Lakeshore Haulage\nInvoice INV-30944      2026-02-14", "invoice"),
        ("LAKESHORE HAULAGE                 FREIGHT INVOICE", "invoice"),
        ("Factura No. F-1", "invoice"),
        ("STRAIGHT BILL OF LADING", "bill of lading"),
        ("Conocimiento de Embarque", "bill of lading"),
        ("Carta Porte: CP-1", "bill of lading"),
        ("Connaissement n° 4", "bill of lading"),
        ("Proof of Delivery", "proof of delivery"),
        ("Bon de livraison 55", "proof of delivery"),
        ("OS&D REPORT CLM-2026-031", "claim"),
        ("Cargo Claim Form", "claim"),
        ("10:00 check call", "check call"),
        ("Load Tender for LD-1", "load tender"),
        ("Lumper Receipt", "lumper receipt"),
        ("CAT SCALE TICKET", "scale ticket"),
        ("Certificate of Liability Insurance", "insurance certificate"),
        ("Form W-9", "W-9"),
        ("Carrier Setup Packet", "carrier packet"),
        ("Packing List", "packing list"),
        ("Commercial Invoice", "customs document"),
        ("Pedimento", "customs document"),
        ("Weight Certificate", "weight certificate"),
        ("Statement of Account", "statement"),
        ("Estado de cuenta", "statement"),
        ("Amendment 2 to the carrier agreement", "carrier agreement"),
    ],
)
def test_the_heading_says_the_kind(text: str, kind: str) -> None:
    found = heading(text)
    assert found is not None
    assert found.kind == kind


@pytest.mark.parametrize(
    "text",
    [
        "Notes on invoices",
        "Invoice handling procedure",
        "Delivery notes",
        "Statement of work",
        "Claims department directory",
        "Meeting notes\nBOL: 5521\nInvoice: INV-1\nPOD # 7",
        "Invoice: INV-1 | Load: LD-1",
        "Hello,\nplease send the rate confirmation",
        "",
    ],
)
def test_a_text_of_no_kind(text: str) -> None:
    assert heading(text) is None


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (
            "RATE CONFIRMATION\nDate: 2025-10-19\nLoad #: LD-40512\nCarrier: Lakeshore Haulage LLC",
            "Rate confirmation LD-40512 (Lakeshore Haulage LLC), 19 Oct",
        ),
        ("Lakeshore Haulage\nINVOICE\nInvoice #: INV-30118\nLoad #: LD-40512", "Invoice INV-30118"),
        ("Bill of Lading\nBOL #: 771204\nLoad: LD-40512", "Bill of lading 771204"),
        ("Rate Confirmation\nLoad #: LD-40512\nLoad #: LD-40513", "Rate confirmation"),
        (
            "RATE CONFIRMATION   SHIP-2026-02-12-003\nCarrier: Lakeshore Haulage",
            "RATE CONFIRMATION SHIP-2026-02-12-003",
        ),
        ("Carrier notes\nRate con of LD-40512", "Carrier notes"),
        ("---\ntitle: Rate confirmation\n---\nRate confirmation\nLoad: LD-40512", "Rate confirmation"),
    ],
)
def test_a_title_says_which_paper_it_is(text: str, title: str) -> None:
    assert paper(text).title == title


def test_a_title_of_the_file_that_says_no_more_than_the_kind() -> None:
    assert paper("Rate Confirmation\nLoad: LD-40512", title="Rate Confirmation").title == "Rate confirmation LD-40512"
    own = "Load 40512 for Acme"
    assert paper("Rate Confirmation\nLoad: LD-40512", title=own).title == own


def test_a_paper_has_its_kind_and_is_about_its_shipment() -> None:
    found = paper("INVOICE\nInvoice #: INV-30118\nLoad #: LD-40512\nTotal due: $1,676.40\nDue: 2025-11-18")
    document = found.entities[0]
    assert document.attributes["kind"] == "invoice"
    assert (document.attributes["total_amount"], document.attributes["due_date"]) == (1676.4, "2025-11-18")
    assert ("ABOUT", "shipment:id:LD-40512") in {(claim.predicate, claim.object) for claim in found.claims}
    (invoice,) = (one for one in found.entities if one.attributes.get("kind") == "invoice" and one is not document)
    assert invoice.attributes["total_amount"] == 1676.4


def test_a_paper_of_two_shipments_or_of_no_kind_is_about_none() -> None:
    for text in ("INVOICE\nLoad: LD-40512\nLoad: LD-40513", "Notes\nLoad: LD-40512"):
        assert "ABOUT" not in {claim.predicate for claim in paper(text).claims}


def test_each_mention_says_by_which_rule_and_where() -> None:
    text = "Notes\nPO 4410-A from Lakeshore Haulage, MC 611200."
    found = paper(text)
    said = {claim.object: claim.attributes for claim in found.claims}
    order = said["order:po:4410-A"]
    assert (order["rule"], text[slice(*order["span"])]) == ("order by label", "4410-A")
    (phrase,) = (one for one in found.phrases if one.text == "Lakeshore Haulage")
    assert (phrase.attributes["rule"], text[slice(*phrase.attributes["span"])]) == ("known name", "Lakeshore Haulage")
