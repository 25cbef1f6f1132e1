"""Identifiers beside their labels: every kind, three languages, cells, columns and lines; what only looks like one."""

from __future__ import annotations

import pytest

from apex_cli.extract import checkdigits, identifiers, labels, lookup, mentions
from apex_cli.extract.identifiers import IdentifierMatch
from tests.linear import assert_linear

_NAMES_ONLY = ("email", "phone", "place", "customer", "carrier")


def matches(text: str) -> list[IdentifierMatch]:
    return [match for match in mentions.find(text) if match.kind not in _NAMES_ONLY]


def found(text: str) -> list[tuple[str, str]]:
    return [(match.kind, match.value) for match in matches(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Trailer # TL-5501, Tlr 53881", [("trailer", "TL-5501"), ("trailer", "53881")]),
        ("Remolque 53881 / remorque 4412", [("trailer", "53881"), ("trailer", "4412")]),
        ("PU# 88213, P/U: 771204", [("pickup", "88213"), ("pickup", "771204")]),
        ("Pickup # 5512; Nº de ramassage : 8841", [("pickup", "5512"), ("pickup", "8841")]),
        ("Release No. R5512", [("release", "R5512")]),
        ("The shipper's reference is SR-20914.", [("reference", "SR-20914")]),
        ("Pickup #s: 7741093, 7741094", [("pickup", "7741093"), ("pickup", "7741094")]),
        ("S.C.A.C.: ABFS", [("scac", "ABFS")]),
        ("PARS 7712PARS448812", [("pars", "7712PARS448812")]),
        ("SID#: IR-88120", [("reference", "IR-88120")]),
        ("Truck 77 and trailer QR5309", [("unit number", "77"), ("trailer", "QR5309")]),
        (
            "LOAD\tTRUCK\n551301\t81\n551302\t84",
            [
                *(("shipment", "551301"), ("unit number", "81"), ("shipment", "551302"), ("unit number", "84")),
            ],
        ),
        ("1 flatbed, unit 912", [("unit number", "912")]),
        ("Conf # 99182 and appt conf: 88213", [("confirmation", "99182"), ("confirmation", "88213")]),
        ("Confirmación: 77120", [("confirmation", "77120")]),
        ("Booking 7734812, Bkg# BK99", [("booking", "7734812"), ("booking", "BK99")]),
        (
            "Claim # CLM-2291, reclamo 44102, réclamation nº 8812",
            [("claim", "CLM-2291"), ("claim", "44102"), ("claim", "8812")],
        ),
        ("Lumper receipt R-2210", [("receipt", "R-2210")]),
        (
            "Scale ticket # 551203; recibo 88120; reçu n° 4412",
            [("receipt", "551203"), ("receipt", "88120"), ("receipt", "4412")],
        ),
        ("PARS: LKSH123456 and PAPS # XCRS12345678", [("pars", "LKSH123456"), ("paps", "XCRS12345678")]),
        ("CCN 9AAA1234567, ACE LKSH 551204", [("pars", "9AAA1234567"), ("paps", "LKSH551204")]),
        ("Entry # B76-0324527-8", [("entry", "B7603245278")]),
        ("Pedimento: 24  47  3807  4001234", [("pedimento", "244738074001234")]),
        ("pedimento 244738074001234", [("pedimento", "244738074001234")]),
        ("Orden de compra: 4410-A. O.C. 88213", [("order", "4410-A"), ("order", "88213")]),
        ("Bon de commande 4410, commande n° 5512", [("order", "4410"), ("order", "5512")]),
        ("Conocimiento de embarque Nº 88910; carta porte 5512", [("bol", "88910"), ("bol", "5512")]),
        (
            "Connaissement 88910. Facture nº F-221. Factura 3021",
            [("bol", "88910"), ("invoice", "F-221"), ("invoice", "3021")],
        ),
        ("Sello 445566, scellé UL-881204", [("seal", "445566"), ("seal", "UL-881204")]),
        ("MC Number: 774120, USDOT No. 2231901", [("mc", "774120")]),
        ("PO Number - 55201", [("order", "55201")]),
        ("purchase order (PO) number 55201", [("order", "55201")]),
        ("PO # (customer): 4410", [("order", "4410")]),
        ("**PO:** `4410`", [("order", "4410")]),
        ("BOL_88910.pdf and RateCon_771204.pdf", [("bol", "88910"), ("confirmation", "771204")]),
        ("B/L No. MSKU1234565, booking MSKU1234565", [("bol", "MSKU1234565"), ("booking", "MSKU1234565")]),
        (
            "Container # MSKU 123456-5, trailer MSKU1234565",
            [("container", "MSKU1234565"), ("container", "MSKU1234565")],
        ),
        ("Shpmt # 771204, P O # 4410", [("shipment", "771204"), ("order", "4410")]),
        ("PO4410 LOAD771204", [("order", "4410"), ("shipment", "771204")]),
    ],
)
def test_a_label_and_its_value(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Seal No ............ UL-881204", [("seal", "UL-881204")]),
        ("Seal No                               445566", [("seal", "445566")]),
        ("Load Number\n771204", [("shipment", "771204")]),
        ("please use PO number\n4410 for it", [("order", "4410")]),
        ("BOL NUMBER      PRO NUMBER\n88910           482139055", [("bol", "88910"), ("pro", "482139055")]),
        ("SEAL NO.     TRAILER NO.\n\n445566       TL-5501", [("seal", "445566"), ("trailer", "TL-5501")]),
        ("Load #    Weight    PO #\n771204    43000     4410", [("shipment", "771204"), ("order", "4410")]),
        ("Load #    Weight    PO #\n          43000     4410", [("order", "4410")]),
        (
            "Load\tPO\n771204\t4410\n771205\t4411",
            [("shipment", "771204"), ("order", "4410"), ("shipment", "771205"), ("order", "4411")],
        ),
        ("| PO number | 4410 |", [("order", "4410")]),
        (
            "| Load | PO |\n|---|---|\n| 771204 | 4410, 4411 |",
            [("shipment", "771204"), ("order", "4410"), ("order", "4411")],
        ),
        ("| Reference | Number |\n|---|---|\n| PO | 4410 |\n| BOL | 88910 |", [("order", "4410"), ("bol", "88910")]),
        ("Load #: LD-1 | Origin: Chicago, IL | PO #: 4410", [("shipment", "LD-1"), ("order", "4410")]),
        ("POs:\n- 55201\n- 55202", [("order", "55201"), ("order", "55202")]),
        ("PURCHASE ORDERS\n4410-A\n4411-A\nRECEIVED 12", [("order", "4410-A"), ("order", "4411-A")]),
        ("| SCAC | PRO |\n|---|---|\n| LKSH | 482139055 |", [("pro", "482139055")]),
        ("Pickup # Weight Equipment Miles\n123456780 43,000lbs Flatbed 1,234", [("pickup", "123456780")]),
        ("The PO number is 4410 and the BOL should read 88910.", [("order", "4410"), ("bol", "88910")]),
        ("PO number for this load: 4410", [("order", "4410")]),
        ("BOL/PRO #: 88910 / 482139055", [("bol", "88910"), ("pro", "482139055")]),
        ("Truck & Trailer: 6520 / 53881", [("unit number", "6520"), ("trailer", "53881")]),
        ("No. de commande / Order No.: 4410", [("order", "4410")]),
    ],
)
def test_a_label_apart_from_its_value(text: str, expected: list[tuple[str, str]]) -> None:
    assert [one for one in found(text) if one[0] != "scac"] == expected


