"""What a person may type for a thing."""

from __future__ import annotations

import pytest

from apex_cli.extract import lookup


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("vin 1xkyd49x7pj304417", "vehicle:vin:1XKYD49X7PJ304417"),
        ("VIN: 1XKYD49X7PJ304417", "vehicle:vin:1XKYD49X7PJ304417"),
        ("samsara 281474990000101", "vehicle:samsara:281474990000101"),
        ("turvo 310", "customer:turvo:310"),
        ("turvo 310", "carrier:turvo:310"),
        ("mc 611200", "carrier:mc:611200"),
        ("dot 0812345", "carrier:dot:812345"),
        ("scac BLUE", "carrier:scac:BLUE"),
        ("city st louis, mo", "location:city:st louis, mo"),
        ("po 4410-A", "order:po:4410-A"),
        ("bol 99812", "reference:bol:99812"),
        ("pickup PU-55120", "reference:pickup:PU-55120"),
        ("phone 13125550144", "driver:phone:13125550144"),
        ("email Ops@Acme.example", "person:email:ops@acme.example"),
        ("unit tr-9", "vehicle:unit:TR-9"),
        ("Truck 6520", "vehicle:unit:6520"),
        ("truck #6520", "vehicle:unit:6520"),
        ("Truck 6520", "vehicle:unit:TRUCK-6520"),
        ("<message:id:4410@acme.example>", "message:id:4410@acme.example"),
        ("<Ops@Acme.example>", "person:email:ops@acme.example"),
    ],
)
def test_a_value_with_its_label_is_found(text: str, key: str) -> None:
    assert key in lookup.keys_of(text)


def test_a_label_leads_to_its_kind_only() -> None:
    assert "reference:pro:99812" not in lookup.keys_of("bol 99812")
    assert not [key for key in lookup.keys_of("vin") if key.startswith("vehicle:vin") and key != "vehicle:vin:VIN"]


def test_an_id_of_a_source_is_found_by_its_value() -> None:
    assert lookup.values_of("id 77") == ["77"]


@pytest.mark.parametrize("text", ["<4410.Ab@acme.example>", " < 4410.Ab@acme.example > ", "4410.Ab@acme.example"])
def test_a_message_id_is_found_as_mail_writes_it(text: str) -> None:
    assert "4410.ab@acme.example" in lookup.values_of(text)
