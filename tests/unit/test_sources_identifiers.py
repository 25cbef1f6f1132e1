"""Check digits beside those of python-stdnum, and telephone numbers in their usual forms."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import ean, imo, iso6346

from apex_cli.extract import checkdigits, contacts, mentions

DIGITS = "0123456789"


@given(st.from_regex(r"\A[A-Z]{3}[UJZR][0-9]{7}\Z"))
def test_container_numbers(number: str) -> None:
    assert checkdigits.container(number) == iso6346.is_valid(number)
    right = number[:10] + str(iso6346.calc_check_digit(number[:10]))
    assert checkdigits.container(right)


@given(st.text(DIGITS, min_size=6, max_size=6), st.sampled_from(DIGITS))
def test_ship_numbers(serial: str, digit: str) -> None:
    assert checkdigits.ship(serial + digit) == imo.is_valid(serial + digit)
    assert checkdigits.ship(serial + imo.calc_check_digit(serial))


@given(st.sampled_from((7, 11, 12, 13)).flatmap(lambda size: st.text(DIGITS, min_size=size, max_size=size)))
def test_numbers_of_gs1(number: str) -> None:
    right = number + str(ean.calc_check_digit(number))
    assert ean.is_valid(right)
    assert checkdigits.gs1(right)
    wrong = number + str((int(right[-1]) + 1) % 10)
    assert not checkdigits.gs1(wrong)


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("(312) 555-0142", "13125550142"),
        ("312.555.0142", "13125550142"),
        ("3125550142", "13125550142"),
        ("1 312 555 0142", "13125550142"),
        ("+1 312 555 0142 x12", "13125550142"),
        ("312-555-0142 ext. 9", "13125550142"),
        (3125550142, "13125550142"),
        ("+44 20 7946 0958", "442079460958"),
        ("011 44 20 7946 0958", "442079460958"),
        ("442079460958", "442079460958"),
        ("+52 55 1234 5678", "525512345678"),
        ("+390612345678", "390612345678"),
    ],
)
def test_one_telephone_number_however_it_is_written_has_one_key(written: object, digits: str) -> None:
    assert contacts.phone(written) == digits


@pytest.mark.parametrize(
    "written",
    [
        "12345678",
        "2025-10-19",
        "555-0142",
        "555-555-5555",
        "0000000000",
        "1234567890",
        "123456789012345",
        "+999123456789",
    ],
)
def test_what_no_telephone_has(written: str) -> None:
    assert contacts.phone(written) is None


@given(st.from_regex(r"\A[2-9][0-9]{2}[ .-]?[2-9][0-9]{2}[ .-]?[0-9]{4}\Z"))
def test_a_number_of_north_america_keeps_the_key_that_memories_have(written: str) -> None:
    assert contacts.phone(written) in (None, f"1{re.sub(r'[^0-9]', '', written)}")


def test_only_valid_telephone_numbers_are_found_in_text() -> None:
    text = "Call 312-555-0142 or +44 20 7946 0958, not 555-555-5555 and not +1 555-010-0000."
    assert [match.value for match in mentions.find(text) if match.kind == "phone"] == ["13125550142", "442079460958"]