def test_a_carriers_code_in_its_column() -> None:
    text = "| SCAC | PRO |\n|---|---|\n| LKSH | 482139055 |\n| ABFS | 482139063 |"
    assert [match.value for match in identifiers.find(text, text.upper()) if match.kind == "scac"] == ["LKSH", "ABFS"]


@pytest.mark.parametrize(
    "text",
    [
        "Truck 2024 Cascadia",
        "Truck 312-555-0142",
        "Load 1-800-555-0199",
        "PO Box 4410, P.O. Box 88213",
        "PO 10/19/2025",
        "Load 2025-10-19",
        "Pickup: 60608",
        "PU 0800-1200",
        "Pickup # 19-OCT-2025",
        "Invoice $1,676.40, invoice total 1676.40",
        "Claim $4,410",
        "Load 42,500 lbs, load 43000 lb",
        "Trailer 53ft, load 2 pallets, loads 1204 cases",
        "Trailer 48X102",
        "Order 500 units, customer orders 250 boxes",
        "Seal 2 doors. Release 5.2. Trip 450 miles. Reference 49 CFR 371.3",
        "PRO 2500, pro 4 tools",
        "Unit price 12.50, units 1200",
        "45 Main St, Unit 200",
        "UN 1263, NMFC 156600-2, gate code 4471, exit 221 off I-80, zip 60608-1234",
        "A round-trip 4410, the half-claim 88213",
        "po/po2tbl.sed.in",
        "Appt: 1400",
        "Entry # B76-0324527-9",
        "ABA 121000247",
        "VIN 1M8GDM9A1KP042788",
        "Container CSQU3054384, trailer CSQU3054384",
        "BOL 08500123456789014",
        "Shipment SHIP-2025-13-40-001",
        "Booking 00000000",
        "Weight     PO #\n43000",
        "PICKUP\n1204 Industrial Pkwy",
        "- Gary, IN: 3 vans 0800, 1200, 1500",
        "Truck 12 of 20, trucks 14, truck 24 pallets, truck 53 ft, truck 15 minutes out",
        "18 Portland Ave, Unit 200; 45 Main St, unit 310",
        "The order is 45000, the booking was 3 days late",
    ],
)
def test_what_only_looks_like_an_identifier(text: str) -> None:
    assert found(text) == []


