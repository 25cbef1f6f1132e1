"""Keys of names, likeness of names, and values that identify nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apex_cli.extract import entities, keys, names, placeholders
from apex_cli.extract.contacts import Contact
from apex_cli.extract.key_forms import renewed
from apex_cli.model import Claim, Entity, EntityType, Predicate
from tests.plans import NOON


@pytest.mark.parametrize(
    ("spellings", "key"),
    [
        (
            (
                "Acme Manufacturing Corp",
                "ACME Manufacturing Corporation",
                "acme-manufacturing, corp.",
                " Acme  Manufacturing",
            ),
            "acmemanufacturing",
        ),
        (("Ábaco S.A. de C.V.", "Abaco, S. A. de C. V.", "ABACO SA DE CV"), "abaco"),
        (("Müller GmbH & Co. KG", "MULLER GmbH", "Mu\u0308ller"), "muller"),
        (("J. B. Hunt, Inc.", "JB Hunt", "J.B. Hunt LLC"), "jbhunt"),
        (("Smith & Sons Co", "Smith and Sons"), "smithandsons"),
        (("Star Line Transport, LLC", "Star-Line Transport L.L.C."), "starlinetransport"),
        (("LLC", "llc."), "llc"),
        (("Łódź Cargo sp. z o.o.", "LODZ CARGO Sp. z o.o."), "lodzcargo"),
        (("Brødrene Æble A/S", "Brodrene Aeble AS"), "brodreneaeble"),
        (("Ромашка ООО",), "ромашкаооо"),
    ],
)
def test_spellings_of_one_company_have_one_key(spellings: tuple[str, ...], key: str) -> None:
    assert {names.company_key(spelling) for spelling in spellings} == {key}


def test_other_companies_have_other_keys() -> None:
    every = ("Acme Manufacturing Corp", "Acme Trucking", "Acme Mfg Corp.", "Acme", "Acme Manufacturing 2")
    assert len({names.company_key(name) for name in every}) == len(every)


@settings(max_examples=500, deadline=None)
@given(st.text(min_size=1, max_size=60))
def test_a_key_of_a_name_is_its_own_key(name: str) -> None:
    for key_of in (names.company_key, names.person_key):
        assert key_of(key_of(name)) == key_of(name)


@pytest.mark.parametrize(
    ("one", "other", "company"),
    [
        ("Acme Mfg Corp.", "Acme Manufacturing", True),
        ("Lakeshore Haulage Inc", "Lakeshore Hauling", True),
        ("The Delta Produce Co", "Delta Produce", True),
        ("Delta Produce", "Delta Produce Texas", True),
        ("Lee, Ann", "Ann Lee", False),
        ("Luis Ortega", "Luis Ortegas", False),
    ],
)
def test_likely_names_are_alike(one: str, other: str, company: bool) -> None:
    assert names.likeness(one, other, company=company) > 0
    assert names.likeness(other, one, company=company) == names.likeness(one, other, company=company)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Acme Trucking", "Acme Manufacturing"), ("Warehouse 12", "Warehouse 13"), ("Ann Lee", "Tom Ray"), ("", "Ann")],
)
def test_other_names_are_not_alike(one: str, other: str) -> None:
    assert names.likeness(one, other, company=True) == 0


@pytest.mark.parametrize(
    "text", ["N/A", "n.a.", "TBD", "unknown", "None", "NULL", "-", "??", "0", "0000000", "9999999", "-1", "-999"]
)
def test_placeholders_are_no_ids(text: str) -> None:
    assert placeholders.is_id(text)
    assert entities.vehicle(unit=text, vin=text, samsara_id=text) is None
    assert entities.shipment(shipment_id=text, turvo_id=text) is None
    named = entities.named("customer", "turvo", "Halcyon", [keys.turvo_id("customer", text)])
    assert named is not None
    assert named.keys == ("customer:name@turvo:halcyon",)


@pytest.mark.parametrize("text", ["7", "310", "101", "TR-61", "1000481920", "NAP-1", "12345"])
def test_real_ids_are_no_placeholders(text: str) -> None:
    assert not placeholders.is_id(text)


def test_only_a_word_for_no_value_is_absent() -> None:
    assert all(map(placeholders.is_absent, ("N/A", "tbd", " - ", "", "None", "not available")))
    assert not any(map(placeholders.is_absent, ("unknown", "pending", "no", "Test", "x" * 99)))


@pytest.mark.parametrize("text", ["Unassigned", "UNKNOWN DRIVER", "Various", "Self", "TBD", "n/a", "Cash Customer"])
def test_placeholders_are_no_names(text: str) -> None:
    assert entities.named("customer", "turvo", text) is None
    assert entities.human("driver", "turvo", Contact(name=text)) is None
    driver = entities.human("driver", "turvo", Contact(text, None, "13125550100"))
    assert driver is not None
    assert driver.keys == ("driver:phone:13125550100",)


@pytest.mark.parametrize(
    "text", ["UNKNOWN", "1" * 17, "0" * 17, "N/A", "1M8GDM9AXKP04278", "UNKNOWN0000000000", "IOQ" + "1" * 14]
)
def test_what_has_no_form_of_a_vin_is_none(text: str) -> None:
    assert not placeholders.is_vin(text)


def test_made_up_contacts_identify_no_one() -> None:
    assert placeholders.is_phone("000-000-0000")
    assert placeholders.is_phone("+1 555 555 5555")
    assert not placeholders.is_phone("13125550100")
    for address in ("test@test.com", "none@none.com", "na@acme.com"):
        assert entities.human("person", "front", Contact(email=address)) is None
    sender = entities.human("person", "front", Contact(email="noreply@samsara.com"))
    assert sender is not None
    assert keys.is_bare_name(sender.key)


def test_a_shared_telephone_is_a_key_only_with_the_name() -> None:
    tomas, priya = (
        entities.human("driver", "turvo", Contact(name, None, "13125550100"))
        for name in ("Tomas Beltran", "Priya Nair")
    )
    again = entities.human("driver", "samsara", Contact("TOMÁS  BELTRÁN", None, "13125550100"), own_id="7")
    assert tomas is not None
    assert priya is not None
    assert again is not None
    assert not set(tomas.keys) & set(priya.keys)
    assert set(tomas.keys) & set(again.keys)
    assert set(tomas.names) & set(priya.names) == {"driver:phone:13125550100"}


def test_a_unit_number_is_a_key_of_its_fleet() -> None:
    assert keys.vehicle_unit("tr-1") == "vehicle:unit:TR-1"
    assert keys.vehicle_unit("101", "7001") == "vehicle:unit@7001:101"
    assert keys.vehicle_unit("101", "Acme: West") == "vehicle:unit@AcmeWest:101"
    truck = entities.vehicle(unit="101", fleet="7001")
    assert truck is not None
    assert (truck.keys, truck.names) == (("vehicle:unit@7001:101",), ("vehicle:unit:101",))


def test_docket_numbers_have_one_form() -> None:
    assert keys.docket_number("MC-0774120") == keys.docket_number("774120") == "774120"
    assert keys.docket_number("0000000") is None
    assert keys.docket("dot", "0812345") == keys.docket("dot", "812345")


def test_keys_of_older_memories_get_their_present_form() -> None:
    driver = Entity(
        EntityType.DRIVER,
        ("driver:phone:13125550100",),
        "Tomas Beltran",
        names=("driver:name@turvo:tomas beltran", "driver:name:tomas beltran"),
    )
    acme = Entity(
        EntityType.CUSTOMER,
        ("customer:name@turvo:acme manufacturing corp",),
        "Acme Manufacturing Corp",
        hints=("customer:name:acme manufacturing corp",),
    )
    truck = Entity(EntityType.VEHICLE, ("vehicle:vin:UNKNOWN", "vehicle:unit:TR-1"), "TR-1")
    said = Claim(driver.key, Predicate.DRIVES, truck.key, "He drives it.", NOON)
    present, (claim,) = renewed((driver, acme, truck), (said,))
    assert present[0].keys == ("driver:phone+name:13125550100:tomasbeltran",)
    assert "driver:phone:13125550100" in present[0].names
    assert present[1].keys == ("customer:name@turvo:acmemanufacturing",)
    assert present[1].hints == ("customer:name:acmemanufacturing",)
    assert present[2].keys == ("vehicle:unit:TR-1",)
    assert (claim.subject, claim.object) == (present[0].key, present[2].key)
    assert renewed(present, (claim,)) == (present, (claim,))
