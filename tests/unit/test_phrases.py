"""Which words of a text may name something: runs of words, numbers, and nothing that is ordinary language."""

from __future__ import annotations

import time

import pytest

from apex_cli.extract import keys, names, phrases


def said(text: str) -> set[str]:
    return {match.key.removeprefix("value:said:") for match in phrases.find(text)}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Spoke with Lakeshore Haulage about it.", "Lakeshore Haulage, Inc."),
        ("truck from lakeshore haulage broke down", "Lakeshore Haulage"),
        ("CALLED LAKESHORE HAULAGE LLC AND THEY ARE ON THE WAY", "Lakeshore Haulage LLC"),
        ("STAR LINE TRANSPORT HAS THE LOAD NOW", "Star Line Transport"),
        ("Lakeshore Haulage's driver", "Lakeshore Haulage"),
        ("Lakeshore-Haulage is here", "Lakeshore Haulage"),
        ("El chofer de Transportes Núñez llegó", "TRANSPORTES NUNEZ S.A. de C.V."),
        ("J.B. Hunt took it", "J. B. Hunt"),
        ("J. B. Hunt took it", "JB Hunt"),
        ("Acme Mfg. Corp. pays", "ACME MFG CORP"),
        ("Great Lakes Cold Storage and Distribution wants it", "Great Lakes Cold Storage & Distribution LLC"),
        ("| Northgate Tools | Chicago |", "Northgate Tools"),
        ("c/o Northgate Tools\n4100 Kentucky Ave", "Northgate Tools"),
        ("The Maersk office is closed", "Maersk"),
        ("Please call tomas beltran at noon", "Tomás Beltrán"),
        (
            "A long line of a mail that the program of the writer broke in the middle of the name Lakeshore\nHaulage.",
            "Lakeshore Haulage",
        ),
    ],
)
def test_a_name_is_found_however_it_is_written(text: str, name: str) -> None:
    assert {names.company_key(name), names.person_key(name)} & said(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("SHIPPER HARROW & FINCH PAPER", "Harrow & Finch Paper"),
        ("harrow & finch paper has 3 loads", "Harrow & Finch Paper"),
        ("Ironwood Fixtures Mfg ships Thursday", "Ironwood Fixtures Manufacturing"),
        ("Ironwood Fixtures Manufacturing ships", "Ironwood Fixtures Mfg."),
        ("Norcross Grocers Int'l changed it", "Norcross Grocers International"),
        ("Saint Clair Glass Works needs a flatbed", "St. Clair Glass Works"),
        ("We deliver to Castle Home Center 418", "Castle Home Centers, Inc."),
        ("Cotter, Wade - out of hours", "Wade Cotter"),
        ("PRUITT, ELMER signed", "Elmer Pruitt"),
    ],
)
def test_a_name_is_found_in_the_forms_that_people_use(text: str, name: str) -> None:
    assert {names.company_key(name), names.person_key(name)} & said(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Prime Foods Group wants 10", "Prime Foods"),
        ("Copper Ridge Transport Solutions called", "Copper Ridge Transport"),
        ("LX-778 12 is a typo", "LX-77812"),
        ("Prime foods at low prices", "Prime Foods"),
    ],
)
def test_a_longer_name_is_another_one(text: str, name: str) -> None:
    assert names.company_key(name) not in said(text)


@pytest.mark.parametrize("text", ["LD-40512 is late", "ld 40512 is late", "re: LD40512", "(ld-40512)"])
def test_a_number_is_found_without_a_label(text: str) -> None:
    assert keys.said_of("shipment:id:LD-40512") == "value:said:ld40512"
    assert "ld40512" in said(text)


@pytest.mark.parametrize(
    "text",
    [
        "The star of the show is on the line.",
        "Please confirm pickup and delivery by Monday.",
        "Thanks and best regards",
        "we are at the dock with 24 pallets, 38000lbs, at 10:30am on 2025-10-19 or 10/19/2025",
        "Rate is $1,200.00, 3rd stop, 53ft",
        "",
    ],
)
def test_ordinary_language_names_nothing(text: str) -> None:
    assert said(text) == set()


def test_what_an_identifier_covers_is_left_out() -> None:
    text = "Chicago Heights, IL and Lakeshore Haulage"
    assert {match.text for match in phrases.find(text, [(0, 19)])} == {"Lakeshore Haulage"}


def test_a_match_says_where_it_stands() -> None:
    (match,) = phrases.find("from Lakeshore Haulage")
    assert (match.text, match.start, match.end, match.rule) == ("Lakeshore Haulage", 5, 22, "known name")


@pytest.mark.parametrize(
    ("alias", "form"),
    [
        ("carrier:name@turvo:star", None),
        ("carrier:name@turvo:lakeshorehaulage", "lakeshorehaulage"),
        ("person:name:tomasbeltran", "tomasbeltran"),
        ("order:po:4410", None),
        ("order:po:4410-A", "4410a"),
        ("reference:bol:77120", None),
        ("reference:pro:482017395", "482017395"),
        ("vehicle:unit@7001:TRUCK-6520", "truck6520"),
        ("vehicle:unit:101", None),
        ("person:email:x@example.com", None),
        ("location:city:chicago, il", None),
        ("value:HAS_STATUS:in_transit", None),
    ],
)
def test_what_is_too_short_is_named_by_no_text(alias: str, form: str | None) -> None:
    assert keys.said_of(alias) == (form and f"value:said:{form}")


@pytest.mark.parametrize("text", ["Aa " * 66_000, "Aa of " * 30_000, "& " * 90_000, "A" * 200_000, "LD-1 " * 40_000])
def test_time_is_bounded(text: str) -> None:
    started = time.process_time()
    assert len(phrases.find(text)) <= phrases.MOST
    assert time.process_time() - started < 5