def test_codes_that_pay_money_are_masked() -> None:
    text = "EFS code 4410098821 for the lumper, ABA routing 121000248"
    check, routing = matches(text)
    assert (check.kind, check.value, check.text) == ("check", "****8821", "****8821")
    assert (routing.kind, routing.value, routing.checked) == ("routing", "****0248", True)
    entity = mentions.entity(check, "document")
    assert entity is not None
    assert "4410098821" not in repr(entity)
    assert text[check.start : check.end].endswith("4410098821")
    assert entity.keys[0] in lookup.keys_of("EFS 4410098821")


def test_each_match_says_its_rule_and_where_it_is() -> None:
    text = "POs: 4410, 4411\nSeal\n445566\nVIN 1M8GDM9AXKP042788 in TRUCK-6520"
    assert [(match.rule, text[match.start : match.end]) for match in matches(text)] == [
        ("order by label", "POs: 4410"),
        ("order by list", "4411"),
        ("seal by line above", "445566"),
        ("vin by check digit", "1M8GDM9AXKP042788"),
        ("unit by prefix", "TRUCK-6520"),
    ]


@pytest.mark.parametrize("number", ["B7603245278", "231-1234567-8".replace("-", "")])
def test_the_check_digit_of_an_entry(number: str) -> None:
    right = [digit for digit in "0123456789" if checkdigits.customs_entry(number[:-1] + digit)]
    assert len(right) == 1
    assert checkdigits.customs_entry(number) == (number[-1] == right[0])


def test_the_check_digit_of_a_bank() -> None:
    assert checkdigits.bank_routing("121000248")
    assert not checkdigits.bank_routing("121000284")


def test_folded_text_has_the_length_of_the_text() -> None:
    text = "Connaissement nº 88910 à Québec, Straße ŉ ﬁ İ"
    upper = labels.capitals(text)
    assert len(labels.fold(upper)) == len(text)
    assert [match.value for match in identifiers.find(text, upper)] == ["88910"]


@pytest.mark.parametrize(
    "unit",
    [
        "PO ", "PO 1234, ", "1234 | ", "1234  ", "1234\t", "LOAD #\n", "SCAC\n", "SCAC | ", "|", "A", "1", " ", "-1",
        "PO\n1234\n", "PO .... ", "PO # | ", "(00) ", "MSKU 123456 ", "12 34 3456 1234567 PEDIMENTO ", "PARS: ABCD ",
        "of the load ", "\n1234",
    ],
)  # fmt: skip
def test_the_work_grows_with_the_text(unit: str) -> None:
    def work(size: int) -> None:
        text = (unit * (size // len(unit) + 1))[:size]
        for _ in identifiers.find(text, text):
            pass

    assert_linear(work, 20_000)
