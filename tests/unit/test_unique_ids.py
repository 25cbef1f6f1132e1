"""Which ids identify a record without its collection."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apex_cli.extract.unique_ids import is_unique


@pytest.mark.parametrize(
    "text",
    [
        "0195e2c4-7aa1-7bbb-8ccc-0123456789ab",
        "{0195E2C4-7AA1-7BBB-8CCC-0123456789AB}",
        "0195e2c47aa17bbb8ccc0123456789ab",
        "urn:uuid:0195e2c4-7aa1-7bbb-8ccc-0123456789ab",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "0ujtsYcgvSTl8PAuAdqWYSMnLOv",
        "65f1c0de65f1c0de65f1c0aa",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "urn:isbn:0451450523",
        "arn:aws:sns:us-east-1:1:tms",
        "https://api.example.com/loads/7",
        "gid://shopify/Order/123",
    ],
)
def test_unique_by_construction(text: str) -> None:
    assert is_unique(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "INV-30118",
        "SHIP-2025-10-19-002",
        "00000000-0000-0000-0000-000000000000",
        "00000000-0000-0000-0000-000000000001",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "000000000000000000000001",
        "12345678901234567890123456789012",
        "INTERNATIONAL TRANSPORT LTD",
        "ABCDEFGHJKMNPQRSTVWXYZABCD",
        "https://example.com/",
        "urn:x",
        "order:90001",
    ],
)
def test_what_another_may_have_too(text: str) -> None:
    assert not is_unique(text)


@given(st.uuids(version=4))
def test_every_random_uuid(value: uuid.UUID) -> None:
    assert is_unique(str(value))
    assert is_unique(value.hex.upper()) or value.hex.isdecimal()


@given(st.integers(min_value=0, max_value=10**12), st.integers(min_value=1, max_value=40))
def test_no_counter_however_it_is_padded(number: int, width: int) -> None:
    assert not is_unique(str(number).zfill(width))
